"""Objects: names, CREATE texts, dropping and bringing back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlview.definitions import Kind, Name
from mlview.errors import LeaseLost, NameTaken, UnknownName, UsageProblem

LATE = Name("late")


def test_an_object_reads_back_as_it_was_defined(catalog, scene):
    text = 'CREATE MODEL "Two Words" AS\n  FROM flights -- ünï\x00cødé'
    row = catalog.define(
        Kind.MODEL, Name("Two Words", "Raw"), text, "abc", owner="ml", now=scene.now
    )
    assert catalog.get(Name("two words", "raw")) == row == catalog.object(row.id)
    assert (str(row.name), row.create_text, row.fingerprint) == ('Raw."Two Words"', text, "abc")
    assert (row.owner, row.created_at, row.live_version) == ("ml", scene.now, None)
    assert not row.suspended
    assert not row.held


def test_names_are_unique_whatever_their_case(scene):
    scene.model("late")
    with pytest.raises(NameTaken, match="'LATE' is taken by a model") as caught:
        scene.model("LATE", Kind.MATERIALIZED_VIEW)
    assert caught.value.hint == "choose another name, or DROP MODEL late;"


def test_only_ascii_letters_fold_as_in_duckdb(scene, catalog):
    scene.model("straße")
    scene.model("STRASSE")
    scene.model("Ä")
    scene.model("ä")
    assert len(catalog.objects()) == 4


def test_one_name_may_be_used_in_two_schemas(catalog, scene):
    for schema in ("main", "raw"):
        catalog.define(Kind.VIEW, Name("v", schema), "...", "f", owner=None, now=scene.now)
    assert [str(row.name) for row in catalog.objects()] == ["v", "raw.v"]


def test_hostile_names_are_only_names(catalog, scene):
    names = ['a"; DROP TABLE objects', "../../etc/passwd", "x" * 10_000, "", "%_", "'"]
    for name in names:
        catalog.define(Kind.VIEW, Name(name), "...", "f", owner=None, now=scene.now)
    assert [row.name.name for row in catalog.objects()] == names
    assert catalog.find(Name("__")) is None
    assert catalog.check() == []


def test_an_unknown_name_gets_the_nearest_one(catalog, scene):
    scene.model("late_arrival")
    with pytest.raises(UnknownName, match="no model named 'late_arival'") as caught:
        catalog.get(Name("late_arival"), Kind.MODEL)
    assert caught.value.hint == "did you mean 'late_arrival'?"


def test_a_name_of_another_kind_says_which(catalog, scene):
    scene.model("daily", Kind.MATERIALIZED_VIEW)
    with pytest.raises(UnknownName, match="'daily' is a materialized view, not a model") as caught:
        catalog.get(Name("daily"), Kind.MODEL)
    assert caught.value.hint == "write MATERIALIZED VIEW daily"


def test_a_dropped_name_says_how_to_get_it_back(catalog, scene):
    catalog.drop([scene.model().id], now=scene.now)
    assert catalog.find(LATE) is None
    with pytest.raises(UnknownName, match="was dropped at 2013-03-10 12:00:00 UTC") as caught:
        catalog.get(LATE)
    assert caught.value.hint == "UNDROP MODEL late;"


def test_redefining_keeps_what_is_live(catalog, scene):
    row = scene.model()
    scene.publish(row)
    changed = catalog.redefine(row.id, "CREATE MODEL late ...", "f2", owner="me", now=scene.now)
    assert (changed.create_text, changed.fingerprint, changed.owner) == (
        "CREATE MODEL late ...",
        "f2",
        "me",
    )
    assert changed.live_version == 1


def test_a_rename_frees_the_old_name_and_takes_the_new(catalog, scene):
    row = scene.model("late")
    catalog.rename(row.id, Name("Delayed"), "CREATE MODEL Delayed", now=scene.now)
    assert catalog.get(Name("delayed")).create_text == "CREATE MODEL Delayed"
    scene.model("late")
    with pytest.raises(NameTaken):
        catalog.rename(row.id, LATE, "CREATE MODEL late", now=scene.now)


def test_a_rename_may_change_case_only(catalog, scene):
    row = scene.model("late")
    assert catalog.rename(row.id, Name("LATE"), "...", now=scene.now).name.name == "LATE"


def test_comment_suspension_hold_and_unusable_reason_are_kept(catalog, scene):
    row = scene.model()
    catalog.comment(row.id, "odd \udcff file name")
    catalog.suspend(row.id, True, now=scene.now)
    catalog.hold(row.id, True)
    found = catalog.set_unusable(row.id, "flights is gone")
    assert (found.comment, found.suspended, found.held, found.unusable_reason) == (
        "odd \\udcff file name",
        True,
        True,
        "flights is gone",
    )
    assert not catalog.hold(row.id, False).held


def test_each_change_grows_the_revision_and_the_counter(catalog, scene):
    row = scene.model()
    changes = [
        lambda: catalog.comment(row.id, "x"),
        lambda: catalog.suspend(row.id, True, now=scene.now),
        lambda: catalog.hold(row.id, True),
        lambda: catalog.set_unusable(row.id, "x"),
        lambda: catalog.redefine(row.id, "t", "f", owner=None, now=scene.now),
        lambda: catalog.rename(row.id, Name("b"), "t", now=scene.now),
        lambda: scene.candidate(row),
        lambda: catalog.pin(row.id, 1),
        lambda: catalog.point_at(row.id, 1, now=scene.now, by="me", reason="pin"),
        lambda: catalog.pin(row.id, None),
        lambda: scene.publish(row),
        lambda: catalog.drop([row.id], now=scene.now),
        lambda: catalog.undrop(Name("b"), Kind.MODEL, now=scene.now),
    ]
    for change in changes:
        before = (catalog.counter(), catalog.object(row.id).revision)
        change()
        after = (catalog.counter(), catalog.object(row.id).revision)
        assert after[0] > before[0]
        assert after[1] > before[1]


def test_leases_and_history_do_not_invalidate_caches(catalog, scene):
    row = scene.model()
    before = catalog.counter()
    token = scene.lease(row)
    scene.begin(row)
    catalog.renew(row.id, token, scene.now, 60)
    catalog.set_meta("k", "v")
    assert catalog.counter() == before


def test_a_drop_takes_all_or_none(catalog, scene):
    row = scene.model()
    with pytest.raises(UnknownName):
        catalog.drop([row.id, 999], now=scene.now)
    assert catalog.find(LATE) is not None


def test_a_dropped_object_comes_back_with_its_versions_and_pointer(catalog, scene):
    row = scene.model()
    scene.publish(row)
    catalog.drop([row.id], now=scene.now)
    assert catalog.objects() == ()
    assert catalog.live_versions() == {}
    assert [r.id for r in catalog.objects(dropped=True)] == [row.id]
    back = catalog.undrop(Name("LATE"), Kind.MODEL, now=scene.now)
    assert (back.id, back.live_version, back.dropped_at) == (row.id, 1, None)
    assert set(catalog.live_versions()) == {row.id}


def test_undrop_takes_the_newest_and_refuses_a_name_in_use(catalog, scene):
    first = scene.model()
    catalog.drop([first.id], now=scene.now)
    second = scene.model()
    with pytest.raises(NameTaken):
        catalog.undrop(LATE, Kind.MODEL, now=scene.now)
    catalog.drop([second.id], now=scene.now + timedelta(seconds=1))
    assert catalog.undrop(LATE, Kind.MODEL, now=scene.now).id == second.id


def test_undropping_what_was_never_dropped_names_the_nearest(catalog, scene):
    catalog.drop([scene.model("late").id], now=scene.now)
    with pytest.raises(UnknownName, match="no model named 'lite' was dropped") as caught:
        catalog.undrop(Name("lite"), Kind.MODEL, now=scene.now)
    assert caught.value.hint == "did you mean 'late'?"
    with pytest.raises(UnknownName):
        catalog.undrop(LATE, Kind.MATERIALIZED_VIEW, now=scene.now)


def test_a_dropped_object_cannot_be_altered_refreshed_or_published(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    token = scene.lease(row)
    catalog.drop([row.id], now=scene.now)
    with pytest.raises(UnknownName, match="was dropped"):
        catalog.comment(row.id, "x")
    with pytest.raises(UnknownName, match="was dropped"):
        scene.lease(row)
    with pytest.raises(LeaseLost):
        catalog.publish(row.id, version.number, token=token, now=scene.now, by="x", reason="x")


def test_a_purged_object_leaves_only_history_and_its_id_is_never_used_again(catalog, scene):
    row = scene.model()
    scene.publish(row, refresh_id=scene.begin(row))
    catalog.purge(row.id)
    assert catalog.objects(dropped=True) == ()
    assert catalog.versions() == ()
    assert [(r.object_id, r.name) for r in catalog.refreshes()] == [(row.id, "late")]
    assert [d.name for d in catalog.deployments()] == ["late"]
    assert scene.model().id != row.id
    assert catalog.check() == []


def test_moments_without_a_time_zone_are_refused(catalog, scene):
    naive = scene.now.replace(tzinfo=None)
    with pytest.raises(UsageProblem, match="has no time zone"):
        catalog.define(Kind.MODEL, LATE, "...", "f", owner=None, now=naive)
    assert catalog.objects() == ()


def test_text_that_utf8_cannot_say_is_refused_in_definitions(catalog, scene):
    with pytest.raises(UsageProblem, match="cannot be kept"):
        catalog.define(Kind.MODEL, LATE, "\ud800", "f", owner=None, now=scene.now)
    assert catalog.objects() == ()
