"""Views and models: their names, their CREATE texts and what is said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from mlview.definitions import Kind, Name
from mlview.errors import NameTaken, UnknownName, did_you_mean
from mlview.storage.parts import (
    OBJECT_ROWS,
    Part,
    count_change,
    gone,
    not_dropped,
    object_by_id,
    point,
    touch,
)
from mlview.storage.rows import ObjectRow, object_row
from mlview.storage.tables import leases, objects, pointers, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


class Objects(Part):
    """Names are unique, ASCII case aside, among the objects that are not dropped."""

    def objects(self, *, dropped: bool = False) -> tuple[ObjectRow, ...]:
        """All objects by id; with `dropped`, those that were dropped as well."""
        query = OBJECT_ROWS.order_by(objects.c.id)
        if not dropped:
            query = query.where(objects.c.dropped_at.is_(None))
        with self._database.read() as connection:
            return tuple(object_row(row) for row in connection.execute(query).mappings())

    def object(self, object_id: int) -> ObjectRow:
        """The object with this id, dropped or not; UnknownName otherwise."""
        with self._database.read() as connection:
            return object_by_id(connection, object_id)

    def find(self, name: Name) -> ObjectRow | None:
        """The object that has this name now, or None."""
        with self._database.read() as connection:
            return _named(connection, name)

    def get(self, name: Name, kind: Kind | None = None) -> ObjectRow:
        """The object that has this name now, and is of this kind if one is given.

        Raises:
            UnknownName: with the nearest name, the kind it has instead, or how to undrop it.
        """
        with self._database.read() as connection:
            row = _named(connection, name)
            if row is None:
                raise _unknown(connection, name, kind)
        if kind is not None and row.kind is not kind:
            raise UnknownName(
                f"'{row.name}' is a {row.kind.lower()}, not a {kind.lower()}",
                name=str(row.name),
                hint=f"write {row.kind} {row.name}",
                found=row.kind,
            )
        return row

    def define(
        self,
        kind: Kind,
        name: Name,
        create_text: str,
        fingerprint: str,
        *,
        owner: str | None,
        now: datetime,
    ) -> ObjectRow:
        """Keep a new object; nothing of it is live yet. NameTaken if the name is in use."""
        with self._database.write() as connection:
            _check_free(connection, name)
            made = connection.execute(
                insert(objects).values(
                    **_name_values(name),
                    kind=kind,
                    create_text=create_text,
                    fingerprint=fingerprint,
                    owner=owner,
                    created_at=now,
                    altered_at=now,
                    suspended=False,
                    revision=1,
                    last_version=0,
                )
            )
            (object_id,) = made.inserted_primary_key or (0,)
            connection.execute(insert(pointers).values(object_id=object_id, held=False))
            count_change(connection)
            return object_by_id(connection, object_id)

    def redefine(
        self,
        object_id: int,
        create_text: str,
        fingerprint: str,
        *,
        owner: str | None,
        now: datetime,
    ) -> ObjectRow:
        """Replace the definition; what is live stays live."""
        return self._set(
            object_id,
            create_text=create_text,
            fingerprint=fingerprint,
            owner=owner,
            altered_at=now,
        )

    def rename(self, object_id: int, new: Name, create_text: str, *, now: datetime) -> ObjectRow:
        """Give another name, with the CREATE text that says it; history keeps the old one."""
        with self._database.write() as connection:
            not_dropped(object_by_id(connection, object_id))
            _check_free(connection, new, except_id=object_id)
            values = {**_name_values(new), "create_text": create_text, "altered_at": now}
            touch(connection, object_id, **values)
            return object_by_id(connection, object_id)

    def comment(self, object_id: int, text: str | None) -> ObjectRow:
        """Set or remove the comment."""
        return self._set(object_id, comment=text)

    def suspend(
        self, object_id: int, suspended: bool, *, now: datetime, reason: str | None = None
    ) -> ObjectRow:
        """Stop or resume scheduled refreshes; `reason` says why, where no user asked for it."""
        if not suspended:
            return self._set(
                object_id,
                suspended=False,
                suspended_reason=None,
                suspended_at=None,
                resumed_at=now,
            )
        return self._set(object_id, suspended=True, suspended_reason=reason, suspended_at=now)

    def set_unusable(self, object_id: int, reason: str | None) -> ObjectRow:
        """Say why it cannot be used, or that it can."""
        return self._set(object_id, unusable_reason=reason)

    def hold(self, object_id: int, held: bool) -> ObjectRow:
        """Hold publishing after a rollback, or release it."""
        with self._database.write() as connection:
            not_dropped(object_by_id(connection, object_id))
            point(connection, object_id, held=held)
            touch(connection, object_id)
            return object_by_id(connection, object_id)

    def drop(self, object_ids: Sequence[int], *, now: datetime) -> None:
        """Drop all of them or none; versions stay, and a refresh under way loses its lease."""
        with self._database.write() as connection:
            for object_id in object_ids:
                if object_by_id(connection, object_id).dropped_at is None:
                    touch(connection, object_id, dropped_at=now)
                    ours = leases.c.object_id == object_id
                    connection.execute(update(leases).where(ours).values(holder=None))

    def undrop(self, name: Name, kind: Kind, *, now: datetime) -> ObjectRow:
        """Bring back the newest dropped object of this name and kind, as it was.

        Raises:
            NameTaken: something else has the name by now.
            UnknownName: no such object was dropped; with the nearest dropped name.
        """
        with self._database.write() as connection:
            _check_free(connection, name)
            found = [row for row in _dropped(connection, _is(name)) if row.kind is kind]
            if not found:
                known = [row.name.plain for row in _dropped(connection) if row.kind is kind]
                raise UnknownName(
                    f"no {kind.lower()} named '{name}' was dropped",
                    name=str(name),
                    hint=did_you_mean(name.plain, known),
                )
            touch(connection, found[-1].id, dropped_at=None, altered_at=now)
            return object_by_id(connection, found[-1].id)

    def purge(self, object_id: int) -> None:
        """Forget an object and its versions entirely; history rows keep its name."""
        with self._database.write() as connection:
            for table in (leases, pointers, versions):
                connection.execute(delete(table).where(table.c.object_id == object_id))
            connection.execute(delete(objects).where(objects.c.id == object_id))
            count_change(connection)

    def _set(self, object_id: int, **values: Any) -> ObjectRow:
        with self._database.write() as connection:
            not_dropped(object_by_id(connection, object_id))
            touch(connection, object_id, **values)
            return object_by_id(connection, object_id)


def _is(name: Name) -> ColumnElement[bool]:
    schema_key, name_key = name.key
    return (objects.c.schema_key == schema_key) & (objects.c.name_key == name_key)


def _named(connection: Connection, name: Name) -> ObjectRow | None:
    query = OBJECT_ROWS.where(_is(name), objects.c.dropped_at.is_(None))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else object_row(row)


def _dropped(connection: Connection, *where: ColumnElement[bool]) -> list[ObjectRow]:
    query = OBJECT_ROWS.where(objects.c.dropped_at.is_not(None), *where)
    found = connection.execute(query.order_by(objects.c.dropped_at, objects.c.id))
    return [object_row(row) for row in found.mappings()]


def _name_values(name: Name) -> dict[str, object]:
    schema_key, name_key = name.key
    return {
        "schema_name": name.schema,
        "name": name.name,
        "schema_key": schema_key,
        "name_key": name_key,
    }


def _check_free(connection: Connection, name: Name, *, except_id: int | None = None) -> None:
    row = _named(connection, name)
    if row is not None and row.id != except_id:
        raise NameTaken(
            f"'{name}' is taken by a {row.kind.lower()}",
            name=str(row.name),
            hint=f"choose another name, or DROP {row.kind} {row.name};",
            found=row.kind,
        )


def _unknown(connection: Connection, name: Name, kind: Kind | None) -> UnknownName:
    dropped = _dropped(connection, _is(name))
    if dropped and dropped[-1].dropped_at is not None:
        return gone(dropped[-1].name, dropped[-1].kind, dropped[-1].dropped_at)
    named = select(objects.c.schema_name, objects.c.name).where(objects.c.dropped_at.is_(None))
    known = [Name(found, schema).plain for schema, found in connection.execute(named)]
    wanted = "view or model" if kind is None else kind.lower()
    return UnknownName(
        f"no {wanted} named '{name}'", name=str(name), hint=did_you_mean(name.plain, known)
    )
