"""Predicts what refreshes would take, each view by its own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.observation.stored import maintenance_of
from mlview.planning import Costs, predict_seconds
from mlview.records import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Name
    from mlview.observation.observer import Observed
    from mlview.records import Staleness
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
    costs = {}
    for name, object_id in stale.items():
        live, past = observed.live[object_id], history.get(object_id, ())
        rows, changed = live.rows or 0, staleness[name].changed_rows
        full = predict_seconds(Action.FULL, rows, changed or 0, past)
        able = maintenance_of(live).possible
        known = able and changed is not None
        incremental = (
            predict_seconds(Action.INCREMENTAL, rows, changed, past)
            if known and changed is not None
            else None
        )
        costs[name] = Costs(full, incremental)
    return costs
