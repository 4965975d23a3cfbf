"""Predicted seconds: a prior at first, a view's own refreshes soon after."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mlview.planning.actions import NOISE_SECONDS
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


def test_the_first_incremental_refresh_has_its_fixed_part_however_small_the_change():
    """Measured: 0.12 to 0.16 s where the full one took 0.13 to 0.24 s."""
    for full in (0.05, 0.13, 0.24):
        history = [Past(Action.FULL, 1_000, 0, full)]
        assert 0.12 < predict_seconds(Action.INCREMENTAL, 1_000, 1, history) < 0.22


@given(rows=SIZES, full=st.floats(0.2, 1e4))
def test_the_first_small_change_is_applied_and_not_refreshed_in_full_where_full_is_no_cheaper(
    rows, full
):
    history = [Past(Action.FULL, rows, 0, full * predict_seconds(Action.FULL, rows, 0, []))]
    incremental = predict_seconds(Action.INCREMENTAL, rows, 10, history)
    assert incremental < max(predict_seconds(Action.FULL, rows, 10, history), NOISE_SECONDS)


def test_a_machine_on_which_full_refreshes_are_slow_is_slow_at_incremental_ones_too():
    slow = [Past(Action.FULL, 1_000, 0, 0.36)]
    usual = predict_seconds(Action.INCREMENTAL, 1_000, 10, [])
    assert 2 * usual < predict_seconds(Action.INCREMENTAL, 1_000, 10, slow) < 3 * usual


def test_a_full_refresh_of_minutes_makes_the_first_incremental_one_a_tenth_of_that():
    history = [Past(Action.FULL, 1_000, 10, 500.0)] * 5
    assert round(predict_seconds(Action.INCREMENTAL, 1_000, 10, history), 6) == 50
    assert predict_seconds(Action.REINITIALIZE, 1_000, 10, history) > 400


def test_full_refreshes_say_nothing_any_more_once_there_was_an_incremental_one():
    history = [*[Past(Action.FULL, 1_000, 10, 500.0)] * 5, Past(Action.INCREMENTAL, 1_000, 10, 0.2)]
    assert round(predict_seconds(Action.INCREMENTAL, 1_000, 10, history), 6) == 0.2
