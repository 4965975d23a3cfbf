"""What became of everything that live versions read."""

from __future__ import annotations

from datetime import timedelta

from mlview.definitions import Name

V, W, T = Name("v"), Name("w"), Name("t")


def seen(observer, name):
    return observer.look().views[name]


def test_a_look_that_nothing_happened_since_is_answered_from_the_last(db, observer):
    first = observer.look()
    assert observer.look() is first
    db.sql("INSERT INTO u VALUES (1)")
    assert observer.look() is not first


def test_a_table_that_is_read_through_a_plain_view_is_watched(db, observer, clock):
    clock.advance(timedelta(minutes=5))
    db.sql("INSERT INTO t VALUES (3, 3); DELETE FROM t WHERE k = 1")
    (change,) = seen(observer, V).changes
    assert (change.name, change.inserted, change.deleted) == (T, 1, 1)
    assert change.first_changed_at == clock.now()
    assert seen(observer, W).changes == ()


def test_a_table_that_nobody_reads_changes_nothing(db, observer):
    db.sql("INSERT INTO u VALUES (1)")
    assert seen(observer, V).changes == seen(observer, W).changes == ()


def test_rows_that_came_and_went_are_no_change(db, observer):
    db.sql("INSERT INTO t VALUES (3, 3); DELETE FROM t WHERE k = 3")
    assert seen(observer, V).changes == ()


def test_the_earliest_commit_counts_even_if_the_clock_went_back_after_it(db, observer, clock):
    clock.advance(timedelta(hours=2))
    db.sql("INSERT INTO t VALUES (3, 3)")
    clock.advance(-timedelta(hours=1))
    db.sql("INSERT INTO t VALUES (4, 4)")
    (change,) = seen(observer, V).changes
    assert change.first_changed_at == clock.now()
    assert change.last_changed_at == clock.now() + timedelta(hours=1)


def test_a_table_made_anew_under_the_same_name_is_another_table(db, observer):
    db.sql("CREATE OR REPLACE TABLE t AS SELECT 1 AS k, 1 AS x")
    assert seen(observer, V).recreated == (T,)


def test_columns_that_the_query_names_and_that_changed_are_told(db, observer):
    db.sql("ALTER TABLE t ALTER k TYPE BIGINT")
    assert seen(observer, V).broken == ("column t.k was INTEGER and is BIGINT",)
    db.sql("ALTER TABLE t DROP COLUMN k")
    assert seen(observer, V).broken == ("column t.k (INTEGER) was dropped",)


def test_a_column_that_no_query_names_may_change(db, observer):
    db.sql("ALTER TABLE t ADD COLUMN z INTEGER")
    assert seen(observer, V).broken == ()


def test_a_table_dropped_by_another_client_is_missing(db, observer):
    db._connection.run("DROP TABLE t")
    assert seen(observer, V).missing == (T,)


def test_a_plain_view_that_was_replaced_is_another_definition(db, observer):
    db.sql("CREATE OR REPLACE VIEW plain AS SELECT k + 1 AS k, x FROM t")
    assert seen(observer, V).redefined == ("view plain was replaced",)


def test_an_upstream_version_that_is_not_the_one_read_has_moved(db, observer, clock):
    clock.advance(timedelta(minutes=5))
    db.sql("INSERT INTO t VALUES (3, 3); REFRESH MATERIALIZED VIEW v")
    (move,) = seen(observer, W).moved
    assert (move.name, move.at) == (V, clock.now())
    db.sql("REFRESH MATERIALIZED VIEW w")
    assert seen(observer, W).moved == ()


def test_a_view_that_was_read_and_dropped_is_lost_until_it_is_back(db, observer):
    db.sql("DROP MATERIALIZED VIEW v CASCADE; UNDROP MATERIALIZED VIEW w")
    assert seen(observer, W).lost == (V,)
    assert db.materialized_view("w").staleness.state == "UNUSABLE"
    db.sql("UNDROP MATERIALIZED VIEW v")
    assert seen(observer, W).lost == ()


def test_a_view_of_the_name_of_one_that_was_dropped_is_another_view(db, observer):
    db.sql("DROP MATERIALIZED VIEW v CASCADE; UNDROP MATERIALIZED VIEW w")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT a AS k FROM u")
    assert seen(observer, W).recreated == (V,)
    db.sql("REFRESH MATERIALIZED VIEW w")
    assert db.sql("FROM w").fetchall() == [(0,)]
    assert db.materialized_view("w").staleness.state == "FRESH"


def test_a_definition_is_planned_with_what_it_reads_now(db, observer):
    row = observer.look().rows[W]
    text = "CREATE MATERIALIZED VIEW w AS SELECT a FROM u"
    with_other = type(row)(
        **{slot: getattr(row, slot) for slot in row.__slots__}
        | {"create_text": text, "fingerprint": "another"}
    )
    found = observer.look(instead=with_other)
    assert found.views[W].reads == ()
    assert found.graph.parents(W) == (Name("u"),)
    assert observer.look().views[W].reads == (V,)


def test_what_is_published_while_looking_is_seen_as_a_whole(db, observer, monkeypatch):
    db.sql("INSERT INTO t VALUES (3, 3)")
    catalog, other = db._services.home.catalog, db.cursor()
    original, left = catalog.live_versions, [lambda: other.sql("REFRESH MATERIALIZED VIEW v")]

    def refreshed_meanwhile():
        if left:
            left.pop()()
        return original()

    monkeypatch.setattr(catalog, "live_versions", refreshed_meanwhile)
    found = observer.look()
    assert found.rows[V].live_version == found.views[V].live.number == 2
    assert found.rows[V].current_through == found.snapshot.id
