"""What a definition may not say, because its rows would not be the same again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mlview.definitions import fold, literal
from mlview.errors import DefinitionRefused, Nondeterministic, StatementError
from mlview.sql import repeatable
from mlview.sql.foreign import QUERY_WORDS
from mlview.sql.groups import group_tokens
from mlview.sql.inspection import look
from mlview.sql.reading import read_query
from mlview.sql.tokens import Lexeme, position
from mlview.sql.words import SYSTEM_SCHEMAS

if TYPE_CHECKING:
    from mlview.sql.groups import Group
    from mlview.sql.reading import Reading
    from mlview.sql.repeatable import Flaw

_NO_VIEW = frozenset(["DESCRIBE", "SUMMARIZE", "SHOW"])


def check_definition(query: str) -> None:
    """Refuse a query that cannot be the definition of a view.

    Raises:
        Nondeterministic: what differs from run to run at one snapshot: clocks, random numbers,
            session settings, and whatever depends on an order of rows that nothing fixes.
        DefinitionRefused: what is no query over relations of the lake: files, parameters,
            moments (AT), several statements, statements that write.
        SyntaxProblem: text that cannot be cut into tokens.
    """
    reading = read_query(query)
    refusal = _Refusal(query)
    _is_one_query(reading, refusal)
    top = group_tokens(reading.tokens)
    for group in top.everywhere():
        _writes_nothing(group, refusal)
        for flaw in repeatable.flaws(group):
            refusal.changing(flaw)
    _reads_the_lake(reading, refusal)
    for flaw in repeatable.ties(top):
        refusal.changing(flaw)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Raises errors at offsets of the query."""

    query: str

    def refuse(self, offset: int, message: str, hint: str | None = None) -> NoReturn:
        """A DefinitionRefused."""
        raise self._at(DefinitionRefused(message, hint=hint), offset)

    def changing(self, flaw: Flaw) -> NoReturn:
        """A Nondeterministic."""
        raise self._at(Nondeterministic(flaw.message, hint=flaw.hint), flaw.token.start)

    def _at(self, error: StatementError, offset: int) -> StatementError:
        error.line, error.column = position(self.query, offset)
        return error


def _is_one_query(reading: Reading, refusal: _Refusal) -> None:
    tokens = reading.tokens
    if not tokens:
        refusal.refuse(0, "a definition is a query, found nothing", "AS SELECT ... FROM ...")
    first = next((token for token in tokens if token.text != "("), tokens[0])
    if first.word not in QUERY_WORDS or first.word in _NO_VIEW:
        hint = "AS SELECT ... FROM ..."
        refusal.refuse(first.start, f"a definition is a query, found {first.text}", hint)
    for place, token in enumerate(tokens):
        if token.text == ";" and place < len(tokens) - 1:
            refusal.refuse(token.start, "a definition is one query, found several statements")
        if token.kind is Lexeme.PARAMETER:
            hint = "write the value itself, or read it from a table"
            refusal.refuse(token.start, "a definition has no parameters", hint)
    for at in reading.moments.values():
        hint = "a refresh reads everything at one snapshot; ask with AT when you select from it"
        refusal.refuse(at.start, "a definition is about no moment: AT is refused", hint)


def _writes_nothing(group: Group, refusal: _Refusal) -> None:
    for index, word in enumerate(group.words()):
        following = group.words()[index + 1 : index + 2]
        if word == "INTO" and not group.is_dotted(index) and following != ["NAME"]:
            hint = "leave INTO out: the view itself keeps the rows"
            refusal.refuse(group.tokens[index].start, "a definition writes nothing", hint)


def _reads_the_lake(reading: Reading, refusal: _Refusal) -> None:
    found, _ = look(reading)
    if found.targets:
        refusal.refuse(0, f"a definition writes nothing, found a change of {found.targets[0]}")
    for start, end in found.files:
        read = reading.text[start:end]
        message = f"a definition reads relations of the lake, found {read}"
        refusal.refuse(start, message, f"CREATE TABLE name AS FROM {read}; then read name")
    for relation in found.relations:
        if fold(relation.name.schema) in SYSTEM_SCHEMAS:
            message = (
                f"a definition reads relations of the lake, found {literal(relation.name.plain)}"
            )
            refusal.refuse(relation.start, message, "system tables have no snapshots")
