from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.definitions import Method
from mlview.learners import (
    Feature,
    FeatureKind,
    Maintained,
    Roles,
    build_pipeline,
    fit,
    maintenance,
    resolve,
)

KINDS = {
    pa.float64(): ("DOUBLE", FeatureKind.NUMERIC),
    pa.int64(): ("BIGINT", FeatureKind.NUMERIC),
    pa.timestamp("us"): ("TIMESTAMP", FeatureKind.DATETIME),
    pa.bool_(): ("BOOLEAN", FeatureKind.BOOLEAN),
    pa.string(): ("VARCHAR", FeatureKind.CATEGORICAL),
    pa.dictionary(pa.int32(), pa.string()): ("VARCHAR", FeatureKind.CATEGORICAL),
}


def roles_of(data, target, task):
    features = []
    for field in data.schema:
        if field.name == target:
            continue
        type_name, kind = KINDS[field.type]
        levels = None
        if kind is FeatureKind.CATEGORICAL:
            levels = len(data.column(field.name).cast(pa.string()).unique().drop_null())
        features.append(Feature(field.name, type_name, kind, levels))
    label = None if target is None else KINDS[data.schema.field(target).type][0]
    return Roles(target, task, tuple(features), target_type=label)


class Case:
    """A method on a table: its roles, its spec, states of rows, and what scikit-learn fits."""

    def __init__(self, data, target, name, **parameters):
        self.method = resolve(Method(name, tuple(parameters.items())))
        self.target, self.data = target, data
        self.roles = roles_of(data, target, self.method.task)
        self.spec = maintenance(self.roles, self.method, 0)
        assert isinstance(self.spec, Maintained), self.spec

    def state(self, *batches):
        state = self.spec.empty()
        for batch in batches or (self.data,):
            state.add(batch)
        return state

    def full(self, data):
        roles = roles_of(data, self.target, self.method.task)
        return fit(build_pipeline(roles, self.method, 0), roles, data, seed=0)


def without(state, rows):
    state.add(rows, -np.ones(rows.num_rows, np.int64))
    return state


@pytest.fixture(scope="session")
def case():
    return Case


@pytest.fixture(scope="session")
def taking_away():
    return without


@pytest.fixture(scope="session")
def trips():
    """Numbers around 1e6 and around 0, a moment, a flag, two texts, all with gaps, and labels."""
    random = np.random.default_rng(5)
    rows = 400
    far, near = random.normal(1e6, 3, rows), random.normal(size=rows)
    cities = random.choice(np.array(["Ulm", "Köln", "", None], dtype=object), rows)
    start = 1_700_000_000_000_000
    cost = 40 + 2 * near + (far - 1e6) / 3 + random.normal(size=rows)
    sizes = np.where(cost > 42, "big", np.where(cost > 38, "mid", "low"))
    return pa.table(
        {
            "far": pa.array(far, mask=random.random(rows) < 0.1),
            "near": pa.array(np.where(random.random(rows) < 0.1, np.nan, near)),
            "at": pa.array(start + random.integers(0, 10**13, rows), pa.timestamp("us")),
            "flag": pa.array(random.random(rows) < 0.3, mask=random.random(rows) < 0.1),
            "city": pa.array(cities.tolist(), pa.string()),
            "plan": pa.array(random.choice(["a", "b", "c"], rows).tolist()),
            "cost": pa.array(cost),
            "size": pa.array(sizes.tolist()),
        }
    )
