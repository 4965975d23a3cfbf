"""Text to tokens, as DuckDB's own scanner cuts it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlview.errors import SyntaxProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 250
# What DuckDB takes for a blank outside of quotes (its parser replaces these before it scans).
_BLANK = " \t\n\r\f\v\u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_LETTER = rf"[A-Za-z_]|(?![{_BLANK}])[^\x00-\x7f]"
_TAG = rf"(?:{_LETTER})(?:[0-9]|{_LETTER})*"
_SCANNER = re.compile(
    rf"""
      (?P<blank>[{_BLANK}]+)
    | (?P<word>(?![eExXbB]')(?:{_LETTER})(?:[A-Za-z0-9_$]|{_LETTER})*)
    | (?P<plain>[,();]|\.(?![0-9]))
    | (?P<line>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<escape>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<bits>[xXbB]'[^']*')
    | (?P<string>'[^']*(?:''[^']*)*'(?:[{_BLANK}]*\n[{_BLANK}]*'[^']*(?:''[^']*)*')*)
    | (?P<quoted>"[^"]*(?:""[^"]*)*")
    | (?P<dollar>\$(?P<tag>(?:{_TAG})?)\$.*?\$(?P=tag)\$)
    | (?P<parameter>\$(?:\d[\d_]*|(?>{_TAG})(?!\$))|\?(?:\d[\d_]*)?)
    | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)
    | (?P<open>[eExXbB]')
    | (?P<pair>::|:=)
    | (?P<operator>[~!@^&|`+\-*/%<>=]+)
    | (?P<mark>[^\x00])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN = re.compile(r"[eExXbB]?'|\"|\$")
_WHAT = {"'": "string", '"': "quoted name", "$": "dollar-quoted string"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ALLOWS_SIGN_AT_END = frozenset("~!@^&|`%")


class Lexeme(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted name"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text with a meaning; `start` and `end` are offsets, end exclusive.

    `text` is what was typed, `value` what it stands for: a quoted name or a string without its
    quotes. `word` is the upper-case keyword an unquoted word may be, else empty.
    """

    kind: Lexeme
    text: str
    value: str
    start: int
    end: int
    word: str = ""

    @property
    def is_name(self) -> bool:
        """Can be part of a name."""
        return self.kind is Lexeme.WORD or self.kind is Lexeme.QUOTED

    @property
    def is_value(self) -> bool:
        """Can be an operand."""
        return self.kind is not Lexeme.MARK


def position(text: str, offset: int) -> tuple[int, int]:
    r"""The 1-based line and column, in characters, of an offset.

    >>> position("SELECT\n  a", 9)
    (2, 3)
    """
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def problem(text: str, offset: int, message: str, hint: str | None = None) -> SyntaxProblem:
    """A SyntaxProblem at an offset of the text."""
    line, column = position(text, offset)
    return SyntaxProblem(message, hint=hint, line=line, column=column)


def tokenize(text: str) -> tuple[Token, ...]:
    r"""The tokens of a text; blanks and comments are dropped.

    Raises:
        SyntaxProblem: a string, a quoted name or a comment that never ends, with its beginning.

    >>> [token.text for token in tokenize("SELECT a--why\n->>'b;c'")]
    ['SELECT', 'a', '->>', "'b;c'"]
    """
    tokens: list[Token] = []
    offset, end = 0, len(text)
    while offset < end:
        found = _SCANNER.match(text, offset)
        if found is None:
            raise problem(text, offset, "a NUL character cannot be part of a statement")
        group = found.lastgroup if found.lastgroup != "tag" else "dollar"
        match group:
            case "blank" | "line":
                offset = found.end()
            case "word":
                offset = found.end()
                typed = found[0]
                word = Token(Lexeme.WORD, typed, typed, found.start(), offset, typed.upper())
                tokens.append(word)
            case "block":
                offset = _end_of_comment(text, offset)
            case "operator":
                token = _operator(found[0], offset)
                tokens.append(token)
                offset = token.end
            case _:
                tokens.append(_token(text, group or "mark", found))
                offset = found.end()
    return tuple(tokens)


def _end_of_comment(text: str, start: int) -> int:
    depth, offset = 1, start + 2
    while depth:
        edge = re.compile(r"/\*|\*/").search(text, offset)
        if edge is None:
            hint = "close it with */; comments may be nested"
            raise problem(text, start, "this comment never ends", hint)
        depth += 1 if edge[0] == "/*" else -1
        offset = edge.end()
    return offset


def _operator(run: str, start: int) -> Token:
    """An operator ends before a comment, and in + or - only if it has an unusual character."""
    for opening in ("--", "/*"):
        run = run.split(opening, 1)[0] if opening in run[1:] else run
    if not _ALLOWS_SIGN_AT_END.intersection(run):
        while len(run) > 1 and run[-1] in "+-":
            run = run[:-1]
    return Token(Lexeme.MARK, run, run, start, start + len(run))


def _token(text: str, group: str, found: re.Match[str]) -> Token:
    typed, start, end = found[0], found.start(), found.end()
    match group:
        case "quoted":
            return Token(Lexeme.QUOTED, typed, typed[1:-1].replace('""', '"'), start, end)
        case "string" | "bits":
            return Token(Lexeme.STRING, typed, _plain_string(typed), start, end)
        case "escape":
            return Token(Lexeme.STRING, typed, _escaped_string(typed), start, end)
        case "dollar":
            tag = len(found["tag"]) + 2
            return Token(Lexeme.STRING, typed, typed[tag:-tag], start, end)
        case "number":
            return Token(Lexeme.NUMBER, typed, typed, start, end)
        case "parameter":
            return Token(Lexeme.PARAMETER, typed, typed, start, end)
        case _:
            if _OPEN.match(typed):
                raise problem(text, start, f"this {_WHAT[typed[-1]]} never ends")
            return Token(Lexeme.MARK, typed, typed, start, end)


def _plain_string(typed: str) -> str:
    prefix = typed[0].lower() if typed[0] != "'" else ""
    parts = re.findall(r"'((?:[^']|'')*)'", typed[len(prefix) :])
    return prefix + "".join(parts).replace("''", "'")


def _escaped_string(typed: str) -> str:
    def unescape(found: re.Match[str]) -> str:
        return "'" if found[0] == "''" else _ESCAPES.get(found[1], found[1])

    return re.sub(r"''|\\(.)", unescape, typed[2:-1], flags=re.DOTALL)


def check_depth(text: str, tokens: Sequence[Token]) -> None:
    """Refuse text that nests deeper than any parser follows.

    Raises:
        SyntaxProblem: at the first bracket that is too deep.
    """
    depth = 0
    for token in tokens:
        if token.kind is Lexeme.MARK and token.text in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"expected at most {MAX_DEPTH} nested brackets, found more"
                raise problem(text, token.start, message, "split the statement with WITH")
        elif token.kind is Lexeme.MARK and token.text in ")]}":
            depth -= 1
