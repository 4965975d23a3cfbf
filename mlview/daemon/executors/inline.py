"""The executor that refreshes in its own process, while `start` waits: one thing at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlview.daemon.executors.burying import last_refresh, record_undone
from mlview.daemon.executors.carrying import ELSEWHERE, refreshing
from mlview.daemon.executors.protocol import Done, check_startable
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from mlview.daemon.executors.protocol import Work
    from mlview.session.services import Services


class InlineExecutor:
    """Carries work out at once: for tests, for `--once`, and under virtual clocks.

    Args:
        services: the open database; its clock is in force.
        slots: how much may be started before `finished` is called.
    """

    def __init__(self, services: Services, slots: int = 1) -> None:
        self.slots = slots
        self._services = services
        self._done: list[Done] = []
        self._stopped = False

    @property
    def running(self) -> tuple[Work, ...]:
        """What was started and not yet handed out."""
        return tuple(done.work for done in self._done)

    def start(self, work: Work) -> None:
        """Carry it out."""
        check_startable(self, work, stopped=self._stopped)
        home = self._services.home
        since = 0
        with suppress(MlviewError):  # the refresh will say what is wrong with the catalog
            since = last_refresh(home.catalog)
        began, started_at = home.clock.monotonic(), home.clock.now()
        error = refreshing(self._services.refresher, work)
        if error is not None and error[0] not in ELSEWHERE:
            with suppress(MlviewError):  # a catalog that cannot be written hides no other error
                record_undone(
                    home.catalog,
                    work,
                    error,
                    since=since,
                    began=started_at,
                    now=home.clock.now(),
                )
        self._done.append(Done(work, home.clock.monotonic() - began, *(error or ())))

    def finished(self, timeout: float) -> tuple[Done, ...]:
        """What was carried out since the last call."""
        del timeout
        done, self._done = tuple(self._done), []
        return done

    def stop(self, *, grace: float) -> tuple[Done, ...]:
        """Accept no more work."""
        self._stopped = True
        return self.finished(grace)
