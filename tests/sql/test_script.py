"""Scripts are cut where DuckDB cuts them."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.errors import SyntaxProblem, UsageProblem
from mlview.sql import Edit, Piece, is_complete, position, split_script, substitute
from mlview.sql.tokens import tokenize

SCRIPT = """-- first; comment
SELECT ';' AS "a;b"; /* ; /* ; */ ; */
  SELECT $$;$$, $t$ ; $$ $t$, E'\\';';;
FROM é -- last
"""


def test_a_script_is_cut_at_top_level_semicolons():
    assert [piece.text for piece in split_script(SCRIPT)] == [
        "SELECT ';' AS \"a;b\"",
        "SELECT $$;$$, $t$ ; $$ $t$, E'\\';'",
        "FROM é",
    ]


def test_each_piece_knows_its_place():
    pieces = split_script(SCRIPT)
    assert [(piece.line, piece.column) for piece in pieces] == [(2, 1), (3, 3), (4, 1)]
    for piece in pieces:
        assert SCRIPT[piece.offset :].startswith(piece.text)
        assert position(SCRIPT, piece.offset) == (piece.line, piece.column)


def test_empty_pieces_are_dropped():
    assert split_script(" ; ;; -- nothing\n ; ") == ()
    assert split_script("a;;b") == (Piece("a", 1, 1, 0), Piece("b", 1, 4, 3))


def test_explain_and_call_are_cut_like_any_other():
    pieces = split_script("EXPLAIN SELECT ';'; CALL f(';'); COMMENT ON TABLE t IS ';'")
    assert [piece.text[-1] for piece in pieces] == ["'", ")", "'"]


@pytest.mark.parametrize("opening", ["'a", '"a', "$$a", "$t$ $$", "/* /* */", "E'a\\'"])
def test_what_never_ends_is_placed_at_its_beginning(opening):
    with pytest.raises(SyntaxProblem, match="never ends") as error:
        split_script(f"SELECT 1;\n  SELECT {opening}")
    assert (error.value.line, error.value.column) == (2, 10)


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("SELECT 1;", True),
        ("SELECT 1; -- done", True),
        ("", True),
        ("  -- only a comment", True),
        ("SELECT 1", False),
        ("SELECT ';", False),
        ("SELECT (1;", False),
        ("SELECT (1); SELECT 2", False),
        ("SELECT $$;", False),
        ("/* ;", False),
        ("SELECT (1;\n);", True),
        ("SELECT 1);", True),
    ],
)
def test_a_prompt_waits_for_the_end_of_the_statement(text, complete):
    assert is_complete(text) == complete


FRAGMENTS = [
    "a", "1", ".5", "1e-5", "1_000", "'a''b'", '"a""b"', "E'\\''", "$$;$$", "$q$ $$ $q$", ";",
    ",", "(", ")", "[", "]", "{", "}", "->", "->>", "=>", ":=", "::", "||", "<>", "!=", "=-",
    "- -", "*", "/", "**", "//", "--x\n", "/* ; */", "/*/**/*/", "#1", "?", "$1", "@", "~",
    "!~~", "é", "\u00a0", "\n", "\t", "a.b",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20), st.sampled_from(["", " ", "\n"]))
def test_tokens_start_where_duckdbs_scanner_starts_them(fragments, space):
    text = space.join(fragments)
    try:
        ours = [token.start for token in tokenize(text)]
    except SyntaxProblem:
        return
    data = text.replace("\u00a0", " ").encode()
    theirs = [len(data[:offset].decode()) for offset, _ in duckdb.tokenize(data.decode())]
    named_parameters = {token.start + 1 for token in tokenize(text) if token.text[0] == "$"}
    assert set(theirs) - set(ours) <= named_parameters


@given(st.text(max_size=40))
def test_any_text_is_cut_or_refused_with_a_place(text):
    try:
        pieces = split_script(text)
    except SyntaxProblem as problem:
        placed = problem.line is not None
    else:
        placed = all(text[piece.offset :].startswith(piece.text) for piece in pieces)
    assert placed


@given(st.text(max_size=30), st.data())
def test_edits_change_their_spans_only(text, data):
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edits = [Edit(start, end, "<>") for start, end in zip(places[::2], places[1::2], strict=False)]
    kept, offset = [], 0
    for edit in edits:
        kept.append(text[offset : edit.start])
        offset = edit.end
    assert substitute(text, reversed(edits)) == "<>".join([*kept, text[offset:]])


def test_edits_that_overlap_are_refused():
    with pytest.raises(UsageProblem):
        substitute("abc", [Edit(0, 2, ""), Edit(1, 3, "")])
    with pytest.raises(UsageProblem):
        substitute("abc", [Edit(2, 4, "")])
