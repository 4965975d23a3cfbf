"""Whether the next version of a view can be made from what changed, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import Method, Model, RefreshMode, fold
from mlview.deltas import Operator, Strategy
from mlview.engines.differencing import query_operators
from mlview.engines.differencing.adding import adding_operators
from mlview.errors import MlviewError, NotIncremental
from mlview.learners.roles import Roles
from mlview.observation.identities import identity_of
from mlview.observation.sources import sources
from mlview.records import Maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlview.definitions import Refreshable
    from mlview.engines import SnapshotReader
    from mlview.learners import ResolvedMethod
    from mlview.observation.reads import Reads
    from mlview.records import Column, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

SEED = 0


def operators_of(
    home: Home,
    reader: SnapshotReader,
    definition: Refreshable,
    reads: Reads,
    version_of: Callable[[ObjectRow], Version],
    *,
    sums: bool = True,
) -> tuple[Operator, ...]:
    """How each operator of a view's query would be maintained if all below it changed.

    With `sums` a materialized view is maintained from sums wherever these can be kept.
    """
    query, row_id = definition.query, None
    if isinstance(definition, Model):
        identity = identity_of(definition, reads.base_tables)
        query, row_id = identity.query, identity.row_id
    recorded = {row.id: version_of(row).number for row in reads.upstream.values()}
    at = reader.snapshot_id
    try:
        resolve = sources(home, recorded, at, at, version_of)
        adds = sums and not isinstance(definition, Model)
        added = adding_operators(reader, query, resolve) if adds else None
        return added or query_operators(reader, query, resolve, row_id=row_id)
    except MlviewError as problem:
        return (Operator("SELECT", Strategy.FULL_DIFFERENCE, problem.message),)


def of_query(operators: Iterable[Operator]) -> Maintenance:
    """Whether a query's delta costs less than the query."""
    outermost = next(iter(operators), None)
    if outermost is not None and outermost.strategy is Strategy.FULL_DIFFERENCE:
        because = outermost.reason or f"{outermost.what} needs all rows"
        return Maintenance(possible=False, reason=because)
    return Maintenance(possible=True, reason="from the exact delta of its query")


def of_model(
    definition: Model, roles: Roles | None, resolved: ResolvedMethod | None, query: Maintenance
) -> Maintenance:
    """Whether a model can be maintained, by its method and its query.

    Args:
        definition: the model; its mode may ask for an approximate continuation.
        roles: the part of each column; None where they are not known yet.
        resolved: the method; None for a Pipeline given from Python.
        query: whether the query's delta is cheap.
    """
    if resolved is None:
        return Maintenance(possible=False, reason="its Pipeline was given from Python")
    if not query.possible:
        return query
    if roles is None:
        return Maintenance(possible=False, reason="its columns are not known yet")
    maintained = learners.maintenance(roles, resolved, SEED)
    if not isinstance(maintained, learners.NotMaintained):
        reason = f"{resolved.name} is solved from sums, which the delta of its query adds to"
        return Maintenance(possible=True, reason=reason)
    if definition.refresh_mode is not RefreshMode.APPROXIMATE:
        return Maintenance(possible=False, reason=maintained.reason)
    continued = learners.continuation(roles, resolved)
    if isinstance(continued, learners.NotContinuable):
        return Maintenance(possible=False, reason=continued.reason)
    return Maintenance(possible=True, reason=continued.how, exact=False)


def foreseen(definition: Refreshable, columns: Sequence[Column], query: Maintenance) -> Maintenance:
    """What `of_model` will say once the model is trained, as far as its columns' types tell."""
    if not isinstance(definition, Model):
        return query
    label = next((c for c in columns if fold(c.name) == fold(definition.target or "")), None)
    if definition.target is None:
        named = isinstance(definition.method, Method)
        task = learners.resolve(definition.method).task if named else None  # type: ignore[arg-type]
    else:
        task = learners.label_task(label) if label is not None else None
    if task is None:
        return Maintenance(possible=False, reason="its columns are not known yet")
    roles = Roles(definition.target, task, ())
    return of_model(definition, roles, method_of(definition, roles), query)


def insist_on(definition: Refreshable, able: Maintenance) -> None:
    """Refuse a refresh mode that the definition cannot keep.

    Raises:
        NotIncremental: REFRESH_MODE INCREMENTAL of what is not maintained exactly, or APPROXIMATE
            of what can be neither maintained nor continued.
    """
    match definition.refresh_mode:
        case RefreshMode.INCREMENTAL if not (able.possible and able.exact):
            kind, hint = "INCREMENTAL", "REFRESH_MODE AUTO refreshes in full where it has to"
        case RefreshMode.APPROXIMATE if not able.possible:
            kind, hint = "APPROXIMATE", "REFRESH_MODE AUTO refreshes in full"
        case _:
            return
    raise NotIncremental(
        f"{definition.name} cannot be refreshed as REFRESH_MODE {kind} says: {able.reason}",
        name=definition.name.plain,
        hint=hint,
    )


def method_of(definition: Model, roles: Roles) -> ResolvedMethod | None:
    """The estimator of a model; None for a Pipeline given from Python."""
    match definition.method:
        case Method() as method:
            return learners.resolve(method)
        case None:
            chosen = learners.default_method(roles.task)
            return learners.resolve(chosen)
        case _:
            return None
