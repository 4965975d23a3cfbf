"""What is said at CREATE about targets that are too tight."""

import pytest

from mlview.planning.scheduling import attainability, density


def test_a_run_may_start_no_later_than_its_cost_before_the_target():
    assert density(target=60, cost=10, gap=0) == pytest.approx(10 / 50)
    assert density(target=60, cost=10, gap=50) == pytest.approx(10 / 100)


def test_targets_that_fit_are_not_warned_about(view):
    found = attainability([view(1, target_lag=60, cost=10), view(2, target_lag=60, cost=10)], 1)
    assert (found.density, found.late, found.warnings) == (pytest.approx(0.4), (), ())


def test_a_cost_beyond_the_target_warns_with_both_numbers(view):
    found = attainability([view(1, target_lag=5, cost=12)], 4)
    assert found.effective == (12,)
    assert "v1: a refresh takes about 12 s, its target lag is 5 s" in found.warnings[0]


def test_above_0_83_it_is_tight(view):
    found = attainability([view(1, target_lag=100, cost=45)], 1)
    assert ("above 0.83" in "".join(found.warnings)) == (found.density > 0.83)
    busy = attainability([view(1, target_lag=100, cost=47)], 1)
    assert busy.density > 0.83
    assert "above 0.83" in busy.warnings[0]
    assert busy.late == ()


def test_above_1_those_worth_least_are_named_and_stretched(view):
    views = [view(1, target_lag=100, cost=40, weight=10), view(2, target_lag=100, cost=40)]
    found = attainability(views, 1)
    assert [str(name) for name in found.late] == ["v2"]
    assert found.effective[0] == pytest.approx(100 * (40 / 60) / (1 - 40 / 60))
    assert "late will be v2" in found.warnings[-1]


def test_a_child_tighter_than_its_parent_is_said(view):
    views = [view(1, target_lag=600), view(2, parents=(1,), target_lag=60)]
    (warning,) = attainability(views, 1).warnings
    assert warning.startswith("v2: its target lag of 60 s is tighter than the 600 s of v1")


def test_a_downstream_view_asks_for_what_its_reader_does(view):
    views = [view(1, downstream=True, cost=10), view(2, parents=(1,), target_lag=60, cost=10)]
    assert attainability(views, 1).density == pytest.approx(10 / 40 + 10 / 50)
    assert attainability(views[:1], 1).density == 0
