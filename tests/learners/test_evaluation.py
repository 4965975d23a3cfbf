from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from mlview.learners import (
    confusion_matrix,
    evaluate,
    feature_importance,
    fit_baseline,
    judge,
    predict,
    primary_metric,
)
from mlview.learners.intervals import area_under_curve, of_median, wilson
from mlview.learners.tasks import Task


def judged(tools, flights, label, using, features=("distance", "carrier")):
    data = flights.select([*features, label])
    train, test = data.slice(0, 250), data.slice(250)
    fitted = tools.train(train, label, using)
    baseline = fit_baseline(tools.roles_of(train, label, using), train)
    return fitted, test, evaluate(fitted, test, baseline)


def test_binary_metrics_equal_scikit_learns(tools, flights):
    fitted, test, metrics = judged(tools, flights, "late", "LogisticRegression")
    truth = np.array(test["late"].to_pylist())
    said, chance = (np.array(c.to_pylist()) for c in predict(fitted, test).table.columns)
    expected = {
        "roc_auc": sk.roc_auc_score(truth, chance),
        "average_precision": sk.average_precision_score(truth, chance),
        "accuracy": sk.accuracy_score(truth, said),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said),
        "f1": sk.f1_score(truth, said),
        "precision": sk.precision_score(truth, said),
        "recall": sk.recall_score(truth, said),
        "log_loss": sk.log_loss(truth, chance),
        "brier_score_loss": sk.brier_score_loss(truth, chance),
    }
    assert {m.name: m.value for m in metrics} == pytest.approx(expected)
    assert metrics[0].name == primary_metric(Task.CLASSIFICATION, 2)
    assert metrics[0].baseline == 0.5


def test_metrics_of_more_classes_equal_scikit_learns(tools, flights):
    fitted, test, metrics = judged(tools, flights, "level", "RandomForestClassifier")
    truth = test["level"].to_pylist()
    answer = predict(fitted, test).table
    said = answer["predicted_level"].to_pylist()
    chance = np.array([[p for _, p in row] for row in answer["predicted_level_probs"].to_pylist()])
    expected = {
        "accuracy": sk.accuracy_score(truth, said),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said),
        "f1_macro": sk.f1_score(truth, said, average="macro"),
        "log_loss": sk.log_loss(truth, chance),
        "roc_auc_ovr": sk.roc_auc_score(truth, chance, multi_class="ovr"),
    }
    assert {m.name: m.value for m in metrics} == pytest.approx(expected)


def test_regression_metrics_equal_scikit_learns(tools, flights):
    fitted, test, metrics = judged(tools, flights, "delay", "Ridge")
    truth, said = test["delay"].to_pylist(), predict(fitted, test).table.column(0).to_pylist()
    expected = {
        "r2": sk.r2_score(truth, said),
        "mean_absolute_error": sk.mean_absolute_error(truth, said),
        "root_mean_squared_error": sk.root_mean_squared_error(truth, said),
        "median_absolute_error": sk.median_absolute_error(truth, said),
    }
    assert {m.name: m.value for m in metrics} == pytest.approx(expected)
    assert [m.greater_is_better for m in metrics] == [True, False, False, False]


@pytest.mark.parametrize(
    ("label", "using"), [("late", None), ("level", "GaussianNB"), ("delay", "Ridge")]
)
def test_every_interval_holds_its_value_and_every_metric_has_a_baseline(
    tools, flights, label, using
):
    for metric in judged(tools, flights, label, using)[2]:
        assert metric.low <= metric.value <= metric.high
        assert metric.baseline is not None or metric.name == "precision"


def test_intervals_cover_the_truth_in_about_95_percent_of_samples():
    random, covered = np.random.default_rng(0), {"auc": 0, "wilson": 0, "median": 0}
    for _ in range(300):
        truth = random.random(150) < 0.4
        scores = random.normal(size=150) + truth
        area, influence = area_under_curve(truth, scores)
        half = 1.96 * np.sqrt(np.mean(influence**2) / 150)
        covered["auc"] += abs(area - 0.7602499) <= half  # Phi(1 / sqrt 2)
        low, high = wilson(truth.sum(), 150)
        covered["wilson"] += low <= 0.4 <= high
        low, high = of_median(random.exponential(size=150))
        covered["median"] += low <= np.log(2) <= high
    assert all(273 <= count <= 297 for count in covered.values()), covered


def test_one_class_in_the_held_out_rows_leaves_metrics_out_with_a_notice(tools, flights):
    data = flights.select(["distance", "carrier", "late"])
    fitted = tools.train(data, "late", "GaussianNB")
    evaluation = judge(fitted, data.filter(data["late"]))
    assert "roc_auc" not in [m.name for m in evaluation.metrics]
    assert any("one class only" in n for n in evaluation.notices)


def test_unlabelled_rows_and_unknown_classes_are_left_out(tools, flights):
    data = flights.select(["distance", "carrier", "level"])
    fitted = tools.train(data, "level", "GaussianNB")
    odd = data.slice(0, 3).set_column(2, "level", pa.array(["a", None, "never seen"]))
    evaluation = judge(fitted, odd)
    assert evaluation.rows == 1
    assert any("training had not" in n for n in evaluation.notices)
    assert judge(fitted, data.slice(0, 0)).metrics == ()


@pytest.mark.parametrize(
    ("using", "first"), [("KMeans", "silhouette"), ("PCA", "explained_variance")]
)
def test_unsupervised_models_have_their_own_metrics(tools, flights, using, first):
    data = flights.select(["distance", "carrier"])
    metrics = evaluate(tools.train(data, None, using), data)
    assert metrics[0].name == first == primary_metric(tools.roles_of(data, None, using).task)
    assert metrics[0].value <= 1


def test_outlier_scores_have_no_metrics(tools, flights):
    data = flights.select(["distance"])
    assert evaluate(tools.train(data, None, "IsolationForest"), data) == ()


@pytest.mark.parametrize("using", [None, "XGBClassifier", "SVC"])
def test_the_confusion_matrix_counts_every_labelled_row(tools, flights, using):
    data = flights.select(["distance", "carrier", "late"])
    matrix = confusion_matrix(tools.train(data, "late", using), data)
    assert matrix.column_names == ["actual", "predicted", "rows"]
    assert matrix["actual"].type == pa.bool_()
    assert sum(matrix["rows"].to_pylist()) == data.num_rows


@pytest.mark.parametrize(
    ("using", "kind"),
    [("RandomForestRegressor", "impurity"), ("LGBMRegressor", "gain"), ("XGBRegressor", "gain"),
     ("Ridge", "coefficient"), (None, "permutation"), ("KNeighborsRegressor", "permutation")],
)  # fmt: skip
def test_importances_are_per_source_column_the_most_important_first(tools, flights, using, kind):
    data = flights.select(["distance", "carrier", "weekend", "delay"])
    table = feature_importance(tools.train(data, "delay", using), data, seed=0)
    assert set(table["kind"].to_pylist()) == {kind}
    assert table["feature"][0].as_py() == "distance"
    assert sorted(table["feature"].to_pylist()) == ["carrier", "distance", "weekend"]
    values = table["importance"].to_pylist()
    assert values == sorted(values, reverse=True)
