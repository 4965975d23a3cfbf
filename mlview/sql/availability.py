"""What parses, and whose behaviour is not part of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.sql.statements import (
    Alter,
    CreateMaterializedView,
    CreateModel,
    ExplainCreate,
    ExplainRefresh,
    Later,
    SetClauses,
    Show,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlview.sql.statements import Statement

_CLAUSES = {
    "expectations": "EXPECT",
    "requirements": "REQUIRE",
    "rollout": "ROLLOUT",
}


def unavailable(statement: Statement) -> str | None:
    """The first clause or statement whose behaviour is not there yet, None if all is.

    >>> from mlview.sql import parse_statement
    >>> unavailable(parse_statement("SHOW INCIDENTS"))
    'SHOW INCIDENTS'
    """
    match statement:
        case Later():
            return statement.feature
        case Show(what="INCIDENTS"):
            return "SHOW INCIDENTS"
        case CreateModel() | CreateMaterializedView():
            definition = statement.definition
            fields = (field for field in _CLAUSES if hasattr(definition, field))
            return _first({name: getattr(definition, name) for name in fields})
        case Alter(action=SetClauses(changes=changes)):
            return _first(changes)
        case ExplainCreate() | ExplainRefresh():
            return unavailable(statement.statement)
        case _:
            return None


def _first(fields: Mapping[str, object]) -> str | None:
    given: Iterable[str] = (
        clause for field, clause in _CLAUSES.items() if fields.get(field) not in (None, ())
    )
    return next(iter(given), None)
