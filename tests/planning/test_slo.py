"""How well a target lag was kept, against the lag sampled second by second."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.planning.slo import OBJECTIVE, WINDOW_SECONDS, Delivery, Present, Slo, slo

NOTHING = Slo()
seconds = st.integers(0, 120).map(float)


@st.composite
def histories(draw):
    """Deliveries at whole seconds, what a person moved among them, and how it stands now."""
    moments = sorted(draw(st.lists(seconds, max_size=8)))
    targets = st.none() | st.sampled_from([1.0, 5.0, 30.0])
    deliveries = [
        Delivery(
            at,
            draw(st.none() | seconds.map(lambda s, at=at: min(s, at))),
            draw(targets),
            draw(seconds.map(lambda s, at=at: min(s, at))),
            draw(st.sampled_from([False, False, True])),
        )
        for at in moments
    ]
    now = draw(st.integers(120, 150).map(float))
    present = Present(
        now,
        draw(st.none() | seconds),
        draw(targets),
        draw(st.just(-inf) | seconds),
        draw(st.booleans()),
    )
    return deliveries, present


def told(deliveries, place, present):
    """Since when what served before a delivery was stale, by it or by what it had not seen."""
    delivery = deliveries[place]
    if delivery.stale_since is not None or deliveries[place + 1 :][:1] == []:
        unseen = present.stale_since if present.known else None
    elif deliveries[place + 1].by_hand:
        return None
    else:
        unseen = told(deliveries, place + 1, present)
    if delivery.stale_since is not None:
        return delivery.stale_since
    return unseen if unseen is not None and unseen < delivery.at else None


def at_each_moment(deliveries, present, window):
    """Lag and target in the middle of every second of which they are known."""
    said = [d for d in deliveries if not d.by_hand]
    if not said:
        return
    begins = deliveries.index(said[0])
    moment = max(said[0].at, present.now - window) + 0.5
    while moment < present.now:
        serves = max(i for i, d in enumerate(deliveries) if i >= begins and d.at < moment)
        places = [i for i, d in enumerate(deliveries) if i > serves and not d.by_hand]
        later = [deliveries[i] for i in places]
        until = later[0].at if later else present.now
        known = bool(later) or present.known
        since = told(deliveries, places[0], present) if later else (present.stale_since)
        target = later[0].target if later else present.target
        before = [d for d in deliveries[begins : serves + 1] if not d.by_hand][-1]
        if moment < present.declared_at <= until:
            target = before.target
        moved = deliveries[serves + 1 : serves + 2]
        if moved and moved[0].by_hand and since is not None:
            known = known and since > deliveries[serves].read_at
        if known:
            yield 0.0 if since is None else max(0.0, moment - since), target
        moment += 1.0


@settings(max_examples=300, deadline=None)
@given(history=histories(), window=st.integers(1, 200).map(float))
def test_the_account_equals_the_lag_sampled_moment_by_moment(history, window):
    deliveries, present = history
    found = slo(deliveries, present, window=window)
    samples = list(at_each_moment(deliveries, present, window))
    if not samples:
        assert (found.mean_lag_sec, found.max_lag_sec) == (None, None)
        return
    assert found.mean_lag_sec == pytest.approx(sum(lag for lag, _ in samples) / len(samples))
    # The lag is the greatest at the end of its second, half a second after it was sampled.
    longest = max(lag for lag, _ in samples)
    assert found.max_lag_sec == pytest.approx(longest + 0.5 if longest else 0.0)
    promised = [(lag, target) for lag, target in samples if target is not None]
    if not promised:
        assert found.time_within_target_lag_ratio is None
        return
    within = sum(lag <= target for lag, target in promised) / len(promised)
    assert found.time_within_target_lag_ratio == pytest.approx(within)
    spent = (1.0 - within) / (1.0 - OBJECTIVE)
    assert found.error_budget_left == pytest.approx(1.0 - spent)


@given(gaps=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=20), target=st.floats(1e-3, 1e6))
def test_a_view_that_was_never_stale_has_kept_its_promise_whole(gaps, target):
    moments = [sum(gaps[:n]) for n in range(len(gaps))]
    deliveries = [Delivery(at, None, target) for at in moments]
    found = slo(deliveries, Present(now=sum(gaps) + 1.0, target=target))
    assert found == Slo(target, 1.0, 0.0, 0.0, 1.0)


def test_what_was_never_published_has_no_account():
    assert slo([], Present(now=100.0, stale_since=3.0, target=60.0)) == Slo(60.0)


def test_a_view_that_was_published_this_very_moment_has_no_account_yet():
    assert slo([Delivery(100.0)], Present(now=100.0, target=60.0)) == Slo(60.0)


def test_the_lag_does_not_start_at_zero_where_the_version_was_stale_when_it_was_published():
    deliveries = [Delivery(100.0), Delivery(200.0, stale_since=40.0, target=60.0)]
    found = slo(deliveries, Present(now=200.0, target=60.0))
    assert (found.time_within_target_lag_ratio, found.max_lag_sec) == (0.0, 160.0)
    assert found.mean_lag_sec == 110.0


def test_a_view_without_a_length_of_its_own_has_lag_and_no_ratio():
    found = slo([Delivery(0.0)], Present(now=100.0, stale_since=50.0))
    assert found == Slo(None, None, 12.5, 50.0, None)


def test_a_budget_is_spent_exactly_where_the_objective_is_met_exactly():
    found = slo([Delivery(0.0)], Present(now=1000.0, stale_since=930.0, target=60.0))
    assert found.time_within_target_lag_ratio == pytest.approx(OBJECTIVE)
    assert found.error_budget_left == pytest.approx(0.0)


def test_only_the_window_is_looked_at():
    deliveries = [Delivery(0.0, None, 60.0), Delivery(5000.0, stale_since=0.0, target=60.0)]
    now = 5000.0 + WINDOW_SECONDS
    found = slo(deliveries, Present(now, target=60.0))
    assert (found.time_within_target_lag_ratio, found.max_lag_sec) == (1.0, 0.0)


def test_a_target_binds_nobody_before_it_was_declared():
    tightened = Present(now=200.0, stale_since=0.0, target=10.0, declared_at=150.0)
    found = slo([Delivery(0.0, target=1000.0)], tightened)
    assert found.time_within_target_lag_ratio == 0.75
    first = slo([Delivery(0.0)], tightened)
    assert first.time_within_target_lag_ratio == 0.0, "only promised time counts"


def test_time_before_a_rollback_counts_only_where_it_is_known_how_it_was():
    """Version 2 read the data of second 100; at 200 somebody went back to version 1, of 0."""
    published = Delivery(100.0, None, 60.0, read_at=100.0)
    rolled_back = Delivery(200.0, read_at=0.0, by_hand=True)
    unknown = slo([published, rolled_back], Present(now=300.0, stale_since=50.0, target=60.0))
    assert unknown.mean_lag_sec == 200.0, "version 1 is behind since 50, and serves since 200"
    later = slo([published, rolled_back], Present(now=300.0, stale_since=150.0, target=60.0))
    assert later.mean_lag_sec == (150.0**2 / 2) / 200.0, "what changed at 150 was new to both"
    never = slo([published, rolled_back], Present(now=300.0, target=60.0))
    assert never == Slo(60.0, 1.0, 0.0, 0.0, 1.0)


def test_how_stale_it_is_now_may_be_unknown():
    deliveries = [Delivery(0.0, None, 60.0), Delivery(100.0, stale_since=90.0, target=60.0)]
    found = slo(deliveries, Present(now=900.0, target=60.0, known=False))
    assert (found.time_within_target_lag_ratio, found.max_lag_sec) == (1.0, 10.0)


def test_a_change_that_a_delivery_had_not_seen_made_stale_what_served_before_it():
    """Read at 100, published at 130; what changed at 110 was not in it, nor in what it replaced."""
    deliveries = [Delivery(0.0), Delivery(130.0, None, 60.0)]
    found = slo(deliveries, Present(now=140.0, stale_since=110.0, target=60.0))
    assert found.mean_lag_sec == pytest.approx(30.0**2 / 2 / 140.0)


def test_a_clock_that_went_back_makes_no_time_of_it():
    deliveries = [Delivery(100.0), Delivery(50.0, None, 60.0)]
    assert slo(deliveries, Present(now=60.0, target=60.0)) == Slo(60.0)
