"""What parses, and whose behaviour is not part of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import RefreshMode
from mlview.sql.statements import (
    Alter,
    CreateMaterializedView,
    CreateModel,
    ExplainCreate,
    ExplainRefresh,
    Later,
    Refresh,
    RefreshAll,
    SetClauses,
    Show,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlview.sql.statements import Statement

_CLAUSES = {
    "expectations": "EXPECT",
    "requirements": "REQUIRE",
    "refresh_when": "REFRESH WHEN",
    "rollout": "ROLLOUT",
}
_MODES = (RefreshMode.INCREMENTAL, RefreshMode.APPROXIMATE)


def unavailable(statement: Statement) -> str | None:
    """The first clause or statement whose behaviour is not there yet, None if all is.

    >>> from mlview.sql import parse_statement
    >>> unavailable(parse_statement("REFRESH MODEL churn INCREMENTAL"))
    'REFRESH ... INCREMENTAL'
    """
    match statement:
        case Later():
            return statement.feature
        case Show(what="INCIDENTS"):
            return "SHOW INCIDENTS"
        case CreateModel() | CreateMaterializedView():
            definition = statement.definition
            fields = (field for field in _CLAUSES if hasattr(definition, field))
            return _first({name: getattr(definition, name) for name in [*fields, "refresh_mode"]})
        case Alter(action=SetClauses(changes=changes)):
            return _first(changes)
        case Refresh(mode="INCREMENTAL") | RefreshAll(mode="INCREMENTAL"):
            return "REFRESH ... INCREMENTAL"
        case ExplainCreate() | ExplainRefresh():
            return unavailable(statement.statement)
        case _:
            return None


def _first(fields: Mapping[str, object]) -> str | None:
    given: Iterable[str] = (
        clause for field, clause in _CLAUSES.items() if fields.get(field) not in (None, ())
    )
    clause = next(iter(given), None)
    mode = fields.get("refresh_mode")
    if clause is None and mode in _MODES:
        return f"REFRESH_MODE {mode}"
    return clause
