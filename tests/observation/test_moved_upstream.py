"""A reader of a view that was refreshed without it still knows how many base rows it is behind."""

from __future__ import annotations


def test_changed_rows_are_counted_below_an_upstream_that_moved(db):
    db.sql("INSERT INTO t VALUES (3, 3), (4, 4)")
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.materialized_view("w").staleness.changed_rows == 2
    db.sql("DELETE FROM t WHERE k = 1")
    assert db.materialized_view("w").staleness.changed_rows == 3


def test_a_pointer_that_moved_to_the_same_rows_leaves_its_readers_fresh(db):
    db.sql("REFRESH MATERIALIZED VIEW v FULL")
    assert db.materialized_view("w").state == "FRESH"
    assert db.materialized_view("w").staleness.changed_rows == 0
