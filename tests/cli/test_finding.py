"""Which database a command is about."""

import pytest

from mlview.cli.finding import find_database
from mlview.errors import UnknownName, UsageProblem


def test_a_given_path_is_taken_as_it_is(tmp_path):
    assert str(find_database("some/where", tmp_path)) == "some/where"


def test_the_only_database_of_the_directory_is_taken(tmp_path):
    (tmp_path / "a.mlv").mkdir()
    (tmp_path / "notes.mlv").touch()
    assert find_database(None, tmp_path) == tmp_path / "a.mlv"
    assert find_database("", tmp_path) == tmp_path / "a.mlv"


def test_none_is_an_error_that_names_init(tmp_path):
    with pytest.raises(UnknownName) as caught:
        find_database(None, tmp_path)
    assert "mlview init" in caught.value.hint


def test_several_are_an_error_that_lists_them(tmp_path):
    (tmp_path / "b.mlv").mkdir()
    (tmp_path / "a.mlv").mkdir()
    with pytest.raises(UsageProblem, match=r"found 2 in this directory: a\.mlv, b\.mlv"):
        find_database(None, tmp_path)
