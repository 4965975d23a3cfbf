"""What only the lake knows of a definition: its macros, and what DuckLake adds to each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.schemas import without_schemas
from mlview.deltas.scopes import ROWID, references
from mlview.deltas.trees import aliased, column, derived, rewrite, select, star
from mlview.engines.differencing.limits import called_macros
from mlview.engines.differencing.trees import Trees
from mlview.errors import DefinitionRefused, LakeProblem, Nondeterministic

if TYPE_CHECKING:
    from mlview.deltas.trees import Tree
    from mlview.engines.readers import SnapshotReader

# What DuckLake gives of a row besides its columns and its id.
PSEUDO = frozenset(["filename", "file_index", "file_row_number", "snapshot_id"])


def refuse_what_changes_underneath(reader: SnapshotReader, query: str) -> None:
    """Refuse a definition whose rows change although no row that it reads does.

    Args:
        reader: a reader of the lake, where the names of the query are bound.
        query: the query of a definition, or of a plain view that one reads.

    Raises:
        DefinitionRefused: it calls a macro of the lake, which may be replaced, and which reads
            what nobody sees that it reads.
        Nondeterministic: it asks in which file or snapshot a row is, which upkeep changes.
    """
    macros = called_macros(reader, (query,))
    if macros:
        raise DefinitionRefused(
            f"the macro {macros[0]}() may read anything, and may become another one",
            hint="write out what it says",
        )
    trees = Trees(reader)
    tree = trees.parse(query)
    asked = PSEUDO & _mentioned(tree)
    if tree is None or not asked:
        return
    try:
        known = trees.describe(trees.sql(_of_own_columns(tree))) is not None
    except LakeProblem:  # not printed as it is read
        known = False
    if not known:
        name = min(asked)
        raise Nondeterministic(
            f"{name} of a row is another one after its file is compacted or rewritten",
            hint="a column of the table's own says it for good; one of that name has to be in "
            "every table that is asked for it",
        )


def _mentioned(tree: Tree | None) -> set[str]:
    return {fold(part) for parts in references(tree or {}) for part in parts}


def _of_own_columns(tree: Tree) -> Tree:
    """The query over the columns that its tables were declared with, and the ids of rows."""
    rowids = any(fold(parts[-1]) == ROWID for parts in references(tree))

    def change(node: Tree) -> Tree | None:
        if node.get("type") != "BASE_TABLE":
            return None
        plain = {**node, "alias": "", "column_name_alias": [], "sample": None}
        shown = [star(), aliased(column(ROWID), ROWID)] if rowids else [star()]
        held = derived(select(shown, plain), node["alias"] or node["table_name"])
        return {**held, "column_name_alias": node["column_name_alias"], "sample": node["sample"]}

    owned: Tree = rewrite(without_schemas(tree), change)
    return owned
