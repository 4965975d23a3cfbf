from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import clone

from mlview.learners import CannotContinue
from mlview.learners.continuing import newton
from mlview.learners.continuing.rows import training_rows
from mlview.learners.continuing.states import unpacked

CASES = [
    ("LogisticRegression", "late", {}),
    ("LogisticRegression", "late", {"fit_intercept": False, "C": 0.1}),
    ("LogisticRegression", "late", {"solver": "liblinear", "intercept_scaling": 2.0}),
    ("LogisticRegression", "level", {}),
    ("LogisticRegression", "level", {"C": 10.0, "fit_intercept": False}),
    ("PoissonRegressor", "visits", {"alpha": 0.01}),
    ("PoissonRegressor", "visits", {"fit_intercept": False}),
    ("GammaRegressor", "amount", {}),
    ("TweedieRegressor", "visits", {"power": 1.5}),
    ("TweedieRegressor", "amount", {}),
]


def coefficients(fitted):
    method = fitted.pipeline.steps[-1][1]
    return np.append(method.coef_.ravel(), method.intercept_)


def full_fit(fitted, data):
    """The method fitted to convergence on rows with the same preprocessing."""
    rows = training_rows(fitted, data)
    method = clone(fitted.pipeline.steps[-1][1])
    solver = {} if method.solver == "liblinear" else {"solver": "newton-cholesky"}
    method.set_params(**solver, tol=1e-10, max_iter=1000)
    method.fit(rows.matrix(fitted), rows.labels(fitted))
    return np.append(method.coef_.ravel(), method.intercept_)


@pytest.fixture(scope="module")
def more(make_rows):
    """11,000 rows: 10,000 to fit on."""
    return make_rows(11_000, seed=5)


def now_of(data, inserted, deleted):
    return pa.concat_tables([data.slice(deleted, 10_000 - deleted), data.slice(10_000, inserted)])


@pytest.mark.parametrize(("name", "target", "parameters"), CASES)
def test_one_step_is_near_the_full_fit_and_says_how_near(case, more, name, target, parameters):
    this = case(name, target, **parameters)
    fitted = this.fit(more.slice(0, 10_000))
    state = this.prepare(fitted, more.slice(0, 10_000))
    for inserted, deleted in ((8, 2), (80, 20), (800, 200)):
        now = now_of(more, inserted, deleted)
        continued = this.on(fitted, state, more.slice(10_000, inserted), more.slice(0, deleted))
        best = full_fit(fitted, this.cut(now))
        before = np.abs(coefficients(fitted) - best).max()
        after = np.abs(coefficients(continued.fitted) - best).max()
        assert continued.error_estimate <= newton.TOLERANCE
        assert after <= 2e-3
        assert after <= before / 3


@pytest.mark.parametrize(("name", "target", "parameters"), [CASES[0], CASES[3], CASES[5]])
def test_the_error_estimate_is_the_error(case, more, monkeypatch, name, target, parameters):
    monkeypatch.setattr(newton, "TOLERANCE", np.inf)
    this = case(name, target, **parameters)
    fitted = this.fit(more.slice(0, 10_000))
    state = this.prepare(fitted, more.slice(0, 10_000))
    hessian = unpacked(state)["hessian"]
    smallest = np.sqrt(1 / np.diag(hessian).max())
    continued = this.on(fitted, state, more.slice(10_000), more.slice(0, 3_000))
    best = full_fit(fitted, this.cut(now_of(more, 1_000, 3_000)))
    error = np.abs(coefficients(continued.fitted) - best).max()
    assert 0.1 < continued.error_estimate * smallest / error < 3


@pytest.mark.parametrize(("name", "target", "parameters"), [CASES[0], CASES[3], CASES[7]])
def test_it_does_not_matter_in_which_deltas_rows_came(case, more, name, target, parameters):
    this = case(name, target, **parameters)
    fitted = this.fit(more.slice(0, 10_000))
    state = this.prepare(fitted, more.slice(0, 10_000))
    new, gone = more.slice(10_000, 300), more.slice(0, 60)
    at_once = this.on(fitted, state, new, gone)
    first = this.on(fitted, state, new.slice(0, 100), gone.slice(0, 50))
    then = this.on(first.fitted, first.state, new.slice(100), gone.slice(50), steps=1)
    np.testing.assert_allclose(
        coefficients(then.fitted), coefficients(at_once.fitted), rtol=1e-9, atol=1e-12
    )


def test_rows_that_came_and_went_leave_no_trace(case, more):
    this = case("LogisticRegression", "late")
    fitted = this.fit(more.slice(0, 10_000))
    state = this.prepare(fitted, more.slice(0, 10_000))
    nothing, some, noise = more.slice(0, 0), more.slice(10_000, 50), more.slice(10_100, 200)
    expected = this.on(fitted, state, some)
    there = this.on(fitted, state, noise)
    back = this.on(there.fitted, there.state, some, noise, steps=1)
    np.testing.assert_allclose(
        coefficients(back.fitted), coefficients(expected.fitted), rtol=1e-9, atol=1e-12
    )
    assert this.on(back.fitted, back.state, nothing, steps=2).fitted is back.fitted


def test_a_delta_with_another_relation_needs_a_full_fit(case, more):
    this = case("LogisticRegression", "late")
    fitted = this.fit(more.slice(0, 10_000))
    new = more.slice(10_000)
    turned = pa.compute.invert(new["late"])
    strange = new.set_column(new.schema.get_field_index("late"), "late", turned)
    with pytest.raises(CannotContinue, match=r"standard errors of a coefficient, above 0\.05"):
        this.on(fitted, this.prepare(fitted, more.slice(0, 10_000)), strange)


def test_the_last_row_of_a_class_cannot_go(case, more):
    this = case("LogisticRegression", "level")
    rare = pa.compute.not_equal(more["level"], "c")
    data = pa.concat_tables([more.filter(rare), more.filter(pa.compute.invert(rare)).slice(0, 4)])
    fitted = this.fit(data)
    gone = data.slice(data.num_rows - 4)
    with pytest.raises(CannotContinue, match="no row of class 'c' is left"):
        this.on(fitted, this.prepare(fitted, data), more.slice(0, 0), gone)


def test_class_weights_count_as_in_the_full_fit(case, more):
    this = case("LogisticRegression", "late")
    fitted = this.fit(more.slice(0, 10_000))
    method = fitted.pipeline.steps[-1][1].set_params(class_weight={True: 5.0}, tol=1e-10)
    rows = training_rows(fitted, this.cut(more.slice(0, 10_000)))
    method.fit(rows.matrix(fitted), rows.labels(fitted))
    state = this.prepare(fitted, more.slice(0, 10_000))
    continued = this.on(fitted, state, more.slice(10_000, 100), more.slice(0, 20))
    best = full_fit(fitted, this.cut(now_of(more, 100, 20)))
    np.testing.assert_allclose(coefficients(continued.fitted), best, atol=1e-4)


def test_columns_that_follow_from_each_other_need_a_penalty(case, old, new):
    this = case("PoissonRegressor", "visits", alpha=0.0)
    fitted = this.fit(old)
    with pytest.raises(CannotContinue, match="not positive definite"):
        this.on(fitted, this.prepare(fitted, old), new)


def test_too_many_coefficients_keep_no_state(case, old, new, monkeypatch):
    monkeypatch.setattr(newton, "MAX_PARAMETERS", 10)
    this = case("LogisticRegression", "late")
    fitted = this.fit(old)
    assert this.prepare(fitted, old) is None
    with pytest.raises(CannotContinue, match="no state was kept"):
        this.on(fitted, None, new)


def test_predictions_are_those_of_a_full_refit_but_for_its_preprocessing(case, more):
    this = case("LogisticRegression", "late")
    fitted = this.fit(more.slice(0, 10_000))
    new, now = more.slice(10_000), now_of(more, 1_000, 0)
    continued = this.on(fitted, this.prepare(fitted, more.slice(0, 10_000)), new)
    refitted = this.answers(this.fit(now), new).column(1).to_numpy()
    before = np.abs(this.answers(fitted, new).column(1).to_numpy() - refitted).max()
    after = np.abs(this.answers(continued.fitted, new).column(1).to_numpy() - refitted).max()
    assert after < 2e-3
    assert after < before / 5
