"""Holding a view's lease for as long as its refresh takes."""

from __future__ import annotations

import threading
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
    """The fencing token of a lease that is renewed in the background until the block ends.

    Raises:
        RefreshBusy: another process holds it.
    """
    now = home.clock.now
    token = home.catalog.acquire(object_id, holder=holder_here(), now=now(), seconds=LEASE_SECONDS)
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_SECONDS / 3):
            try:
                home.catalog.renew(object_id, token, now(), LEASE_SECONDS)
            except LeaseLost:
                return  # publishing will be refused, by the token
            except StorageProblem:
                continue  # the catalog may be writable again before the lease runs out

    renewer = threading.Thread(target=renew, name=f"lease-{object_id}", daemon=True)
    renewer.start()
    try:
        yield token
    finally:
        over.set()
        renewer.join()
        with suppress(StorageProblem):  # what cannot be given back runs out by itself
            home.catalog.release(object_id, token)
