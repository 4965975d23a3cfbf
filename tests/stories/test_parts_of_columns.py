"""Columns that are left out, or learned from, for how many values they have."""

import pytest

POINTS = """
    CREATE TABLE sales AS
    SELECT i AS id, i % 8 AS k, (i * 37 % 101) / 4.0 AS amount, (i * 53 % 17) * 1.0 + i % 8 AS y
    FROM range({rows}) r(i)
"""
DIMENSION = "CREATE TABLE shops AS SELECT i AS k, (i * i) % 5 AS size FROM range(8) r(i)"
QUERY = "SELECT id, k, amount, size, y FROM sales LEFT JOIN shops USING (k)"


@pytest.fixture
def sales(db):
    db.sql(POINTS.format(rows=200))
    db.sql(DIMENSION)
    return db


def last(db):
    rows = db.sql(
        "SELECT action, reason FROM mlview.refresh_history ORDER BY refresh_id"
    ).fetchall()
    return rows[-1]


def assert_equal(db, name="m"):
    assert db.verify(name).arrow()["equal"].to_pylist() == [True]


@pytest.mark.parametrize("mode", ["AUTO", "INCREMENTAL"])
def test_an_id_that_a_join_repeats_is_no_id_any_more(sales, mode):
    sales.sql(f"CREATE MODEL m PREDICT y USING Ridge REFRESH_MODE {mode} AS {QUERY}")
    sales.sql("INSERT INTO sales VALUES (1000, 3, 1.0, 7.0)")
    sales.sql("REFRESH MODEL m INCREMENTAL")
    assert last(sales)[0] == "INCREMENTAL"
    assert_equal(sales)
    sales.sql("INSERT INTO shops SELECT k, 3 FROM range(3) r(k)")
    sales.sql("REFRESH MODEL m")
    action, reason = last(sales)
    assert action == "FULL"
    assert "id has 201 distinct values in 276 rows: it is left out no more" in reason
    assert_equal(sales)
    sales.sql("DELETE FROM shops WHERE size = 3")
    sales.sql("REFRESH MODEL m")
    assert "it identifies rows by now" in last(sales)[1]
    assert_equal(sales)


def test_a_text_that_many_new_values_make_an_id_is_left_out(db):
    db.sql("CREATE TABLE notes AS SELECT 'n' || i % 9 AS note, i * 1.0 AS y FROM range(90) r(i)")
    db.sql("CREATE MODEL m PREDICT y USING Ridge AS SELECT note, y, y * 2 % 7 AS other FROM notes")
    db.sql("INSERT INTO notes SELECT 'm' || i, i % 10 FROM range(2000) r(i)")
    db.sql("REFRESH MODEL m INCREMENTAL")
    action, reason = last(db)
    assert (action, "note has 2009 distinct values in 2090 rows" in reason) == ("FULL", True)
    assert_equal(db)


def test_growing_with_the_table_does_not_need_all_rows(sales):
    sales.sql(f"CREATE MODEL m PREDICT y USING Ridge REFRESH_MODE INCREMENTAL AS {QUERY}")
    for turn in range(6):
        start = 1000 * (turn + 1)
        sales.sql(f"INSERT INTO sales SELECT {start} + i, i % 8, i, i % 5 FROM range(40) r(i)")
        sales.sql("REFRESH MODEL m")
        assert last(sales)[0] == "INCREMENTAL"
    assert_equal(sales)
