"""Everything that answers statements, wired together once per database."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.freshness.agenda import Surveyor
from mlview.freshness.planner import Planner
from mlview.freshness.promises import Promises
from mlview.lifecycle.altering import Alterer
from mlview.lifecycle.creating import Creator
from mlview.lifecycle.describing import Describer
from mlview.lifecycle.explaining import Explainer
from mlview.monitoring import Monitor
from mlview.observation.observer import Observer
from mlview.refresh.refresher import Refresher
from mlview.serving.binding import Binder
from mlview.serving.calls import Calls
from mlview.serving.loading import Loader
from mlview.session.system_tables import SystemTables
from mlview.upkeep.tending import Tending

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.records import Staleness
    from mlview.storage.home import Home


@dataclass(frozen=True)
class Services:
    """The parts that one open database consists of."""

    home: Home
    observer: Observer
    loader: Loader
    binder: Binder
    refresher: Refresher
    creator: Creator
    alterer: Alterer
    describer: Describer
    explainer: Explainer
    monitor: Monitor
    surveyor: Surveyor
    planner: Planner
    promises: Promises
    tending: Tending
    system: SystemTables

    @classmethod
    def of(cls, home: Home) -> Services:
        """Wire the parts of a database together."""
        observer = Observer(home)

        def staleness(name: Name) -> Staleness | None:
            return observer.staleness(name, home.clock.now())

        loader = Loader(home.artifacts)
        binder = Binder(home, loader, Calls(staleness))
        refresher = Refresher(home, observer, binder)
        monitor = Monitor(home, observer, loader)
        surveyor = Surveyor(home, observer, monitor)
        planner = Planner(home, surveyor, refresher)
        promises = Promises(home, observer)
        creator = Creator(home, observer, binder, refresher, planner)
        return cls(
            home=home,
            observer=observer,
            loader=loader,
            binder=binder,
            refresher=refresher,
            creator=creator,
            alterer=Alterer(home, observer, _user(), planner),
            describer=Describer(home, observer),
            explainer=Explainer(home, observer, refresher, creator, binder, planner),
            monitor=monitor,
            surveyor=surveyor,
            planner=planner,
            promises=promises,
            tending=Tending(home),
            system=SystemTables(home, observer, planner, promises, monitor),
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
