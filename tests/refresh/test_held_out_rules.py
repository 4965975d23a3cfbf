"""Who is held out stays held out: a version is refreshed and verified by the rule it recorded."""

from __future__ import annotations

import pytest

from mlview.definitions import Name
from mlview.observation import identities

TABLES = """
CREATE TABLE t AS SELECT i % 50 AS k, (i * 37 % 101)::DOUBLE AS x,
    (i * 31 % 17)::DOUBLE + i % 7 AS y FROM range(600) r(i);
CREATE TABLE u AS SELECT k, k % 5 AS z FROM range(50) r(k);
"""
RIDGE = "CREATE MODEL m PREDICT y USING Ridge AS SELECT t.x, u.z, t.y FROM t JOIN u USING (k)"
TREE = RIDGE.replace("Ridge", "DecisionTreeRegressor")
CHANGE = "UPDATE t SET x = x + 1 WHERE k = 7; INSERT INTO t SELECT k, 3, 4 FROM range(50) r(k)"


def recorded(db):
    version = db.model("m").live_version
    return version.details["holdout"]["hash"], version.rows_held_out


def is_verified(db):
    return [line["equal"] for line in db.verify("m").arrow().to_pylist()] == [True]


@pytest.fixture
def earlier(db, monkeypatch):
    """Declares a model as releases did that hashed row ids as text."""
    db.sql(TABLES)

    def declared(text):
        with monkeypatch.context() as before:
            before.setattr(identities, "_rule_of_row_ids", lambda _: identities.BY_TEXT)
            db.sql(text)
        return db

    return declared


@pytest.mark.parametrize("create", [RIDGE, TREE])
def test_a_version_of_an_earlier_rule_is_verified_by_it(earlier, create):
    db = earlier(create)
    rule, held_out = recorded(db)
    assert rule == "md5-52"
    assert is_verified(db)
    db.sql("REFRESH MODEL m FULL")
    assert recorded(db)[0] == "lowbias32"
    assert recorded(db)[1] != held_out
    assert is_verified(db)


def test_an_incremental_refresh_keeps_the_rule_of_the_live_version(earlier):
    db = earlier(RIDGE)
    _, held_out = recorded(db)
    db.sql("UPDATE t SET x = x + 1 WHERE k = 7")
    db.sql("REFRESH MODEL m INCREMENTAL")
    assert recorded(db) == ("md5-52", held_out)
    assert is_verified(db)
    db.sql(CHANGE)
    db.sql("REFRESH MODEL m INCREMENTAL")
    assert recorded(db)[0] == "md5-52"
    assert is_verified(db)


@pytest.mark.parametrize("create", [RIDGE, TREE])
def test_rows_are_held_out_by_the_rule_that_sql_can_tell(db, create):
    db.sql(TABLES)
    db.sql("DELETE FROM t WHERE k = 3")
    db.sql(create)
    definition = db.model("m").definition
    identity = identities.identity_of(definition, [Name("t")])
    number = identities.bucket(definition, identity, ())
    rows = f"SELECT rowid, rowid AS {identities.ROW_ID} FROM t"
    held_out = f"SELECT rowid FROM ({rows}) WHERE {number} < 0.2"
    count = db.sql(f"SELECT count(*) FROM ({held_out})").fetchall()[0][0]
    assert recorded(db) == ("lowbias32", count)
    if create == RIDGE:
        # Of those that a refresh takes away, it knows by the same rule that they were held out.
        db.sql(f"DELETE FROM t WHERE rowid IN ({held_out} LIMIT 20)")
        db.sql("REFRESH MODEL m INCREMENTAL")
        assert recorded(db) == ("lowbias32", count - 20)


def test_a_hold_out_by_time_records_who_was_scored(earlier):
    text = RIDGE.replace("PREDICT y", "PREDICT y TIME day HOLDOUT LAST 0.25")
    db = earlier(text.replace("t.x,", "t.x, DATE '2024-01-01' + t.k::INTEGER AS day,"))
    assert recorded(db)[0] == "md5-52"
    db.sql(CHANGE)
    db.sql("REFRESH MODEL m INCREMENTAL")
    assert recorded(db)[0] == "md5-52"
    assert is_verified(db)
