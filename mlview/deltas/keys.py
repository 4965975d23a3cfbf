"""By which expressions a SELECT puts rows together: groups, partitions, distinct keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import names_in
from mlview.deltas.known import has_aggregate, has_window, shows_collation, spreads
from mlview.deltas.trees import is_query, meaning, walk, walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.deltas.blocks import Block
    from mlview.deltas.trees import Tree


def puts_rows_together(block: Block) -> bool:
    """Whether a row of the result may come from several rows of FROM and WHERE."""
    return _is_grouped(block) or bool(_windows(block)) or bool(_distinct_on(block))


def _is_grouped(block: Block) -> bool:
    query = block.query
    return bool(
        query["group_expressions"]
        or query["group_sets"]
        or query["aggregate_handling"] != "STANDARD_HANDLING"
        or query["having"] is not None
        or any(has_aggregate(e, block.facts) for e in _outputs(block))
    )


def _outputs(block: Block) -> Iterator[Tree]:
    query = block.query
    yield from query["select_list"]
    if query["qualify"] is not None:
        yield query["qualify"]
    yield from query["modifiers"]


def _windows(block: Block) -> list[Tree]:
    return [
        node
        for output in _outputs(block)
        for node in walk_here(output)
        if node.get("class") == "WINDOW"
    ]


def _distinct_on(block: Block) -> list[Tree]:
    return [
        target
        for modifier in block.query["modifiers"]
        for target in modifier.get("distinct_on_targets", ())
    ]


def keys_of(block: Block) -> list[Tree]:
    """Expressions over the FROM clause that are equal in all rows that are put together.

    There may be others: with fewer of them more rows are computed, none is forgotten. There are
    none where the rows are one group.

    Raises:
        NotFollowed: all rows of FROM have to be looked at to tell them apart.
    """
    if shows_collation(block.query):
        raise NotFollowed("COLLATE, by which texts that differ are put together")
    found: list[Tree] | None = None
    if _is_grouped(block):
        keys = _group_keys(block)
        found = _usable(block, keys)
        if not found and keys:
            raise NotFollowed("no GROUP BY that tells the rows apart")
    for window in _windows(block):
        if found is not None and not found:
            break
        found = _common(found, _usable(block, window["partitions"]))
        if not found:
            raise NotFollowed("a window without a PARTITION BY that all its windows share")
    targets = _distinct_on(block)
    if targets and found != []:
        found = _common(found, _usable(block, targets))
        if not found:
            raise NotFollowed("no keys that tell the rows apart")
    return found or []


def _common(found: list[Tree] | None, more: list[Tree]) -> list[Tree]:
    if found is None:
        return more
    known = {meaning(expression) for expression in more}
    return [expression for expression in found if meaning(expression) in known]


def _group_keys(block: Block) -> list[Tree]:
    query = block.query
    if len(query["group_sets"]) > 1:
        raise NotFollowed("several grouping sets")
    if query["aggregate_handling"] == "STANDARD_HANDLING":
        return [item_of(block, expression) for expression in query["group_expressions"]]
    if query["aggregate_handling"] != "FORCE_AGGREGATES" or query["group_expressions"]:
        raise NotFollowed("an unknown form of GROUP BY")
    return [e for e in query["select_list"] if not has_aggregate(e, block.facts)]


def item_of(block: Block, expression: Tree) -> Tree:
    """What an ordinal in GROUP BY stands for.

    Raises:
        NotFollowed: that cannot be told.
    """
    if expression["class"] != "CONSTANT":
        return expression
    place, items = expression["value"].get("value"), block.query["select_list"]
    stars = any(node.get("class") == "STAR" for item in items for node in walk(item))
    if stars or not isinstance(place, int) or not 1 <= place <= len(items):
        raise NotFollowed("a GROUP BY by position that cannot be told")
    item: Tree = items[place - 1]
    return item


def _usable(block: Block, expressions: list[Tree]) -> list[Tree]:
    """Those that can be computed for each row of the FROM clause by itself."""
    found = []
    for expression in expressions:
        try:
            plain = block.plain(expression)
        except NotFollowed:
            continue
        nested = any(is_query(n) or n.get("class") in ("LAMBDA", "STAR") for n in walk(plain))
        rows = has_aggregate(plain, block.facts) or has_window(plain) or spreads(plain)
        positional = any(n.get("class") == "POSITIONAL_REFERENCE" for n in walk(plain))
        constant = plain["class"] == "CONSTANT"
        if not (nested or rows or positional or constant or any(names_in(plain))):
            found.append({**plain, "alias": ""})
    return found


def grouping_words(block: Block) -> str:
    """What puts the rows together, in words of SQL."""
    query = block.query
    if _distinct_on(block):
        return f"DISTINCT ON ({', '.join(block.words(e) for e in _distinct_on(block))})"
    windows = _windows(block)
    if windows:
        partitions = ", ".join(block.words(e) for e in windows[0]["partitions"])
        return f"OVER (PARTITION BY {partitions})" if partitions else "OVER ()"
    if query["group_expressions"]:
        return f"GROUP BY {', '.join(block.words(e) for e in query['group_expressions'])}"
    return "GROUP BY ALL" if query["aggregate_handling"] != "STANDARD_HANDLING" else "aggregates"
