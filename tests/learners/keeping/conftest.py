from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.definitions import Method
from mlview.learners import Feature, FeatureKind, Roles, resolve


@pytest.fixture
def labelled_rows():
    """A number, a text with gaps, and a label: rows, roles and the method."""

    def made(target, name):
        random = np.random.default_rng(11)
        x = random.normal(50, 3, 400)
        texts = random.choice(np.array(["a", "b", None], dtype=object), 400)
        numbers = 3 * x + random.normal(size=400)
        labels = numbers if target == "amount" else np.where(numbers > 150, "yes", "no")
        data = pa.table({"x": x, "c": pa.array(texts.tolist()), target: labels.tolist()})
        features = (
            Feature("x", "DOUBLE", FeatureKind.NUMERIC),
            Feature("c", "VARCHAR", FeatureKind.CATEGORICAL, 2),
        )
        method = resolve(Method(name))
        kind = "DOUBLE" if target == "amount" else "VARCHAR"
        return data, Roles(target, method.task, features, target_type=kind), method

    return made
