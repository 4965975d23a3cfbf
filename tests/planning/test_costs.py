"""Predicted seconds: a prior at first, a view's own refreshes soon after."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mlview.planning.costs import Past, predict_seconds
from mlview.records import Action

SIZES = st.integers(0, 10_000_000)


@given(rows=SIZES, changed=SIZES)
def test_without_a_history_there_is_a_prediction_all_the_same(rows, changed):
    assert predict_seconds(Action.FULL, rows, changed, []) > 0
    assert predict_seconds(Action.INCREMENTAL, rows, changed, []) > 0


def test_at_first_a_small_change_is_cheaper_to_apply_and_a_huge_one_is_not():
    def cheaper(changed):
        incremental = predict_seconds(Action.INCREMENTAL, 1_000_000, changed, [])
        return incremental < predict_seconds(Action.FULL, 1_000_000, changed, [])

    assert cheaper(1_000)
    assert not cheaper(2_000_000)


def test_thirty_refreshes_of_changing_sizes_are_learned_to_a_third():
    random, history, errors = Random(0), [], []
    for number in range(40):
        changed = random.choice([100, 1_000, 10_000, 100_000])
        actual = (0.04 + 2e-5 * changed) * random.lognormvariate(0, 0.1)
        if number >= 30:
            predicted = predict_seconds(Action.INCREMENTAL, 500_000, changed, history)
            errors.append(abs(predicted - actual) / actual)
        history.append(Past(Action.INCREMENTAL, 500_000, changed, actual))
    assert sorted(errors)[len(errors) // 2] < 0.3


def test_one_slow_refresh_counts_little_and_a_slower_machine_counts_soon():
    usual = [Past(Action.FULL, 1_000, 0, 1.0)] * 10
    slow = Past(Action.FULL, 1_000, 0, 60.0)
    assert predict_seconds(Action.FULL, 1_000, 0, [*usual, slow]) < 1.5
    assert predict_seconds(Action.FULL, 1_000, 0, [*usual, *[slow] * 8]) > 30


def test_full_refreshes_say_nothing_of_incremental_ones():
    history = [Past(Action.FULL, 1_000, 10, 500.0)] * 5
    assert predict_seconds(Action.INCREMENTAL, 1_000, 10, history) < 1
    assert predict_seconds(Action.REINITIALIZE, 1_000, 10, history) > 400
