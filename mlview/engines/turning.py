"""When a condition turns true by time alone, where some of its columns grow by one each second."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from mlview.definitions import fold
from mlview.deltas.printing import printable, quoted, same_meaning
from mlview.deltas.trees import call, rewrite, select, statement, table, walk
from mlview.engines.predicates import RELATION, about, answers, parsed, tree_of
from mlview.engines.translate import translated
from mlview.errors import LakeProblem, MlviewError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from mlview.deltas.trees import Tree
    from mlview.engines.channel import Channel

_APART = 4096.0  # seconds: exact in a DOUBLE, and long enough to tell a slope
_BEYOND = 86_400.0
_SIGNS = frozenset(["+", "-"])

Line = dict[str, Any]


def turning(
    rows: pa.Table, predicates: Sequence[str], growing: frozenset[str], known: Sequence[float]
) -> list[float | None]:
    """In how many seconds each predicate turns true on the row at its place, all else as it is.

    Minus so many seconds where it is true now and turned so long ago; plus infinity where it never
    does, minus infinity where it has been true for as long as is known. None where it cannot be
    told: a column that grows stands in something else than a comparison that is linear in it.

    Args:
        rows: as for `answers`.
        predicates: the same.
        growing: the columns (folded) that grow by one each second.
        known: for how many seconds before now each row was as it is but for these columns.
    """
    if not predicates:
        return []
    lines = rows.to_pylist()
    found = _roots(rows, lines, predicates, growing)
    samples: list[tuple[int, float]] = []
    ends: list[list[float]] = []
    for place, roots in enumerate(found):
        inside = sorted({root for root in roots or () if root > -known[place]})
        ends.append([-known[place], *inside, inf])
        if roots is not None:
            samples += [(place, _between(*pair)) for pair in pairwise(ends[place])]
    values = _values(rows, lines, samples, predicates, growing)
    return [
        None if found[place] is None else _turn(ends[place], values[place])
        for place in range(len(predicates))
    ]


def _turn(ends: Sequence[float], values: Sequence[bool]) -> float:
    """Where the stretch begins in which the answer is true, now or next."""
    stretches = list(zip(pairwise(ends), values, strict=True))
    turned = -inf
    for (start, end), value in stretches:
        if not value:
            turned = inf
        elif turned == inf:
            turned = start
        if end > 0 and turned < inf:
            return turned
    return inf


def _between(start: float, end: float) -> float:
    return start + _BEYOND if end == inf else (start + end) / 2


def _values(
    rows: pa.Table,
    lines: Sequence[Line],
    samples: Sequence[tuple[int, float]],
    predicates: Sequence[str],
    growing: frozenset[str],
) -> Mapping[int, list[bool]]:
    """Whether each predicate is true so many seconds from now, by place."""
    asked = [_grown(lines[place], growing, seconds) for place, seconds in samples]
    found: dict[int, list[bool]] = {place: [] for place in range(len(predicates))}
    texts = [predicates[place] for place, _ in samples]
    answered = answers(_like(rows, asked), texts)
    for (place, _), answer in zip(samples, answered, strict=True):
        found[place].append(answer.value is True)
    return found


def _grown(line: Line, growing: frozenset[str], seconds: float) -> Line:
    return {
        column: value + seconds if fold(column) in growing and value is not None else value
        for column, value in line.items()
    }


def _like(rows: pa.Table, lines: Sequence[Line]) -> pa.Table:
    return type(rows).from_pylist(list(lines), rows.schema)


def _roots(
    rows: pa.Table, lines: Sequence[Line], predicates: Sequence[str], growing: frozenset[str]
) -> list[tuple[float, ...] | None]:
    """The seconds from now at which the sides of a comparison are equal, predicate by predicate."""
    later = [_grown(line, growing, _APART) for line in lines]
    differences = [_differences(text, growing, rows.schema) for text in predicates]
    with about(_like(rows, [*lines, *later])) as channel:
        return [
            _roots_of(channel, each, place, place + len(lines))
            for place, each in enumerate(differences)
        ]


def _roots_of(
    channel: Channel, differences: tuple[str, ...] | None, now: int, later: int
) -> tuple[float, ...] | None:
    """Where each difference, a straight line through the values at two rows, comes to be 0."""
    if differences is None:
        return None
    if not differences:
        return ()
    listed = ", ".join(f"({text})::DOUBLE" for text in differences)
    query = f"SELECT {listed} FROM {RELATION} WHERE rowid IN ({now}, {later}) ORDER BY rowid"
    try:
        with translated(channel.connection):
            first, second = channel.connection.execute(query).fetchall()
    except MlviewError:
        return None
    return tuple(
        -_APART * before / (after - before)
        for before, after in zip(first, second, strict=True)
        if before is not None and after is not None
        and isfinite(before) and isfinite(after) and before != after
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _differences(
    predicate: str, growing: frozenset[str], columns: pa.Schema
) -> tuple[str, ...] | None:
    """Left less right side of each comparison with a growing column, as SQL; None if not linear."""
    with about(columns.empty_table()) as channel:
        try:
            tree = parsed(channel, predicate)
            found: list[Tree] = []
            left = rewrite(tree, lambda node: _taken_out(node, growing, found))
            if _grows(left, growing):
                return None
            return tuple(_printed(channel, difference) for difference in found)
        except (MlviewError, RecursionError):
            return None


def _taken_out(node: Tree, growing: frozenset[str], found: list[Tree]) -> Tree | None:
    if node.get("class") == "LAMBDA":
        return node
    pairs = _sides(node)
    if not pairs or not _grows(node, growing):
        return None
    if not all(_is_linear(side, growing) for pair in pairs for side in pair):
        return node
    found.extend(call("-", pair) for pair in pairs if _grows(list(pair), growing))
    return {}


def _sides(node: Tree) -> list[tuple[Tree, Tree]]:
    """What a node compares, pair by pair."""
    if node.get("class") == "COMPARISON":
        return [(node["left"], node["right"])]
    if node.get("class") == "BETWEEN":
        return [(node["input"], node["lower"]), (node["input"], node["upper"])]
    return []


def _is_linear(node: Tree, growing: frozenset[str]) -> bool:
    """Whether an expression changes by the same amount each second."""
    if not _grows(node, growing):
        return True
    if node.get("class") == "COLUMN_REF":
        names = [fold(name) for name in node["column_names"]]
        return names[-1] in growing and names[:-1] in ([], ["staleness"], ["mlview", "staleness"])
    if node.get("class") != "FUNCTION" or fold(node["function_name"]) not in {*_SIGNS, "*", "/"}:
        return False
    sides, name = node["children"], fold(node["function_name"])
    if not all(_is_linear(side, growing) for side in sides):
        return False
    moving = [_grows(side, growing) for side in sides]
    return name in _SIGNS or moving == [True, False] or (name == "*" and moving == [False, True])


def _grows(tree: object, growing: frozenset[str]) -> bool:
    """Whether a growing column, or what is called like one, is mentioned."""
    return any(
        fold(name) in growing
        for node in walk(tree)
        if node.get("class") == "COLUMN_REF"
        for name in node["column_names"]
    )


def _printed(channel: Channel, expression: Tree) -> str:
    """An expression as SQL.

    Raises:
        MlviewError: DuckDB does not print it as it reads it.
    """
    put = printable(select([expression], table("staleness", schema="mlview")))
    whole = json.dumps({"error": False, "statements": [statement(quoted(put))]})
    with translated():
        row = channel.connection.execute("SELECT json_deserialize_sql(?::JSON)", [whole]).fetchone()
    text = str(row[0]) if row else ""
    again = tree_of(channel, text)["statements"]
    if len(again) != 1 or not same_meaning(put, again[0]["node"]):
        raise LakeProblem("an expression that DuckDB does not print as it reads it", hint=None)
    return text.removeprefix("SELECT ").removesuffix(f" FROM {RELATION}")
