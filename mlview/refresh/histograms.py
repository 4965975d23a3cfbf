"""How training columns were spread, kept with the version to see later rows drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlview.engines.histograms import histograms_of
from mlview.records import Column

if TYPE_CHECKING:
    from mlview.learners import Roles

SAMPLE_ROWS = 25_000
"""Training rows whose spread is kept: beyond that, edges and shares move less than drift does."""


def histograms_kept(rows: pa.Table, roles: Roles) -> dict[str, Any]:
    """The histograms of a model's features, as a record keeps them.

    Beyond `SAMPLE_ROWS` rows every n-th one is counted.
    """
    step = max(1, -(-rows.num_rows // SAMPLE_ROWS))
    if step > 1:
        rows = rows.take(pa.array(np.arange(0, rows.num_rows, step)))
    columns = [Column(feature.name, feature.type) for feature in roles.features]
    return {"histograms": [found.to_json() for found in histograms_of(rows, columns)]}
