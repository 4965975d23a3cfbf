"""What is noted with a commit, and how an open transaction is given up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

from mlview.definitions import literal
from mlview.engines.metadata import TIME_KEY

if TYPE_CHECKING:
    from mlview.clock import Clock


def stamp(connection: duckdb.DuckDBPyConnection, lake: str, clock: Clock, **facts: Any) -> None:
    """Note facts with the commit to come, and the time if the clock is a virtual one."""
    if clock.virtual:
        facts[TIME_KEY] = clock.now().isoformat()
    if facts:
        note = literal(json.dumps(facts))
        connection.execute(f"CALL {lake}.set_commit_message(NULL, NULL, extra_info => {note})")


def give_up(connection: duckdb.DuckDBPyConnection) -> None:
    """ROLLBACK whatever is open."""
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        # A failed COMMIT has ended the transaction already.
        return
