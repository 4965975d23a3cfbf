"""The clauses that demand something: EXPECT, REQUIRE, FRESHNESS, ROLLOUT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import (
    Expectation,
    Freshness,
    OnViolation,
    Requirement,
    Rollout,
    RolloutStage,
    SourceFreshness,
    Stage,
)
from mlview.sql.tokens import problem

if TYPE_CHECKING:
    from datetime import timedelta

    from mlview.sql.cursor import Cursor

_WHOLE = 100.0
_PREDICATE = "a condition in parentheses"


def read_expectation(cursor: Cursor, name: str | None = None) -> Expectation:
    """`(condition) [ON VIOLATION FAIL | DROP ROW [AT MOST p PERCENT] | WARN]`."""
    predicate = cursor.group(_PREDICATE)
    if not cursor.take("ON", "VIOLATION"):
        return Expectation(predicate, name)
    if cursor.take("DROP", "ROW"):
        most = _percent(cursor) if cursor.take("AT", "MOST") else None
        return Expectation(predicate, name, OnViolation.DROP_ROW, most)
    return Expectation(predicate, name, _fail_or_warn(cursor, "FAIL, DROP ROW or WARN"))


def read_requirement(cursor: Cursor, name: str | None = None) -> Requirement:
    """`(condition) [ON VIOLATION FAIL | WARN]`."""
    predicate = cursor.group(_PREDICATE)
    if not cursor.take("ON", "VIOLATION"):
        return Requirement(predicate, name)
    return Requirement(predicate, name, _fail_or_warn(cursor, "FAIL or WARN"))


def _fail_or_warn(cursor: Cursor, choices: str) -> OnViolation:
    if cursor.take("FAIL"):
        return OnViolation.FAIL
    if cursor.take("WARN"):
        return OnViolation.WARN
    return cursor.expected(choices)


def _percent(cursor: Cursor) -> float:
    start = cursor.start
    percent = cursor.number("a number of percent")
    if percent > _WHOLE:
        raise problem(cursor.text, start, f"expected at most 100 percent, found {percent:g}")
    if not cursor.take_mark("%"):
        cursor.expect("PERCENT")
    return percent


def read_freshness(cursor: Cursor) -> Freshness:
    """`(WARN AFTER t, ERROR AFTER t, SOURCE table.column WITHIN t, ...)`, at least one."""
    limits: dict[str, timedelta] = {}
    sources: list[SourceFreshness] = []
    cursor.expect_mark("(")
    while True:
        start = cursor.start
        if cursor.take("SOURCE"):
            column = cursor.path("table.column")
            cursor.expect("WITHIN")
            sources.append(SourceFreshness(column, cursor.duration()))
        else:
            limit = _limit(cursor)
            if limit in limits:
                raise problem(cursor.text, start, f"{limit} AFTER is given twice")
            limits[limit] = cursor.duration()
        if not cursor.take_mark(","):
            break
    cursor.expect_mark(")")
    return Freshness(limits.get("WARN"), limits.get("ERROR"), tuple(sources))


def _limit(cursor: Cursor) -> str:
    for word in ("WARN", "ERROR"):
        if cursor.take(word, "AFTER"):
            return word
    return cursor.expected("WARN AFTER, ERROR AFTER or SOURCE")


def read_rollout(cursor: Cursor) -> Rollout:
    """`(SHADOW FOR t, CANARY share [BY (columns)] FOR t, LIVE) [ON VIOLATION ROLLBACK | WARN]`."""
    cursor.expect_mark("(")
    stages = [_stage(cursor)]
    while cursor.take_mark(","):
        start = cursor.start
        stage = _stage(cursor)
        if list(Stage).index(stage.stage) <= list(Stage).index(stages[-1].stage):
            message = f"{stage.stage} cannot follow {stages[-1].stage}"
            raise problem(cursor.text, start, message, "the order is SHADOW, CANARY, LIVE")
        stages.append(stage)
    if stages[-1].stage is not Stage.LIVE:
        cursor.expected("the last stage LIVE")
    cursor.expect_mark(")")
    return Rollout(tuple(stages), _rollback(cursor))


def _rollback(cursor: Cursor) -> bool:
    if not cursor.take("ON", "VIOLATION") or cursor.take("ROLLBACK"):
        return True
    if cursor.take("WARN"):
        return False
    return cursor.expected("ROLLBACK or WARN")


def _stage(cursor: Cursor) -> RolloutStage:
    if cursor.take("LIVE"):
        return RolloutStage(Stage.LIVE)
    if cursor.take("SHADOW"):
        cursor.expect("FOR")
        return RolloutStage(Stage.SHADOW, cursor.duration())
    if not cursor.take("CANARY"):
        cursor.expected("SHADOW, CANARY or LIVE")
    share = read_share(cursor)
    by = cursor.columns("a column") if cursor.take("BY") else ()
    cursor.expect("FOR")
    return RolloutStage(Stage.CANARY, cursor.duration(), share, by)


def read_share(cursor: Cursor) -> float:
    """A number between 0 and 1, both excluded."""
    start = cursor.start
    share = cursor.number("a share such as 0.2")
    if not 0 < share < 1:
        hint = f"write {share / _WHOLE:g} for {share:g} percent" if 1 < share < _WHOLE else None
        message = f"expected a share between 0 and 1, found {share:g}"
        raise problem(cursor.text, start, message, hint)
    return share
