"""What CREATE and ALTER have to ask of the freshness clauses before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import Kind, RefreshMode, format_duration
from mlview.engines.predicates import answers, is_never_true
from mlview.errors import DefinitionRefused
from mlview.freshness.columns import ORDINARY, SCHEMA
from mlview.freshness.triggers import MEASURED, check_trigger, columns_of
from mlview.observation.newest import check_source

_LEAST = "PRIORITY 0 counts as 1, the least there is; SUSPEND keeps a view from being refreshed"

if TYPE_CHECKING:
    from mlview.definitions import Freshness, Refreshable
    from mlview.storage.home import Home


def check_freshness(home: Home, definition: Refreshable) -> tuple[str, ...]:
    """Refuse a clause of freshness that means nothing; what else should be known of them.

    Raises:
        MlviewError: what was expected, what was found, and the nearest right name.
    """
    _refuse_approximate(definition)
    for source in definition.freshness.sources if definition.freshness else ():
        check_source(home, source)
    notices: tuple[str, ...] = (_LEAST,) if definition.priority == 0 else ()
    if definition.freshness is not None:
        notices += _of_alarms(definition.freshness)
    if definition.refresh_when is not None:
        notices += _of_trigger(definition.refresh_when, definition.kind)
    return notices


def _refuse_approximate(definition: Refreshable) -> None:
    if definition.kind is Kind.MODEL or definition.refresh_mode is not RefreshMode.APPROXIMATE:
        return
    raise DefinitionRefused(
        "REFRESH_MODE APPROXIMATE goes on from what a model has learned; rows are exact, or wrong",
        name=definition.name.plain,
        hint="AUTO takes the faster of INCREMENTAL and FULL, both of which are exact",
    )


def _of_alarms(freshness: Freshness) -> tuple[str, ...]:
    warn, error = freshness.warn_after, freshness.error_after
    if warn is None or error is None or warn < error:
        return ()
    first, never = format_duration(error), format_duration(warn)
    return (f"ERROR AFTER {first!r} is reached first: WARN AFTER {never!r} is never told",)


def _of_trigger(predicate: str, kind: Kind) -> tuple[str, ...]:
    """The same of a REFRESH WHEN."""
    check_trigger(predicate)
    if is_never_true(predicate, SCHEMA):
        return (f"REFRESH WHEN ({predicate}) can never be true, so it makes no refresh due",)
    (tried,) = answers(ORDINARY, [predicate])
    if tried.error is not None:
        return (f"REFRESH WHEN ({predicate}) is UNKNOWN on an ordinary row: {tried.error}",)
    asked = sorted(columns_of(predicate) & MEASURED)
    if kind is Kind.MODEL or not asked:
        return ()
    them = "it" if len(asked) == 1 else "them"
    said = "measured of models only, so REFRESH WHEN is UNKNOWN where it depends on"
    return (f"{', '.join(asked)}: {said} {them}",)
