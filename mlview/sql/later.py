"""Statements whose behaviour comes in a later release, read in full."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlview.definitions import Kind, Value
from mlview.errors import did_you_mean
from mlview.sql.statements import (
    AcknowledgeIncident,
    CreateMonitor,
    Diagnose,
    ExplainIncident,
    Recommend,
    ResolveIncident,
)
from mlview.sql.tokens import problem
from mlview.sql.values import read_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.sql.cursor import Cursor

_INCIDENT = "the number of an incident"
_MONITOR: dict[str, tuple[str, Callable[[Cursor], object]]] = {
    "ID_COLUMNS": ("id_columns", lambda cursor: cursor.columns("a column")),
    "TIMESTAMP_COLUMN": ("timestamp_column", lambda cursor: cursor.identifier("a column")),
    "LABEL_DELAY": ("label_delay", lambda cursor: cursor.duration()),
    "SEGMENT_COLUMNS": ("segment_columns", lambda cursor: cursor.columns("a column")),
    "AGGREGATION_WINDOW": ("aggregation_window", lambda cursor: cursor.duration()),
}


def at_monitor(cursor: Cursor) -> bool:
    """Whether MODEL MONITOR comes next, rather than a model called monitor."""
    following = cursor.ahead(3)
    return cursor.at("MODEL", "MONITOR", "IF") or (
        cursor.at("MODEL", "MONITOR")
        and following is not None
        and following.word in ("WITH", "")
        and following.text not in ("(", "=>")
    )


def read_monitor(cursor: Cursor, or_replace: bool) -> CreateMonitor:
    """What follows CREATE: `MODEL MONITOR name WITH MODEL name LABELS FROM (query) ...`."""
    cursor.expect("MODEL", "MONITOR")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.name("the name of a monitor")
    cursor.expect("WITH", "MODEL")
    model = cursor.name("the name of a model")
    cursor.expect("LABELS", "FROM")
    labels = cursor.group("a query in parentheses")
    fields: dict[str, Any] = {}
    while not cursor.at_end:
        _monitor_clause(cursor, fields)
    if "id_columns" not in fields:
        cursor.expected("ID_COLUMNS (...)")
    return CreateMonitor(
        name,
        model,
        labels,
        **fields,
        or_replace=or_replace,
        if_not_exists=if_not_exists,
    )


def _monitor_clause(cursor: Cursor, fields: dict[str, Any]) -> None:
    start, token = cursor.start, cursor.advance()
    if token.word not in _MONITOR:
        cursor.index -= 1
        cursor.expected(f"one of {', '.join(_MONITOR)}", did_you_mean(token.text, _MONITOR))
    field, read = _MONITOR[token.word]
    if field in fields:
        raise problem(cursor.text, start, f"{token.word} is given twice", "keep one of them")
    cursor.take_mark("=")
    fields[field] = read(cursor)


def read_acknowledge(cursor: Cursor) -> AcknowledgeIncident:
    """`ACKNOWLEDGE INCIDENT n [UNTIL TIMESTAMP '...'] [COMMENT '...']`."""
    cursor.expect("ACKNOWLEDGE", "INCIDENT")
    incident = cursor.integer(_INCIDENT)
    until = None
    if cursor.take("UNTIL"):
        cursor.expect("TIMESTAMP")
        until = cursor.string("a timestamp")
    comment = cursor.string("a comment in quotes") if cursor.take("COMMENT") else None
    return AcknowledgeIncident(incident, until, comment)


def read_resolve(cursor: Cursor) -> ResolveIncident:
    """`RESOLVE INCIDENT n [CAUSE '...']`."""
    cursor.expect("RESOLVE", "INCIDENT")
    incident = cursor.integer(_INCIDENT)
    return ResolveIncident(
        incident, cursor.string("a cause in quotes") if cursor.take("CAUSE") else None
    )


def read_explain_incident(cursor: Cursor) -> ExplainIncident:
    """`EXPLAIN INCIDENT n`."""
    cursor.expect("EXPLAIN", "INCIDENT")
    return ExplainIncident(cursor.integer(_INCIDENT))


def read_diagnose(cursor: Cursor) -> Diagnose:
    """`DIAGNOSE MODEL name` or `DIAGNOSE MATERIALIZED VIEW name`."""
    cursor.expect("DIAGNOSE")
    if cursor.take("MATERIALIZED", "VIEW"):
        return Diagnose(Kind.MATERIALIZED_VIEW, cursor.name("the name of a materialized view"))
    cursor.expect("MODEL")
    return Diagnose(Kind.MODEL, cursor.name("the name of a model"))


def read_recommend(cursor: Cursor) -> Recommend:
    """`RECOMMEND MATERIALIZATIONS [FOR WORKLOAD LAST t] [WITHIN (storage => '2 GB', ...)]`."""
    cursor.expect("RECOMMEND", "MATERIALIZATIONS")
    workload = None
    if cursor.take("FOR"):
        cursor.expect("WORKLOAD", "LAST")
        workload = cursor.duration()
    within: dict[str, Value] = {}
    if cursor.take("WITHIN"):
        within = _known(cursor, ("storage", "refresh"))
    return Recommend(workload, MappingProxyType(within))


def _known(cursor: Cursor, names: tuple[str, ...]) -> dict[str, Value]:
    start = cursor.start
    given = {name.lower(): value for name, value in read_parameters(cursor)}
    for name in given:
        if name not in names:
            message = f"expected one of {', '.join(names)}, found '{name}'"
            raise problem(cursor.text, start, message, did_you_mean(name, names))
    return given
