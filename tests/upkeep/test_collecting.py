"""Garbage collection: what nothing needs goes, and nothing else."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Kind, Name
from mlview.errors import NotMaterialized
from mlview.planning import rollback_target
from mlview.records import UpstreamVersion, Version, VersionStatus
from mlview.storage.catalog import ObjectRow
from mlview.upkeep.collecting import _unneeded
from mlview.upkeep.retention import Retention

NOW = datetime(2013, 3, 14, 12, tzinfo=UTC)
ONE = Retention(versions=1, snapshots=timedelta(0))
OLD = (VersionStatus.RETIRED, VersionStatus.CANDIDATE, VersionStatus.REJECTED)


def numbers(db, name):
    query = "SELECT version FROM mlview.versions WHERE name = ? ORDER BY version"
    return [number for (number,) in db.sql(query, [name]).fetchall()]


def collected(db, **values):
    table = db.gc(**{"retention": ONE} | values).arrow().to_pylist()
    return table[0]


# Which versions are needed


@st.composite
def catalogs(draw):
    """Up to three views over one another, with any versions, pointers and drops."""
    rows, versions = {}, []
    for object_id in range(1, draw(st.integers(1, 3)) + 1):
        count = draw(st.integers(1, 5))
        live = draw(st.none() | st.integers(1, count))
        rows[object_id] = ObjectRow(
            id=object_id,
            kind=Kind.MODEL,
            name=Name(f"m{object_id}"),
            create_text="",
            fingerprint="f",
            created_at=NOW,
            live_version=live,
            pinned_version=draw(st.none() | st.integers(1, count)),
            dropped_at=draw(st.sampled_from([None, None, NOW, NOW - timedelta(days=99)])),
        )
        below = [v for v in versions if draw(st.booleans())]
        versions += [
            Version(
                object_id=object_id,
                number=number,
                status=VersionStatus.LIVE if number == live else draw(st.sampled_from(OLD)),
                fingerprint="f",
                definition_text="",
                snapshot_id=number,
                data_timestamp=NOW,
                created_at=NOW,
                upstream=tuple(UpstreamVersion(v.object_id, "", v.number) for v in below[-1:]),
            )
            for number in range(1, count + 1)
        ]
    return rows, versions


@given(catalog=catalogs(), versions=st.integers(0, 3), days=st.integers(0, 200))
def test_nothing_that_is_live_pinned_or_rolled_back_to_goes_nor_what_it_read(
    catalog, versions, days
):
    rows, known = catalog
    retention = Retention(versions=versions, snapshots=timedelta(days=days))
    gone = set(_unneeded(rows, known, {}, retention, NOW))
    for row in rows.values():
        if row.dropped_at is not None and NOW - row.dropped_at > retention.snapshots:
            continue
        own = [v for v in known if v.object_id == row.id]
        back = rollback_target(own, row.live_version)
        newest = [v.number for v in own[-max(versions, 1) :]]
        needed = {row.live_version, row.pinned_version, back and back.number, *newest}
        assert not {(row.id, number) for number in needed} & gone
    for version in known:
        if (version.object_id, version.number) not in gone:
            assert not {(u.object_id, u.version) for u in version.upstream} & gone
    assert {(v.object_id, v.number) for v in known} >= gone


# On a database


def test_a_dry_run_says_what_would_go_and_changes_nothing(db):
    would = collected(db, dry_run=True)
    assert (would["versions"], numbers(db, "m")) == (6, [1, 2, 3, 4])
    really = collected(db)
    assert {**really, "dry_run": True} == would
    assert collected(db, dry_run=True)["versions"] == 0


def test_live_versions_and_those_to_roll_back_to_remain_and_everything_works(db):
    collected(db)
    assert {name: numbers(db, name) for name in "vwm"} == {name: [3, 4] for name in "vwm"}
    assert db.doctor().fetchall() == []
    assert all(line[2] for line in db.verify(all_versions=True).fetchall())
    db.sql("ALTER MODEL m ROLLBACK; FROM m LIMIT 1; ALTER MATERIALIZED VIEW v ROLLBACK; FROM v")
    db.sql("INSERT INTO t VALUES (900, 1, 1)")
    assert db.model("m").staleness.changed_rows == 21
    db.sql("REFRESH ALL")
    assert {state for (state,) in db.sql("SELECT state FROM mlview.staleness").fetchall()} == {
        "FRESH"
    }


def test_a_pinned_version_remains_with_all_it_read(db):
    db.sql("ALTER MATERIALIZED VIEW w PIN VERSION 1")
    collected(db)
    assert (numbers(db, "w"), numbers(db, "v")) == ([1, 4], [1, 3, 4])
    assert len(db.sql("FROM w").fetchall()) == 1
    assert all(line[2] for line in db.verify("w").fetchall())


def test_what_was_rolled_back_twice_can_be_rolled_back_again(db):
    db.sql("ALTER MODEL m ROLLBACK; ALTER MODEL m ROLLBACK")
    collected(db)
    assert numbers(db, "m") == [1, 2, 4]
    db.sql("ALTER MODEL m ROLLBACK; FROM m LIMIT 1")


def test_the_default_retention_keeps_ten_versions_and_a_month(db, clock):
    for _ in range(3):
        db.sql("INSERT INTO t VALUES (900, 1, 1)")
    clock.advance(timedelta(days=25))
    kept = collected(db, retention=None)
    assert (kept["versions"], kept["lake_snapshots"]) == (0, 0)
    then = "TIMESTAMPTZ '2013-03-11 13:00:00+00'"
    assert db.sql(f"SELECT count(*) FROM t AT (TIMESTAMP => {then})").fetchall() == [(119,)]


def test_snapshots_that_only_old_versions_needed_expire(db):
    assert collected(db)["lake_snapshots"] > 0
    assert collected(db)["lake_snapshots"] == 0


def test_artifacts_younger_than_an_hour_remain_even_if_nothing_names_them(db, path):
    young = db._services.home.artifacts.put({"kind": "about to be published"}, b"x")
    old = db._services.home.artifacts.put({"kind": "left by a crash"}, b"y")
    os.utime(path / "artifacts" / old[:2] / old, (0, 0))
    collected(db)
    assert db._services.home.artifacts.exists(young)
    assert not db._services.home.artifacts.exists(old)


def test_an_old_artifact_that_is_needed_again_is_young(db, path):
    artifacts = db._services.home.artifacts
    digest = artifacts.put({}, b"once and again")
    os.utime(path / "artifacts" / digest[:2] / digest, (0, 0))
    assert artifacts.put({}, b"once and again") == digest
    collected(db)
    assert artifacts.exists(digest)


def test_a_dropped_view_can_be_had_back_until_the_retention_is_over(db, clock):
    db.sql("DROP MODEL m")
    collected(db, retention=None)
    db.sql("UNDROP MODEL m; FROM m LIMIT 1; DROP MODEL m")
    clock.advance(timedelta(days=31))
    collected(db, retention=None)
    db.sql("UNDROP MODEL m")
    assert numbers(db, "m") == []
    assert db.model("m").staleness.state == "UNUSABLE"
    with pytest.raises(NotMaterialized) as caught:
        db.sql("FROM m")
    assert caught.value.hint == "REFRESH MODEL m;"
    db.sql("REFRESH MODEL m; FROM m LIMIT 1")
