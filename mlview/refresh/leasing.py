"""Holding a view's lease for as long as its refresh takes."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mlview.errors import LeaseLost, StorageProblem
from mlview.storage.processes import holder_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.storage.home import Home

LEASE_SECONDS = 60.0


@contextmanager
def lease(home: Home, object_id: int) -> Iterator[int]:
    """The fencing token of a lease that is held in the background until the block ends.

    Raises:
        RefreshBusy: another process holds it.
    """
    acquired: Future[int] = Future()
    over = threading.Event()

    def hold() -> None:
        # All of it in a thread of its own: Ctrl-C cannot come between taking it and giving it back.
        try:
            token = home.catalog.acquire(
                object_id, holder=holder_here(), now=home.clock.now(), seconds=LEASE_SECONDS
            )
        except BaseException as error:  # noqa: BLE001 - it is raised where the lease is wanted
            acquired.set_exception(error)
            return
        acquired.set_result(token)
        _renew_until(over, home, object_id, token)
        with suppress(StorageProblem):  # what cannot be given back runs out by itself
            home.catalog.release(object_id, token)

    holder = threading.Thread(target=hold, name=f"lease-{object_id}", daemon=True)
    try:
        holder.start()
        yield acquired.result()
    finally:
        over.set()
        if holder.ident is not None:
            holder.join()


def _renew_until(over: threading.Event, home: Home, object_id: int, token: int) -> None:
    while not over.wait(LEASE_SECONDS / 3):
        try:
            home.catalog.renew(object_id, token, home.clock.now(), LEASE_SECONDS)
        except LeaseLost:
            return  # publishing will be refused, by the token
        except StorageProblem:
            continue  # the catalog may be writable again before the lease runs out
