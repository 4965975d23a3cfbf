"""When what serves was moved or confirmed, as promises are judged by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlview.planning.slo import Delivery
from mlview.records import Action, RefreshState, Trigger

HOUR = timedelta(hours=1)


@pytest.fixture
def publishes(catalog, scene):
    """Publish a new version so many hours after noon, as a refresh does."""

    def publish(row, hours, **begun):
        at = scene.now + hours * HOUR
        refresh = scene.begin(row, **{"data_timestamp": at - HOUR / 2} | begun)
        version = scene.publish(row, now=at, by=Trigger.SCHEDULED, refresh_id=refresh)
        catalog.abandon_dead(at)
        return version

    return publish


@pytest.fixture
def seconds(scene):
    def of(hours):
        return pytest.approx((scene.now + hours * HOUR).timestamp(), abs=1e-5)

    return of


def test_a_publish_says_what_was_stale_until_then_and_what_was_promised(
    catalog, scene, publishes, seconds
):
    row = scene.model()
    publishes(row, 1)
    publishes(row, 3, stale_since=scene.now + 2 * HOUR, target_lag_sec=60.0)
    first, second = catalog.deliveries(scene.now)[row.id]
    assert first == Delivery(seconds(1), None, None, seconds(0.5))
    assert second == Delivery(seconds(3), seconds(2), 60.0, seconds(2.5))


def test_the_last_delivery_before_the_moment_is_told_and_none_before_it(
    catalog, scene, publishes, seconds
):
    row, other = scene.model("a"), scene.model("b")
    for hours in (1, 2, 4):
        publishes(row, hours)
    publishes(other, 1)
    found = catalog.deliveries(scene.now + 3 * HOUR)
    assert [d.at for d in found[row.id]] == [seconds(2), seconds(4)]
    assert [d.at for d in found[other.id]] == [seconds(1)]


def test_a_confirmation_delivers_too(catalog, scene, publishes, seconds):
    row = scene.model()
    publishes(row, 1)
    token = scene.lease(row)
    refresh = scene.begin(row, action=Action.NO_DATA)
    later = scene.now + 2 * HOUR
    catalog.advance(row.id, through=9, token=token, now=later, refresh_id=refresh)
    assert catalog.refreshes()[0].published is True
    assert [d.at for d in catalog.deliveries(scene.now)[row.id]] == [seconds(1), seconds(2)]


def test_what_failed_or_was_kept_back_delivers_nothing(catalog, scene):
    row = scene.model()
    for state, published in ((RefreshState.FAILED, None), (RefreshState.SUCCEEDED, False)):
        refresh = scene.begin(row)
        catalog.finish_refresh(refresh, state=state, now=scene.now, published=published)
    assert catalog.deliveries(scene.now) == {}


def test_a_move_by_hand_is_told_with_what_serves_from_then_on(catalog, scene, publishes, seconds):
    row = scene.model()
    version = publishes(row, 1)
    publishes(row, 2)
    catalog.point_at(row.id, version.number, now=scene.now + 3 * HOUR, by="me", reason="ROLLBACK")
    *_, moved = catalog.deliveries(scene.now)[row.id]
    assert (moved.by_hand, moved.at) == (True, seconds(3))
    assert moved.read_at == seconds(0), "the moment of the data of version 1"
