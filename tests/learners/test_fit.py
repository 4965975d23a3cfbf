from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from mlview.definitions import Method
from mlview.errors import FitFailed, TrainingDataProblem, UsageProblem
from mlview.learners import (
    Feature,
    FeatureKind,
    build_pipeline,
    describe_pipeline,
    fit,
    predict,
    preprocessing,
    resolve,
    wrap_pipeline,
)
from mlview.learners.frames import feature_frame


@pytest.fixture(scope="module")
def data(flights):
    return flights.select(["distance", "carrier", "weekend", "late"])


@pytest.mark.parametrize(
    "using", [None, "RandomForestClassifier", "LogisticRegression", "SGDClassifier",
              "LGBMClassifier"]
)  # fmt: skip
def test_the_same_rows_and_seed_give_the_same_model(tools, data, using):
    one, two = (predict(tools.train(data, "late", using, seed=4), data).table for _ in range(2))
    assert one.equals(two)


def test_the_seed_matters_and_the_users_own_wins(tools, data):
    def answers(using, seed):
        return predict(tools.train(data, "late", using, seed=seed), data).table

    assert not answers("RandomForestClassifier", 1).equals(answers("RandomForestClassifier", 2))
    own = Method("RandomForestClassifier", (("random_state", 9),))
    assert answers(own, 1).equals(answers(own, 2))


def test_rows_without_a_label_are_not_trained_on(tools, data):
    question = data.slice(0, 50).set_column(3, "late", pa.nulls(50, pa.bool_()))
    roles = tools.roles_of(data, "late")
    pipeline = build_pipeline(roles, resolve(None, roles.task), 0)
    with_questions = fit(pipeline, roles, pa.concat_tables([data, question]), seed=0)
    assert predict(with_questions, data).table.equals(
        predict(fit(pipeline, roles, data, seed=0), data).table
    )


def test_the_given_pipeline_stays_unfitted(tools, data):
    roles = tools.roles_of(data, "late")
    pipeline = build_pipeline(roles, resolve(None, roles.task), 0)
    fit(pipeline, roles, data, seed=0)
    assert not hasattr(pipeline["preprocess"], "transformers_")


def test_what_an_estimator_raises_is_told_with_its_cause(tools, flights):
    data = flights.select(["distance", "delay"])
    negative = data.set_column(1, "delay", pa.array(-np.abs(data["delay"].to_numpy()) - 1))
    with pytest.raises(
        FitFailed, match="GammaRegressor could not be fitted: ValueError"
    ) as problem:
        tools.train(negative, "delay", "GammaRegressor")
    assert isinstance(problem.value.__cause__, ValueError)


def test_warnings_of_a_fit_become_notices(tools, data):
    fitted = tools.train(data, "late", Method("MLPClassifier", (("max_iter", 2),)))
    assert any("ConvergenceWarning" in n for n in fitted.notices)


def test_the_whole_pipeline_takes_a_pandas_frame_and_answers_with_labels(tools, data):
    fitted = tools.train(data, "late", "RandomForestClassifier")
    said = fitted.pipeline.predict(data.to_pandas())
    assert said.tolist() == predict(fitted, data).table.column(0).to_pylist()


def test_a_users_pipeline_gets_the_raw_columns_and_the_seed(tools, data):
    own = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["carrier"])),
        RandomForestClassifier(5),
    )
    roles = tools.roles_of(data, "late")
    one, two = (fit(wrap_pipeline(own, roles), roles, data, seed=6) for _ in range(2))
    assert predict(one, data).table.equals(predict(two, data).table)
    assert one.pipeline.get_params()["estimator__randomforestclassifier__random_state"] == 6
    assert not hasattr(own[-1], "estimators_")


def test_what_is_no_pipeline_for_the_task_is_refused(tools, data):
    roles = tools.roles_of(data, "late")
    for given in ("a string", LogisticRegression, OneHotEncoder()):
        with pytest.raises(UsageProblem):
            wrap_pipeline(given, roles)


def test_moments_are_seconds_and_missing_where_they_are_infinite():
    column = pa.array([86_400_000_000, None, 2**63 - 1, -62135596800000000]).cast(
        pa.timestamp("us")
    )
    frame = feature_frame(
        pa.table({"at": column}), [Feature("at", "TIMESTAMP", FeatureKind.DATETIME)]
    )
    assert frame["at"].fillna(-1).tolist() == [86400.0, -1.0, -1.0, -62135596800.0]


def test_doubles_without_nulls_are_not_copied():
    column = pa.array(np.arange(1000.0))
    frame = feature_frame(pa.table({"x": column}), [Feature("x", "DOUBLE", FeatureKind.NUMERIC)])
    assert np.shares_memory(frame["x"].to_numpy(), column.to_numpy())


def test_text_is_a_category_with_one_string_per_level():
    column = pa.chunked_array([["a", None], ["b", "a"]])
    frame = feature_frame(pa.table({"c": column}), [Feature("c", "T", FeatureKind.CATEGORICAL)])
    assert frame["c"].astype(object).where(frame["c"].notna(), None).tolist() == [
        "a",
        None,
        "b",
        "a",
    ]
    assert isinstance(frame["c"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    ("using", "words"),
    [
        (None, ["native categories", "as they are"]),
        ("LogisticRegression", ["one-hot", "scaled to mean 0"]),
        ("RandomForestClassifier", ["one-hot", "as they are"]),
        ("MultinomialNB", ["one-hot", "0..1"]),
        ("CategoricalNB", ["levels", "bins"]),
    ],
)
def test_preprocessing_is_told_per_group_of_columns(tools, data, using, words):
    text = str(describe_pipeline(tools.train(data, "late", using).pipeline))
    assert all(word in text for word in words)


def many_categories(levels, rows):
    random = np.random.default_rng(0)
    return pa.table(
        {
            "c": pa.array([f"v{i % levels}" for i in range(rows)]),
            "y": pa.array(random.normal(size=rows)),
        }
    )


def test_more_categories_than_bins_are_numbered_and_said_so(tools):
    fitted = tools.train(many_categories(300, 900), "y")
    assert "alphabetical" in describe_pipeline(fitted.pipeline)[0][1]


def test_one_hot_has_a_limit(tools, monkeypatch):
    monkeypatch.setattr(preprocessing, "MAX_ONE_HOT", 20)
    with pytest.raises(TrainingDataProblem, match="CARDINALITY") as problem:
        tools.train(many_categories(30, 90), "y", "Ridge")
    assert problem.value.facts["limit"] == 20


def test_a_dense_matrix_has_a_limit(tools, monkeypatch):
    monkeypatch.setattr(preprocessing, "MAX_DENSE_CELLS", 1000)
    tools.train(many_categories(30, 90), "y", "Ridge")
    with pytest.raises(TrainingDataProblem, match="CARDINALITY"):
        tools.train(many_categories(30, 90), "y", "Lars")
