"""How a live version does on rows that came after its training."""

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import ColumnMismatch
from mlview.learners import evaluate
from mlview.learners.quality import MINIMUM_ROWS, live_quality
from mlview.records import Metric


@pytest.fixture(scope="module")
def late(tools, flights):
    data = flights.select(["distance", "carrier", "late"])
    train, later = data.slice(0, 250), data.slice(250)
    return tools.train(train, "late", "LogisticRegression"), later


@pytest.fixture(scope="module")
def delay(tools, flights):
    data = flights.select(["distance", "carrier", "delay"])
    train, later = data.slice(0, 250), data.slice(250)
    return tools.train(train, "delay", "Ridge"), later


def with_labels(rows, name, labels):
    return rows.set_column(rows.column_names.index(name), name, pa.array(labels))


def test_the_value_and_its_interval_are_those_of_an_evaluation(late):
    fitted, later = late
    found = live_quality(fitted, later, None)
    first, *_ = evaluate(fitted, later)
    assert (found.metric, found.value, found.low, found.high) == (
        "roc_auc", first.value, first.low, first.high,
    )  # fmt: skip
    assert found.n == later.num_rows
    assert found.drop is None
    assert found.all == {m.name: m.value for m in evaluate(fitted, later)}
    assert "roc_auc" in found.said


def test_a_lower_score_is_a_positive_drop_and_a_higher_loss_too(late):
    fitted, later = late
    value = live_quality(fitted, later, None).value
    worse = live_quality(fitted, later, Metric("roc_auc", value + 0.1))
    assert worse.drop == pytest.approx(0.1)
    assert "0.1 worse" in worse.said
    assert live_quality(fitted, later, Metric("roc_auc", value - 0.1)).drop == pytest.approx(-0.1)
    loss = live_quality(fitted, later, Metric("log_loss", 0.01, greater_is_better=False))
    assert loss.metric == "log_loss"
    assert loss.drop == pytest.approx(loss.value - 0.01)
    assert loss.drop > 0


def test_a_model_whose_world_changed_is_worse(delay):
    fitted, later = delay
    trained = evaluate(fitted, later)[0]
    assert live_quality(fitted, later, trained).drop == pytest.approx(0.0)
    moved = with_labels(later, "delay", [20.0 - y for y in later["delay"].to_pylist()])
    assert live_quality(fitted, moved, trained).drop > 0.2


def test_the_interval_holds_the_quality_on_many_rows(tools):
    random = np.random.default_rng(0)

    def world(rows):
        x = random.normal(size=rows)
        return pa.table({"x": x, "y": 2 * x + random.normal(size=rows)})

    fitted = tools.train(world(500), "y", "Ridge")
    truth = live_quality(fitted, world(100_000), None).value
    looks = [live_quality(fitted, world(200), None) for _ in range(60)]
    assert sum(look.low <= truth <= look.high for look in looks) >= 50


def test_labels_never_taught_and_rows_without_one_are_left_out_and_said(late):
    fitted, later = late
    assert live_quality(fitted, later, None).said.count("left out") == 0
    labels = ["a", "b"] * 40 + ["new"] * 7 + [None] * 3
    texts = pa.table({"x": np.arange(90.0), "y": labels})
    from_texts = _taught(texts)
    found = live_quality(from_texts, texts, None)
    assert found.n == 80
    assert "7 with a label that was never taught" in found.said
    assert "3 without a label" in found.said


def _taught(rows):
    from mlview.definitions import Method, Model, Name  # noqa: PLC0415 - read beside its use
    from mlview.learners import build_pipeline, derive_roles, fit, resolve  # noqa: PLC0415
    from mlview.records import Column  # noqa: PLC0415

    known = rows.slice(0, 80)
    definition = Model(name=Name("m"), query="", target="y", method=Method("LogisticRegression"))
    roles = derive_roles([Column("x", "DOUBLE"), Column("y", "VARCHAR")], known, definition)
    pipeline = build_pipeline(roles, resolve(definition.method, roles.task), 0, known.num_rows)
    return fit(pipeline, roles, known, seed=0)


def test_only_the_newest_rows_are_scored_beyond_the_limit(delay):
    fitted, later = delay
    found = live_quality(fitted, later, None, max_rows=100)
    assert found.n == 100
    assert found.value == live_quality(fitted, later.slice(50), None).value
    assert "50 older than the newest 100" in found.said


def test_what_cannot_be_scored_is_none(late, delay, tools, flights):
    fitted, later = late
    assert live_quality(fitted, later.slice(0, MINIMUM_ROWS - 1), None) is None
    assert live_quality(fitted, later.slice(0, 0), None) is None
    assert live_quality(fitted, with_labels(later, "late", [True] * 150), None) is None
    few = [True] * 4 + [False] * 146
    assert live_quality(fitted, with_labels(later, "late", few), None) is None
    unknown = pa.array([None] * 150, pa.bool_())
    assert live_quality(fitted, later.set_column(2, "late", unknown), None) is None
    assert live_quality(*(delay[0], with_labels(delay[1], "delay", [1.0] * 150)), None) is None
    clusters = tools.train(flights.select(["distance"]), None, "KMeans")
    assert live_quality(clusters, flights.select(["distance"]), None) is None


def test_one_class_can_still_be_scored_where_the_metric_needs_no_other(tools, flights):
    data = flights.select(["distance", "carrier", "level"])
    fitted = tools.train(data, "level", "GaussianNB")
    only = data.filter(pa.compute.equal(data["level"], "a"))
    assert live_quality(fitted, only, None).metric == "accuracy"


def test_a_missing_column_or_a_label_that_is_no_number_is_an_error(late, delay):
    fitted, later = late
    with pytest.raises(ColumnMismatch, match="distance"):
        live_quality(fitted, later.drop_columns(["distance"]), None)
    with pytest.raises(ColumnMismatch, match="late"):
        live_quality(fitted, later.drop_columns(["late"]), None)
    with pytest.raises(ColumnMismatch, match="delay"):
        live_quality(delay[0], with_labels(delay[1], "delay", ["x"] * 150), None)
