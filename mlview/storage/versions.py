"""Versions: numbered from 1 for each object, never changed but in their status."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, insert, or_, select, update

from mlview.errors import UnknownName, UsageProblem
from mlview.records import Version, VersionStatus
from mlview.storage import jsontext
from mlview.storage.parts import Part, count_change, not_dropped, object_by_id, point, touch
from mlview.storage.rows import ObjectRow, version_record, version_values
from mlview.storage.tables import objects, pointers, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement, Connection

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_BY_PUBLISHING = frozenset({VersionStatus.LIVE, VersionStatus.RETIRED})


class Versions(Part):
    """What was made, and which of it garbage collection has to leave alone."""

    def next_version(self, object_id: int) -> int:
        """A number that no version of this object has had, and none will be given again."""
        grow = (
            update(objects)
            .where(objects.c.id == object_id)
            .values(last_version=objects.c.last_version + 1)
            .returning(objects.c.last_version)
        )
        with self._database.write() as connection:
            object_by_id(connection, object_id)
            return int(connection.execute(grow).scalar_one())

    def add_version(self, version: Version) -> None:
        """Keep a candidate. It becomes live by `publish` or `point_at` and in no other way.

        Raises:
            UsageProblem: its number is taken, or it claims to be live.
        """
        if version.status in _BY_PUBLISHING:
            raise UsageProblem(
                f"a new version cannot be {version.status}", hint="add it as CANDIDATE, publish it"
            )
        with self._database.write() as connection:
            owner = not_dropped(object_by_id(connection, version.object_id))
            if _find(connection, version.object_id, version.number) is not None:
                raise UsageProblem(
                    f"version {version.number} of '{owner.name}' exists",
                    name=str(owner.name),
                    hint="take its number from next_version",
                )
            connection.execute(insert(versions).values(version_values(version)))
            highest = case(
                (objects.c.last_version < version.number, version.number),
                else_=objects.c.last_version,
            )
            touch(connection, version.object_id, last_version=highest)

    def version(self, object_id: int, number: int) -> Version:
        """One version; UnknownName if there is none of this number (any more)."""
        with self._database.read() as connection:
            return existing(connection, object_by_id(connection, object_id), number)

    def versions(self, object_id: int | None = None) -> tuple[Version, ...]:
        """The kept versions of one object or of all, by object and number."""
        query = select(versions).order_by(versions.c.object_id, versions.c.number)
        if object_id is not None:
            query = query.where(versions.c.object_id == object_id)
        with self._database.read() as connection:
            return tuple(version_record(row) for row in connection.execute(query).mappings())

    def live_versions(self) -> Mapping[int, Version]:
        """The live version of every object that has one and is not dropped, by object id."""
        query = (
            select(versions)
            .join(
                pointers,
                and_(
                    pointers.c.object_id == versions.c.object_id,
                    pointers.c.live_version == versions.c.number,
                ),
            )
            .join(objects, objects.c.id == versions.c.object_id)
            .where(objects.c.dropped_at.is_(None))
            .order_by(versions.c.object_id)
        )
        with self._database.read() as connection:
            found = [version_record(row) for row in connection.execute(query).mappings()]
        return {version.object_id: version for version in found}

    def reject(self, object_id: int, number: int, reason: str) -> None:
        """Mark a candidate that failed its gates; `details["rejected_because"]` says why."""
        with self._database.write() as connection:
            row = object_by_id(connection, object_id)
            version = existing(connection, row, number)
            if row.live_version == number:
                raise UsageProblem(
                    f"version {number} of '{row.name}' is live and cannot be rejected",
                    name=str(row.name),
                    hint=f"ALTER {row.kind} {row.name} ROLLBACK;",
                )
            details = {**version.details, "rejected_because": reason}
            set_version(
                connection, object_id, number, status=VersionStatus.REJECTED, details=details
            )
            touch(connection, object_id)

    def pin(self, object_id: int, number: int | None) -> ObjectRow:
        """Allow only this version to be live, or any again; the pointer itself stays."""
        with self._database.write() as connection:
            row = not_dropped(object_by_id(connection, object_id))
            if number is not None:
                existing(connection, row, number)
            point(connection, object_id, pinned_version=number)
            touch(connection, object_id)
            return object_by_id(connection, object_id)

    def artifact_digests(self) -> frozenset[str]:
        """Digests (64 hexadecimal digits) of every artifact that something kept may need.

        Besides the artifacts of versions these are the digests spelled out in CREATE texts
        (`USING ARTIFACT 'sha256:...'`), parameters and details, of dropped objects too.
        """
        texts = select(
            versions.c.definition_text, versions.c.parameters, versions.c.details
        ).add_columns(versions.c.artifact_sha256)
        found: set[str] = set()
        with self._database.read() as connection:
            for text, parameters, details, digest in connection.execute(texts):
                found.update([digest] if digest else [])
                found.update(_DIGEST.findall(text))
                found.update(_DIGEST.findall(jsontext.dump([parameters, details])))
            for (text,) in connection.execute(select(objects.c.create_text)):
                found.update(_DIGEST.findall(text))
        return frozenset(found)

    def delete_versions(self, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Forget versions, given as (object id, number); says which are gone.

        A version that is live or pinned by now stays, whatever was decided before; those of a
        dropped object go.
        """
        gone = []
        pointed_at = exists().where(
            pointers.c.object_id == versions.c.object_id,
            or_(
                pointers.c.live_version == versions.c.number,
                pointers.c.pinned_version == versions.c.number,
            ),
        )
        with self._database.write() as connection:
            for object_id, number in pairs:
                _unpoint_dropped(connection, object_id, number)
                chosen = _key(object_id, number)
                if connection.execute(delete(versions).where(chosen, ~pointed_at)).rowcount:
                    gone.append((object_id, number))
            if gone:
                count_change(connection)
        return tuple(gone)


def existing(connection: Connection, row: ObjectRow, number: int) -> Version:
    """A version of the object; UnknownName with the numbers there are."""
    version = _find(connection, row.id, number)
    if version is not None:
        return version
    query = select(versions.c.number).where(versions.c.object_id == row.id)
    kept = connection.execute(query.order_by(versions.c.number)).scalars().all()
    listed = ", ".join(str(n) for n in kept[-10:])
    raise UnknownName(
        f"'{row.name}' has no version {number}",
        name=str(row.name),
        hint=f"it has {listed}" if kept else f"REFRESH {row.kind} {row.name};",
        versions=tuple(kept),
    )


def set_version(connection: Connection, object_id: int, number: int, **values: object) -> None:
    """Set columns of one version."""
    connection.execute(update(versions).where(_key(object_id, number)).values(**values))


def _unpoint_dropped(connection: Connection, object_id: int, number: int) -> None:
    """Let the pointers of a dropped object go of a version; brought back, it has none live."""
    dropped = exists().where(objects.c.id == object_id, objects.c.dropped_at.is_not(None))
    for pointer in (pointers.c.live_version, pointers.c.pinned_version):
        connection.execute(
            update(pointers)
            .where(pointers.c.object_id == object_id, pointer == number, dropped)
            .values({pointer.name: None})
        )


def _find(connection: Connection, object_id: int, number: int) -> Version | None:
    row = (
        connection.execute(select(versions).where(_key(object_id, number))).mappings().one_or_none()
    )
    return None if row is None else version_record(row)


def _key(object_id: int, number: int) -> ColumnElement[bool]:
    return and_(versions.c.object_id == object_id, versions.c.number == number)
