from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.errors import DefinitionRefused, TrainingDataProblem, UnknownName
from mlview.learners import FeatureKind, Task, columns, predict

NOISE = np.random.default_rng(5).normal(size=200)


def table(rows=200, **columns):
    base = {"x": pa.array(NOISE[:rows]), "y": pa.array(np.roll(NOISE, 7)[:rows])}
    return pa.table({**base, **columns})


def refused(tools, data, **definition):
    with pytest.raises(TrainingDataProblem) as problem:
        tools.roles_of(data, **{"target": "y", **definition})
    assert problem.value.hint
    return problem.value


@pytest.mark.parametrize(
    ("label", "task"), [("late", Task.CLASSIFICATION), ("level", Task.CLASSIFICATION),
                        ("delay", Task.REGRESSION)]
)  # fmt: skip
def test_the_labels_type_decides_the_task(flights, tools, label, task):
    data = flights.select(["distance", "carrier", "weekend", label])
    roles = tools.roles_of(data, label)
    assert roles.task is task
    assert [f.kind for f in roles.features] == [
        FeatureKind.NUMERIC,
        FeatureKind.CATEGORICAL,
        FeatureKind.BOOLEAN,
    ]


def test_key_ignored_time_and_identifying_columns_are_no_features(tools):
    rows = range(200)
    data = table(
        seat=pa.array(rows),
        why=pa.array(["a", "b"] * 100),
        at=pa.array(
            [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=i) for i in rows],
            pa.timestamp("us", "UTC"),
        ),
        flight_id=pa.array(rows),
        remark=pa.array([f"text {i}" for i in rows]),
        raw=pa.array([b"x"] * 200),
    )
    roles = tools.roles_of(data, "y", key=("SEAT",), ignore=("why",))
    assert [f.name for f in roles.features] == ["x"]
    assert roles.time == "at"
    assert roles.key == ("seat",)
    assert {i.column for i in roles.ignored} == {"seat", "why", "at", "flight_id", "remark", "raw"}
    assert all(i.reason for i in roles.ignored)


def test_of_two_moments_neither_is_the_time_unless_it_is_declared(tools):
    days = pa.array([dt.date(2024, 1, 1 + i % 28) for i in range(200)])
    data = table(start=days, stop=days)
    assert tools.roles_of(data, "y").time is None
    assert tools.roles_of(data, "y", time="stop").time == "stop"


@pytest.mark.parametrize("clause", ["key", "ignore"])
def test_a_clause_that_names_no_column_suggests_the_nearest(tools, clause):
    with pytest.raises(UnknownName, match=r"did you mean 'y'|the query has"):
        tools.roles_of(table(), "y", **{clause: ("yy",)})
    with pytest.raises(UnknownName):
        tools.roles_of(table(), "z")


def test_no_rows_and_no_labels_are_an_empty_training_set(tools):
    data = table()
    assert refused(tools, data.slice(0, 0)).error_code == "EMPTY_TRAINING_SET"
    nothing = pa.table({"x": data["x"], "y": pa.nulls(200, pa.float64())})
    assert refused(tools, nothing).error_code == "EMPTY_TRAINING_SET"


def test_too_few_rows_are_told_with_both_counts(tools):
    problem = refused(tools, table(rows=1))
    assert problem.error_code == "TOO_FEW_ROWS"
    assert (problem.facts["found"], problem.facts["needed"]) == (1, 2)


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (["yes"] * 200, "SINGLE_CLASS_TARGET"),
        (["yes"] * 100 + ["no"] * 99 + ["maybe"], "CLASS_TOO_SMALL"),
        ([1.5] * 200, "CONSTANT_TARGET"),
        ([1.0, float("nan")] * 100, "NAN_LABEL"),
        ([1.0, float("inf")] * 100, "NON_FINITE"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(tools, labels, code):
    problem = refused(tools, pa.table({"x": NOISE, "y": pa.array(labels)}))
    assert problem.error_code == code


def test_a_nan_label_is_counted(tools):
    labels = pa.array([1.0, 2.0, float("nan"), 3.0] * 50)
    assert refused(tools, pa.table({"x": NOISE, "y": labels})).facts["count"] == 50


def test_few_distinct_numbers_as_a_label_are_noticed(tools):
    roles = tools.roles_of(pa.table({"x": NOISE, "y": pa.array([1, 2, 3, 2] * 50)}), "y")
    assert "3 distinct numbers" in roles.notices[0]


def test_a_continuous_label_for_a_classifier_suggests_the_regressor(tools):
    problem = refused(tools, table(), using="RandomForestClassifier")
    assert problem.error_code == "LABEL_TYPE"
    assert "RandomForestRegressor" in problem.hint


def test_a_text_label_for_a_regressor_suggests_the_classifier(tools):
    data = pa.table({"x": NOISE, "y": pa.array(["a", "b"] * 100)})
    assert "LogisticRegression" in refused(tools, data, using="LinearRegression").hint


def test_a_column_that_is_null_everywhere_is_named(tools):
    problem = refused(tools, table(hole=pa.nulls(200, pa.int64())))
    assert (problem.error_code, problem.name) == ("ALL_NULL_COLUMN", "hole")
    assert problem.hint == "IGNORE (hole)"


def test_infinite_features_are_counted(tools):
    problem = refused(tools, table(ratio=pa.array([1.0, float("-inf")] * 100)))
    assert (problem.error_code, problem.facts["count"]) == ("NON_FINITE", 100)


def test_nan_features_count_as_missing(tools):
    data = table(gap=pa.array([float("nan"), 1.0, 2.0, None] * 50))
    fitted = tools.train(data, "y", "Ridge")
    assert predict(fitted, data).table.column(0).null_count == 0


@pytest.mark.parametrize(
    ("column", "notice"),
    [
        (pa.array([7] * 200), "constant"),
        (pa.array(["7.5", "1e3"] * 100), r"CAST\(c AS DOUBLE\)"),
        (pa.array([2**53 + 1, 5] * 100), "15 to 17 digits"),
        (pa.array([Decimal(10) ** 30, Decimal(1)] * 100, pa.decimal128(38, 0)), "15 to 17"),
        (pa.array([1e300, 1.0] * 100), "1e\\+300"),
    ],
)
def test_doubtful_columns_are_kept_with_a_notice(tools, column, notice):
    roles = tools.roles_of(table(c=column), "y")
    assert "c" in [f.name for f in roles.features]
    assert any(re.search(notice, n) for n in roles.notices)


def test_nested_columns_are_refused_with_the_way_out(tools):
    with pytest.raises(DefinitionRefused, match="BIGINT\\[\\]") as refusal:
        tools.roles_of(table(tags=pa.array([[1]] * 200)), "y")
    assert "IGNORE (tags)" in refusal.value.hint


def test_a_query_without_features_lists_what_was_left_out(tools):
    data = pa.table({"row_id": pa.array(range(200)), "y": NOISE})
    with pytest.raises(DefinitionRefused, match="row_id: 200 distinct"):
        tools.roles_of(data, "y")


def test_too_many_categories_are_refused_with_the_limit(tools, monkeypatch):
    monkeypatch.setattr(columns, "MAX_CATEGORIES", 20)
    problem = refused(tools, table(c=pa.array([str(i % 30) + "x" for i in range(200)])))
    assert (problem.error_code, problem.facts["found"], problem.facts["limit"]) == (
        "CARDINALITY", 30, 20)  # fmt: skip


def test_moments_from_year_1_to_infinity_are_features(tools):
    stamps = pa.array([-62135596800000000, 253402300799000000, 2**63 - 1, -(2**63) + 1] * 50)
    days = pa.array([-719162, 2932896, 2**31 - 1, -(2**31) + 1] * 50, pa.int32())
    data = table(at=stamps.cast(pa.timestamp("us")), day=days.cast(pa.date32()))
    roles = tools.roles_of(data, "y")
    assert {f.kind for f in roles.features} == {FeatureKind.NUMERIC, FeatureKind.DATETIME}
    assert sum("infinity" in n for n in roles.notices) == 2
    assert predict(tools.train(data, "y"), data).table.num_rows == 200


@settings(deadline=None)
@given(st.lists(st.text(), min_size=2, max_size=5, unique=True))
def test_any_text_survives_as_category_and_as_label(tools, texts):
    texts = [t.encode("utf-8", "ignore").decode() for t in texts]
    words = [texts[i % len(texts)] for i in range(200)]
    if len(set(words)) < 2:
        return
    data = pa.table({"x": NOISE, "word": pa.array(words), "y": pa.array(words[1:] + words[:1])})
    fitted = tools.train(data.slice(0, 60), "y", "GaussianNB", ignore=("word",))
    assert set(fitted.signature.classes) == set(words)
    assert set(predict(fitted, data).table.column(0).to_pylist()) <= set(words)


def test_special_characters_survive_one_hot_encoding(tools):
    words = ["a\0b", "a\0", "\u202eabc", "z\u200bz", "", "Ω"] * 34
    data = table(word=pa.array(words[:200]))
    assert predict(tools.train(data, "y", "Ridge"), data).unseen == {}
