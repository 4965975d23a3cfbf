"""Plans: what is done, in which order, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Kind, Name
from mlview.planning import Demand, UpstreamMove, judge_all, plan_refresh
from mlview.records import Action, Snapshot


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
        predicted={Name("m"): 12.5},
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
    assert plan.steps[1].reason == "refreshed in this plan: v"


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
