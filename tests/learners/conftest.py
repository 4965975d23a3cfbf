from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mlview.definitions import Method, Model, Name
from mlview.learners import build_pipeline, default_method, derive_roles, fit, resolve
from mlview.records import Column

NAMES = {
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.time64("us"): "TIME",
    pa.decimal128(38, 0): "HUGEINT",
    pa.list_(pa.int64()): "BIGINT[]",
    pa.dictionary(pa.int32(), pa.string()): "ENUM('a', 'b')",
}


def columns_of(data):
    return [Column(f.name, NAMES[f.type]) for f in data.schema]


def model(target=None, using=None, **clauses):
    method = Method(using) if isinstance(using, str) else using
    return Model(name=Name("late"), query="", target=target, method=method, **clauses)


def roles_of(data, target=None, using=None, **clauses):
    return derive_roles(columns_of(data), data, model(target, using, **clauses))


def train(data, target=None, using=None, seed=0, **clauses):
    roles = roles_of(data, target, using, **clauses)
    chosen = model(target, using).method or default_method(roles.task)
    if chosen.name.startswith("HistGradient") and not chosen.parameters:
        chosen = replace(chosen, parameters=(("max_iter", 20),))
    resolved = resolve(chosen, roles.task)
    return fit(build_pipeline(roles, resolved, seed, data.num_rows), roles, data, seed=seed)


@pytest.fixture(scope="session")
def flights():
    random = np.random.default_rng(1)
    rows = 400
    distance, carriers = random.normal(1000, 300, rows), np.array(["AA", "DL", "UA"])
    delay = distance / 100 + random.normal(0, 5, rows)
    return pa.table(
        {
            "distance": pa.array(distance, mask=random.random(rows) < 0.1),
            "carrier": pa.array(carriers[random.integers(0, 3, rows)].tolist()),
            "weekend": pa.array((random.random(rows) < 0.3).tolist()),
            "delay": pa.array(delay),
            "late": pa.array((delay > 12).tolist()),
            "level": pa.array(np.where(delay > 14, "c", np.where(delay > 8, "b", "a")).tolist()),
        }
    )


@pytest.fixture(scope="session")
def tools():
    """The helpers above, for test modules, which cannot import a conftest."""

    class Tools:
        pass

    for name in ("columns_of", "model", "roles_of", "train"):
        setattr(Tools, name, staticmethod(globals()[name]))
    return Tools
