"""A definition to its CREATE text: one clause per line, in the order of the language."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.definitions import (
    DOWNSTREAM,
    ArtifactMethod,
    HoldoutLast,
    HoldoutShare,
    MaterializedView,
    Method,
    Model,
    OnViolation,
    PlainView,
    RefreshMode,
    RolloutStage,
    Stage,
    format_duration,
    literal,
    quote,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlview.definitions import (
        Definition,
        Expectation,
        Freshness,
        Holdout,
        Refreshable,
        Requirement,
        Rollout,
        TargetLag,
        Value,
    )


def render(definition: Definition, *, or_replace: bool = False) -> str:
    """The statement that declares the definition, without a semicolon.

    `parse_statement` reads the same definition back.

    >>> from mlview.definitions import Model, Name
    >>> print(render(Model(name=Name("churn"), query="FROM t", target="left")))
    CREATE MODEL churn
      PREDICT "left"
    AS FROM t
    """
    create = "CREATE OR REPLACE" if or_replace else "CREATE"
    head = f"{create} {definition.kind} {definition.name}"
    match definition:
        case PlainView():
            columns = f" {_columns(definition.columns)}" if definition.columns else ""
            return f"{head}{columns} AS {definition.query}"
        case MaterializedView():
            lines = list(_shared(definition, ()))
        case Model():
            lines = [*_learning(definition), *_shared(definition, definition.requirements)]
    return "\n".join([head, *(f"  {line}" for line in lines), f"AS {definition.query}"])


def _learning(model: Model) -> Iterator[str]:
    if model.target is not None:
        yield f"PREDICT {quote(model.target)}"
    if model.method is not None:
        yield f"USING {_method(model.method)}"
    if model.key:
        yield f"KEY {_columns(model.key)}"
    if model.time is not None:
        yield f"TIME {quote(model.time)}"
    if model.ignore:
        yield f"IGNORE {_columns(model.ignore)}"
    if model.holdout is not None:
        yield f"HOLDOUT {_holdout(model.holdout)}"


def _shared(definition: Refreshable, requirements: tuple[Requirement, ...]) -> Iterator[str]:
    yield from map(_expectation, definition.expectations)
    yield from map(_requirement, requirements)
    if definition.target_lag is not None:
        yield f"TARGET_LAG {_lag(definition.target_lag)}"
    if definition.freshness is not None:
        yield f"FRESHNESS ({', '.join(_freshness(definition.freshness))})"
    if definition.refresh_when is not None:
        yield f"REFRESH WHEN ({definition.refresh_when})"
    if definition.refresh_mode is not RefreshMode.AUTO:
        yield f"REFRESH_MODE {definition.refresh_mode}"
    if isinstance(definition, Model) and definition.rollout is not None:
        yield f"ROLLOUT {_rollout(definition.rollout)}"
    if definition.priority is not None:
        yield f"PRIORITY {definition.priority}"
    if definition.owner is not None:
        yield f"OWNER {literal(definition.owner)}"


def _columns(columns: Iterable[str]) -> str:
    return f"({', '.join(map(quote, columns))})"


def _method(method: Method | ArtifactMethod) -> str:
    match method:
        case ArtifactMethod():
            return f"ARTIFACT 'sha256:{method.sha256}'"
        case Method():
            parts = method.name.split(".")
            dotted = ".".join(map(quote, parts)) if all(parts) else quote(method.name)
            given = (f"{quote(name)} => {render_value(value)}" for name, value in method.parameters)
            return f"{dotted} ({', '.join(given)})" if method.parameters else dotted


def render_value(value: Value) -> str:
    """A parameter's value as it would be typed."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case str():
            return literal(value)
        case tuple():
            return f"[{', '.join(map(render_value, value))}]"
        case _:
            return repr(value)


def _number(number: float) -> str:
    return repr(number).removesuffix(".0")


def _duration(length: timedelta) -> str:
    return literal(format_duration(length))


def _lag(target: TargetLag) -> str:
    return DOWNSTREAM if target is DOWNSTREAM else _duration(target)


def _holdout(holdout: Holdout) -> str:
    match holdout:
        case HoldoutLast(last=last):
            return f"LAST {_duration(last) if isinstance(last, timedelta) else _number(last)}"
        case HoldoutShare():
            by = f" BY {_columns(holdout.by)}" if holdout.by else ""
            return f"{_number(holdout.share)}{by}{' THEN REFIT' if holdout.refit else ''}"


def _named(rule: Expectation | Requirement) -> str:
    return f"CONSTRAINT {quote(rule.name)} " if rule.name is not None else ""


def _violation(on_violation: OnViolation) -> str:
    return "" if on_violation is OnViolation.FAIL else f" ON VIOLATION {on_violation}"


def _expectation(rule: Expectation) -> str:
    most = (
        "" if rule.at_most_percent is None else f" AT MOST {_number(rule.at_most_percent)} PERCENT"
    )
    return f"{_named(rule)}EXPECT ({rule.predicate}){_violation(rule.on_violation)}{most}"


def _requirement(rule: Requirement) -> str:
    return f"{_named(rule)}REQUIRE ({rule.predicate}){_violation(rule.on_violation)}"


def _freshness(freshness: Freshness) -> Iterator[str]:
    if freshness.warn_after is not None:
        yield f"WARN AFTER {_duration(freshness.warn_after)}"
    if freshness.error_after is not None:
        yield f"ERROR AFTER {_duration(freshness.error_after)}"
    for source in freshness.sources:
        column = ".".join(map(quote, source.column))
        yield f"SOURCE {column} WITHIN {_duration(source.within)}"


def _rollout(rollout: Rollout) -> str:
    stages = ", ".join(map(_stage, rollout.stages))
    return f"({stages}) ON VIOLATION {'ROLLBACK' if rollout.rollback else 'WARN'}"


def _stage(stage: RolloutStage) -> str:
    share = "" if stage.share is None else f" {_number(stage.share)}"
    by = f" BY {_columns(stage.by)}" if stage.by else ""
    lasts = "" if stage.duration is None else f" FOR {_duration(stage.duration)}"
    return f"{stage.stage}{share}{by}{lasts}" if stage.stage is not Stage.LIVE else "LIVE"
