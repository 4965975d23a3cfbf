"""How much history is kept, as users say."""

from datetime import timedelta

import pytest

import mlview
from mlview.errors import MlviewError
from mlview.upkeep.retention import Retention


def test_ten_versions_and_thirty_days_are_kept_if_nobody_says_otherwise(db):
    assert db.retention == Retention(versions=10, snapshots=timedelta(days=30))
    assert db.retention.at_most == 50_000


def test_what_users_say_is_kept_with_the_database_part_by_part(db, path):
    said = db.sql("ALTER DATABASE SET RETENTION (versions => 1)")
    assert "1 version of each view, snapshots of 30 days" in str(said)
    db.sql("ALTER DATABASE SET RETENTION (snapshots => '90 minutes')")
    db.close()
    with mlview.connect(path) as again:
        assert again.retention == Retention(1, timedelta(minutes=90), at_most=None)


def test_gc_goes_by_it(db):
    assert db.gc(dry_run=True).arrow()["versions"].to_pylist() == [0]
    db.sql("ALTER DATABASE SET RETENTION (versions => 1, snapshots => '1 hour')")
    collected = db.gc().arrow().to_pylist()[0]
    assert collected["versions"] == 6
    assert collected["lake_snapshots"] > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("versions => 0", "expected at least 1 version to keep, found 0"),
        ("snapshots => '59 minutes'", "for 1 hour at least, found 59 minutes"),
        ("snapshots => '3 dogs'", "'3 dogs' is not a positive length of time"),
        ("version => 3", "expected versions or snapshots, found 'version'"),
        ("versions => 3, versions => 4", "versions is given twice"),
    ],
)
def test_bad_values_are_refused_and_change_nothing(db, text, message):
    with pytest.raises(MlviewError, match=message) as caught:
        db.sql(f"ALTER DATABASE SET RETENTION ({text})")
    assert caught.value.hint
    assert db.retention == Retention()
