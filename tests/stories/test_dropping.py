"""DROP, UNDROP, RENAME, COMMENT and SET: what is declared, and what is lost with what."""

import pytest


@pytest.fixture
def family(db):
    db.sql("CREATE VIEW plain AS FROM points")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT id, a, b, y FROM plain")
    db.sql("CREATE VIEW kept AS FROM v")
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM kept")
    return db


@pytest.mark.parametrize(
    ("statement", "readers"),
    [
        ("DROP TABLE points", ("plain", "v", "kept", "m")),
        ("DROP VIEW plain", ("v", "kept", "m")),
        ("DROP MATERIALIZED VIEW v", ("kept", "m")),
        ("DROP VIEW kept", ("m",)),
    ],
)
def test_what_others_read_is_dropped_with_cascade_only(family, refused, statement, readers):
    error = refused(family, statement)
    assert error.error_code == "DEPENDENTS_EXIST"
    assert error.facts["dependents"] == readers
    answer = family.sql(f"{statement} CASCADE").fetchone()[0]
    assert answer == "dropped " + ", ".join([statement.split()[-1], *readers])
    for name in readers:
        assert refused(family, f"FROM {name}").error_code == "UNKNOWN_NAME"


def test_a_table_that_is_not_there_takes_nothing_with_it(family, refused):
    assert "nothing done" in family.sql("DROP TABLE IF EXISTS nobody CASCADE").fetchone()[0]
    assert refused(family, "DROP TABLE nobody CASCADE").error_code == "UNKNOWN_NAME"
    assert len(family.models) == 1


def test_undrop_brings_back_a_view_with_its_versions(family, refused):
    before = family.sql("FROM m").fetchall()
    family.sql("DROP MODEL m")
    assert refused(family, "REFRESH MODEL m").hint == "UNDROP MODEL m;"
    assert "version 1 serves" in family.sql("UNDROP MODEL m").fetchone()[0]
    assert family.sql("FROM m").fetchall() == before


def test_undrop_brings_back_no_more_than_was_dropped(family, refused):
    assert "was dropped" in refused(family, "UNDROP MODEL nobody").message
    family.sql("DROP MODEL m")
    family.sql("CREATE TABLE m (i INT)")
    assert refused(family, "UNDROP MODEL m").error_code == "NAME_TAKEN"


def test_what_definitions_name_cannot_be_renamed(family, refused):
    for statement in (
        "ALTER TABLE points RENAME TO dots",
        "ALTER VIEW plain RENAME TO dots",
        "ALTER MATERIALIZED VIEW v RENAME TO dots",
    ):
        error = refused(family, statement)
        assert error.error_code == "DEPENDENTS_EXIST"
        assert "named in the definition of" in error.message


def test_a_renamed_model_keeps_its_versions(family, refused):
    before = family.sql("FROM m").fetchall()
    family.sql("ALTER MODEL m RENAME TO other")
    assert family.sql("FROM other").fetchall() == before
    assert family.sql("SELECT name FROM mlview.versions WHERE method IS NOT NULL").fetchall() == [
        ("other",)
    ]
    assert family.sql("SHOW CREATE MODEL other").fetchone()[0].startswith("CREATE MODEL other")
    assert refused(family, "ALTER MODEL other RENAME TO points").error_code == "NAME_TAKEN"


def test_comments_are_kept_and_removed(family):
    family.sql("COMMENT ON MODEL m IS 'it''s'")
    assert family.sql("SELECT comment FROM mlview.models").fetchone() == ("it's",)
    family.sql("COMMENT ON MODEL m IS NULL")
    assert family.sql("SELECT comment FROM mlview.models").fetchone() == (None,)


def test_freshness_words_are_stored_and_shown(db):
    db.sql(
        "CREATE MATERIALIZED VIEW v TARGET_LAG DOWNSTREAM "
        "FRESHNESS (WARN AFTER '90 minutes', ERROR AFTER '4 hours', SOURCE points.seen WITHIN "
        "'1 day') PRIORITY 3 OWNER 'me' AS FROM points"
    )
    text = db.sql("SHOW CREATE MATERIALIZED VIEW v").fetchone()[0]
    for clause in ("TARGET_LAG DOWNSTREAM", "WARN AFTER '90 minutes'", "WITHIN '1 day'"):
        assert clause in text
    described = dict(db.sql("DESCRIBE MATERIALIZED VIEW v").fetchall())
    assert described["target lag"] == "DOWNSTREAM"
    assert described["owner"] == "me"
    version = "SELECT max(version) FROM mlview.versions"
    db.sql("ALTER MATERIALIZED VIEW v SET TARGET_LAG '2 hours' OWNER 'you'")
    shown = "SELECT target_lag_sec, owner, state FROM mlview.materialized_views"
    assert db.sql(shown).fetchone() == (7200.0, "you", "FRESH")
    assert db.sql(version).fetchone() == (1,)


def test_what_show_create_says_creates_the_same_again(db):
    db.sql(
        "CREATE MODEL m PREDICT y USING LogisticRegression (C => 0.5) "
        "KEY (id) TIME seen IGNORE (c) HOLDOUT LAST '12 hours' TARGET_LAG '1 hour' OWNER 'me' AS "
        "SELECT id, a, b, c, seen, y FROM points"
    )
    text = db.sql("SHOW CREATE MODEL m").fetchone()[0]
    answers = db.sql("FROM m").fetchall()
    db.sql("DROP MODEL m")
    db.sql(text)
    assert db.sql("SHOW CREATE MODEL m").fetchone()[0] == text
    assert db.sql("FROM m").fetchall() == answers


def test_a_target_tighter_than_its_parents_is_warned_of_and_accepted(db):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 day' AS SELECT a, b, y FROM points")
    result = db.sql("CREATE MATERIALIZED VIEW w TARGET_LAG '1 hour' AS FROM v")
    assert any("'1 hour' is tighter than the '1 day' of v" in n for n in result.notices)
    shorter = db.sql("CREATE MATERIALIZED VIEW x TARGET_LAG '0.0001 seconds' AS FROM points")
    assert any("cannot be met: a refresh took" in notice for notice in shorter.notices)
