"""How errors are told."""

from hypothesis import given
from hypothesis import strategies as st

from mlview.cli.failures import Excerpt, as_lines
from mlview.errors import SyntaxProblem


def test_the_caret_stands_under_the_column():
    lines = as_lines(SyntaxProblem("no", line=2, column=3), Excerpt("SELECT 1;\nab cd", "ab cd"))
    assert lines[1:] == ["  2 | ab cd", "    |   ^"]


def test_wide_characters_and_tabs_keep_the_caret_in_place():
    assert Excerpt("\t'日' x", "").pointing(1, 6) == ["  1 |  '日' x", "    |       ^"]


def test_a_long_line_is_cut_around_the_column():
    line, caret = Excerpt("a" * 500 + "X" + "b" * 500, "").pointing(1, 501)
    assert len(line) < 90
    assert line[caret.index("^")] == "X"


def test_a_place_outside_of_the_script_shows_nothing():
    assert Excerpt("SELECT 1", "").pointing(7, 1) == []


@given(st.text(max_size=200), st.integers(-1, 9), st.none() | st.integers(-1, 300))
def test_no_place_in_no_text_breaks_the_telling(script, line, column):
    assert len(Excerpt(script, script).pointing(line, column)) <= 2
