"""What upkeep did last, kept with the database where people and other daemons see it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from mlview.planning.upkeep import PastUpkeep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.storage.catalog import Catalog

_PREFIX = "upkeep:"


def past_upkeep(catalog: Catalog) -> Mapping[str, PastUpkeep]:
    """The last run of every step, by the step's key: `merge:lake:main.flights`, `expire:store`."""
    return {key.removeprefix(_PREFIX): _read(text) for key, text in catalog.metas(_PREFIX).items()}


def remember(catalog: Catalog, key: str, past: PastUpkeep) -> None:
    """Keep how the last run of a step went, in place of the one before."""
    line = asdict(past) | {"at": past.at.isoformat()}
    catalog.set_meta(f"{_PREFIX}{key}", json.dumps(line))


def _read(text: str) -> PastUpkeep:
    line = json.loads(text)
    return PastUpkeep(**line | {"at": datetime.fromisoformat(line["at"])})
