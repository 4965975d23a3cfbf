"""Reading a model's rows in a recorded total order, with what decides which are held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import HoldoutShare, always_quote, fold, quote
from mlview.errors import DefinitionRefused, did_you_mean
from mlview.observation.identities import (
    BUCKET,
    ROW_ID,
    TIME_TYPES,
    as_recorded,
    bucket_of,
    identity_of,
    time_column,
)
from mlview.refresh.columns import keep_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from mlview.definitions import Model
    from mlview.observation.identities import Identity
    from mlview.observation.reads import Reads
    from mlview.records import Column, Version
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope

WHOLE_NUMBERS = ("INTEGER", "BIGINT", "UINTEGER", "SMALLINT")


@dataclass(frozen=True)
class TrainingRows:
    """A model's rows.

    Attributes:
        data: the query's columns, in `order`.
        columns: their names and DuckDB types.
        bucket: one number in [0, 1) per row, from its identity; None where nothing needs it.
        order: the columns the rows are sorted by.
        identity: what tells rows apart: KEY, a table's row ids, group keys or the columns.
        rule: how `bucket` is made of it.
        time: the column that orders and splits, if there is one.
        notices: what the user should be told.
    """

    data: pa.Table
    columns: tuple[Column, ...]
    bucket: pa.ChunkedArray | None
    order: tuple[str, ...]
    identity: str
    rule: str
    time: str | None
    notices: tuple[str, ...] = ()


def read_training_rows(
    binder: Binder,
    scope: Scope,
    definition: Model,
    reads: Reads,
    keep: Sequence[Column] | None = None,
    recorded: Version | None = None,
) -> TrainingRows:
    """All rows of a model's query at the scope's snapshot.

    Args:
        binder: binds the views and models the query reads.
        scope: on a reader at the snapshot.
        definition: the model.
        reads: what its query reads.
        keep: the columns of the version before, where the definition is the same: a column that
            a base table gained since is left out, however the query is written.
        recorded: the version that is made again, whose rule says who is held out.

    Raises:
        SchemaChanged: a column that the version before had is gone.
    """
    identity = as_recorded(identity_of(definition, reads.base_tables), recorded)
    query = binder.define(identity.query, scope)
    described = scope.target.describe(query)
    columns, notices = keep_columns([c for c in described if c.name != ROW_ID], keep)
    check_columns(definition, columns)
    time = time_column(definition, columns)
    bucket = bucket_of(definition, identity, columns)
    first = [time, *identity.columns] if time else list(identity.columns)
    order = tuple(dict.fromkeys(first or [c.name for c in columns]))
    data = scope.target.table(_text(query, columns, order, bucket, identity))
    if not _strictly_ordered(data, order):
        order = tuple(dict.fromkeys([*order, *(c.name for c in columns)]))
        data = scope.target.table(_text(query, columns, order, bucket, identity))
    return TrainingRows(
        data=data.select([c.name for c in columns]),
        columns=columns,
        bucket=data[BUCKET] if bucket else None,
        order=order,
        identity=identity.said,
        rule=identity.rule,
        time=time,
        notices=notices,
    )


def _text(
    query: str,
    columns: Sequence[Column],
    order: Sequence[str],
    bucket: str | None,
    identity: Identity,
) -> str:
    picked = [always_quote(c.name) for c in columns]
    if ROW_ID in identity.columns:
        picked.append(ROW_ID)
    if bucket is not None:
        picked.append(f"{bucket} AS {BUCKET}")
    by = ", ".join(map(always_quote, order))
    return f"SELECT {', '.join(picked)} FROM ({query}\n) ORDER BY {by}"


def _strictly_ordered(data: pa.Table, order: Sequence[str]) -> bool:
    """Whether no two neighbours agree on every ordering column."""
    if data.num_rows <= 1 or set(data.column_names) <= {*order, BUCKET}:
        return True
    equal: np.ndarray | None = None
    for name in order:
        column = data[name].combine_chunks()
        before, after = column.slice(0, len(column) - 1), column.slice(1)
        same = pc.fill_null(pc.equal(before, after), True)
        here = same.to_numpy(zero_copy_only=False)
        equal = here if equal is None else equal & here
        if not equal.any():
            return True
    return False


def check_columns(definition: Model, columns: Sequence[Column]) -> None:
    """Every column that a clause names is one of the query's, and none is called as an answer.

    Raises:
        DefinitionRefused: with the nearest right name.
    """
    clauses: list[tuple[str, Sequence[str]]] = [
        ("PREDICT", [definition.target] if definition.target else []),
        ("TIME", [definition.time] if definition.time else []),
        ("KEY", definition.key),
        ("IGNORE", definition.ignore),
    ]
    if isinstance(definition.holdout, HoldoutShare):
        clauses.append(("HOLDOUT BY", definition.holdout.by))
    for clause, named in clauses:
        for name in named:
            _spelled(name, columns, clause)
    _check_time(definition, columns)
    if definition.target is not None:
        _check_roles(definition, definition.target)
        _refuse_answers(definition.target, columns)


def _refuse_answers(target: str, columns: Sequence[Column]) -> None:
    answers = {fold(f"predicted_{target}{tail}") for tail in ("", "_prob", "_probs")}
    for name in (column.name for column in columns if fold(column.name) in answers):
        raise DefinitionRefused(
            f"the query has a column {name}, as the prediction is called",
            hint=f"give it another name: {quote(name)} AS {quote('input_' + name)}",
        )


def _check_roles(definition: Model, target: str) -> None:
    """The label says neither which row this is nor when it was."""
    if fold(target) in {fold(name) for name in (*definition.key, definition.time or "")}:
        raise DefinitionRefused(
            f"{target} is the label, so it can be neither KEY nor TIME",
            hint="rows are held out by who they are, never by their answer",
        )


def _check_time(definition: Model, columns: Sequence[Column]) -> None:
    """TIME is a moment, or a whole number that grows with it."""
    if definition.time is None:
        return
    column = next(c for c in columns if fold(c.name) == fold(definition.time))
    if not column.type.startswith((*TIME_TYPES, *WHOLE_NUMBERS)):
        raise DefinitionRefused(
            f"TIME names {column.name}, which is {column.type} and no moment",
            hint=f"{quote(column.name)}::TIMESTAMP AS {quote(column.name)}",
        )


def _spelled(name: str, columns: Sequence[Column], clause: str = "TIME") -> str:
    for column in columns:
        if fold(column.name) == fold(name):
            return column.name
    names = [column.name for column in columns]
    raise DefinitionRefused(
        f"{clause} names {name}, which is not a column of the query",
        hint=did_you_mean(name, names) or f"its columns are {', '.join(names)}",
    )
