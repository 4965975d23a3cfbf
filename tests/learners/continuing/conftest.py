from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from mlview.definitions import Method
from mlview.learners import (
    build_pipeline,
    continuation,
    continue_fit,
    fit,
    predict,
    prepare,
    resolve,
)

FEATURES = ("x0", "x1", "x2", "c0", "c1")
LABELS = {"late": pa.bool_(), "level": pa.string(), "visits": pa.float64(), "amount": pa.float64()}


def rows_of(rows, seed=0, levels=(8, 5)):
    """Numbers with NULLs, two text columns, and labels that follow from them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    texts = [random.integers(0, n, rows) for n in levels]
    effects = [np.random.default_rng(9 + i).normal(size=n) / 2 for i, n in enumerate(levels)]
    score = x @ [0.6, -0.3, 0.0] + sum(e[t] for e, t in zip(effects, texts, strict=True))
    noisy = score + random.normal(size=rows)
    return pa.table(
        {
            "x0": pa.array(x[:, 0], mask=random.random(rows) < 0.05),
            "x1": x[:, 1],
            "x2": x[:, 2],
            "c0": pa.array([f"v{t}" for t in texts[0]]),
            "c1": pa.array([None if t == 4 else f"w{t}" for t in texts[1]], pa.string()),
            "late": pa.array((random.random(rows) < 1 / (1 + np.exp(-score))).tolist()),
            "level": pa.array(np.array(["a", "b", "c"])[np.digitize(noisy, [-0.6, 0.6])].tolist()),
            "visits": random.poisson(np.exp(score / 2)).astype(float),
            "amount": random.gamma(3, np.exp(score / 2) / 3) + 1e-3,
        }
    )


@dataclass
class Case:
    """A method, fitted on rows, and what continuing it needs."""

    name: str
    target: str | None
    parameters: dict
    tools: object

    @property
    def method(self):
        return Method(self.name, tuple(self.parameters.items()))

    def cut(self, data):
        return data.select([*FEATURES, *([self.target] if self.target else [])])

    def roles(self, data):
        return self.tools.roles_of(self.cut(data), self.target, self.method)

    def resolved(self, data):
        return resolve(self.method, self.roles(data).task)

    def fit(self, data):
        roles = self.roles(data)
        pipeline = build_pipeline(roles, self.resolved(data), 0, data.num_rows)
        return fit(pipeline, roles, self.cut(data), seed=0)

    def continuation(self, data):
        return continuation(self.roles(data), self.resolved(data))

    def prepare(self, fitted, data):
        return prepare(fitted, self.cut(data))

    def on(self, fitted, state, inserted, deleted=None, steps=0):
        gone = inserted.slice(0, 0) if deleted is None else deleted
        return continue_fit(fitted, state, self.cut(inserted), self.cut(gone), seed=0, steps=steps)

    def answers(self, fitted, data):
        return predict(fitted, self.cut(data)).table


@pytest.fixture(scope="session")
def case(tools):
    def made(name, target=None, **parameters):
        return Case(name, target, parameters, tools)

    return made


@pytest.fixture(scope="session")
def make_rows():
    return rows_of


@pytest.fixture(scope="session")
def data():
    """3,400 rows: 3,000 to fit on, the last 400 to come."""
    return rows_of(3_400)


@pytest.fixture(scope="session")
def old(data):
    return data.slice(0, 3_000)


@pytest.fixture(scope="session")
def new(data):
    return data.slice(3_000)
