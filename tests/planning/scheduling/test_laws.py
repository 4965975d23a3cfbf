"""What holds for every decision, whatever the views."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.definitions import Name
from mlview.planning.scheduling import Mode, ScheduledView, Scheduler, SlaPolicy
from mlview.planning.scheduling.choosing import choose
from mlview.planning.scheduling.scene import survey

moments = st.integers(0, 200).map(float)
maybe = st.none() | moments


@st.composite
def worlds(draw):
    """Up to nine views, parents first, as they may stand at moment 200."""
    views = []
    for object_id in range(draw(st.integers(1, 9))):
        parents = draw(st.sets(st.integers(0, object_id - 1), max_size=2)) if object_id else set()
        near = [views[parent].running for parent in parents]
        since = draw(maybe)
        views.append(
            ScheduledView(
                object_id,
                Name(f"v{object_id}"),
                parents=tuple(sorted(parents)),
                target_lag=draw(st.none() | st.integers(1, 300).map(float)),
                downstream=draw(st.booleans()),
                weight=draw(st.sampled_from([1.0, 3.0, 10.0])),
                stale_since=since,
                changed_at=since if since is not None else draw(maybe),
                read_at=draw(moments),
                predicted={Mode.FULL: float(draw(st.integers(1, 50)))},
                running=not any(near) and draw(st.booleans()),
                failures=draw(st.integers(0, 6)),
                last_failed_at=draw(maybe),
                suspended=draw(st.integers(0, 9)) == 0,
                predicate_due=draw(st.booleans()),
                gap=float(draw(st.integers(0, 100))),
            )
        )
    return views


def decided(views, slots=2):
    running = [210.0] * sum(view.running for view in views)
    return Scheduler(slots, tick=1).decide(views, 200.0, running=running)


@given(worlds())
def test_a_decision_is_a_pure_function_of_the_views_and_the_moment(views):
    assert decided(views) == decided([replace(view) for view in views])


@given(worlds(), st.integers(1, 6))
def test_no_view_runs_twice_nor_beside_its_parents_or_readers(views, slots):
    started = [start.object_ids for start in decided(views, slots).starts]
    alone = [(view.object_id,) for view in views if view.running]
    groups = started + alone
    everyone = [one for group in groups for one in group]
    assert len(everyone) == len(set(everyone))
    for group in groups:
        for one in group:
            others = {other for each in groups if each != group for other in each}
            assert not others.intersection(views[one].parents)


@given(worlds(), st.integers(1, 6))
def test_no_more_runs_than_slots(views, slots):
    busy = sum(view.running for view in views)
    paid = [s for s in decided(views, slots).starts if s.steps[0].mode is not Mode.NO_DATA]
    assert len(paid) <= max(slots - busy, 0)


@given(worlds())
def test_a_start_at_the_newest_snapshot_has_its_stale_parents_before_it(views):
    for start in decided(views).starts:
        seen = set()
        for one in start.object_ids:
            parents = views[one].parents
            if start.snapshot_before is None:
                assert all(views[p].stale_since is None or p in seen for p in parents)
            else:
                at = start.snapshot_before
                assert all(views[p].read_at < at for p in parents)
                assert all(views[p].stale_since is None or views[p].stale_since >= at
                           for p in parents)  # fmt: skip
                assert views[one].stale_since < at
            seen.add(one)


@given(moments, moments, moments)
def test_a_parents_version_is_shared_exactly_where_it_is_right_and_has_news(changed, read, since):
    """A parent's version is right from what it read until its next change."""
    parent = ScheduledView(0, Name("p"), target_lag=1e6, stale_since=changed, read_at=read,
                           predicted={Mode.FULL: 50.0})  # fmt: skip
    child = ScheduledView(1, Name("c"), parents=(0,), target_lag=100.0, stale_since=since, gap=1e3,
                          changed_at=changed, predicted={Mode.FULL: 1.0}, weight=99.0)  # fmt: skip
    option = choose(survey([parent, child], 450.0), 1, lambda _: True)
    if read < changed and since < changed:
        assert (option.places, option.snapshot_before) == ((1,), changed)
    else:
        assert (option.places, option.snapshot_before) == ((0, 1), None)


@given(worlds())
def test_only_views_with_something_to_do_are_started_and_none_that_is_to_be_left_alone(views):
    for start in decided(views).starts:
        for step in start.steps:
            view = views[step.object_id]
            assert not view.suspended
            assert not view.running
            assert (step.mode is Mode.NO_DATA) == (view.stale_since is None)
            assert step.mode is not Mode.NO_DATA or step.seconds == 0


@given(worlds(), st.integers(1, 3))
def test_whoever_is_late_and_does_not_start_is_named_with_a_reason(views, slots):
    decision = decided(views, slots)
    begun = {one for start in decision.starts for one in start.object_ids}
    told = {shed.object_id: shed for shed in decision.shed}
    waiting = {one.object_id: one for one in decision.waiting}
    assert not begun & (told.keys() | waiting.keys())
    assert told.keys() <= waiting.keys()
    for shed in decision.shed:
        assert shed.reason
        assert shed.effective_target_lag > 0
    for view in views:
        own = view.target_lag is not None and not view.downstream and view.stale_since is not None
        if own and not view.suspended and not view.running and view.object_id not in begun:
            assert view.object_id in waiting
            backing_off = waiting[view.object_id].reason.startswith("failed")
            if view.stale_since + view.target_lag < 200:
                assert backing_off or view.object_id in told


@given(worlds())
def test_it_is_woken_later_than_now_or_not_at_all(views):
    wake_at = decided(views).wake_at
    assert wake_at is None or wake_at > 200


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(5, 60), st.integers(1, 20), st.sampled_from([0.1, 1.0, 50.0])),
        min_size=2,
        max_size=6,
    ),
    st.integers(1, 2),
)
def test_nobody_starves_however_overloaded_and_unimportant(asked, slots):
    """Every view changes all the time; each run takes its cost; somebody is always late."""
    views = [
        ScheduledView(place, Name(f"v{place}"), target_lag=float(lag), weight=weight,
                      stale_since=0.0, predicted={Mode.FULL: float(cost)})
        for place, (lag, cost, weight) in enumerate(asked)
    ]  # fmt: skip
    scheduler, now, ends, longest = Scheduler(slots, tick=1), 0.0, {}, [0.0] * len(views)
    # Nobody can be fresher than a run takes, so that is the least a target counts for.
    least = max(max(lag, cost) for lag, cost, _ in asked)
    bound = SlaPolicy().patience * least + 2 * sum(cost for _, cost, _ in asked)
    began = [0.0] * len(views)
    while now < 4 * bound:
        for place in [place for place, end in ends.items() if end <= now]:
            del ends[place]
            views[place] = replace(views[place], running=False, stale_since=began[place])
        decision = scheduler.decide(views, now, running=list(ends.values()))
        for start in decision.starts:
            (place,) = start.object_ids
            began[place], ends[place] = now, now + start.predicted_seconds
            views[place] = replace(views[place], running=True)
        for place, view in enumerate(views):
            longest[place] = max(longest[place], now - view.stale_since)
        wake_at = [] if decision.wake_at is None else [decision.wake_at]
        now = min([*ends.values(), *wake_at], default=now + 1)
    assert max(longest) <= bound


@st.composite
def graphs(draw):
    """Two to six stale views that never stop changing, each reading any before it."""
    views = []
    for place in range(draw(st.integers(2, 6))):
        parents = draw(st.sets(st.integers(0, place - 1), max_size=2)) if place else set()
        lag, downstream = draw(st.integers(5, 30)), draw(st.integers(0, 4)) == 0
        views.append(
            ScheduledView(
                place,
                Name(f"v{place}"),
                parents=tuple(sorted(parents)),
                target_lag=float(lag),
                downstream=downstream,
                weight=draw(st.sampled_from([0.1, 1.0, 50.0])),
                stale_since=0.0,
                changed_at=0.0,
                read_at=-1.0,
                predicted={Mode.FULL: float(draw(st.integers(1, 12)))},
            )
        )
    return views


def needed(views):
    """Those with a target of their own, and all that they read."""
    found = {view.object_id for view in views if not view.downstream}
    for view in reversed(views):
        if view.object_id in found:
            found.update(view.parents)
    return found


@settings(max_examples=20, deadline=None)
@given(graphs(), st.integers(1, 2))
def test_nobody_starves_in_a_graph_either(views, slots):
    """All data changes all the time, so a version is stale half a second after what it read."""
    scheduler, now, running, kept = Scheduler(slots, tick=1), 0.0, [], needed(views)
    costs = [view.predicted[Mode.FULL] for view in views]
    bound = SlaPolicy().patience * max(view.target_lag for view in views) + 6 * sum(costs)
    longest = 0.0
    while now < 3 * bound:
        for _, place, read_at, _ in [one for one in running if one[0] <= now]:
            views[place] = replace(
                views[place], running=False, read_at=read_at, stale_since=read_at + 0.5
            )
        running = [one for one in running if one[0] > now]
        views = [replace(view, changed_at=now) for view in views]
        ends = {one[3] for one in running}
        for start in scheduler.decide(views, now, running=sorted(ends)).starts:
            end = now
            read_at = now if start.snapshot_before is None else start.snapshot_before - 0.5
            last = now + start.predicted_seconds + 1e-9 * start.object_ids[-1]
            for place in start.object_ids:
                end += costs[place]
                running.append((end, place, read_at, last))
                views[place] = replace(views[place], running=True)
        longest = max([longest, *(now - views[place].stale_since for place in kept)])
        now = min([one[0] for one in running] + [now + 1])
    assert longest <= bound
