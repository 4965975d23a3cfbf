"""The outermost SELECT of a query: its driving relation and its group keys."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

from mlview.definitions import fold, quote
from mlview.sql.edits import Edit, substitute
from mlview.sql.groups import Group, group_tokens
from mlview.sql.inspection import look
from mlview.sql.ordering import select_list
from mlview.sql.reading import read_query
from mlview.sql.walk import parse_tree
from mlview.sql.words import AGGREGATES

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.sql.facts import Relation
    from mlview.sql.reading import Reading

_NOT_PLAIN = ("group", "having", "distinct", "pivots", "laterals")


@lru_cache(maxsize=1024)
def with_rowid(query: str, column: str) -> tuple[Name, str] | None:
    """The driving relation of a plain query, and the query with that relation's row id added.

    None where a row of the result is not a row of one relation: GROUP BY, DISTINCT, set
    operations, aggregates, UNNEST, a first FROM item that is no relation by name or that a RIGHT,
    FULL or POSITIONAL join may leave empty.

    >>> with_rowid("SELECT a FROM flights f JOIN planes USING (tail)", "id")[1]
    'SELECT a, f.rowid AS id FROM flights f JOIN planes USING (tail)'
    """
    reading = read_query(query)
    tree = parse_tree(reading)
    if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in _NOT_PLAIN):
        return None
    relation = _driving(tree, reading)
    if relation is None or _mixes_rows(tree, reading):
        return None
    source = relation.alias or query[relation.start : relation.end].rsplit(".", 1)[-1].strip()
    if relation.alias is None:
        source = quote(relation.name.name)
    edit = _select_edit(reading, f"{source}.rowid AS {quote(column)}")
    return None if edit is None else (relation.name, substitute(query, [edit]))


def _driving(tree: exp.Select, reading: Reading) -> Relation | None:
    from_ = tree.args.get("from_")
    table = from_.this if isinstance(from_, exp.From) else None
    if not isinstance(table, exp.Table) or _is_reshaped(table):
        return None
    joins = [*tree.args.get("joins", ()), *table.args.get("joins", ())]
    for join in joins:
        if join.side in ("RIGHT", "FULL") or join.method == "POSITIONAL":
            return None
    start = table.parts[0].meta.get("start")
    found, _ = look(reading)
    named = [relation for relation in found.relations if relation.start == start]
    return named[0] if named and named[0].at is None and _is_alone(named[0], joins) else None


def _is_reshaped(table: exp.Table) -> bool:
    return any(table.args.get(part) for part in ("pivots", "sample", "laterals"))


def _is_alone(relation: Relation, joins: list[exp.Join]) -> bool:
    """Whether no other relation of the FROM clause answers to the same name."""
    shown = fold(relation.alias.strip('"')) if relation.alias else relation.name.key[1]
    return all(fold(join.this.alias_or_name) != shown for join in joins)


def _mixes_rows(tree: exp.Select, reading: Reading) -> bool:
    """Whether the outermost SELECT aggregates or unnests."""
    top = group_tokens(reading.visible)
    waiting = [top]
    while waiting:
        group = waiting.pop()
        for index, inner in group.inner.items():
            if inner.is_query:
                continue
            waiting.append(inner)
            before = group.tokens[index - 1] if index else None
            function = fold(before.value) if before is not None and before.is_name else ""
            if function == "unnest" or (function in AGGREGATES and not _is_window(group, index)):
                return True
    return bool(tree.find(exp.Unnest)) and "UNNEST" in top.words()


def _is_window(group: Group, index: int) -> bool:
    """Whether the call whose bracket is at an index goes on with OVER."""
    behind = index + 1
    if group.words()[behind : behind + 1] == ["FILTER"]:
        behind += 2
    return group.words()[behind : behind + 1] == ["OVER"]


def _select_edit(reading: Reading, item: str) -> Edit | None:
    top = group_tokens(reading.visible)
    select = top.find("SELECT")
    if select is None:
        first = top.find("FROM")
        if first is None:
            return None
        start = top.tokens[first].start
        return Edit(start, start, f"SELECT *, {item} ")
    items = select_list(top, select)
    last = items[-1] if items else select
    end = top.end_of(last)
    comma = "" if top.tokens[last].text == "," else ","
    return Edit(end, end, f"{comma} {item}")


@lru_cache(maxsize=1024)
def group_columns(query: str) -> tuple[str, ...] | None:
    """The output columns that are the GROUP BY keys of the outermost SELECT.

    None where there are none, or where a key is no output column or has no name of its own.

    >>> group_columns("SELECT carrier, day::DATE AS d, count(*) FROM flights GROUP BY ALL")
    ('carrier', 'd')
    """
    tree = parse_tree(read_query(query))
    group = tree.args.get("group") if isinstance(tree, exp.Select) else None
    if not isinstance(tree, exp.Select) or not isinstance(group, exp.Group):
        return None
    if any(group.args.get(part) for part in ("grouping_sets", "cube", "rollup", "totals")):
        return None
    items = tree.expressions
    if any(item.is_star or item.find(exp.Columns) for item in items):
        return None
    if group.args.get("all"):
        keys = [item for item in items if not _has_aggregate(item)]
    else:
        keys = [_item(key, items) for key in group.expressions]
    names = [_output_name(key) for key in keys]
    named = [name for name in names if name]
    return tuple(dict.fromkeys(named)) if names and len(named) == len(names) else None


def _item(key: exp.Expr, items: list[exp.Expr]) -> exp.Expr | None:
    """The item of the select list that a GROUP BY key stands for."""
    if isinstance(key, exp.Literal) and key.is_int:
        place = int(key.this) - 1
        return items[place] if 0 <= place < len(items) else None
    for item in items:
        if item.unalias() == key:
            return item
    if isinstance(key, exp.Column) and not key.table:
        return next((item for item in items if fold(item.alias) == fold(key.name)), None)
    return None


def _has_aggregate(item: exp.Expr) -> bool:
    for node in item.walk(prune=lambda node: isinstance(node, exp.Query)):
        name = node.name if isinstance(node, exp.Anonymous) else ""
        if isinstance(node, exp.AggFunc) or fold(name) in AGGREGATES:
            return True
    return False


def _output_name(item: exp.Expr | None) -> str:
    if isinstance(item, exp.Alias):
        return item.alias
    return item.name if isinstance(item, exp.Column) else ""
