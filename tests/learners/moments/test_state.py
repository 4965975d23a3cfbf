"""The state counts rows, classes, levels and gaps, and says when it has to be made anew."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import UsageProblem
from mlview.learners import solve
from mlview.learners.moments.blocks import BLOCK_ROWS
from mlview.testing.maintained import assert_same_answers


def test_rows_classes_levels_and_gaps_are_counted(case, trips, taking_away):
    model = case(trips.drop_columns("cost"), "size", "LinearDiscriminantAnalysis")
    state = taking_away(model.state(), trips.slice(300))
    left = trips.slice(0, 300)
    assert state.rows == 300
    assert state.class_counts == {
        c["values"]: c["counts"] for c in left["size"].value_counts().to_pylist()
    }
    assert state.levels("city") == {
        c["values"]: c["counts"] for c in left["city"].value_counts().to_pylist()
    }
    assert state.missing["far"] == left["far"].null_count
    assert state.missing["near"] == int(np.isnan(left["near"].to_numpy()).sum())
    assert "at" not in state.missing


@pytest.mark.parametrize("name", ["LinearDiscriminantAnalysis", "GaussianNB",
                                  "QuadraticDiscriminantAnalysis"])  # fmt: skip
def test_every_shape_counts_classes_alike(case, trips, name):
    data = trips.select(["far", "near", "city", "size"])
    assert case(data, "size", name).state().class_counts == {
        c["values"]: c["counts"] for c in data["size"].value_counts().to_pylist()
    }


def test_batches_of_any_size_give_one_state(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    whole = model.state()
    split = model.state(*(trips.slice(i, 7) for i in range(0, 400, 7)))
    batches = model.state(*trips.to_batches(max_chunksize=33))
    for other in (split, batches):
        assert_same_answers(
            solve(other, model.roles), solve(whole, model.roles), trips, tolerance=1e-11
        )


def test_a_weight_counts_a_row_so_often(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    weighted = model.spec.empty()
    weighted.add(trips, np.tile([3, 1], 200))
    weighted.add(trips, np.tile([-1, 0], 200))
    twice = model.state(trips, trips.take(np.arange(0, 400, 2)))
    assert weighted.rows == twice.rows == 600
    assert_same_answers(
        solve(weighted, model.roles), solve(twice, model.roles), trips, tolerance=1e-10
    )


def test_rows_without_a_label_are_questions(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    question = trips.slice(0, 5).set_column(6, "cost", pa.nulls(5, pa.float64()))
    state = model.state(trips, question)
    state.add(question, np.full(5, -1))
    state.add(pa.concat_tables([question, trips.slice(0, 2)]), np.ones(7, np.int64))
    assert state.rows == 402


def test_dictionaries_are_read_as_texts(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    coded = trips.set_column(4, "city", trips["city"].dictionary_encode())
    unused = pa.DictionaryArray.from_arrays(
        pa.array([1, 1, None], pa.int32()), pa.array(["never", "b"])
    )
    state = model.state(coded)
    assert state.levels("city") == model.state().levels("city")
    part = trips.slice(0, 3).set_column(4, "city", unused)
    assert model.state(part).levels("city") == {"b": 2, None: 1}


def test_a_new_level_joins_and_a_vanished_one_leaves(case, trips, taking_away):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    news = trips.slice(0, 9).set_column(4, "city", pa.array(["Aachen"] * 9))
    state = model.state(trips, news)
    assert state.levels("city")["Aachen"] == 9
    city = solve(state, model.roles).signature.features[4]
    assert (city.name, city.levels) == ("city", 4)
    assert "Aachen" not in taking_away(state, news).levels("city")
    assert_same_answers(
        solve(state, model.roles), model.full(trips.drop_columns("size")), trips, tolerance=1e-8
    )


def test_a_lost_extreme_asks_for_a_pass_over_all_rows(case, taking_away):
    data = pa.table({"x": [1.0, 1.0, 2.0, 3.0, 4.0, 4.0], "k": list("ababab")})
    model = case(data, "k", "MultinomialNB")
    state = taking_away(model.state(), data.slice(0, 1))
    assert state.needs_resync is None
    taking_away(state, data.slice(1, 1))
    assert state.needs_resync == "the last row with the smallest x was deleted"
    with pytest.raises(UsageProblem, match="smallest x"):
        solve(state, model.roles)
    state.add(data.slice(0, 1))
    assert state.needs_resync is None


def test_pairs_of_more_levels_than_rows_are_worth_ask_for_new_roles(case):
    model = case(pa.table({"name": ["a", "b"] * 50, "y": np.arange(100.0)}), "y", "Ridge")
    state = model.state(
        pa.table({"name": [f"n{i}" for i in range(2_100)] * 2, "y": np.arange(4_200.0)})
    )
    assert "2,102 columns" in state.outgrown


def test_memory_does_not_grow_with_rows(case):
    rows = 10 * BLOCK_ROWS
    data = pa.table({"x": np.arange(rows) % 997.0, "y": np.arange(rows) % 101.0})
    model = case(data.slice(0, 100), "y", "Ridge")

    def peak(part):
        tracemalloc.start()
        try:
            model.state(part)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(data.slice(0, BLOCK_ROWS))
    assert peak(data) < 1.2 * peak(data.slice(0, 2 * BLOCK_ROWS))


def test_states_of_one_frame_merge_as_if_they_were_one(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    train, test = trips.slice(0, 300), trips.slice(300)
    first = model.state(train)
    second = model.spec.empty(like=first)
    second.add(test)
    merged = first.merged(second)
    assert (first.rows, second.rows, merged.rows) == (300, 100, 400)
    assert merged.frame.equals(first.frame)
    assert_same_answers(
        solve(merged, model.roles), solve(model.state(), model.roles), trips, tolerance=1e-11
    )


@pytest.mark.parametrize(
    ("name", "target"), [("Ridge", "cost"), ("GaussianNB", "size"), ("MultinomialNB", "size"),
                         ("QuadraticDiscriminantAnalysis", "size"), ("DummyRegressor", "cost")]
)  # fmt: skip
def test_states_of_different_frames_merge_in_any_order(case, trips, name, target):
    data = trips.drop_columns("size" if target == "cost" else "cost")
    model = case(data, target, name)
    parts = [model.state(data.slice(i, n)) for i, n in ((0, 90), (90, 200), (290, 110))]
    left = parts[0].merged(parts[1]).merged(parts[2])
    right = parts[2].merged(parts[1].merged(parts[0]))
    whole = solve(model.state(), model.roles)
    for state in (left, right):
        assert state.rows == 400
        assert_same_answers(solve(state, model.roles), whole, data, tolerance=1e-9)


def test_an_empty_state_changes_nothing_when_it_is_merged(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    state = model.spec.empty().merged(model.state()).merged(model.spec.empty())
    assert not state.reframed
    assert_same_answers(
        solve(state, model.roles), solve(model.state(), model.roles), trips, tolerance=1e-12
    )


def test_states_of_different_columns_do_not_merge(case, trips):
    one = case(trips.drop_columns("size"), "cost", "Ridge").state()
    two = case(trips.select(["far", "cost"]), "cost", "Ridge").state()
    with pytest.raises(UsageProblem, match="same columns"):
        one.merged(two)
