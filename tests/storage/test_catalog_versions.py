"""Versions: what is kept reads back exactly, and nothing needed is deleted."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.errors import UnknownName, UsageProblem
from mlview.records import Action, Column, Metric, UpstreamVersion, VersionStatus
from mlview.storage import jsontext
from mlview.storage.columns import Moment

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(
            st.text(st.characters()) | st.just("$") | st.integers(), inner, max_size=4
        )
    ),
)


@given(_values)
def test_any_nested_value_reads_back_as_it_was(value):
    found = jsontext.load(jsontext.dump(value))
    assert found == value
    assert repr(found) == repr(value)


def test_nan_and_infinities_read_back_where_json_has_no_word_for_them():
    found = jsontext.load(jsontext.dump([math.nan, math.inf, -math.inf]))
    assert [repr(x) for x in found] == ["nan", "inf", "-inf"]


def test_numpy_scalars_read_back_as_python_values():
    values = [np.int64(3), np.float32(0.5), np.float64("nan"), np.bool_(True), np.str_("a")]
    assert [repr(x) for x in jsontext.load(jsontext.dump(values))] == [
        "3",
        "0.5",
        "nan",
        "True",
        "'a'",
    ]


def test_a_value_of_a_foreign_type_is_refused_by_name():
    with pytest.raises(UsageProblem, match="a set cannot be kept"):
        jsontext.dump({"a": {1, 2}})


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))])))
def test_moments_read_back_exactly_and_in_utc(moment):
    column = Moment()
    kept = column.process_bind_param(moment, None)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    assert column.process_result_value(kept, None) == utc


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_moments_sort_as_kept(moments):
    kept = [Moment().process_bind_param(m, None) for m in moments]
    assert (kept[0] < kept[1]) == (moments[0] < moments[1])


def test_a_version_reads_back_as_it_was_added(catalog, scene):
    row = scene.model()
    version = scene.candidate(
        row,
        created_at=datetime(1, 1, 1, tzinfo=UTC),
        data_timestamp=datetime.max.replace(tzinfo=UTC),
        action=Action.INCREMENTAL,
        exact=False,
        upstream=(UpstreamVersion(3, "daily", 9),),
        base_tables={"flights": 7, 'odd"name': 2**62},
        schema=(Column("carrier", "VARCHAR", 4), Column("late", "BOOLEAN")),
        settings={"TimeZone": "UTC"},
        library_versions={"scikit-learn": "1.9.1"},
        seed=2**62,
        row_order=("flight_id", "carrier"),
        stored_snapshot=12,
        artifact_sha256="ab" * 32,
        method="HistGradientBoostingClassifier",
        parameters={"z": (1, ("a", None)), "alphas": [0.1, math.inf], "max_iter": 2**70},
        rows=10,
        rows_trained=8,
        rows_held_out=2,
        rows_unlabelled=0,
        score_name="roc_auc",
        metrics=(Metric("roc_auc", 0.7, 0.6, 0.8, 0.5), Metric("log_loss", 1.0, None, None, 2.0)),
        details={"nested": {"$": "tuple", "x": [1, {"y": ()}]}},
        fit_seconds=math.inf,
    )
    assert catalog.version(row.id, version.number) == version
    assert catalog.versions() == (version,)
    assert list(catalog.version(row.id, 1).parameters) == ["z", "alphas", "max_iter"]


def test_a_score_that_is_not_a_number_stays_one(catalog, scene):
    row = scene.model()
    scene.candidate(row, metrics=(Metric("r2", math.nan),), score_name="r2")
    assert math.isnan(catalog.version(row.id, 1).score.value)


def test_version_numbers_are_given_once_even_if_unused_or_deleted(catalog, scene):
    row = scene.model()
    assert catalog.next_version(row.id) == 1
    assert scene.candidate(row).number == 2
    assert catalog.delete_versions([(row.id, 2)]) == ((row.id, 2),)
    assert catalog.next_version(row.id) == 3


def test_numbers_are_counted_per_object(catalog, scene):
    first, second = scene.model("a"), scene.model("b")
    assert [catalog.next_version(i) for i in (first.id, second.id, first.id)] == [1, 1, 2]


def test_a_number_brought_from_elsewhere_is_not_given_out_again(catalog, scene):
    row = scene.model()
    catalog.add_version(replace(scene.candidate(row), number=40))
    assert catalog.next_version(row.id) == 41


def test_a_number_cannot_be_used_twice(catalog, scene):
    version = scene.candidate(scene.model())
    with pytest.raises(UsageProblem, match="version 1 of 'late' exists"):
        catalog.add_version(version)


@pytest.mark.parametrize("status", [VersionStatus.LIVE, VersionStatus.RETIRED])
def test_no_version_is_added_as_live(catalog, scene, status):
    row = scene.model()
    with pytest.raises(UsageProblem, match="a new version cannot be"):
        scene.candidate(row, status=status)
    assert catalog.versions() == ()


def test_a_missing_version_names_those_there_are(catalog, scene):
    row = scene.model()
    with pytest.raises(UnknownName, match="'late' has no version 3") as caught:
        catalog.version(row.id, 3)
    assert caught.value.hint == "REFRESH MODEL late;"
    scene.candidate(row)
    scene.candidate(row)
    with pytest.raises(UnknownName) as caught:
        catalog.version(row.id, 3)
    assert caught.value.hint == "it has 1, 2"


def test_a_rejected_version_is_kept_with_its_reason_and_never_live(catalog, scene):
    row = scene.model()
    scene.candidate(row, details={"a": 1})
    catalog.reject(row.id, 1, "roc_auc 0.58 is below 0.60")
    found = catalog.version(row.id, 1)
    assert found.status is VersionStatus.REJECTED
    assert found.details == {"a": 1, "rejected_because": "roc_auc 0.58 is below 0.60"}
    with pytest.raises(UsageProblem, match="failed its gates"):
        catalog.point_at(row.id, 1, now=scene.now, by="me", reason="anyway")
    assert catalog.object(row.id).live_version is None


def test_the_live_version_cannot_be_rejected(catalog, scene):
    row = scene.model()
    scene.publish(row)
    with pytest.raises(UsageProblem, match="is live"):
        catalog.reject(row.id, 1, "late thought")


def test_live_versions_are_found_for_all_objects_at_once(catalog, scene):
    rows = [scene.model(name) for name in "abc"]
    scene.publish(rows[0])
    scene.publish(rows[0])
    scene.publish(rows[2])
    scene.candidate(rows[1])
    live = catalog.live_versions()
    assert {key: version.number for key, version in live.items()} == {rows[0].id: 2, rows[2].id: 1}


def test_live_and_pinned_versions_are_never_deleted(catalog, scene):
    row = scene.model()
    for _ in range(3):
        scene.publish(row)
    catalog.pin(row.id, 1)
    before = catalog.counter()
    assert catalog.delete_versions([(row.id, 1), (row.id, 3), (row.id, 77)]) == ()
    assert catalog.counter() == before
    assert catalog.delete_versions((row.id, n) for n in (1, 2, 3)) == ((row.id, 2),)
    assert [v.number for v in catalog.versions(row.id)] == [1, 3]


def test_only_a_version_that_exists_can_be_pinned(catalog, scene):
    row = scene.model()
    with pytest.raises(UnknownName):
        catalog.pin(row.id, 5)


def test_every_digest_that_something_kept_may_need_is_known(catalog, scene):
    kept, in_text, in_details, in_create, gone = (c * 64 for c in "abcde")
    row = scene.model()
    scene.candidate(row, artifact_sha256=kept)
    scene.candidate(row, definition_text=f"... USING ARTIFACT 'sha256:{in_text}' ...")
    scene.candidate(row, details={"held_out": [{"artifact": in_details}]})
    scene.candidate(row, artifact_sha256=gone)
    catalog.redefine(row.id, f"USING ARTIFACT 'sha256:{in_create}'", "f", owner=None, now=scene.now)
    catalog.drop([row.id], now=scene.now)
    catalog.delete_versions([(row.id, 4)])
    assert catalog.artifact_digests() == {kept, in_text, in_details, in_create}
