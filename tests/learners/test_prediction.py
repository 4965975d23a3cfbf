from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import ColumnMismatch, PredictionProblem
from mlview.learners import Signature, predict, prediction


@pytest.fixture(scope="module")
def late(flights, tools):
    return tools.train(flights.select(["distance", "carrier", "weekend", "late"]), "late")


@pytest.fixture(scope="module")
def rows(flights):
    return flights.select(["weekend", "carrier", "distance"])


def test_two_classes_give_the_label_in_its_own_type_and_the_probability_of_true(late, rows):
    answer = predict(late, rows).table
    assert answer.schema == pa.schema(
        [("predicted_late", pa.bool_()), ("predicted_late_prob", pa.float64())]
    )
    said, chance = (c.to_pylist() for c in answer.columns)
    assert said == [c > 0.5 for c in chance]


def test_more_classes_give_a_map_of_probabilities(flights, tools):
    data = flights.select(["distance", "carrier", "level"])
    answer = predict(tools.train(data, "level", "LogisticRegression"), data).table
    first = dict(answer["predicted_level_probs"][0].as_py())
    assert list(first) == ["a", "b", "c"]
    assert sum(first.values()) == pytest.approx(1)
    assert max(first, key=first.get) == answer["predicted_level"][0].as_py()


def test_a_method_without_probabilities_gives_the_label_alone(flights, tools):
    data = flights.select(["distance", "carrier", "late"])
    assert predict(tools.train(data, "late", "LinearSVC"), data).table.num_columns == 1


@pytest.mark.parametrize(
    ("using", "names"),
    [("KMeans", ["cluster"]), ("IsolationForest", ["anomaly_score"]),
     ("PCA", ["component_1", "component_2", "component_3", "component_4"])],
)  # fmt: skip
def test_unsupervised_outputs_have_their_names(flights, tools, using, names):
    data = flights.select(["distance", "carrier"])
    assert predict(tools.train(data, None, using), data).table.column_names == names


def test_a_higher_anomaly_score_is_more_anomalous(flights, tools):
    data = flights.select(["distance"])
    fitted = tools.train(data, None, "IsolationForest")
    usual, odd = predict(fitted, pa.table({"distance": [1000.0, 9e6]})).table["anomaly_score"]
    assert odd.as_py() > usual.as_py()


def test_names_match_without_case_in_any_order_beside_other_columns(late, rows):
    renamed = rows.rename_columns([n.upper() for n in rows.column_names])
    renamed = renamed.append_column("late", pa.array(["whatever"] * len(rows)))
    assert predict(late, renamed).table.equals(predict(late, rows).table)


def test_all_missing_features_are_named(late, rows):
    with pytest.raises(ColumnMismatch, match="distance, carrier"):
        predict(late, rows.select(["weekend"]))


@pytest.mark.parametrize(
    "column",
    [pa.array([5], pa.int8()), pa.array([5.0], pa.float32()), pa.array([5], pa.int64()),
     pa.array([None], pa.null()), pa.array([None], pa.string())],
    ids=str,
)  # fmt: skip
def test_types_that_widen_without_loss_are_accepted(late, column):
    table = pa.table({"distance": column, "carrier": ["AA"], "weekend": [True]})
    assert predict(late, table).table.num_rows == 1


@pytest.mark.parametrize(
    ("name", "column", "cast"),
    [
        ("distance", pa.array(["far"]), "CAST(distance AS DOUBLE) AS distance"),
        ("distance", pa.array([2**53 + 1]), "CAST(distance AS DOUBLE) AS distance"),
        ("carrier", pa.array([7]), "CAST(carrier AS VARCHAR) AS carrier"),
        ("weekend", pa.array([1]), "CAST(weekend AS BOOLEAN) AS weekend"),
    ],
)
def test_another_type_is_an_error_with_the_cast_to_write(late, name, column, cast):
    given = {"distance": pa.array([1.0]), "carrier": pa.array(["AA"]), "weekend": pa.array([True])}
    with pytest.raises(ColumnMismatch) as problem:
        predict(late, pa.table({**given, name: column}))
    assert problem.value.hint == cast


def test_an_integer_feature_takes_any_width_that_fits_and_no_float(tools):
    random = np.random.default_rng(0)
    data = pa.table({"n": pa.array(random.integers(0, 99, 50), pa.int32()),
                     "y": random.normal(size=50)})  # fmt: skip
    fitted = tools.train(data, "y", "Ridge")
    assert predict(fitted, pa.table({"n": pa.array([5], pa.int64())})).table.num_rows == 1
    for column in (pa.array([2**40]), pa.array([0.5])):
        with pytest.raises(ColumnMismatch, match="INTEGER"):
            predict(fitted, pa.table({"n": column}))


def test_unseen_categories_are_counted_and_nulls_are_not(late):
    table = pa.table({"distance": [1.0, 2.0, None], "carrier": ["ZZ", "ZZ", None],
                      "weekend": [None, True, False]})  # fmt: skip
    result = predict(late, table)
    assert result.unseen == {"carrier": 2}
    assert result.table.column(0).null_count == 0


def test_infinite_features_are_refused_with_their_count(late):
    table = pa.table({"distance": [np.inf, 1.0], "carrier": ["AA", "AA"], "weekend": [True, True]})
    with pytest.raises(PredictionProblem, match="NON_FINITE") as problem:
        predict(late, table)
    assert problem.value.facts["count"] == 1


def test_no_rows_give_no_rows_of_the_right_type(late, rows):
    empty = predict(late, rows.slice(0, 0)).table
    assert empty.num_rows == 0
    assert empty.schema == predict(late, rows).table.schema


def test_batches_do_not_change_the_answer(late, rows, monkeypatch):
    whole = predict(late, rows).table
    monkeypatch.setattr(prediction, "BATCH_ROWS", 7)
    assert predict(late, rows).table.equals(whole)


@pytest.mark.parametrize("labels", [[3, 1], [-1, 5, 7], ["b", "a\0", ""], [0.0, 2.5e10]], ids=str)
@pytest.mark.parametrize("using", ["DecisionTreeClassifier", "XGBClassifier"])
def test_labels_of_any_type_come_back_as_they_were(tools, labels, using):
    random = np.random.default_rng(0)
    answers = [labels[i % len(labels)] for i in range(60)]
    data = pa.table({"x": random.normal(size=60), "i": pa.array([i % len(labels) for i in range(59)]
                     + [0], pa.int32()), "y": pa.array(answers)})  # fmt: skip
    fitted = tools.train(data, "y", using)
    said = predict(fitted, data).table["predicted_y"]
    assert said.type == data["y"].type
    assert set(said.to_pylist()) <= set(labels)
    assert sum(a == b for a, b in zip(said.to_pylist(), answers, strict=True)) > 50
    assert Signature.from_json(fitted.signature.to_json()) == fitted.signature
