from __future__ import annotations

import shutil

import pytest

from mlview.demo.places import fresh
from mlview.errors import UsageProblem


def test_a_missing_directory_is_made(tmp_path):
    place = fresh(tmp_path / "a" / "b")
    assert place.directory.is_dir()
    assert place.database.parent == place.directory


def test_without_a_directory_a_temporary_one_is_made_each_time():
    first, second = fresh(None), fresh(None)
    assert first.directory != second.directory
    shutil.rmtree(first.directory)
    shutil.rmtree(second.directory)


def test_what_an_earlier_demo_left_is_cleared(tmp_path):
    place = fresh(tmp_path)
    place.data.mkdir()
    (place.data / "flights.parquet").write_bytes(b"old")
    place.plot.write_bytes(b"old")
    again = fresh(tmp_path)
    assert not again.data.exists()
    assert not again.plot.exists()


def test_a_directory_with_anything_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageProblem, match=r"it has thesis\.txt"):
        fresh(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_earlier_demo_with_something_added_is_left_alone(tmp_path):
    place = fresh(tmp_path)
    place.plot.write_bytes(b"old")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageProblem, match=r"it has notes\.txt"):
        fresh(tmp_path)
    assert place.plot.exists()


def test_a_database_of_the_same_name_that_no_demo_made_is_left_alone(tmp_path):
    (tmp_path / "flights.mlv").mkdir()
    with pytest.raises(UsageProblem, match="not from an earlier demo"):
        fresh(tmp_path)
    assert (tmp_path / "flights.mlv").exists()


def test_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageProblem, match="is a file, not a directory"):
        fresh(file)
