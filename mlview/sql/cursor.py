"""A place in the tokens of a statement, and the small words every clause is read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mlview.definitions import DEFAULT_SCHEMA, Name, literal, parse_duration, quote
from mlview.errors import MlviewError
from mlview.sql.tokens import Lexeme, Token, position, problem, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

_SHOWN = 40
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MAX_PARTS = 3
_AFTER_A_NAME = frozenset(["AS", "CASCADE", "FULL", "IS", "SET", "TO"])


class Cursor:
    """Reads tokens of `text` from left to right."""

    def __init__(self, text: str, tokens: Sequence[Token] | None = None) -> None:
        self.text = text
        self.tokens = tokenize(text) if tokens is None else tokens
        self.index = 0

    @property
    def token(self) -> Token | None:
        """The next token, None at the end."""
        return self.ahead(0)

    def ahead(self, count: int) -> Token | None:
        """The token `count` places after the next one."""
        place = self.index + count
        return self.tokens[place] if place < len(self.tokens) else None

    @property
    def at_end(self) -> bool:
        """Nothing is left."""
        return self.index >= len(self.tokens)

    @property
    def start(self) -> int:
        """The offset of the next token, or of the end of the last one."""
        token = self.token
        if token is not None:
            return token.start
        return self.tokens[-1].end if self.tokens else 0

    def advance(self) -> Token:
        """Take the next token, whatever it is."""
        token = self.token
        if token is None:
            self.expected("more")
        self.index += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these unquoted words."""
        return all(
            (token := self.ahead(place)) is not None and token.word == word
            for place, word in enumerate(words)
        )

    def take(self, *words: str) -> bool:
        """Take these words if they come next."""
        found = self.at(*words)
        if found:
            self.index += len(words)
        return found

    def expect(self, *words: str) -> None:
        """Take these words."""
        for word in words:
            if not self.take(word):
                self.expected(word)

    def at_mark(self, mark: str) -> bool:
        """Whether the next token is this mark."""
        token = self.token
        return token is not None and token.kind is Lexeme.MARK and token.text == mark

    def take_mark(self, mark: str) -> bool:
        """Take this mark if it comes next."""
        found = self.at_mark(mark)
        self.index += found
        return found

    def expect_mark(self, mark: str) -> None:
        """Take this mark."""
        if not self.take_mark(mark):
            self.expected(f"'{mark}'")

    def expect_end(self, after: str) -> None:
        """Nothing may be left after what was read."""
        if not self.at_end:
            self.expected(f"the end of {after}")

    def expected(self, what: str, hint: str | None = None) -> NoReturn:
        """Raise a SyntaxProblem at the next token."""
        raise problem(self.text, self.start, f"expected {what}, found {self.found()}", hint)

    def found(self) -> str:
        """The next token as an error shows it."""
        token = self.token
        if token is None:
            return "the end of the statement"
        shown = token.text if len(token.text) <= _SHOWN else token.text[:_SHOWN] + "..."
        return shown if token.kind is Lexeme.STRING else f"'{shown}'"

    def identifier(self, what: str) -> str:
        """One name: a word that is not reserved, or a quoted one."""
        token = self.token
        if token is None or not token.is_name:
            is_text = token is not None and token.kind is Lexeme.STRING
            self.expected(what, "write it without the quotes" if is_text else None)
        if token.kind is Lexeme.QUOTED:
            if not token.value:
                raise problem(self.text, token.start, f"expected {what}, found an empty name")
        elif token.text.isascii() and quote(token.text) != token.text and "$" not in token.text:
            missing = f"it is missing before {token.text}" if token.word in _AFTER_A_NAME else None
            self.expected(what, missing or f'the word is reserved; quote it: "{token.text}"')
        self.index += 1
        return token.value

    def path(self, what: str) -> tuple[str, ...]:
        """A dotted name, part by part."""
        parts = [self.identifier(what)]
        while self.take_mark("."):
            parts.append(self.identifier(f"the rest of {what}"))
        return tuple(parts)

    def full_name(self, what: str) -> tuple[Name, str | None]:
        """A relation's name with the database it is in, if that was typed."""
        start = self.start
        parts = self.path(what)
        if len(parts) > _MAX_PARTS:
            raise problem(self.text, start, f"expected {what}, found {len(parts)} parts")
        schema = parts[-2] if len(parts) > 1 else DEFAULT_SCHEMA
        return Name(parts[-1], schema), parts[0] if len(parts) == _MAX_PARTS else None

    def name(self, what: str) -> Name:
        """The name of a model or a view: `name` or `schema.name`."""
        start = self.start
        name, catalog = self.full_name(what)
        if catalog is not None:
            hint = f"write {name}"
            raise problem(self.text, start, f"{what} has no database in front of it", hint)
        return name

    def columns(self, what: str) -> tuple[str, ...]:
        """Names in parentheses, each once; a single one may stand alone."""
        if not self.at_mark("("):
            return (self.identifier(what),)
        self.expect_mark("(")
        names = [self.identifier(what)]
        while self.take_mark(","):
            start = self.start
            name = self.identifier(what)
            if name in names:
                raise problem(self.text, start, f"{quote(name)} is given twice")
            names.append(name)
        self.expect_mark(")")
        return tuple(names)

    def string(self, what: str) -> str:
        """A string."""
        token = self.token
        if token is None or token.kind is not Lexeme.STRING:
            named = token is not None and token.is_name
            self.expected(what, f"write {literal(token.value)}" if token and named else None)
        self.index += 1
        return token.value

    def duration(self) -> timedelta:
        """A length of time in quotes."""
        start = self.start
        text = self.string("a length of time such as '1 hour'")
        try:
            return parse_duration(text)
        except MlviewError as error:
            raise error.at(*position(self.text, start)) from None

    def number(self, what: str) -> float:
        """A number without a sign."""
        token = self.token
        if token is None or token.kind is not Lexeme.NUMBER:
            self.expected(what)
        self.index += 1
        return float(token.text)

    def integer(self, what: str) -> int:
        """A whole number without a sign."""
        token = self.token
        if token is None or token.kind is not Lexeme.NUMBER or not token.text.isdigit():
            self.expected(what)
        self.index += 1
        return int(token.text)

    def group(self, what: str) -> str:
        """The text inside the parentheses that come next, which must not be empty."""
        if not self.at_mark("("):
            self.expected(what)
        close = self.matching()
        inside = self.tokens[self.index + 1 : close]
        if not inside:
            self.index = close
            self.expected(what)
        self.index = close + 1
        return self.text[inside[0].start : inside[-1].end]

    def matching(self) -> int:
        """The index of the bracket that closes the one that comes next."""
        waiting: list[str] = []
        for place in range(self.index, len(self.tokens)):
            token = self.tokens[place]
            if token.kind is not Lexeme.MARK:
                continue
            if token.text in _CLOSING:
                waiting.append(_CLOSING[token.text])
            elif token.text in _CLOSING.values() and waiting.pop() != token.text:
                raise problem(self.text, token.start, f"'{token.text}' closes nothing")
            if not waiting:
                return place
        raise problem(self.text, self.start, f"{self.found()} is never closed")
