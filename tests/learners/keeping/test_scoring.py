"""A sample is scored as its rows would be through the Pipeline, baseline included."""

from __future__ import annotations

import pytest

from mlview.learners import baseline_from, judge, maintenance, solve
from mlview.learners.keeping.scoring import score_kept


@pytest.mark.parametrize(("name", "target"), [
    ("Ridge", "amount"), ("LinearRegression", "amount"), ("DummyRegressor", "amount"),
    ("RidgeClassifier", "label"), ("GaussianNB", "label"),
])  # fmt: skip
def test_scores_are_those_of_the_pipeline(labelled_rows, name, target):
    data, roles, method = labelled_rows(target, name)
    spec = maintenance(roles, method, 0)
    train = spec.empty()
    train.add(data.slice(0, 300))
    fitted, rows = solve(train, roles), data.slice(300)
    expected = judge(fitted, rows, baseline_from(train, roles))
    found = score_kept(fitted, rows, train, roles)
    assert (found.rows, found.notices) == (expected.rows, expected.notices)
    assert [m.name for m in found.metrics] == [m.name for m in expected.metrics]
    for one, other in zip(found.metrics, expected.metrics, strict=True):
        assert (one.value, one.low, one.high, one.baseline) == pytest.approx(
            (other.value, other.low, other.high, other.baseline), rel=1e-9, abs=1e-12
        )
