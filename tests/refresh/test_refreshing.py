"""Refreshing: all at one snapshot, parents first, and afterwards everything equals its query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mlview
from mlview import learners
from mlview.clock import ManualClock
from mlview.errors import RefreshBusy, RefreshProblem, TrainingDataProblem, UnknownName

START = datetime(2013, 3, 10, 12, tzinfo=UTC)


def column(db, query):
    return [value for (value,) in db.sql(query).fetchall()]


def states(db):
    return dict(db.sql("SELECT name, state FROM mlview.staleness").fetchall())


def live(db, name):
    return db.sql(
        "SELECT version, snapshot_id FROM mlview.versions WHERE name = ? AND status = 'LIVE'",
        [name],
    ).fetchall()[0]


# Random graphs


class Garden:
    """Random views over two tables, and random commits to them."""

    def __init__(self, db, clock, data):
        self.db, self.clock, self.data = db, clock, data
        self.views, self.bodies = [], {}
        db.sql("CREATE TABLE a (x INTEGER); CREATE TABLE b (x INTEGER)")
        for n in range(data.draw(st.integers(2, 4), "views")):
            known = ["a", "b", *self.views]
            reads = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
            body = " UNION ALL ".join(f"SELECT x + {n} AS x FROM {read}" for read in reads)
            if data.draw(st.booleans(), "aggregated"):
                body = f"SELECT x % 3 AS x, count(*) AS n FROM ({body}) GROUP BY x % 3"
            db.sql(f"CREATE MATERIALIZED VIEW v{n} AS {body}")
            self.bodies[f"v{n}"] = body
            self.views.append(f"v{n}")

    def commit(self):
        table = self.data.draw(st.sampled_from("ab"), "table")
        kind = self.data.draw(
            st.sampled_from(
                [
                    "INSERT INTO {} VALUES (1), (2)",
                    "DELETE FROM {} WHERE x = 1",
                    "UPDATE {} SET x = x + 1",
                    "CREATE OR REPLACE TABLE {} AS SELECT 5 AS x",
                ]
            ),
            "kind",
        )
        self.clock.advance(timedelta(minutes=1))
        self.db.sql(kind.format(table))

    def stale(self):
        """Views whose rows differ from what their query gives over the views as they are."""
        found = []
        for name, body in self.bodies.items():
            kept = sorted(self.db.sql(f"FROM {name}").fetchall())
            if kept != sorted(self.db.sql(body).fetchall()):
                found.append(name)
        return found


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # to shrink a whole database takes minutes
)
@given(data=st.data())
def test_after_refresh_all_every_view_is_fresh_and_equals_its_definition(data):
    clock = ManualClock(START)
    with mlview.connect(clock=clock) as db:
        garden = Garden(db, clock, data)
        for _ in range(data.draw(st.integers(1, 3), "rounds")):
            for _ in range(data.draw(st.integers(0, 2), "commits")):
                garden.commit()
            said = states(db)
            assert {said[name] for name in garden.stale()} <= {"STALE"}, "never under-reported"
            db.sql("REFRESH ALL")
            assert set(states(db).values()) == {"FRESH"}
            assert garden.stale() == []
            assert column(db, "SELECT name FROM mlview.plan") == []
        assert [line for line in db.verify().fetchall() if not line[2]] == []


# Snapshots and records


def test_every_step_of_a_plan_is_at_one_snapshot(declared):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    declared.sql("REFRESH ALL")
    assert len({live(declared, name)[1] for name in "vwm"}) == 1


def test_a_version_names_the_versions_it_read(declared):
    declared.sql("INSERT INTO t VALUES (500, 1, 1); REFRESH MATERIALIZED VIEW w")
    found = declared.sql(
        "SELECT upstream_versions FROM mlview.versions WHERE name = 'w' ORDER BY version"
    ).fetchall()
    assert [dict(versions) for (versions,) in found] == [{"v": 1}, {"v": 2}]


def test_a_refresh_brings_stale_ancestors_up_first_and_leaves_others(declared):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    done = declared.sql("REFRESH MATERIALIZED VIEW w").fetchall()
    assert [(name, action) for name, action, *_ in done] == [
        ("v", "INCREMENTAL"),
        ("w", "INCREMENTAL"),
    ]
    assert states(declared) == {"v": "FRESH", "w": "FRESH", "m": "STALE"}


def test_a_change_that_leaves_every_row_as_it_was_only_advances_the_snapshot(declared, clock):
    clock.advance(timedelta(hours=1))
    declared.sql(
        "BEGIN; INSERT INTO t VALUES (9, 9, 9); DELETE FROM t WHERE k = 9 AND x = 9; COMMIT"
    )
    assert set(states(declared).values()) == {"FRESH"}
    done = declared.sql("REFRESH MATERIALIZED VIEW v").fetchall()
    assert [line[:4] for line in done] == [("v", "NO_DATA", "SUCCEEDED", 1)]
    assert live(declared, "v")[0] == 1


def test_months_pass_in_seconds_and_only_changes_make_stale(declared, clock):
    clock.advance(timedelta(days=90))
    assert set(states(declared).values()) == {"FRESH"}
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    clock.advance(timedelta(days=60))
    lags = column(declared, "SELECT lag_sec FROM mlview.staleness")
    assert lags == [60 * 86400.0] * 3
    declared.sql("REFRESH ALL")
    assert column(declared, "SELECT lag_sec FROM mlview.staleness") == [0.0] * 3


def test_a_clock_that_went_back_makes_the_lag_unknown_and_a_refresh_repairs_it(declared, clock):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    clock.advance(-timedelta(hours=1))
    assert states(declared) == {"v": "UNKNOWN", "w": "UNKNOWN", "m": "UNKNOWN"}
    assert column(declared, "SELECT lag_sec FROM mlview.staleness") == [None] * 3
    declared.sql("REFRESH ALL")
    assert set(states(declared).values()) == {"FRESH"}


# What happens meanwhile


def during(monkeypatch, name, act):
    """Let something happen once, in the middle of a refresh."""
    original = getattr(learners, name)
    left = [act]

    def acting(*args, **kwargs):
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(learners, name, acting)


def test_a_commit_during_training_leaves_the_new_version_honestly_stale(
    declared, clock, monkeypatch
):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    other = declared.cursor()
    during(monkeypatch, "solve", lambda: other.sql("INSERT INTO t VALUES (501, 1, 1)"))
    declared.sql("REFRESH MODEL m")
    stale = declared.model("m").staleness
    assert (stale.state, stale.changed_rows) == ("STALE", 1)
    assert live(declared, "m")[0] == 2
    assert declared.verify("m").fetchall()[0][2]


def test_what_is_altered_during_training_stays_altered(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    other = declared.cursor()
    during(monkeypatch, "solve", lambda: other.sql("ALTER MODEL m SET TARGET_LAG '1 hour'"))
    declared.sql("REFRESH MODEL m")
    stale = declared.model("m").staleness
    assert (stale.state, stale.target_lag_sec) == ("FRESH", 3600.0)


def test_what_is_renamed_during_training_keeps_its_new_name(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    other = declared.cursor()
    during(monkeypatch, "solve", lambda: other.sql("ALTER MODEL m RENAME TO n"))
    declared.sql("REFRESH MODEL m")
    assert "MODEL n" in declared.sql("SHOW CREATE MODEL n").fetchall()[0][0]
    assert live(declared, "n")[0] == 2


def test_what_is_dropped_during_training_is_not_published(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    other = declared.cursor()
    during(monkeypatch, "solve", lambda: other.sql("DROP MODEL m"))
    with pytest.raises(UnknownName, match="dropped"):
        declared.sql("REFRESH MODEL m")
    declared.sql("UNDROP MODEL m")
    assert live(declared, "m")[0] == 1


def test_two_refreshes_of_one_view_at_once_make_one_version(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    refused = []

    def second():
        with pytest.raises(RefreshBusy) as caught:
            declared.cursor().sql("REFRESH MODEL m")
        refused.append(caught.value)

    during(monkeypatch, "solve", second)
    declared.sql("REFRESH MODEL m")
    assert "process" in refused[0].message
    assert live(declared, "m")[0] == 2


def planned_meanwhile(db, monkeypatch, act):
    """Let something happen once, between the plan and the first lease."""
    catalog = db._services.home.catalog
    original, left = catalog.acquire, [act]

    def acting(*args, **kwargs):
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(catalog, "acquire", acting)


def test_a_plan_whose_view_was_refreshed_meanwhile_makes_no_second_version(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    other = declared.cursor()
    planned_meanwhile(declared, monkeypatch, lambda: other.sql("REFRESH MODEL m"))
    with pytest.raises(RefreshBusy, match="published by another process"):
        declared.sql("REFRESH MODEL m")
    assert live(declared, "m")[0] == 2


def test_confirming_a_version_that_was_rolled_back_meanwhile_hides_nothing(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1); REFRESH MODEL m")
    other = declared.cursor()
    planned_meanwhile(declared, monkeypatch, lambda: other.sql("ALTER MODEL m ROLLBACK"))
    with pytest.raises(RefreshBusy):
        declared.sql("REFRESH MODEL m")
    assert live(declared, "m")[0] == 1
    assert states(declared)["m"] == "STALE"


# What fails


def test_a_step_that_fails_fails_what_depends_on_it_and_nothing_else(declared):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    declared.sql("ALTER TABLE t RENAME COLUMN y TO z")
    done = declared.sql("REFRESH ALL").fetchall()
    assert {name: state for name, _, state, *_ in done} == {
        "v": "FAILED",
        "w": "UPSTREAM_FAILED",
        "m": "FAILED",
    }
    assert {live(declared, name)[0] for name in "vwm"} == {1}
    history = (
        "SELECT name, state, error_code FROM mlview.refresh_history WHERE state <> 'SUCCEEDED'"
    )
    assert sorted(declared.sql(history).fetchall()) == [
        ("m", "FAILED", "NEEDS_COMPILE"),
        ("v", "FAILED", "NEEDS_COMPILE"),
        ("w", "UPSTREAM_FAILED", "UPSTREAM_FAILED"),
    ]


def test_rows_that_cannot_be_learned_from_keep_the_old_version_serving(declared):
    declared.sql("DELETE FROM t")
    with pytest.raises(TrainingDataProblem):
        declared.sql("REFRESH MODEL m")
    assert live(declared, "m")[0] == 1
    states = "SELECT state FROM mlview.refresh_history WHERE name = 'm' ORDER BY refresh_id"
    assert column(declared, states) == ["SUCCEEDED", "FAILED"]


def test_an_error_nobody_foresaw_is_told_with_its_cause(declared, monkeypatch):
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")

    def surprise():
        message = "boom"
        raise ZeroDivisionError(message)

    during(monkeypatch, "solve", surprise)
    with pytest.raises(RefreshProblem, match="ZeroDivisionError: boom"):
        declared.sql("REFRESH MODEL m")
    assert states(declared)["m"] == "STALE"
    declared.sql("REFRESH MODEL m")


# Another definition


def test_a_new_definition_has_its_own_stale_ancestors_brought_up_first(declared):
    declared.sql("CREATE MATERIALIZED VIEW n AS SELECT 1 AS a FROM t WITH NO DATA")
    declared.sql("INSERT INTO t VALUES (500, 1, 1)")
    declared.sql("CREATE OR REPLACE MATERIALIZED VIEW w AS SELECT count(*) AS c FROM n")
    assert declared.sql("FROM w").fetchall() == [(121,)]
    assert states(declared) == {"v": "STALE", "n": "FRESH", "w": "FRESH", "m": "STALE"}


def test_a_new_definition_brings_its_owner(declared):
    declared.sql("CREATE OR REPLACE MATERIALIZED VIEW v OWNER 'ada' AS SELECT x FROM t")
    assert column(declared, "SELECT owner FROM mlview.materialized_views WHERE name = 'v'") == [
        "ada"
    ]


def test_a_rolled_back_view_is_released_by_data_that_changed_through_another_view(declared):
    declared.sql("INSERT INTO t VALUES (500, 1, 1); REFRESH MATERIALIZED VIEW w")
    declared.sql("ALTER MATERIALIZED VIEW w ROLLBACK")
    declared.sql("REFRESH MATERIALIZED VIEW w")
    assert live(declared, "w")[0] == 1, "nothing changed since"
    declared.sql("INSERT INTO t VALUES (501, 1, 1); REFRESH MATERIALIZED VIEW w")
    assert declared.sql("FROM w").fetchall() == [(122,)]
    assert states(declared)["w"] == "FRESH"
