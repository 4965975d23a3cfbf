"""What can be wrong with a catalog, looked for on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from mlview.errors import StorageProblem
from mlview.records import VersionStatus
from mlview.storage.tables import objects, pointers, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from mlview.storage.database import Database


def problems(database: Database) -> list[str]:
    """One sentence for each thing that is wrong; nothing if the catalog is whole.

    Checks the pages and indexes of the file, the references between rows, and that exactly the
    versions that pointers name have the status LIVE.
    """
    try:
        with database.read() as connection:
            return [*_of_the_file(connection), *_of_pointers(connection)]
    except StorageProblem as error:
        return [error.message]


def _of_the_file(connection: Connection) -> Iterator[str]:
    for (found,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if found != "ok":
            yield f"the file is damaged: {found}"
    for table, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"row {rowid} of {table} refers to a row of {parent} that does not exist"


def _of_pointers(connection: Connection) -> Iterator[str]:
    statuses = select(
        objects.c.name, versions.c.number, versions.c.status, pointers.c.live_version
    ).select_from(
        objects.join(pointers).join(
            versions, and_(versions.c.object_id == objects.c.id), isouter=False
        )
    )
    for name, number, status, live in connection.execute(statuses):
        if (number == live) != (status == VersionStatus.LIVE):
            yield f"version {number} of '{name}' is marked {status}, but version {live} is live"
