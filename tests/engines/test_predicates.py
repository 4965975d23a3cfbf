"""Conditions over one row: what they may say, what they come to, and who spoils whom."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.engines.predicates import Answer, answers, check_predicate
from mlview.errors import (
    BindProblem,
    DefinitionRefused,
    MlviewError,
    Nondeterministic,
    SyntaxProblem,
    UnknownName,
)

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("lag_sec", pa.float64()),
        ("max_psi", pa.float64()),
        ("live", pa.map_(pa.string(), pa.float64())),
    ]
)


def rows(*lines):
    return pa.Table.from_pylist([dict(line) for line in lines], SCHEMA)


@pytest.mark.parametrize(
    "predicate",
    [
        "lag_sec > 60",
        "LAG_SEC BETWEEN 1 AND 2 OR Max_PSI IS NOT NULL",
        "staleness.lag_sec > 60 AND mlview.staleness.max_psi > 0.1",
        "live['roc_auc'] < 0.6",
        "len(list_filter([lag_sec, max_psi], lambda z: z > 1)) > 0",
        "name LIKE 'late%' -- the late ones",
        "(lag_sec > 1) OR (max_psi > 1)",
        "nullif(lag_sec, 0) > coalesce(max_psi, 1)",
        "true",
    ],
)
def test_any_condition_over_the_columns_will_do(predicate):
    check_predicate(predicate, SCHEMA)


@pytest.mark.parametrize(
    ("predicate", "error", "said"),
    [
        ("lagsec > 1", BindProblem, "no column lagsec"),
        ("lag_sec", BindProblem, "of type DOUBLE"),
        ("NULL", BindProblem, "of type INTEGER"),
        ("frob(lag_sec)", UnknownName, "frob does not exist"),
        ("random() < 0.5", Nondeterministic, r"random\(\) is another value"),
        ("now() > TIMESTAMPTZ '2024-01-01'", Nondeterministic, r"now\(\)"),
        ("current_date > DATE '2024-01-01'", Nondeterministic, "current_date"),
        ("age(DATE '2024-01-01') > INTERVAL 1 DAY", Nondeterministic, r"age\(\)"),
        ("ago(INTERVAL 1 DAY) > TIMESTAMPTZ '2024-01-01'", Nondeterministic, r"ago\(\)"),
        ("pg_sleep(1) IS NULL", Nondeterministic, "sleep_ms"),
        ("current_setting('threads') = 1", Nondeterministic, "current_setting"),
        ("user = 'me'", Nondeterministic, "user is another value"),
        ("[random() > 0.5, true][1]", Nondeterministic, "random"),
        ("sum(lag_sec) > 1", DefinitionRefused, r"the aggregate sum\(\)"),
        ("count(*) > 1", DefinitionRefused, "the aggregate"),
        ("row_number() OVER () > 1", DefinitionRefused, "a window function"),
        ("(SELECT true)", DefinitionRefused, "a subquery"),
        ("lag_sec IN (SELECT 1)", DefinitionRefused, "a subquery"),
        ("lag_sec > ?", DefinitionRefused, "a parameter"),
        ("lag_sec > $most", DefinitionRefused, "a parameter"),
        ("unnest([true, false])", DefinitionRefused, "gives many"),
        ("COLUMNS('lag.*') > 1", DefinitionRefused, "found [*]"),
        ("", SyntaxProblem, "expected a condition"),
        ("lag_sec >", SyntaxProblem, "expected a condition"),
        ("true, false", SyntaxProblem, "expected one condition"),
        ("true AS answer", SyntaxProblem, "expected one condition"),
        ("true) OR (true", SyntaxProblem, "expected a condition"),
        ("true FROM x; DROP TABLE x", SyntaxProblem, "expected a condition"),
    ],
)
def test_whatever_else_is_refused_with_the_reason(predicate, error, said):
    with pytest.raises(error, match=said) as caught:
        check_predicate(predicate, SCHEMA)
    if caught.value.line is not None:
        lines = predicate.split("\n")
        assert 1 <= caught.value.column <= len(lines[caught.value.line - 1]) + 1


@pytest.mark.parametrize(
    ("predicate", "column"),
    [
        ("lag_sec >", 10),
        ("lag_sec > 3 AND AND true", 17),
        ("'ä' = 'ä' AND max_psy > 1", 15),
        ("lag_sec > 3 AND now() > TIMESTAMPTZ '2024-01-01'", 17),
        ("name = 'a' OR (SELECT true)", 15),
        ("name IN ('a', 'other')", 15),
    ],
)
def test_what_is_wrong_is_placed_where_it_stands_in_the_condition(predicate, column):
    with pytest.raises(MlviewError) as caught:
        check_predicate(predicate, SCHEMA, {"name": ("a", "b")})
    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    "predicate",
    ["name = 'aa'", "'aa' <> NAME", "lag_sec > 1 AND staleness.name NOT IN ('b', 'aa')",
     "name IS NOT DISTINCT FROM 'aa'", "CASE name WHEN 'aa' THEN true END"],
)  # fmt: skip
def test_a_text_that_a_column_never_has_is_answered_with_the_nearest_one(predicate):
    with pytest.raises(BindProblem, match=r"(?i)name is never 'aa'") as caught:
        check_predicate(predicate, SCHEMA, {"name": ("a", "b")})
    assert caught.value.hint == "did you mean 'a'?"


@pytest.mark.parametrize(
    "predicate",
    ["name = 'a'", "name IN ('a', 'b')", "name > 'aa'", "lower(name) = 'aa'", "name LIKE 'aa'",
     "max_psi = '3'", "name = NULL"],
)  # fmt: skip
def test_any_other_comparison_is_let_through(predicate):
    check_predicate(predicate, SCHEMA, {"name": ("a", "b")})


def test_an_unknown_column_is_answered_with_the_nearest_one_or_with_all():
    with pytest.raises(BindProblem) as near:
        check_predicate("max_psy > 1", SCHEMA)
    assert near.value.hint == "did you mean 'max_psi'?"
    with pytest.raises(BindProblem) as far:
        check_predicate("zzz > 1", SCHEMA)
    assert far.value.hint == "its columns are name, lag_sec, max_psi, live"


def test_each_predicate_is_about_the_row_at_its_place():
    table = rows({"lag_sec": 1.0}, {"lag_sec": 5.0}, {"max_psi": 0.3})
    asked = ["lag_sec > 2", "lag_sec > 2", "lag_sec > 2 OR max_psi > 0.2"]
    assert answers(table, asked) == [Answer(False), Answer(True), Answer(True)]
    assert answers(rows(), []) == []


def test_what_depends_on_a_null_is_neither_true_nor_false():
    table = rows({}, {"lag_sec": 5.0})
    assert answers(table, ["lag_sec > 2", "lag_sec > 2 OR max_psi > 1"]) == [
        Answer(None),
        Answer(True),
    ]


def test_a_predicate_that_fails_while_it_runs_spoils_no_other():
    table = rows({"name": "5"}, {"name": "x"}, {"name": "y", "lag_sec": 1.0}, {})
    asked = ["name::INT > 4", "name::INT > 4", "lag_sec = 1", "name::INT > 4"]
    fine, failed, other, null = answers(table, asked)
    assert (fine, other, null) == (Answer(True), Answer(True), Answer(None))
    assert failed.value is None
    assert "Could not convert string 'x'" in failed.error


def test_a_predicate_that_cannot_be_bound_any_more_spoils_no_other():
    gone, fine = answers(rows({"lag_sec": 1.0}, {"lag_sec": 1.0}), ["gone > 1", "lag_sec = 1"])
    assert fine == Answer(True)
    assert "gone" in gone.error


texts = st.text(alphabet="lag_sec() >1.,;'\"-*/\nORNULLtrue[]?$", max_size=30)


@settings(max_examples=60, deadline=None)
@given(predicate=texts)
def test_no_text_does_anything_but_answer_or_be_refused(predicate):
    try:
        check_predicate(predicate, SCHEMA)
    except MlviewError:
        return
    (answer,) = answers(rows({"lag_sec": 1.0}), [predicate])
    assert answer.value in (True, False, None)
