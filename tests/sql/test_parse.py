"""Every statement of the language, and what is said to those that are not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import (
    DOWNSTREAM,
    ArtifactMethod,
    Expectation,
    Freshness,
    HoldoutLast,
    HoldoutShare,
    Kind,
    Method,
    Name,
    OnViolation,
    PlainView,
    RefreshMode,
    Requirement,
    Rollout,
    RolloutStage,
    SourceFreshness,
    Stage,
)
from mlview.errors import SyntaxProblem
from mlview.sql import (
    AcknowledgeIncident,
    Alter,
    BaseDdl,
    CommentOn,
    CreateMaterializedView,
    CreateModel,
    CreateMonitor,
    CreateView,
    Describe,
    Diagnose,
    Drop,
    ExplainCreate,
    ExplainIncident,
    ExplainQuery,
    ExplainRefresh,
    Ordinary,
    PinVersion,
    Recommend,
    Refresh,
    RefreshAll,
    RenameTo,
    ResolveIncident,
    Resume,
    Rollback,
    SetClauses,
    SetRetention,
    Show,
    ShowCreate,
    Suspend,
    Undrop,
    Unpin,
    parse_statement,
    split_script,
    unavailable,
)

MODEL, VIEW = Kind.MODEL, Kind.MATERIALIZED_VIEW
LATE = Name("late_arrival")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHA = "0123456789abcdef" * 4

FULL_MODEL = """CREATE OR REPLACE MODEL late_arrival
  PREDICT late
  USING HistGradientBoostingClassifier (max_iter => 200, learning_rate => 0.1)
  KEY (flight_id)  TIME time_hour  IGNORE (tailnum)      -- identity; order and split
  HOLDOUT LAST '30 days'
  CONSTRAINT enough     EXPECT  (count(*) >= 1000)                       ON VIOLATION FAIL
  CONSTRAINT label_rate EXPECT  (avg(late::INT) BETWEEN 0.05 AND 0.6)    ON VIOLATION FAIL
  CONSTRAINT sane_temp  EXPECT  (temp BETWEEN -40 AND 130)               ON VIOLATION DROP ROW
  CONSTRAINT floor      REQUIRE (roc_auc(new) >= 0.60)
  CONSTRAINT jfk        REQUIRE (recall(new) FILTER (WHERE origin = 'JFK') >= 0.3) ON VIOLATION WARN
  TARGET_LAG '1 hour'
  FRESHNESS (WARN AFTER '90 minutes', ERROR AFTER '4 hours',
    SOURCE flights.time_hour WITHIN '1 day')
  REFRESH WHEN (changed_fraction > 0.01 OR max_psi > 0.2 OR live_drop > 0.03)
  REFRESH_MODE AUTO
  ROLLOUT (SHADOW FOR '1 day', CANARY 0.10 BY (flight_id) FOR '6 hours', LIVE) ON VIOLATION ROLLBACK
  PRIORITY 3  OWNER 'ml-oncall'
AS SELECT f.flight_id, f.arr_delay > 15 AS late
   FROM flights f LEFT JOIN carrier_day d ON d.day = f.time_hour::DATE - 1 -- yesterday
   WHERE f.time_hour > refresh_time() - INTERVAL 90 DAYS
   WITH NO DATA"""


def test_a_model_with_every_clause_is_read_in_full():
    statement = parse_statement(FULL_MODEL)
    model = statement.definition
    assert statement.or_replace
    assert statement.with_no_data
    assert not statement.if_not_exists
    assert statement.text == FULL_MODEL
    assert model.name == LATE
    assert model.target == "late"
    assert model.method == Method(
        "HistGradientBoostingClassifier", (("max_iter", 200), ("learning_rate", 0.1))
    )
    assert (model.key, model.time, model.ignore) == (("flight_id",), "time_hour", ("tailnum",))
    assert model.holdout == HoldoutLast(timedelta(days=30))
    assert model.expectations == (
        Expectation("count(*) >= 1000", "enough"),
        Expectation("avg(late::INT) BETWEEN 0.05 AND 0.6", "label_rate"),
        Expectation("temp BETWEEN -40 AND 130", "sane_temp", OnViolation.DROP_ROW),
    )
    assert model.requirements == (
        Requirement("roc_auc(new) >= 0.60", "floor"),
        Requirement("recall(new) FILTER (WHERE origin = 'JFK') >= 0.3", "jfk", OnViolation.WARN),
    )
    assert model.target_lag == HOUR
    assert model.freshness == Freshness(
        timedelta(minutes=90), 4 * HOUR, (SourceFreshness(("flights", "time_hour"), DAY),)
    )
    assert model.refresh_when == "changed_fraction > 0.01 OR max_psi > 0.2 OR live_drop > 0.03"
    assert model.refresh_mode is RefreshMode.AUTO
    assert model.rollout == Rollout(
        (
            RolloutStage(Stage.SHADOW, DAY),
            RolloutStage(Stage.CANARY, 6 * HOUR, 0.1, ("flight_id",)),
            RolloutStage(Stage.LIVE),
        )
    )
    assert (model.priority, model.owner) == (3, "ml-oncall")
    assert model.query.startswith("SELECT f.flight_id")
    assert "-- yesterday" in model.query
    assert model.query.endswith("INTERVAL 90 DAYS")


def test_a_materialized_view_with_a_rule():
    statement = parse_statement(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS raw.carrier_day"
        " EXPECT (carrier IS NOT NULL) ON VIOLATION DROP ROW AT MOST 5 PERCENT"
        " TARGET_LAG = DOWNSTREAM AS /* why */ (FROM flights) -- end"
    )
    view = statement.definition
    assert isinstance(statement, CreateMaterializedView)
    assert statement.if_not_exists
    assert view.name == Name("carrier_day", "raw")
    assert view.expectations == (
        Expectation("carrier IS NOT NULL", None, OnViolation.DROP_ROW, 5.0),
    )
    assert view.target_lag is DOWNSTREAM
    assert view.query == "/* why */ (FROM flights)"


@pytest.mark.parametrize(
    ("clause", "field", "value"),
    [
        ("USING sklearn.linear_model.Ridge", "method", Method("sklearn.linear_model.Ridge")),
        ('USING "my.module:model"', "method", Method("my.module:model")),
        (f"USING ARTIFACT 'sha256:{SHA}'", "method", ArtifactMethod(SHA)),
        ("USING artifact", "method", Method("artifact")),
        (
            "USING SVC (C => -1.5e3, k => 'it''s', a => TRUE, b => NULL, c => [1, (2, 'x'), []],)",
            "method",
            Method(
                "SVC",
                (("C", -1500.0), ("k", "it's"), ("a", True), ("b", None), ("c", (1, (2, "x"), ()))),
            ),
        ),
        ("KEY a", "key", ("a",)),
        ('KEY ("select", b)', "key", ("select", "b")),
        ('TIME "two words"', "time", "two words"),
        ("HOLDOUT 0.2", "holdout", HoldoutShare(0.2)),
        ("HOLDOUT = .2 BY (a, b) THEN REFIT", "holdout", HoldoutShare(0.2, ("a", "b"), True)),
        ("HOLDOUT LAST 0.1", "holdout", HoldoutLast(0.1)),
        ("target_lag '1 day 12 hours'", "target_lag", timedelta(hours=36)),
        ("REFRESH_MODE APPROXIMATE", "refresh_mode", RefreshMode.APPROXIMATE),
        (
            "ROLLOUT (LIVE) ON VIOLATION WARN",
            "rollout",
            Rollout((RolloutStage(Stage.LIVE),), False),
        ),
        ("PREDICT predict", "target", "predict"),
    ],
)
def test_each_clause_fills_its_field(clause, field, value):
    found = getattr(parse_statement(f"CREATE MODEL m {clause} AS FROM t").definition, field)
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("REFRESH MODEL late_arrival", Refresh(MODEL, LATE)),
        ("refresh model late_arrival full cascade", Refresh(MODEL, LATE, "FULL", True)),
        ("REFRESH MODEL s.m INCREMENTAL", Refresh(MODEL, Name("m", "s"), "INCREMENTAL")),
        ("REFRESH MATERIALIZED VIEW carrier_day;", Refresh(VIEW, Name("carrier_day"))),
        ("REFRESH ALL", RefreshAll()),
        ("REFRESH ALL FULL", RefreshAll("FULL")),
        ("DROP MODEL late_arrival", Drop(MODEL, LATE)),
        ("DROP MODEL IF EXISTS late_arrival CASCADE", Drop(MODEL, LATE, True, True)),
        ("DROP MATERIALIZED VIEW v RESTRICT", Drop(VIEW, Name("v"))),
        ("UNDROP MODEL late_arrival", Undrop(MODEL, LATE)),
        ("ALTER MODEL m SUSPEND", Alter(MODEL, Name("m"), False, Suspend())),
        ("ALTER MODEL IF EXISTS m RESUME", Alter(MODEL, Name("m"), True, Resume())),
        ("ALTER MODEL m RENAME TO x", Alter(MODEL, Name("m"), False, RenameTo(Name("x")))),
        ("ALTER MODEL m PIN VERSION 6", Alter(MODEL, Name("m"), False, PinVersion(6))),
        ("ALTER MODEL m UNPIN", Alter(MODEL, Name("m"), False, Unpin())),
        ("ALTER MATERIALIZED VIEW m ROLLBACK", Alter(VIEW, Name("m"), False, Rollback())),
        (
            "ALTER MODEL m SET TARGET_LAG '1 hour', OWNER = 'x' PRIORITY 3",
            Alter(
                MODEL,
                Name("m"),
                False,
                SetClauses({"target_lag": HOUR, "owner": "x", "priority": 3}),
            ),
        ),
        (
            "ALTER MODEL m UNSET TARGET_LAG, REFRESH_MODE, REFRESH WHEN",
            Alter(
                MODEL,
                Name("m"),
                False,
                SetClauses(
                    {"target_lag": None, "refresh_mode": RefreshMode.AUTO, "refresh_when": None}
                ),
            ),
        ),
        ("COMMENT ON MODEL m IS 'it''s'", CommentOn(MODEL, Name("m"), "it's")),
        ("COMMENT ON MATERIALIZED VIEW m IS NULL", CommentOn(VIEW, Name("m"), None)),
        ("SHOW MODELS", Show("MODELS", "SHOW MODELS")),
        ("show materialized views", Show("MATERIALIZED VIEWS", "show materialized views")),
        ("SHOW INCIDENTS", Show("INCIDENTS", "SHOW INCIDENTS")),
        ("DESCRIBE MODEL late_arrival", Describe(MODEL, LATE)),
        ("DESC MATERIALIZED VIEW v", Describe(VIEW, Name("v"))),
        ("SHOW CREATE MODEL late_arrival", ShowCreate(MODEL, LATE)),
        ("EXPLAIN REFRESH MODEL late_arrival", ExplainRefresh(Refresh(MODEL, LATE))),
        ("EXPLAIN REFRESH ALL", ExplainRefresh(RefreshAll())),
        ("EXPLAIN INCIDENT 42", ExplainIncident(42)),
        ("DIAGNOSE MODEL late_arrival", Diagnose(MODEL, LATE)),
        ("ACKNOWLEDGE INCIDENT 42", AcknowledgeIncident(42)),
        (
            "ACKNOWLEDGE INCIDENT 42 UNTIL TIMESTAMP '2026-01-01' COMMENT 'known'",
            AcknowledgeIncident(42, "2026-01-01", "known"),
        ),
        ("RESOLVE INCIDENT 42 CAUSE 'disk'", ResolveIncident(42, "disk")),
        ("RECOMMEND MATERIALIZATIONS", Recommend()),
        (
            """RECOMMEND MATERIALIZATIONS FOR WORKLOAD LAST '7 days'
            WITHIN (storage => '2 GB', refresh => '10 minutes per day')""",
            Recommend(7 * DAY, {"storage": "2 GB", "refresh": "10 minutes per day"}),
        ),
        (
            "ALTER DATABASE SET RETENTION (versions => 10, snapshots => '30 days')",
            SetRetention(10, 30 * DAY),
        ),
        (
            """CREATE MODEL MONITOR late_mon WITH MODEL late_arrival LABELS FROM (SELECT 1)
            ID_COLUMNS (id) TIMESTAMP_COLUMN ts LABEL_DELAY '14 days' SEGMENT_COLUMNS (origin)
            AGGREGATION_WINDOW '7 days'""",
            CreateMonitor(
                Name("late_mon"), LATE, "SELECT 1", ("id",), "ts", 14 * DAY, ("origin",), 7 * DAY
            ),
        ),
    ],
)
def test_each_statement_is_read(text, expected):
    assert parse_statement(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ';'",
        "FROM late_arrival WHERE late IS NULL",
        "INSERT INTO model VALUES (1)",
        "BEGIN",
        "CALL something(1)",
        "COMMENT ON TABLE t IS 'x'",
        "SHOW model",
        "SHOW TABLES",
        "DESCRIBE model",
        "DESCRIBE t",
        "EXPLAIN INSERT INTO t VALUES (1)",
        "ALTER DATABASE x SET ALIAS TO y",
        "SET x = 1",
        "PRAGMA version",
        "",
    ],
)
def test_what_is_not_of_mlview_stays_as_typed(text):
    assert parse_statement(text) == Ordinary(text)


@pytest.mark.parametrize(
    ("text", "ddl"),
    [
        ("CREATE TABLE t (a INT)", BaseDdl("CREATE", "TABLE", Name("t"))),
        (
            "CREATE OR REPLACE TEMP TABLE t AS FROM u",
            BaseDdl("CREATE", "TABLE", Name("t"), or_replace=True, temporary=True),
        ),
        (
            'CREATE TABLE IF NOT EXISTS c.s."T t" AS FROM u',
            BaseDdl("CREATE", "TABLE", Name("T t", "s"), "c", if_not_exists=True),
        ),
        ("CREATE SCHEMA raw", BaseDdl("CREATE", "SCHEMA", Name("raw", "raw"))),
        ("CREATE MACRO f(a) AS a + 1", BaseDdl("CREATE", "MACRO", Name("f"))),
        (
            "DROP TABLE IF EXISTS s.t CASCADE",
            BaseDdl("DROP", "TABLE", Name("t", "s"), if_exists=True, cascade=True),
        ),
        ("DROP VIEW v", BaseDdl("DROP", "VIEW", Name("v"))),
        ("ALTER TABLE t ADD COLUMN b INT", BaseDdl("ALTER", "TABLE", Name("t"))),
        (
            "ALTER TABLE s.t RENAME TO u",
            BaseDdl("RENAME", "TABLE", Name("t", "s"), new_name=Name("u", "s")),
        ),
        ("ALTER TABLE t RENAME COLUMN a TO b", BaseDdl("ALTER", "TABLE", Name("t"))),
        (
            "ALTER VIEW v SET SCHEMA s",
            BaseDdl("RENAME", "VIEW", Name("v"), new_name=Name("v", "s")),
        ),
    ],
)
def test_ordinary_ddl_is_told_by_name(text, ddl):
    assert parse_statement(text) == Ordinary(text, ddl)
    assert parse_statement(text).ddl.name.schema == ddl.name.schema


def test_a_plain_view_is_read_and_one_that_cannot_be_is_duckdbs():
    text = "CREATE OR REPLACE TEMP VIEW s.v (a, b) AS FROM t;"
    expected = PlainView(Name("v", "s"), "FROM t", ("a", "b"))
    assert parse_statement(text) == CreateView(expected, text, True, False, True)
    recursive = "CREATE RECURSIVE VIEW v (n) AS SELECT 1"
    assert isinstance(parse_statement(recursive), Ordinary)


@pytest.mark.parametrize(
    ("text", "query", "analyze"),
    [
        ("EXPLAIN SELECT a FROM m", "SELECT a FROM m", False),
        ("explain analyze FROM m", "FROM m", True),
        ("EXPLAIN (FORMAT json) WITH a AS (FROM b) FROM a", "WITH a AS (FROM b) FROM a", False),
        ("EXPLAIN (FROM m)", "(FROM m)", False),
    ],
)
def test_explain_of_a_query_keeps_both_texts(text, query, analyze):
    assert parse_statement(text) == ExplainQuery(query, text, analyze)


def test_explain_create_holds_the_statement():
    statement = parse_statement("EXPLAIN CREATE MODEL m PREDICT y AS FROM t")
    assert isinstance(statement, ExplainCreate)
    assert isinstance(statement.statement, CreateModel)
    assert statement.statement.definition.query == "FROM t"


def test_a_model_may_be_called_monitor_or_like_a_clause():
    for name in ("monitor", "predict", "refresh", "model"):
        statement = parse_statement(f"CREATE MODEL {name} PREDICT y AS FROM t")
        assert statement.definition.name == Name(name)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("CREATE MODEL m TARGET_LGA '1 hour' AS FROM t", "TARGET_LAG", (1, 16)),
        ("CREATE MODEL m\n  TARGET_LAG '5 mintues' AS FROM t", "'5 minutes'", (2, 14)),
        ("CREATE MODEL m KEY (a) KEY (b) AS FROM t", "KEY is given twice", (1, 24)),
        ("CREATE MODEL m REFRESH WHEN (a) REFRESH WHEN (b) AS FROM t", "REFRESH WHEN is", (1, 33)),
        ("CREATE MODEL m PREDICT y", "AS and a query", None),
        ("CREATE MODEL m PREDICT y SELECT 1", "AS SELECT", (1, 26)),
        ("CREATE MODEL m AS DELETE FROM t", "a query after AS", (1, 19)),
        ("CREATE MODEL m AS SELECT (1", "never closed", (1, 26)),
        ("CREATE MODEL m AS SELECT 1)", "closes nothing", (1, 27)),
        ("CREATE MODEL m USING SVC (C => rbf) AS FROM t", "'rbf'", (1, 32)),
        ("CREATE MODEL m USING SVC (C = 1) AS FROM t", "C => value", (1, 29)),
        ("CREATE MODEL m USING SVC (C => 1, C => 2) AS FROM t", "twice", (1, 35)),
        ("CREATE MODEL m USING ARTIFACT 'md5:1' AS FROM t", "sha256", (1, 31)),
        ("CREATE MODEL m HOLDOUT 20 AS FROM t", "0.2", (1, 24)),
        ("CREATE MODEL m KEY (a, a) AS FROM t", "twice", (1, 24)),
        ("CREATE MODEL m REFRESH_MODE INCREMENTEL AS FROM t", "'INCREMENTAL'", (1, 29)),
        ("CREATE MODEL m ROLLOUT (LIVE, SHADOW FOR '1 day') AS FROM t", "order is", (1, 31)),
        ("CREATE MODEL m ROLLOUT (SHADOW FOR '1 day') AS FROM t", "LIVE", None),
        ("CREATE MODEL m EXPECT (a) ON VIOLATION DIE AS FROM t", "FAIL, DROP ROW or WARN", None),
        ("CREATE MODEL m EXPECT () AS FROM t", "a condition", None),
        ("CREATE MODEL lake.main.m AS FROM t", "write m", None),
        ("CREATE MODEL select AS FROM t", "quote it", (1, 14)),
        ('CREATE MODEL "" AS FROM t', "empty name", (1, 14)),
        ("CREATE OR REPLACE MODEL IF NOT EXISTS m AS FROM t", "contradict", None),
        ("CREATE TEMP MODEL m AS FROM t", "temporary", None),
        ("CREATE MATERIALIZED VIEW v PREDICT y AS FROM t", "belongs to a model", (1, 28)),
        ("ALTER MODEL m SET PREDICT y", "CREATE OR REPLACE MODEL", (1, 19)),
        ("ALTER MODEL m SUSPND", "'SUSPEND'", (1, 15)),
        ("ALTER MODEL m SET", "a clause", None),
        ("REFRESH late_arrival", "MODEL or MATERIALIZED VIEW", (1, 9)),
        ("REFRESH MODEL m FULLY", "'FULL'", (1, 17)),
        ("REFRESH MODEL m INCREMENTALY", "'INCREMENTAL'", (1, 17)),
        ("REFRESH MODEL m FULL INCREMENTAL", "may follow: CASCADE", (1, 22)),
        ("REFRESH ALL FUL", "'FULL'", (1, 13)),
        ("REFRESH m", "REFRESH MODEL name", (1, 9)),
        ("CREATE MODEL IF EXISTS m AS FROM t", "expected IF NOT EXISTS", (1, 14)),
        ("CREATE MODEL m PREDICT 'y' AS FROM t", "without the quotes", (1, 24)),
        ("CREATE MODEL m USING 'Ridge' AS FROM t", "without the quotes", (1, 22)),
        ("CREATE MODEL m OWNER me AS FROM t", "write 'me'", (1, 22)),
        ("CREATE MODEL m PREDICT y, z AS FROM t", "REFRESH WHEN, REFRESH_MODE", (1, 25)),
        ("EXPLAIN REFRSH MODEL m", "'REFRESH'", (1, 9)),
        ("CREATE MATERIALISED VIEW v AS FROM t", "'MATERIALIZED'", (1, 8)),
        ("CREATE OR REPLACE MODLE m AS FROM t", "'MODEL'", (1, 19)),
        ("DROP MATERIALISED VIEW v", "'MATERIALIZED'", (1, 6)),
        ("ALTER MODELL m SUSPEND", "'MODEL'", (1, 7)),
        ("COMMENT ON MODELL m IS 'x'", "'MODEL'", (1, 12)),
        ("CREATE MODEL PREDICT y AS FROM t", "CREATE MODEL name PREDICT y", (1, 14)),
        ("CREATE MODEL KEY (k) PREDICT y AS FROM t", "CREATE MODEL name KEY (", (1, 14)),
        ("CREATE MATERIALIZED VIEW AS FROM t", "missing before AS", (1, 26)),
        ("REFRESH MODEL FULL", "missing before FULL", (1, 15)),
        ("ALTER DATABASE SET RETENTION '3 days'", "(versions => 10", (1, 30)),
        ("DROP MODEL a, b", "once for each", (1, 13)),
        ("SELECT 1; SELECT 2", "one statement", (1, 9)),
        ("DROP MODEL m -- c\n /* never", "never ends", (2, 2)),
        # Other systems.
        (
            "CREATE MODEL m OPTIONS(model_type = 'logistic_reg', label_cols = ['y']) AS FROM t",
            "PREDICT y USING LogisticRegression",
            (1, 16),
        ),
        ("CREATE MODEL m OPTIONS(MODEL_TYPE='kmeans') AS FROM t", "USING KMeans", None),
        ("CREATE MODEL m WITH (model_type = 'linear_reg') AS FROM t", "LinearRegression", None),
        ("CREATE MODEL m TRANSFORM(a + 1) AS FROM t", "the query after AS", None),
        ("CREATE MODEL m FROM t TARGET y", "AS FROM", None),
        ("CREATE MODEL m PREDICT y TARGET z", "PREDICT label", None),
        ("CREATE MATERIALIZED VIEW v TARGET LAG '1 hour' AS FROM t", "TARGET_LAG '1 hour'", None),
        (
            "CREATE MATERIALIZED VIEW v TARGET_LAG = '1 hour' WAREHOUSE = w AS FROM t",
            "no warehouse",
            None,
        ),
        (
            "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' AS FROM t",
            "CREATE MATERIALIZED VIEW",
            None,
        ),
        ("CREATE MATERIALIZED VIEW v BUILD DEFERRED AS FROM t", "WITH NO DATA", None),
    ],
)
def test_a_mistake_is_answered_with_where_and_what_to_write(text, message, place):
    with pytest.raises(SyntaxProblem) as error:
        parse_statement(text)
    assert message in str(error.value)
    assert error.value.line is not None
    if place is not None:
        assert (error.value.line, error.value.column) == place


def test_positions_count_from_the_beginning_of_the_script():
    script = (
        "SELECT 1;\n\n  CREATE MODEL m TARGET_LGA '1 hour'\n"
        "  AS FROM t;  CREATE MODEL n KEY AS FROM t"
    )
    first, second, third = split_script(script)
    assert isinstance(parse_statement(first), Ordinary)
    with pytest.raises(SyntaxProblem) as error:
        parse_statement(second)
    assert (error.value.line, error.value.column) == (3, 18)
    with pytest.raises(SyntaxProblem) as error:
        parse_statement(third)
    assert (error.value.line, error.value.column) == (4, 34)


def test_a_thousand_parentheses_are_a_depth_error():
    for text in (
        "SELECT {}",
        "CREATE MODEL m AS SELECT {}",
        "CREATE MODEL m EXPECT ({}) AS FROM t",
    ):
        with pytest.raises(SyntaxProblem, match="nested brackets"):
            parse_statement(text.format("(" * 1000 + "1" + ")" * 1000))


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("CREATE MODEL m EXPECT (a) AS FROM t", "EXPECT"),
        ("CREATE MODEL m REQUIRE (a) AS FROM t", "REQUIRE"),
        ("CREATE MODEL m ROLLOUT (LIVE) AS FROM t", "ROLLOUT"),
        ("CREATE MATERIALIZED VIEW m REFRESH WHEN (a) AS FROM t", None),
        ("CREATE MODEL m REFRESH_MODE INCREMENTAL AS FROM t", None),
        ("EXPLAIN CREATE MODEL m REFRESH_MODE APPROXIMATE AS FROM t", None),
        ("ALTER MODEL m SET ROLLOUT (LIVE)", "ROLLOUT"),
        ("REFRESH MODEL m INCREMENTAL", None),
        (
            "CREATE MODEL MONITOR a WITH MODEL b LABELS FROM (FROM t) ID_COLUMNS (c)",
            "CREATE MODEL MONITOR",
        ),
        ("RECOMMEND MATERIALIZATIONS", "RECOMMEND"),
        ("SHOW INCIDENTS", "SHOW INCIDENTS"),
        ("DIAGNOSE MODEL m", "DIAGNOSE"),
        ("ALTER MODEL m UNSET REFRESH WHEN", None),
        (
            """CREATE MODEL m KEY a TIME b IGNORE c HOLDOUT 0.2 TARGET_LAG '1 hour' PRIORITY 1
            FRESHNESS (WARN AFTER '1 day') OWNER 'x' REFRESH_MODE FULL AS FROM t WITH NO DATA""",
            None,
        ),
        ("SELECT 1", None),
    ],
)
def test_what_comes_later_is_told(text, feature):
    assert unavailable(parse_statement(text)) == feature


WORDS = [
    "CREATE", "OR", "REPLACE", "MODEL", "MATERIALIZED", "VIEW", "m", "PREDICT", "USING", "SVC",
    "(", ")", ",", "=>", "'1", "hour'", "0.2", "KEY", "TIME", "EXPECT", "REQUIRE",
    "CONSTRAINT", "ON", "VIOLATION", "DROP", "ROW", "AT", "MOST", "5", "PERCENT", "TARGET_LAG",
    "FRESHNESS", "WARN", "AFTER", "REFRESH", "WHEN", "ALL", "ALTER", "SET", "UNSET", "ROLLOUT",
    "SHADOW", "FOR", "LIVE", "AS", "SELECT", "FROM", "t", "WITH", "NO", "DATA", "EXPLAIN",
    "ANALYZE", "SHOW", "DESCRIBE", "COMMENT", "IS", "NULL", '"', "'", "$$", "/*", "--", ";",
    "[", "]", "{", "}", "::", "\\", "é", "\u0000", "ML", ".", "HOLDOUT", "LAST",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.sampled_from([" ", "\n", ""]))
def test_any_row_of_words_is_a_statement_or_a_placed_error(words, space):
    text = space.join(words)
    try:
        parse_statement(text)
    except SyntaxProblem as problem:
        line = problem.line
    else:
        line = 1
    assert line in range(1, text.count("\n") + 2)
