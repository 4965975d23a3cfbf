"""What is taken away leaves no trace, whatever its size, and rounding stays where it is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.errors import MlviewError
from mlview.learners import solve
from mlview.testing.maintained import assert_same_answers, assert_same_model

METHODS = [("Ridge", "cost"), ("LinearDiscriminantAnalysis", "size"),
           ("QuadraticDiscriminantAnalysis", "size"), ("GaussianNB", "size"),
           ("PCA", None)]  # fmt: skip


def corrupt(rows, size):
    """Rows with one number far out, in turn in each column, the label included."""
    for name in ("far", "near", "cost"):
        if name in rows.column_names:
            values = rows[name].to_numpy(zero_copy_only=False).copy()
            values[:: 3 + len(name)] = size
            at = rows.column_names.index(name)
            rows = rows.set_column(at, name, pa.array(values))
    return rows


@pytest.mark.parametrize("size", [1e5, 1e7, -1e10, 1e200, 1e300, np.inf])
@pytest.mark.parametrize(("name", "target"), METHODS)
def test_corrupt_rows_that_were_deleted_leave_none(case, trips, taking_away, name, target, size):
    data = trips.select(["far", "near", "flag", "city", *([target] if target else [])])
    model = case(data, target, name)
    never = model.state(data)
    broken = corrupt(data.slice(0, 40), size)
    state = model.state(
        data.slice(0, 100), pa.concat_tables([broken.slice(0, 20), data.slice(100, 200)]),
        pa.concat_tables([data.slice(300), broken.slice(20)]),
    )  # fmt: skip
    mixed = pa.concat_tables([broken, data.slice(0, 50)])
    order = np.random.default_rng(0).permutation(mixed.num_rows)
    taking_away(state, mixed.take(order[:45]))
    taking_away(state, mixed.take(order[45:]))
    state.add(data.slice(0, 50))
    assert state.rows == 400
    assert state.error_estimate() < 1e-12
    assert_same_answers(solve(state, model.roles), solve(never, model.roles), data, tolerance=1e-9)


def test_a_corrupt_row_among_the_first_does_not_move_the_frame(case, trips, taking_away):
    data = trips.select(["far", "near", "city", "cost"])
    model = case(data, "cost", "Ridge")
    broken = corrupt(data.slice(0, 9), 1e12)
    state = taking_away(model.state(pa.concat_tables([broken, data])), broken)
    assert_same_answers(
        solve(state, model.roles), solve(model.state(), model.roles), data, tolerance=1e-10
    )


def test_a_hundred_thousand_changes_around_a_million_round_nothing_away(case):
    random = np.random.default_rng(2)
    rows, changed = 20_000, 100_000
    columns = {f"x{j}": random.normal(1e6, 1.0, rows + changed) for j in range(3)}
    columns["y"] = 1e6 + sum(columns.values()) / 3 + random.normal(size=rows + changed)
    data = pa.table(columns)
    model = case(data, "y", "LinearRegression")
    state = model.state(data.slice(0, rows))
    for start in range(rows, rows + changed, 2_500):
        state.add(data.slice(start, 2_500))
    gone = np.r_[np.arange(rows, rows + changed)]
    random.shuffle(gone)
    for part in np.array_split(gone, 40):
        state.add(data.take(part), -np.ones(len(part), np.int64))
    fitted = solve(state, model.roles)
    left = [data[f"x{j}"].to_numpy()[:rows].astype(np.longdouble) for j in range(3)]
    label = data["y"].to_numpy()[:rows].astype(np.longdouble)
    scales = fitted.pipeline["preprocess"].named_transformers_["numbers"]["standardscaler"].scale_
    deviations = np.array([float(np.sqrt(((x - x.mean()) ** 2).mean())) for x in left])
    np.testing.assert_allclose(scales, deviations, rtol=1e-13)
    centred = np.stack([(x - x.mean()) / d for x, d in zip(left, deviations, strict=True)], axis=1)
    gram, cross = centred.T @ centred, centred.T @ (label - label.mean())
    exact = _solved(gram, cross)
    np.testing.assert_allclose(fitted.pipeline["method"].coef_, exact.astype(float), rtol=1e-12)
    assert state.error_estimate() < 1e-14


def _solved(gram, cross):
    """Gauss-Jordan in long double, which LAPACK has not."""
    whole = np.column_stack([gram, cross])
    for i in range(len(gram)):
        whole[i] /= whole[i, i]
        for j in range(len(gram)):
            if j != i:
                whole[j] -= whole[j, i] * whole[i]
    return whole[:, -1]


def test_the_estimate_tells_when_digits_are_lost(case, taking_away):
    random = np.random.default_rng(3)
    early = pa.table({"x": random.normal(0, 1, 500), "y": random.normal(size=500)})
    late = pa.table({"x": random.normal(1e5, 1e-3, 500), "y": random.normal(size=500)})
    model = case(early, "y", "Ridge")
    state = taking_away(model.state(early, late), early)
    assert state.error_estimate() > 1e-9
    assert model.state(late).error_estimate() < 1e-12


@pytest.mark.parametrize(("name", "target"), [*METHODS, ("MultinomialNB", "size")])
def test_a_single_held_out_row_has_no_error(case, trips, taking_away, name, target):
    data = trips.select(["far", "near", "at", "flag", *([target] if target else [])])
    model = case(data, target, name)
    held_out = model.spec.empty(like=model.state(data.slice(1)))
    assert held_out.error_estimate() == 0.0
    held_out.add(data.slice(0, 1))
    assert model.spec.from_bytes(held_out.to_bytes()).error_estimate() < 1e-12
    taking_away(held_out, data.slice(0, 1))
    assert held_out.error_estimate() == 0.0


def test_flags_that_are_always_true_have_no_error(case):
    data = pa.table({"flag": [True] * 20, "x": np.arange(20.0), "y": np.arange(20.0) ** 2})
    assert case(data, "y", "Ridge").state().error_estimate() < 1e-14


VALUES = st.one_of(
    st.none(), st.just(float("nan")), st.integers(-50, 50).map(float),
    st.floats(-1e3, 1e3, allow_nan=False).map(lambda v: round(v, 3)),
)  # fmt: skip
ROW = st.tuples(
    VALUES, VALUES, st.sampled_from([True, False, None]),
    st.sampled_from(["a", "b", "ä", "", None]), st.integers(-100, 100), st.sampled_from("kl"),
)  # fmt: skip


def table_of(rows):
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    types = [pa.float64(), pa.float64(), pa.bool_(), pa.string(), pa.float64(), pa.string()]
    arrays = [pa.array(list(c), t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=["u", "v", "flag", "text", "y", "k"])


@pytest.mark.parametrize(
    ("name", "target"), [("Ridge", "y"), ("LinearDiscriminantAnalysis", "k"), ("GaussianNB", "k"),
                         ("ComplementNB", "k"), ("DummyRegressor", "y")]
)  # fmt: skip
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_signed_batches_solve_to_what_the_rows_that_are_left_do(case, name, target, data):
    first = data.draw(st.lists(ROW, min_size=12, max_size=25))
    columns = ["u", "v", "flag", "text", target]
    model = case(table_of(first).select(columns), target, name)
    state, left = model.state(table_of(first)), list(first)
    for _ in range(data.draw(st.integers(1, 4))):
        arriving = data.draw(st.lists(ROW, max_size=8))
        leaving = data.draw(
            st.lists(st.sampled_from(range(len(left))), unique=True, max_size=len(left) - 4)
        )
        batch = [(row, 1) for row in arriving] + [(left[i], -1) for i in leaving]
        batch = data.draw(st.permutations(batch))
        left = [row for i, row in enumerate(left) if i not in set(leaving)] + arriving
        state.add(table_of([row for row, _ in batch]), np.array([sign for _, sign in batch], int))
    rest = table_of(left).select(columns)
    if state.error_estimate() > 1e-11 or state.needs_resync is not None:
        return
    outcomes = [_outcome(s, model.roles) for s in (state, model.state(rest))]
    if isinstance(outcomes[0], str) or isinstance(outcomes[1], str):
        assert outcomes[0] == outcomes[1]
        return
    assert_same_answers(outcomes[0], outcomes[1], rest, tolerance=1e-9)
    assert_same_model(outcomes[1], model.full(rest), tolerance=1e-6)


def _outcome(state, roles):
    try:
        return solve(state, roles)
    except MlviewError as problem:
        return problem.error_code
