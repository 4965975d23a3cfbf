"""Plans: what is done, in which order, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Kind, Name, RefreshMode
from mlview.planning import Costs, Demand, UpstreamMove, judge_all, plan_refresh
from mlview.records import Action, Maintenance, RowDelta, Snapshot


def planned(scene, views, *names, **demand):
    """Plan for views given parents first, an hour after noon."""
    order = [view.name for view in views]
    now = scene.minutes(60)
    return plan_refresh(
        Demand(tuple(map(Name, names)) or tuple(order), **demand),
        snapshot=Snapshot(9, now - timedelta(minutes=1)),
        order=order,
        observations={view.name: view for view in views},
        staleness=judge_all(views, order, now),
        costs={Name("m"): Costs(12.5)},
    )


def steps(plan):
    return {step.name.name: step.action for step in plan.steps}


@pytest.fixture
def chain(scene):
    """t -> v -> w -> m; a commit to t made all of them stale."""
    return [
        scene.view("v", changes=(scene.change("t", 5),)),
        scene.view("w", "v"),
        scene.view("m", "w", kind=Kind.MODEL),
        scene.view("other"),
    ]


def test_stale_ancestors_come_first_and_descendants_stay(chain, scene):
    assert steps(planned(scene, chain, "w")) == {"v": Action.FULL, "w": Action.FULL}


def test_cascade_goes_on_to_all_that_read_it(chain, scene):
    plan = planned(scene, chain, "v", cascade=True)
    assert list(steps(plan)) == ["v", "w", "m"]
    assert plan.steps[1].reason.startswith("refreshed in this plan: v; ")


def test_a_fresh_view_that_was_asked_for_is_confirmed(chain, scene):
    plan = planned(scene, chain, "other")
    assert steps(plan) == {"other": Action.NO_DATA}
    assert "nothing it reads changed since snapshot 7" in plan.steps[0].reason
    assert plan.steps[0].predicted_seconds == 0.0


def test_only_stale_leaves_fresh_views_out(chain, scene):
    assert list(steps(planned(scene, chain, only_stale=True))) == ["v", "w", "m"]


def test_full_rebuilds_what_was_asked_for_and_not_its_fresh_ancestors(scene):
    views = [scene.view("v"), scene.view("w", "v")]
    plan = planned(scene, views, "w", full=True)
    assert steps(plan) == {"w": Action.FULL}
    assert plan.steps[0].reason == "FULL was asked for"


def test_what_was_never_materialized_is_materialized(scene):
    views = [scene.view("v", live=None), scene.view("w", "v", live=None)]
    plan = planned(scene, views, "w")
    assert [step.reason for step in plan.steps] == ["first materialization"] * 2


@pytest.mark.parametrize(
    "seen",
    [
        {"redefined": ("its definition was replaced",)},
        {"recreated": (Name("t"),)},
        {"broken": ("column t.x was dropped",)},
    ],
)
def test_another_definition_or_schema_reinitializes(scene, seen):
    assert steps(planned(scene, [scene.view("v", **seen)])) == {"v": Action.REINITIALIZE}


def test_another_upstream_model_reinitializes_and_another_view_does_not(scene):
    for kind, action in ((Kind.MODEL, Action.REINITIALIZE), (Kind.MATERIALIZED_VIEW, Action.FULL)):
        move = UpstreamMove(Name("u"), kind, scene.minutes(1))
        views = [scene.view("u", kind=kind), scene.view("v", "u", moved=(move,))]
        assert steps(planned(scene, views, "v")) == {"v": action}


def test_what_cannot_be_determined_is_refreshed(scene):
    views = [scene.view("v", changes=(scene.change("t", 600),))]
    assert steps(planned(scene, views)) == {"v": Action.FULL}


def test_a_suspended_view_is_refreshed_by_name_if_its_data_changed(scene):
    stale = scene.view("v", suspended=True, changes=(scene.change("t", 1),))
    assert steps(planned(scene, [stale], "v")) == {"v": Action.FULL}
    assert steps(planned(scene, [scene.view("v", suspended=True)], "v")) == {"v": Action.NO_DATA}


def test_a_step_carries_what_it_was_decided_from(chain, scene):
    plan = planned(scene, chain, "m")
    first, last = plan.steps[0], plan.steps[-1]
    assert first.changes == chain[0].changes
    assert (last.reads, last.predicted_seconds) == ((Name("w"),), 12.5)


@given(data=st.data())
def test_parents_come_before_children_and_nothing_reads_a_stale_parent(scene, data):
    views = []
    for i in range(data.draw(st.integers(1, 7))):
        reads = [f"v{j}" for j in range(i) if data.draw(st.booleans())]
        changes = (scene.change("t", 5),) if data.draw(st.booleans()) else ()
        views.append(scene.view(f"v{i}", *reads, changes=changes))
    asked = data.draw(st.lists(st.sampled_from([v.name.name for v in views]), unique=True))
    plan = planned(
        scene,
        views,
        *asked,
        full=data.draw(st.booleans()),
        cascade=data.draw(st.booleans()),
        only_stale=data.draw(st.booleans()),
    )
    place = {step.name: step.position for step in plan.steps}
    assert list(place.values()) == list(range(1, len(place) + 1))
    assert plan.snapshot.id == 9
    stale = judge_all(views, [v.name for v in views], scene.minutes(60))
    for step in plan.steps:
        for read in step.reads:
            assert place.get(read, 0) < step.position
            assert read in place or stale[read].stale_since is None
    wanted = {Name(name) for name in asked} or {v.name for v in views}
    assert {name for name in wanted if stale[name].stale_since} <= place.keys()


SUMS = Maintenance(possible=True, reason="solved from sums")
NO_SUMS = Maintenance(possible=False, reason="a forest is no function of sums")
NEWTON = Maintenance(possible=True, reason="one Newton step", exact=False)


def one(scene, cost=None, incremental=False, **values):
    """The step for one model, stale by three rows."""
    view = scene.view("m", kind=Kind.MODEL, **{"changes": (scene.change("t", 5),)} | values)
    now = scene.minutes(60)
    plan = plan_refresh(
        Demand((view.name,), incremental=incremental),
        snapshot=Snapshot(9, now),
        order=[view.name],
        observations={view.name: view},
        staleness=judge_all([view], [view.name], now),
        costs={} if cost is None else {view.name: cost},
    )
    return plan.steps[0]


def test_the_cheaper_way_is_taken_and_both_predictions_are_told(scene):
    step = one(scene, Costs(2.0, 0.1), maintenance=SUMS)
    assert step.action is Action.INCREMENTAL
    assert step.predicted_seconds == 0.1
    assert (step.predicted_full_seconds, step.predicted_incremental_seconds) == (2.0, 0.1)
    assert "0.1 s predicted from what changed, 2 s in full" in step.reason
    step = one(scene, Costs(2.0, 3.0), maintenance=SUMS)
    assert (step.action, step.predicted_seconds) == (Action.FULL, 2.0)
    assert one(scene, Costs(0.05, 0.2), maintenance=SUMS).action is Action.INCREMENTAL  # noise


def test_what_is_no_function_of_sums_is_trained_in_full_with_the_reason(scene):
    step = one(scene, Costs(2.0), maintenance=NO_SUMS)
    assert step.action is Action.FULL
    assert "in full, because a forest is no function of sums" in step.reason


def test_an_incremental_refresh_that_was_asked_for_is_exact_or_refused(scene):
    assert one(scene, Costs(2.0, 3.0), incremental=True, maintenance=SUMS).refusal is None
    refused = one(scene, incremental=True, maintenance=NO_SUMS)
    assert refused.refusal is not None
    assert "a forest is no function of sums" in refused.refusal
    assert one(scene, incremental=True, maintenance=NEWTON).refusal is not None


def test_a_declared_mode_decides_before_any_cost(scene):
    full = one(scene, Costs(2.0, 0.1), maintenance=SUMS, mode=RefreshMode.FULL)
    assert full.action is Action.FULL
    incremental = one(scene, Costs(2.0, 9.0), maintenance=SUMS, mode=RefreshMode.INCREMENTAL)
    assert incremental.action is Action.INCREMENTAL
    assert one(scene, maintenance=NO_SUMS, mode=RefreshMode.INCREMENTAL).refusal is not None


def test_a_model_is_continued_only_where_that_was_asked_for_by_name(scene):
    continued = one(scene, Costs(2.0, 0.1), maintenance=NEWTON, mode=RefreshMode.APPROXIMATE)
    assert (continued.action, continued.exact) == (Action.INCREMENTAL, False)
    assert one(scene, Costs(2.0, 0.1), maintenance=NEWTON).action is Action.FULL


def test_a_change_that_leaves_the_views_rows_alone_is_no_data(scene):
    step = one(scene, Costs(2.0, 0.1), maintenance=SUMS, delta=RowDelta(0, 0))
    assert step.action is Action.NO_DATA
    assert "left its own rows as they are" in step.reason


def test_a_parents_new_version_that_changes_nothing_is_recorded_without_work(scene):
    move = UpstreamMove(Name("v"), Kind.MATERIALIZED_VIEW, scene.minutes(5))
    step = one(
        scene, Costs(2.0, 0.1), changes=(), moved=(move,), maintenance=SUMS, delta=RowDelta(0, 0)
    )
    assert step.action is Action.INCREMENTAL
    assert "only what it reads is recorded" in step.reason
