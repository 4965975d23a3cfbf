"""Publishing: one transaction, one pointer, one log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from mlview.errors import LeaseLost, RefreshProblem, UnknownName, UsageProblem
from mlview.records import RefreshState, VersionStatus

HOUR = timedelta(hours=1)


def statuses(catalog):
    return {version.number: str(version.status) for version in catalog.versions()}


def everything(catalog):
    return (
        catalog.objects(dropped=True),
        catalog.versions(),
        catalog.deployments(),
        catalog.refreshes(),
        catalog.counter(),
    )


def test_publishing_moves_the_pointer_retires_the_old_and_logs_the_move(catalog, scene):
    row = scene.model()
    scene.publish(row)
    catalog.set_unusable(row.id, "no rows")
    catalog.hold(row.id, True)
    later = scene.now + HOUR
    refresh = scene.begin(row)
    scene.publish(row, now=later, by="daemon", reason="3 rows", refresh_id=refresh, snapshot_id=9)

    found = catalog.object(row.id)
    assert (found.live_version, found.live_since, found.current_through) == (2, later, 9)
    assert found.unusable_reason is None
    assert found.held, "only whoever held publishing releases it"
    assert statuses(catalog) == {1: "RETIRED", 2: "LIVE"}
    assert catalog.version(row.id, 2).published_at == later
    move = catalog.deployments(row.id)[-1]
    assert (move.name, move.version, move.stage, move.at) == ("late", 2, "LIVE", later)
    assert (move.by, move.reason) == ("daemon", "3 rows")
    (record,) = catalog.refreshes()
    assert (record.state, record.version, record.finished_at) == (
        RefreshState.SUCCEEDED,
        2,
        later,
    )


def test_publishing_may_replace_the_definition_in_the_same_moment(catalog, scene):
    row = scene.model()
    scene.publish(row, create_text="CREATE OR REPLACE ...", fingerprint="f2", owner="ml")
    found = catalog.object(row.id)
    assert (found.create_text, found.fingerprint, found.owner) == (
        "CREATE OR REPLACE ...",
        "f2",
        "ml",
    )
    scene.publish(row, owner=None)
    assert catalog.object(row.id).create_text == "CREATE OR REPLACE ..."
    assert catalog.object(row.id).owner is None


def test_the_refresh_row_becomes_what_finish_says(catalog, scene):
    row = scene.model()
    refresh = scene.begin(row)
    (begun,) = catalog.refreshes()
    done = replace(
        begun,
        state=RefreshState.SUCCEEDED,
        rows_inserted=5,
        actual_seconds=1.5,
        gate_results={"floor": {"passed": True, "value": float("inf")}},
        inputs_with_changed_data=("flights",),
    )
    scene.publish(row, refresh_id=refresh, finish=done)
    expected = replace(done, version=1, finished_at=scene.now, published=True)
    assert catalog.refreshes() == (expected,)


@pytest.mark.parametrize("taken_by", ["another", "nobody"])
def test_a_token_that_is_not_current_publishes_nothing(catalog, scene, taken_by):
    row = scene.model()
    scene.publish(row)
    version = scene.candidate(row)
    refresh = scene.begin(row)
    stale = scene.lease(row)
    if taken_by == "another":
        scene.lease(row, now=scene.now + HOUR)
    else:
        catalog.release(row.id, stale)
    before = everything(catalog)
    given = {"token": stale, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    with pytest.raises(LeaseLost, match="nothing was published"):
        catalog.publish(row.id, version.number, create_text="new", **given)
    with pytest.raises(LeaseLost):
        catalog.advance(row.id, through=99, token=stale, now=scene.now)
    assert everything(catalog) == before


def test_a_lease_that_ran_out_still_publishes_until_somebody_takes_it(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    token = scene.lease(row)
    catalog.publish(
        row.id, version.number, token=token, now=scene.now + 9 * HOUR, by="x", reason="slow"
    )
    assert catalog.object(row.id).live_version == 1


def test_publishing_again_after_a_lost_acknowledgement_changes_nothing(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    token = scene.lease(row)
    refresh = scene.begin(row)
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    catalog.publish(row.id, version.number, **given)
    before = (catalog.versions(), catalog.deployments(), catalog.refreshes())
    catalog.publish(row.id, version.number, **{**given, "now": scene.now + HOUR})
    assert (catalog.versions(), catalog.deployments(), catalog.refreshes()) == before


def test_a_version_that_is_gone_or_rejected_is_not_published(catalog, scene):
    row = scene.model()
    token = scene.lease(row)
    scene.candidate(row)
    catalog.reject(row.id, 1, "gate")
    before = everything(catalog)
    for number, error in ((1, UsageProblem), (2, UnknownName)):
        with pytest.raises(error):
            catalog.publish(row.id, number, token=token, now=scene.now, by="x", reason="x")
    assert everything(catalog) == before


def test_a_pin_set_while_a_refresh_ran_is_not_overrun(catalog, scene):
    row = scene.model()
    scene.publish(row)
    version = scene.candidate(row)
    token = scene.lease(row)
    catalog.pin(row.id, 1)
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x"}
    with pytest.raises(RefreshProblem, match="version 1 of 'late' is pinned") as caught:
        catalog.publish(row.id, version.number, **given)
    assert caught.value.hint == "ALTER MODEL late UNPIN;"
    assert statuses(catalog) == {1: "LIVE", 2: "CANDIDATE"}
    catalog.pin(row.id, None)
    catalog.publish(row.id, version.number, **given)
    assert statuses(catalog) == {1: "RETIRED", 2: "LIVE"}


def test_advancing_moves_only_how_far_the_live_version_is_known_to_be_true(catalog, scene):
    row = scene.model()
    scene.publish(row)
    token = scene.lease(row)
    refresh = scene.begin(row)
    catalog.advance(row.id, through=12, token=token, now=scene.now, refresh_id=refresh)
    catalog.advance(row.id, through=11, token=token, now=scene.now)
    found = catalog.object(row.id)
    assert (found.current_through, found.live_version) == (12, 1)
    assert catalog.version(row.id, 1).snapshot_id == 7
    assert len(catalog.deployments()) == 1
    assert catalog.refreshes()[0].state is RefreshState.SUCCEEDED


def test_nothing_live_cannot_be_advanced(catalog, scene):
    row = scene.model()
    with pytest.raises(UsageProblem, match="nothing of 'late' is live"):
        catalog.advance(row.id, through=9, token=scene.lease(row), now=scene.now)


def test_rolling_back_points_at_an_old_version_and_goes_on_from_its_snapshot(catalog, scene):
    row = scene.model()
    first = scene.publish(row, snapshot_id=3)
    scene.publish(row, snapshot_id=8)
    later = scene.now + HOUR
    catalog.point_at(row.id, 1, now=later, by="me", reason="rollback")
    found = catalog.object(row.id)
    assert (found.live_version, found.live_since, found.current_through) == (1, later, 3)
    assert statuses(catalog) == {1: "LIVE", 2: "RETIRED"}
    assert catalog.version(row.id, 1).published_at == first.published_at
    assert [move.version for move in catalog.deployments()] == [1, 2, 1]


def test_what_was_live_at_a_moment_is_read_from_the_log(catalog, scene):
    row = scene.model()
    for hours in range(3):
        scene.publish(row, now=scene.now + hours * HOUR)
    catalog.point_at(row.id, 1, now=scene.now + 3 * HOUR, by="me", reason="rollback")

    def live_at(moment):
        version = catalog.version_live_at(row.id, moment)
        return None if version is None else version.number

    microsecond = timedelta(microseconds=1)
    assert live_at(scene.now - microsecond) is None
    assert live_at(scene.now) == 1
    assert live_at(scene.now + HOUR - microsecond) == 1
    assert live_at(scene.now + HOUR) == 2
    assert live_at(scene.now + 2.5 * HOUR) == 3
    assert live_at(scene.now + 99 * HOUR) == 1


def test_where_the_clock_went_back_the_later_move_counts(catalog, scene):
    row = scene.model()
    scene.publish(row, now=scene.now)
    scene.publish(row, now=scene.now - HOUR)
    assert catalog.version_live_at(row.id, scene.now + HOUR).number == 2


def test_a_version_that_was_live_and_is_gone_is_an_error_not_a_guess(catalog, scene):
    row = scene.model()
    scene.publish(row, now=scene.now)
    scene.publish(row, now=scene.now + HOUR)
    catalog.delete_versions([(row.id, 1)])
    with pytest.raises(UnknownName, match="has no version 1"):
        catalog.version_live_at(row.id, scene.now)


def test_a_failure_at_any_statement_of_publishing_leaves_the_old_state(catalog, scene):
    row = scene.model()
    scene.publish(row)
    version = scene.candidate(row)
    refresh = scene.begin(row)
    token = scene.lease(row)
    engine = catalog._database._engine
    before = everything(catalog)
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    left = 0

    def fail(*_):
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    for statement in range(1, 100):
        left = statement
        event.listen(engine, "before_cursor_execute", fail)
        try:
            catalog.publish(row.id, version.number, create_text="new", **given)
        except KeyboardInterrupt:
            event.remove(engine, "before_cursor_execute", fail)
            assert everything(catalog) == before
            continue
        event.remove(engine, "before_cursor_execute", fail)
        break
    assert statement > 10
    assert catalog.object(row.id).create_text == "new"
    assert statuses(catalog) == {1: "RETIRED", 2: "LIVE"}


def test_check_notices_a_pointer_and_a_status_that_disagree(catalog, scene):
    row = scene.model()
    scene.publish(row)
    assert catalog.check() == []
    with catalog._database.write() as connection:
        connection.exec_driver_sql("UPDATE versions SET status = 'RETIRED'")
    assert catalog.check() == ["version 1 of 'late' is marked RETIRED, but version 1 is live"]


def test_the_database_itself_refuses_a_pointer_to_nothing(catalog, scene):
    row = scene.model()
    with (
        pytest.raises(Exception, match="FOREIGN KEY"),
        catalog._database.write() as connection,
    ):
        connection.exec_driver_sql("UPDATE pointers SET live_version = 4")
    assert catalog.object(row.id).live_version is None


def test_a_shadow_may_be_published_directly(catalog, scene):
    row = scene.model()
    scene.candidate(row, status=VersionStatus.SHADOW)
    token = scene.lease(row)
    catalog.publish(row.id, 1, token=token, now=scene.now, by="x", reason="promoted")
    assert statuses(catalog) == {1: "LIVE"}
