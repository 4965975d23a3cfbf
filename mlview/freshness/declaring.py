"""What CREATE and ALTER have to ask of the freshness clauses before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import Kind
from mlview.freshness.triggers import MEASURED, check_trigger, columns_of
from mlview.observation.newest import check_source

if TYPE_CHECKING:
    from mlview.definitions import Refreshable
    from mlview.storage.home import Home


def check_freshness(home: Home, definition: Refreshable) -> tuple[str, ...]:
    """Refuse a REFRESH WHEN or a SOURCE that means nothing; what else should be known of them.

    Raises:
        MlviewError: what was expected, what was found, and the nearest right name.
    """
    for source in definition.freshness.sources if definition.freshness else ():
        check_source(home, source)
    if definition.refresh_when is None:
        return ()
    check_trigger(definition.refresh_when)
    asked = sorted(columns_of(definition.refresh_when) & MEASURED)
    if definition.kind is Kind.MODEL or not asked:
        return ()
    them = "it" if len(asked) == 1 else "them"
    said = "measured of models only, so REFRESH WHEN is UNKNOWN where it depends on"
    return (f"{', '.join(asked)}: {said} {them}",)
