"""Rows read once for two states leave in each what they would have left alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.learners.moments.blocks import BLOCK_ROWS
from mlview.learners.moments.parting import add_parted

VALUES = st.sampled_from([0.0, 1.0, -2.5, 3.25, 1e6, 1e12, -1e30, float("inf"), float("nan"), None])
TEXTS, WEIGHTS = st.sampled_from(["a", "b", "c", None]), st.sampled_from([-1, 1, 2])
ROWS = st.tuples(VALUES, VALUES, TEXTS, WEIGHTS, st.booleans())
METHODS = ["Ridge", "GaussianNB", "QuadraticDiscriminantAnalysis", "MultinomialNB"]


@pytest.fixture(scope="module")
def model_of(case):
    def made(name):
        numeric = name == "Ridge"
        labels = pa.array([1.0, 2.0, 4.0, 0.5] if numeric else ["u", "v", "u", "v"])
        data = pa.table({"x": [1.0, 2.0, 3.0, 5.0], "c": ["a", "b", "a", "b"], "y": labels})
        return case(data, "y", name)

    return made


def table_of(rows, name):
    given = [1.0 if y is None else y for _, y, *_ in rows]
    labels = pa.array(given if name == "Ridge" else ["u" if y > 0 else "v" for y in given])
    x, c = pa.array([x for x, *_ in rows], pa.float64()), [c for _, _, c, *_ in rows]
    return pa.table({"x": x, "c": pa.array(c, pa.string()), "y": labels})


def facts(state):
    """What a state says, whatever came first."""
    found = {
        "refused": state.refused,
        "missing": state.missing,
        "classes": state.class_counts,
        "edges": {n: [(e.value, e.rows) for e in edges] for n, edges in state.edges.items()},
        "sums": {key: value for key, value in state.column().items() if value},
        **{name: state.levels(name) for name in state.layout.texts},
    }
    told = {name: sorted(map(repr, values.items())) for name, values in found.items()}
    return told, state.rows, state.nan_labels, sorted(magnitude for _, magnitude in state.sums)


@pytest.mark.parametrize("name", METHODS)
@given(rows=st.lists(ROWS, max_size=30), weighted=st.booleans())
@settings(max_examples=40)
def test_a_part_is_added_as_if_it_were_alone(model_of, name, rows, weighted):
    model = model_of(name)
    data, held = table_of(rows, name), np.array([h for *_, h in rows], dtype=bool)
    weights = np.array([w for *_, w, _ in rows], np.int64) if weighted else None
    parts = []
    for together in (True, False):
        train = model.state()
        test = model.spec.empty(train)
        if together:
            add_parted(train, test, data, weights, held)
        else:
            for state, mask in ((train, ~held), (test, held)):
                state.add(data.filter(pa.array(mask)), None if weights is None else weights[mask])
        parts.append((facts(train), facts(test)))
    assert parts[0] == parts[1]


def named(state):
    """The levels and classes that a state knows of."""
    return [key for key in (*state.columns.keys, *state.classes.keys) if key.value is not None]


@pytest.mark.parametrize("name", ["Ridge", "QuadraticDiscriminantAnalysis", "MultinomialNB"])
@pytest.mark.parametrize("who", ["every fifth", "the last", "nobody", "everybody"])
def test_many_blocks_are_parted_row_by_row(model_of, name, who):
    rows, random = 2 * BLOCK_ROWS + 1_000, np.random.default_rng(5)
    at = np.arange(rows)
    held = {"every fifth": at % 5 == 0, "the last": at > rows - 90_000,
            "nobody": at < 0, "everybody": at >= 0}[who]  # fmt: skip
    # Only among the rows that are held out: a level, a value far out, missing and infinite ones.
    x = random.integers(0, 9, rows).astype(float)
    x[held & (at % 7 == 0)], x[held & (at % 11 == 0)] = 2.0**40, np.nan
    x[held & (at % 1_013 == 0)] = np.inf
    texts = np.where(held & (at % 3 == 0), "rare", random.choice(["a", "b"], rows))
    label = random.integers(0, 2, rows)
    answer = label.astype(float) if name == "Ridge" else np.array(["u", "v"])[label]
    data = pa.table({"x": x, "c": texts, "y": answer})
    model = model_of(name)
    states = []
    for together in (True, False):
        train = model.state(data.slice(1, 2))
        test = model.spec.empty(train)
        if together:
            add_parted(train, test, data, None, held)
        else:
            train.add(data.filter(pa.array(~held)))
            test.add(data.filter(pa.array(held)))
        states.append((train, test))
    for one, other in zip(*states, strict=True):
        assert facts(one) == facts(other)
        assert set(named(one)) == set(named(other))
        assert set(one.groups) == set(other.groups)
        places = [one.columns.at(key) for key in other.columns.keys]
        classes = [one.classes.at(key) for key in other.classes.keys]
        for group in one.groups:
            down = classes if name == "MultinomialNB" else places
            assert np.array_equal(one.group(group)[down][:, places], other.group(group))


def test_states_that_are_centred_elsewhere_are_read_each_for_itself(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    train, test = model.state(model.data.slice(0, 50)), model.state(model.data.slice(50, 50))
    held = np.arange(300) % 3 == 0
    more = model.data.slice(100)
    shifts = test.frame.shifts.copy()
    add_parted(train, test, more, None, held)
    assert np.array_equal(test.frame.shifts, shifts)
    assert (train.rows, test.rows) == (250, 150)


def test_a_column_that_comes_late_gets_one_shift_in_both(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    late = model.data.set_column(0, "far", pa.nulls(400, pa.float64()))
    train = model.spec.empty()
    test = model.spec.empty(train)
    held = np.arange(400) % 4 == 0
    add_parted(train, test, late, None, held)
    add_parted(train, test, model.data, None, held)
    assert train.frame.equals(test.frame)
    assert not np.isnan(train.frame.shifts).any()
    assert not train.merged(test).reframed
