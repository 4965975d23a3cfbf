"""Predicts what refreshes would take, each view by its own past."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from mlview.observation.stored import maintenance_of
from mlview.planning import Costs, predict_seconds
from mlview.records import Action

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlview.definitions import Name
    from mlview.observation.observer import Observed
    from mlview.planning import Past
    from mlview.records import Staleness, Version
    from mlview.storage.home import Home

REMEMBERED = 20
"""Refreshes of a view from which the seconds of the next one are predicted."""


def costs_of(
    home: Home, observed: Observed, staleness: Mapping[Name, Staleness]
) -> dict[Name, Costs]:
    """What a refresh of each stale view would take, by what its own refreshes took."""
    stale = {
        name: observed.rows[name].id
        for name, judged in staleness.items()
        if (judged.lag_sec is None or judged.stale_since is not None)
        and observed.rows[name].id in observed.live
    }
    history = home.catalog.past(tuple(stale.values()), each=REMEMBERED) if stale else {}
    return {
        name: _costs(
            observed.live[object_id], staleness[name].changed_rows, history.get(object_id, ())
        )
        for name, object_id in stale.items()
    }


def usual_costs(home: Home, live: Collection[Version]) -> dict[int, Costs]:
    """What the next refresh of these versions' views would take after as many changes as usual."""
    if not live:
        return {}
    history = home.catalog.past(tuple(v.object_id for v in live), each=REMEMBERED)
    found = {}
    for version in live:
        past = history.get(version.object_id, ())
        changed = [one.changed for one in past if one.action is Action.INCREMENTAL]
        found[version.object_id] = _costs(version, int(median(changed)) if changed else 0, past)
    return found


def _costs(live: Version, changed: int | None, past: Sequence[Past]) -> Costs:
    rows = live.rows or 0
    full = predict_seconds(Action.FULL, rows, changed or 0, past)
    if changed is None or not maintenance_of(live).possible:
        return Costs(full)
    return Costs(full, predict_seconds(Action.INCREMENTAL, rows, changed, past))
