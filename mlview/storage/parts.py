"""What the parts of the catalog share: the database, and how a change is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from mlview.errors import UnknownName
from mlview.storage.rows import ObjectRow, object_row
from mlview.storage.tables import changes, objects, pointers

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from mlview.definitions import Kind, Name
    from mlview.storage.database import Database

OBJECT_ROWS = select(
    objects.c.id,
    objects.c.kind,
    objects.c.schema_name,
    objects.c.name,
    objects.c.create_text,
    objects.c.fingerprint,
    objects.c.created_at,
    objects.c.comment,
    objects.c.owner,
    objects.c.suspended,
    pointers.c.pinned_version,
    pointers.c.held,
    pointers.c.live_version,
    pointers.c.live_since,
    pointers.c.current_through,
    objects.c.dropped_at,
    objects.c.unusable_reason,
    objects.c.revision,
    objects.c.altered_at,
    objects.c.suspended_reason,
    objects.c.suspended_at,
    objects.c.resumed_at,
).join_from(objects, pointers)


class Part:
    """A part of the catalog: statements about one kind of thing, over the shared database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def object_by_id(connection: Connection, object_id: int) -> ObjectRow:
    """The object, dropped or not; UnknownName if there never was one, or it was purged."""
    row = connection.execute(OBJECT_ROWS.where(objects.c.id == object_id)).mappings().one_or_none()
    if row is None:
        raise UnknownName(f"nothing in the catalog has the id {object_id}", object_id=object_id)
    return object_row(row)


def count_change(connection: Connection) -> None:
    """Let `Catalog.counter` grow with this transaction."""
    connection.execute(update(changes).values(count=changes.c.count + 1))


def touch(connection: Connection, object_id: int, **values: object) -> None:
    """Set columns of an object, and count the change in its revision and in the counter."""
    statement = update(objects).where(objects.c.id == object_id)
    connection.execute(statement.values(revision=objects.c.revision + 1, **values))
    count_change(connection)


def point(connection: Connection, object_id: int, **values: object) -> None:
    """Set columns of an object's pointers."""
    connection.execute(update(pointers).where(pointers.c.object_id == object_id).values(**values))


def not_dropped(row: ObjectRow) -> ObjectRow:
    """The row, unless it was dropped."""
    if row.dropped_at is not None:
        raise gone(row.name, row.kind, row.dropped_at)
    return row


def gone(name: Name, kind: Kind, dropped_at: datetime) -> UnknownName:
    """The error for a name that was dropped and can still be had back."""
    return UnknownName(
        f"{kind.lower()} '{name}' was dropped at {dropped_at:%Y-%m-%d %H:%M:%S} UTC",
        name=str(name),
        hint=f"UNDROP {kind} {name};",
    )
