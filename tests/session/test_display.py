"""Results as people see them: they fit the terminal, and say what was left out."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlview.definitions import Name
from mlview.lifecycle.cards import Card
from mlview.session.display import as_html, as_text
from mlview.session.result import Result, said
from mlview.session.values import format_value

cells = st.one_of(st.none(), st.text(max_size=80))
tables = st.integers(1, 12).flatmap(
    lambda width: st.integers(0, 8).flatmap(
        lambda rows: st.lists(
            st.lists(cells, min_size=rows, max_size=rows), min_size=width, max_size=width
        )
    )
)


@given(columns=tables, width=st.integers(40, 160))
def test_no_line_is_wider_than_the_terminal(columns, width):
    table = pa.table({f"column_{i}": pa.array(c, pa.string()) for i, c in enumerate(columns)})
    for line in as_text(Result(table), width).split("\n"):
        assert cell_len(line.rstrip()) <= width


def test_a_long_table_says_how_many_rows_there_are():
    text = as_text(Result(pa.table({"a": list(range(1000))})))
    assert text.endswith("1,000 rows, the first 40 shown")


def test_a_wide_table_of_many_rows_shows_its_ends_and_says_so():
    table = pa.table({f"column_{i}": list(range(6)) for i in range(30)})
    text = as_text(Result(table), 80)
    assert "column_0" in text
    assert "column_29" in text
    assert "of 30 columns shown" in text


def test_a_wide_table_of_few_rows_is_shown_record_by_record():
    table = pa.table({f"column_{i}": [i] for i in range(30)})
    assert len(as_text(Result(table), 80).split("\n")) > 30


def test_a_text_that_is_too_wide_is_folded_before_columns_are_left_out():
    table = pa.table({"name": ["a", "b"], "reason": ["word " * 12, "short"], "n": [1, 2]})
    text = as_text(Result(table), 50)
    assert "row 1" not in text
    assert "columns shown" not in text


def test_a_statement_that_only_does_something_answers_in_words():
    assert as_text(said("m is suspended")) == "m is suspended"
    assert as_text(Result(pa.table({"Count": [1]}), has_rows=False)) == "1 row"
    assert as_text(Result(pa.table({"Count": [2000]}), has_rows=False)) == "2,000 rows"


def test_a_card_shows_its_notices_and_the_next_statement():
    card = Card(Name("m"), (("rows", "10"),), ("one column is constant",), "FROM m;")
    text = as_text(Result(card.table(), card=card))
    assert "one column is constant" in text
    assert "next: FROM m;" in text


def test_markup_in_values_is_shown_as_it_is():
    table = pa.table({"[bold]x[/bold]": ["[red]<b>&"]})
    assert "[red]<b>&" in as_text(Result(table))
    html = as_html(Result(table))
    assert "[red]&lt;b&gt;&amp;" in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "NULL"),
        (True, "true"),
        (0.1 + 0.2, "0.3"),
        (float("nan"), "nan"),
        (b"\x00\xff", "00ff"),
        ([1, None, "a"], "[1, NULL, a]"),
        ([("k", 1.5)], "{k: 1.5}"),
        ({"a": None}, "{a: NULL}"),
    ],
)
def test_values_are_short_and_unambiguous(value, shown):
    assert format_value(value) == shown


def test_moments_that_python_cannot_hold_are_texts():
    far = pa.table(
        {
            "t": pa.array([2**63 - 1, -(2**63) + 1, 9_000_000_000_000_000_000], pa.timestamp("us")),
            "d": pa.array([2**31 - 1, -(2**31) + 1, 10_000_000], pa.date32()),
        }
    )
    text = as_text(Result(far))
    assert text.count("infinity") == 4
    assert "NULL" not in text
