"""Views that are kept up to date from the sums of their groups."""

import pytest

from mlview.errors import LakeProblem

ORDERS = """
    CREATE TABLE orders AS
    SELECT i AS id, ['a', 'b', 'c'][1 + i % 3] AS shop, (i * 37 % 101) / 4.0 AS amount
    FROM range(90) r(i)
"""
SHOPS = (
    "SELECT shop, count(*) AS n, avg(amount) AS mean, max(amount) AS most FROM orders GROUP BY 1"
)


@pytest.fixture
def shops(db):
    db.sql(ORDERS)
    db.sql(f"CREATE MATERIALIZED VIEW shops AS {SHOPS}")
    return db


def ways(db, name="shops"):
    """How each operator's part of the newest version was had."""
    home = db._services.home
    row = next(row for row in home.catalog.objects() if row.name.plain == name)
    version = home.catalog.version(row.id, row.live_version)
    return [strategy for _, strategy, _ in version.details.get("delta", ())]


def assert_equal(db, name="shops"):
    assert db.verify(name).arrow()["equal"].to_pylist() == [True]


def refreshed(db, name="shops"):
    """Refresh by what changed, however slow this machine happens to be."""
    return db.sql(f"REFRESH MATERIALIZED VIEW {name} INCREMENTAL").arrow()["action"].to_pylist()


def test_explain_names_the_way(shops):
    plan = dict(shops.sql(f"EXPLAIN CREATE MATERIALIZED VIEW v AS {SHOPS}").fetchall())
    assert plan["delta"] == "FROM orders: linear"
    lines = shops.sql(f"EXPLAIN CREATE MATERIALIZED VIEW v AS {SHOPS}").fetchall()
    assert ("delta", "GROUP BY 1: additive") in lines


def test_changes_are_added_to_what_is_kept(shops):
    shops.sql("UPDATE orders SET amount = amount + 1 WHERE id < 5")
    shops.sql("DELETE FROM orders WHERE id = 7")
    assert refreshed(shops) == ["INCREMENTAL"]
    assert ways(shops) == ["ADDITIVE", "LINEAR"]
    assert_equal(shops)


def test_what_no_row_shows_is_not_forgotten(db):
    db.sql(ORDERS)
    db.sql(
        "CREATE MATERIALIZED VIEW most AS SELECT shop, max(amount) AS most FROM orders GROUP BY 1"
    )
    db.sql("INSERT INTO orders VALUES (900, 'a', 24)")
    assert refreshed(db, "most") == ["NO_DATA"]
    db.sql("DELETE FROM orders WHERE shop = 'a' AND amount > 10 AND id <> 900")
    assert refreshed(db, "most") == ["INCREMENTAL"]
    assert_equal(db, "most")
    assert db.sql("SELECT most FROM most WHERE shop = 'a'").fetchall() == [(24,)]


def test_a_view_over_a_view_is_kept_up_to_date_as_well(shops):
    shops.sql("CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n, max(mean) AS mean FROM shops")
    shops.sql("INSERT INTO orders SELECT 1000 + i, 'd', i FROM range(5) r(i)")
    shops.sql("DELETE FROM orders WHERE shop = 'b'")
    shops.sql("REFRESH ALL")
    assert ways(shops, "total")[0] == "ADDITIVE"
    assert_equal(shops)
    assert_equal(shops, "total")
    assert shops.sql("SELECT n FROM total").fetchall() == [(65,)]


def test_a_version_taken_back_has_its_own_sums(shops):
    shops.sql("DELETE FROM orders WHERE id < 30")
    refreshed(shops)
    shops.sql("ALTER MATERIALIZED VIEW shops ROLLBACK")
    shops.sql("INSERT INTO orders VALUES (901, 'a', 500)")
    refreshed(shops)
    assert ways(shops)[0] == "ADDITIVE"
    assert_equal(shops)


def test_a_full_refresh_keeps_sums_again(shops):
    shops.sql("REFRESH MATERIALIZED VIEW shops FULL")
    assert_equal(shops)
    shops.sql("DELETE FROM orders WHERE id < 30")
    refreshed(shops)
    assert ways(shops)[0] == "ADDITIVE"
    assert_equal(shops)


def test_sums_of_integers_are_kept_to_the_last_digit(db):
    db.sql("CREATE TABLE t AS SELECT i % 3 AS g, 4611686018427387904 + i AS b FROM range(10) r(i)")
    query = "SELECT g, sum(b) AS s, list(b::HUGEINT ORDER BY b) AS l FROM t GROUP BY g"
    db.sql("CREATE MATERIALIZED VIEW sums AS SELECT g, sum(b) AS s FROM t GROUP BY g")
    db.sql(f"CREATE MATERIALIZED VIEW lists AS {query}")
    db.sql("CREATE MATERIALIZED VIEW total AS SELECT sum(s) AS s FROM sums")
    for change in (
        "INSERT INTO t VALUES (1, 9223372036854775807), (4, 4611686018427387999)",
        "DELETE FROM t WHERE b % 2 = 0",
    ):
        db.sql(change)
        for name in ("total", "lists"):
            db.sql(f"REFRESH MATERIALIZED VIEW {name} INCREMENTAL")
        expected = db.sql(f"{query} ORDER BY g").fetchall()
        shown = db.sql("SELECT g, s, l FROM lists ORDER BY g").fetchall()
        assert [(g, int(s), [int(n) for n in every]) for g, s, every in shown] == expected
        assert db.sql("FROM sums ORDER BY g").fetchall() == [row[:2] for row in expected]
        assert db.sql("FROM total").fetchall() == [(sum(s for _, s, _ in expected),)]
        for name in ("sums", "lists", "total"):
            assert_equal(db, name)


def test_a_number_that_cannot_be_stored_is_an_error_and_the_old_rows_stay(db):
    db.sql("CREATE TABLE t AS SELECT 1::HUGEINT AS b")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT b * b AS q FROM t")
    db.sql("UPDATE t SET b = 10000000000000000000")
    with pytest.raises(LakeProblem, match=r"DECIMAL\(38,0\)"):
        db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql("SELECT q FROM v").fetchall() == [(1,)]


def test_a_having_over_group_by_all_groups_by_its_columns_too(db):
    db.sql("CREATE TABLE t AS SELECT i % 4 AS a, i AS x FROM range(200) r(i)")
    query = "SELECT a % 2 AS m, sum(x)::BIGINT AS s FROM t GROUP BY ALL HAVING m = 0"
    db.sql(f"CREATE MATERIALIZED VIEW v AS {query}")
    db.sql("INSERT INTO t VALUES (0, 1), (5, 7)")
    refreshed(db, "v")
    expected = db.sql(f"{query} ORDER BY s").fetchall()
    assert db.sql("FROM v ORDER BY s").fetchall() == expected
    assert len(expected) == 2


@pytest.mark.parametrize(
    "shown",
    [
        "round(avg(price), 2) AS shown",
        "avg(price)::VARCHAR AS shown",
        "floor(sum(amount) * 100) AS shown",
        "sum(amount) > 23.1 AS shown",
        "sum(amount) - sum(amount * 0.5) AS shown",
        "count(*) AS shown",
    ],
)
@pytest.mark.parametrize("having", ["", "HAVING round(sum(amount), 1) = sum(amount)"])
def test_what_a_last_digit_decides_is_computed_from_the_rows(db, shown, having):
    steps = shown != "count(*) AS shown" or having
    db.sql(
        "CREATE TABLE t AS SELECT i % 50 AS k, ((i * 37) % 1009)::DECIMAL(10, 2) / 7 AS amount, "
        "((i * 31) % 997 / 100)::DECIMAL(10, 2) AS price FROM range(1500) r(i)"
    )
    query = f"SELECT k, {shown} FROM t GROUP BY k {having}"
    db.sql(f"CREATE MATERIALIZED VIEW v AS {query}")
    db.sql("UPDATE t SET amount = amount + 0.1, price = price + 0.01 WHERE k % 3 = 0")
    db.sql("DELETE FROM t WHERE price < 1")
    refreshed(db, "v")
    assert ("ADDITIVE" in ways(db, "v")) is not bool(steps)
    assert_equal(db, "v")
    assert db.sql(f"SELECT count(*) FROM (FROM v EXCEPT ALL ({query}))").fetchall() == [(0,)]


def test_a_factor_of_an_average_is_added_to(db):
    db.sql(ORDERS)
    db.sql(
        "CREATE MATERIALIZED VIEW v AS SELECT shop, -abs(avg(amount)) * 1.19 / 2 AS m "
        "FROM orders GROUP BY shop"
    )
    db.sql("DELETE FROM orders WHERE id % 7 = 0")
    refreshed(db, "v")
    assert "ADDITIVE" in ways(db, "v")
    assert_equal(db, "v")
