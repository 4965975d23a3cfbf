"""Replays of retraining rules, and the best that hindsight could have done."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

FOLDER = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the benchmarks are not shipped")

if FOLDER.is_dir():
    sys.path.append(str(FOLDER))
    import judging
    import replaying
    import triggers

FIRST, DAYS = 2, 9


def world(seed=0, first=FIRST, days=DAYS):
    """Random losses of every model on every later day; the days before the first are empty."""
    random = np.random.default_rng(seed)
    loss = np.triu(random.uniform(0.1, 1.0, (days, days)))
    loss[:first] = np.nan
    return SimpleNamespace(
        stream=SimpleNamespace(first=first, days=days),
        loss=loss,
        rows=random.integers(1, 20, days),
        scored=np.full(days, 0.3),
    )


def lost(lived, models):
    """What a list of models, by the day each began, loses in all."""
    live = {day: max(m for m in models if m <= day) for day in range(FIRST, DAYS)}
    return sum(lived.loss[model, day] * lived.rows[day] for day, model in live.items())


def began(done):
    return [int(m) for m in np.unique(done.live)]


@given(st.integers(0, 10_000))
def test_nothing_within_the_same_number_of_retrains_beats_the_oracle(seed):
    lived = world(seed)
    for most, found in enumerate(replaying.oracle(lived, 3)):
        tried = [c for n in range(most + 1) for c in combinations(range(FIRST + 1, DAYS), n)]
        best = min(lost(lived, [FIRST, *models]) for models in tried)
        assert found.loss.sum() == pytest.approx(best)
        assert found.loss.sum() == pytest.approx(lost(lived, began(found)))
        assert len(began(found)) <= most + 1


def test_never_keeps_the_first_model_and_daily_takes_each_days_own():
    lived = world()
    assert began(replaying.replay(lived, triggers.never, 0)) == [FIRST]
    daily = replaying.replay(lived, triggers.calendar(1), 0)
    assert daily.live.tolist() == list(range(FIRST, DAYS))
    expected = np.diag(lived.loss)[FIRST:] * lived.rows[FIRST:]
    assert daily.loss == pytest.approx(expected)


def test_in_a_later_phase_the_first_new_model_comes_later_and_the_calendar_follows_it():
    assert began(replaying.replay(world(), triggers.calendar(3), 0)) == [2, 5, 8]
    assert began(replaying.replay(world(), triggers.calendar(3), 1)) == [2, 3, 6]


@given(st.integers(0, 1000), st.sampled_from(["lost_or_old", "cost_aware"]), st.integers(3, 8))
def test_a_rule_does_not_see_the_day_it_decides_about(seed, name, day):
    lived, other = world(seed), world(seed)
    other.loss[:, day:] *= 7.0
    make = getattr(triggers, name)
    one, two = (replaying.replay(w, make(0.5, 4), 0).live.tolist() for w in (lived, other))
    assert one[: day - FIRST + 1] == two[: day - FIRST + 1]


def test_the_drop_weighs_days_by_their_rows():
    lived = world()
    lived.loss[2, 2:4], lived.rows[2:4] = [0.4, 0.8], [30, 10]
    assert replaying.Lived(lived, 2, 4).drop == pytest.approx(0.5 - 0.3)


def test_added_up_drops_forget_no_bad_day_and_regret_offsets_them():
    lived = world()
    lived.loss[2, 2:5] = [0.1, 0.1, 0.6]
    live = replaying.Lived(lived, 2, 5)
    assert triggers.cara_cumulative(0.29)(live)
    assert not triggers.regret(0.29)(live)
    assert triggers.cara_threshold(0.29)(live)
    assert not triggers.cara_threshold(0.31)(live)


def test_the_cost_aware_policy_runs_when_the_loss_is_worth_it_or_the_model_is_old():
    lived = world()
    lived.rows[:] = 1_000_000
    lived.loss[2, 2:] = 0.5
    live = replaying.Lived(lived, 2, 6)
    # 0.2 nats over 4 days are 0.8 nat-days.
    assert triggers.cost_aware(1.5, 30)(live)
    assert not triggers.cost_aware(1.0, 30)(live)
    assert triggers.cost_aware(1.0, 4)(live)


def test_the_share_won_back_is_0_for_never_and_1_for_daily():
    judge = judging.Judge(world())
    assert judge.whole(judge.never).share == 0
    assert judge.whole(judge.daily).share == 1
    assert judge.whole(judge.daily).retrains == DAYS - FIRST - 1


def test_the_parameters_that_lost_least_within_the_budget_are_taken(monkeypatch):
    lived = world()
    ages = np.arange(DAYS)[None, :] - np.arange(DAYS)[:, None]
    lived.loss[:] = 0.1 + 0.1 * ages
    judge = judging.Judge(lived)
    tried = {(n,): {0: replaying.replay(lived, triggers.calendar(n), 0)} for n in (1, 3, 6)}
    taken = []
    for budget in (9, 2, 1, 0):
        monkeypatch.setattr(judging, "BUDGET", budget)
        taken += judge.best(tried, FIRST, DAYS)
    assert taken == [1, 3, 6, 6]


@pytest.mark.parametrize("pieces", [None, 4])
def test_a_detector_begins_anew_when_it_has_fired(pieces):
    made = []

    class Fires:
        def __init__(self):
            self.seen, made[len(made) :] = [], [self]

        @property
        def drift_detected(self):
            return sum(self.seen) > 1

        def update(self, loss):
            self.seen.append(loss)

    rule = triggers.detector(Fires, pieces)
    yesterday = SimpleNamespace(yesterday=np.full(8, 0.1))
    fired = [rule(yesterday) for _ in range(6)]
    assert fired == ([False, True] * 3 if pieces is None else [False, False, True] * 2)
    assert len(made) == 1 + sum(fired)
