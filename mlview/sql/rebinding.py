"""Relations of a query replaced by others, the rest of its text untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, fold
from mlview.sql.edits import Edit, substitute
from mlview.sql.inspection import look
from mlview.sql.reading import read_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlview.definitions import Name
    from mlview.sql.facts import Relation
    from mlview.sql.reading import Reading

_ONLY_BEFORE_NAMES = frozenset(["TABLE", "SUMMARIZE", "DESCRIBE", "DESC"])


def rebind(query: str, replacements: Mapping[Name, str]) -> str:
    """The query with each mention of a relation replaced by the SQL text given for its name.

    What the rest of the query calls the relation stays: its alias, or else its own last name.
    Mentions with a database in front or with an AT are another thing and stay as they are.

    >>> from mlview.definitions import Name
    >>> rebind("SELECT t.a FROM t, u AS x", {Name("t"): "(FROM v)", Name("u"): "w"})
    'SELECT t.a FROM (FROM v) AS t, w AS x'
    """
    reading = read_query(query)
    found, _ = look(reading)
    edits: list[Edit] = []
    for relation in found.relations:
        text = replacements.get(relation.name)
        if text is not None and relation.catalog is None and relation.at is None:
            edits.extend(_edits(reading, relation, text))
    return substitute(query, dict.fromkeys(edits))


def _edits(reading: Reading, relation: Relation, text: str) -> Iterator[Edit]:
    place = reading.place(relation.start)
    if place is None:
        return
    before = reading.visible[place - 1] if place else None
    if before is not None and before.word in _ONLY_BEFORE_NAMES:
        opening = "FROM" if before.word == "TABLE" else f"{before.text} FROM"
        yield Edit(before.start, before.end, opening)
    if relation.alias is not None:
        yield Edit(relation.start, relation.end, text)
        return
    last = place + 2 * relation.schema_given
    alias = reading.visible[last].text
    yield Edit(relation.start, relation.end, f"{text} AS {alias}")
    yield from _columns_with_schema(reading, relation)


def _columns_with_schema(reading: Reading, relation: Relation) -> Iterator[Edit]:
    """`schema.relation.column` loses its schema: an alias has none."""
    tokens, (schema, name) = reading.visible, relation.name.key
    for place in range(len(tokens) - 3):
        first, dot, second, after = tokens[place : place + 4]
        if (
            first.is_name
            and (dot.text, after.text) == (".", ".")
            and second.is_name
            and (fold(first.value), fold(second.value)) == (schema, name)
            and (relation.schema_given or schema == DEFAULT_SCHEMA)
            and not (place and tokens[place - 1].text == ".")
        ):
            yield Edit(first.start, second.start, "")
