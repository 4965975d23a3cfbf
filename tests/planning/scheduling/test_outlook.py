"""What is said of targets that cannot be met, and when it is said again."""

from dataclasses import replace

from mlview.planning.scheduling import Mode, Outlook, Scheduler


def test_it_is_the_same_while_costs_only_drift(view):
    views = [view(1, target_lag=100, cost=47)]
    outlook = Outlook(1)
    first = outlook.at(views, 0)
    dearer = [replace(views[0], predicted={Mode.FULL: 48.0})]
    assert outlook.at(dearer, 30) is first
    assert outlook.at(dearer, 90) is first


def test_a_level_that_is_crossed_is_noticed_within_a_minute(view):
    views = [view(1, target_lag=100, cost=10)]
    outlook = Outlook(1)
    assert outlook.at(views, 0).warnings == ()
    dearer = [replace(views[0], predicted={Mode.FULL: 48.0})]
    assert outlook.at(dearer, 59).warnings == ()
    assert "above 0.83" in outlook.at(dearer, 60).warnings[0]


def test_a_promise_that_is_changed_is_noticed_at_once(view):
    views = [view(1, target_lag=100, cost=10)]
    outlook = Outlook(1)
    outlook.at(views, 0)
    tighter = [replace(views[0], target_lag=9)]
    assert [str(name) for name in outlook.at(tighter, 1).late] == ["v1"]
    assert outlook.at([], 2).late == ()


def test_a_clock_that_goes_back_does_not_stop_it(view):
    outlook = Outlook(1)
    outlook.at([view(1, target_lag=100, cost=10)], 1e6)
    assert outlook.at([view(1, target_lag=100, cost=120)], 0).late != ()


def test_a_decision_says_what_cannot_be_met_before_anybody_is_late(view):
    views = [view(1, target_lag=100, cost=40, weight=10), view(2, target_lag=100, cost=40)]
    decision = Scheduler(1, tick=1).decide(views, 0, outlook=Outlook(1).at(views, 0))
    assert "late will be v2" in decision.warnings[0]
    assert decision.shed == ()
