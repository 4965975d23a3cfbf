"""What is declared of a view, as pairs of an item and what is said of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from mlview import learners
from mlview.definitions import (
    DOWNSTREAM,
    HoldoutLast,
    HoldoutShare,
    Method,
    Model,
    fold,
    format_duration,
    quote,
)
from mlview.observation.identities import time_column
from mlview.refresh.splitting import effective_holdout
from mlview.sql import canonical, ordered_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.definitions import Definition, Freshness, Holdout, Refreshable
    from mlview.lifecycle.creating import Declaration
    from mlview.records import Column

Item = tuple[str, str]


def column_items(definition: Refreshable, columns: Sequence[Column]) -> list[Item]:
    """The columns of a query, with their roles where it is a model's."""
    if not isinstance(definition, Model):
        return [("column", f"{quote(c.name)} {c.type}") for c in columns]
    time = time_column(definition, columns) if columns else None
    roles = {fold(name): ", IGNORE" for name in definition.ignore}
    if time is not None:
        roles[fold(time)] = ", TIME: orders and splits, no feature"
    roles |= {fold(key): ", KEY: identity, no feature" for key in definition.key}
    if definition.target is not None:
        roles[fold(definition.target)] = ", the label"
    return [
        ("column", f"{quote(c.name)} {c.type}{roles.get(fold(c.name), ', feature')}")
        for c in columns
    ]


def learning_items(definition: Model, columns: Sequence[Column]) -> list[Item]:
    """The method and the hold-out of a model."""
    lines: list[Item] = []
    label = next((c for c in columns if fold(c.name) == fold(definition.target or "")), None)
    match definition.method:
        case Method() as method:
            lines.append(("method", learners.resolve(method).name))
        case None if label is not None:
            method = learners.default_method(learners.label_task(label))
            lines.append(("method", f"{method.name}, by default"))
        case None if definition.target is None:
            lines.append(("method", f"{learners.resolve(None).name}, by default"))
        case None:
            lines.append(("method", "chosen by the label's type"))
        case _:
            lines.append(("method", "a Pipeline given from Python"))
    if definition.target is not None and columns:
        held = effective_holdout(definition, time_column(definition, columns))
        lines.append(("holdout", _held_out(held)))
    return lines


def _held_out(holdout: Holdout) -> str:
    match holdout:
        case HoldoutLast(last):
            newest = format_duration(last) if isinstance(last, timedelta) else f"{last:g}"
            return f"the last {newest} by time, then refitted on all rows"
        case HoldoutShare(share, by, refit):
            keys = f" of {', '.join(map(quote, by))}" if by else ""
            then = ", then refitted on all rows" if refit else ""
            return f"a share of {share:g} by identity{keys}{then}"


def refreshing_items(definition: Refreshable, declared: Declaration) -> list[Item]:
    """When it is refreshed, and what its query asks of a refresh."""
    lines = [("target lag", target_said(definition))]
    if definition.refresh_when is not None:
        lines.append(("refresh when", definition.refresh_when))
    if declared.reads.refresh_time:
        lines.append(("window", "reads refresh_time(): rows leave it as time passes"))
    if declared.reads.order_matters:
        lines.append(("evaluation", "single-threaded, because sums of floats depend on the order"))
    if ordered_limits(definition.query):
        lines.append(("ties", "ORDER BY with LIMIT: ties are broken on all output columns"))
    lines.append(("canonical query", canonical(definition.query)))
    return lines


def pairs(item: str, said: Iterable[tuple[str | list[str], object]]) -> list[Item]:
    """One line for each column, or several together, and what is said of it."""
    return [
        (item, f"{', '.join(map(quote, [names] if isinstance(names, str) else names))}: {text}")
        for names, text in said
    ]


def freshness_said(promise: Freshness | None) -> str | None:
    """A FRESHNESS clause in words; None without one."""
    if promise is None:
        return None
    parts = [
        f"{word} after {format_duration(length)}"
        for word, length in (("warn", promise.warn_after), ("error", promise.error_after))
        if length is not None
    ]
    parts += [
        f"source {'.'.join(source.column)} within {format_duration(source.within)}"
        for source in promise.sources
    ]
    return ", ".join(parts)


def target_said(definition: Definition) -> str:
    """A target lag, or what stands in its place."""
    lag = getattr(definition, "target_lag", None)
    if isinstance(lag, timedelta):
        return format_duration(lag)
    if lag is DOWNSTREAM:
        return "DOWNSTREAM"
    condition = getattr(definition, "refresh_when", None)
    return "none: refreshed by hand" if condition is None else "none: REFRESH WHEN alone decides"


def as_table(lines: Iterable[Item]) -> pa.Table:
    """Pairs as a table of the columns item and value."""
    pairs = list(lines)
    return pa.table(
        {
            "item": pa.array([item for item, _ in pairs], pa.string()),
            "value": pa.array([value for _, value in pairs], pa.string()),
        }
    )
