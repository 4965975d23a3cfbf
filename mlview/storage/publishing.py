"""The commit point: which version is live, moved in one transaction, and the log of moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from mlview.definitions import Stage
from mlview.errors import LeaseLost, RefreshProblem, UsageProblem
from mlview.records import Deployment, RefreshRecord, RefreshState, Version, VersionStatus
from mlview.storage.history import finish as finish_row
from mlview.storage.leases import check_token
from mlview.storage.parts import Part, not_dropped, object_by_id, point, touch
from mlview.storage.rows import (
    ObjectRow,
    deployment_record,
    deployment_values,
    refresh_values,
)
from mlview.storage.tables import deployments
from mlview.storage.versions import existing, set_version

if TYPE_CHECKING:
    from datetime import datetime
    from types import EllipsisType

    from sqlalchemy import Connection

_LOG = [column for column in deployments.c if column.name != "id"]


class Publishing(Part):
    """Every move of a live pointer, and nothing else, makes a version visible."""

    def publish(
        self,
        object_id: int,
        number: int,
        *,
        token: int,
        now: datetime,
        by: str,
        reason: str,
        refresh_id: int | None = None,
        finish: RefreshRecord | None = None,
        create_text: str | None = None,
        fingerprint: str | None = None,
        owner: str | EllipsisType | None = ...,
    ) -> None:
        """Make a version live, retire the one before, log the move and finish the refresh.

        All of it happens or none. `create_text`, `fingerprint` and `owner` replace the
        definition with it (CREATE OR REPLACE). The refresh row becomes what `finish` says, and
        SUCCEEDED at `now` with this version where it says nothing. Publishing what is live
        already, as after a lost acknowledgement, only finishes the refresh.

        Raises:
            LeaseLost: `token` is not the current one, or the refresh was cancelled meanwhile.
            RefreshProblem: another version is pinned.
            UsageProblem: the version was rejected.
        """
        new = {"create_text": create_text, "fingerprint": fingerprint}
        changed: dict[str, Any] = {key: text for key, text in new.items() if text is not None}
        if owner is not ...:
            changed["owner"] = owner
        if changed:
            changed["altered_at"] = now
        with self._database.write() as connection:
            check_token(connection, object_id, token)
            row = not_dropped(object_by_id(connection, object_id))
            _check_pin(row, number)
            _move(connection, row, number, now=now, by=by, reason=reason)
            if changed:
                touch(connection, object_id, **changed)
            if refresh_id is None:
                return
            ended = finish_row(connection, refresh_id, _ending(finish, now, number))
            if not ended and row.live_version != number:
                raise _already_ended(row, refresh_id)

    def advance(
        self,
        object_id: int,
        *,
        through: int,
        token: int,
        now: datetime,
        number: int | None = None,
        refresh_id: int | None = None,
        finish: RefreshRecord | None = None,
    ) -> None:
        """Note that the live version equals its definition at lake snapshot `through` as well.

        Never goes back. Raises LeaseLost if `token` is not the current one, or if `number` is given
        and another version is live.
        """
        with self._database.write() as connection:
            check_token(connection, object_id, token)
            row = not_dropped(object_by_id(connection, object_id))
            if row.live_version is None or row.current_through is None:
                raise UsageProblem(
                    f"nothing of '{row.name}' is live that could be current",
                    name=str(row.name),
                    hint=f"REFRESH {row.kind} {row.name} FULL;",
                )
            if number is not None and row.live_version != number:
                raise _moved(row, number)
            if through > row.current_through:
                point(connection, object_id, current_through=through)
            touch(connection, object_id, unusable_reason=None)
            if refresh_id is not None:
                finish_row(connection, refresh_id, _ending(finish, now, row.live_version))

    def point_at(self, object_id: int, number: int, *, now: datetime, by: str, reason: str) -> None:
        """Make a kept version live again (rollback, pin). UsageProblem if it was rejected."""
        with self._database.write() as connection:
            row = not_dropped(object_by_id(connection, object_id))
            _move(connection, row, number, now=now, by=by, reason=reason)

    def deployments(self, object_id: int | None = None) -> tuple[Deployment, ...]:
        """Every move of one object's pointer or of all, in the order they were made."""
        query = select(*_LOG).order_by(deployments.c.id)
        if object_id is not None:
            query = query.where(deployments.c.object_id == object_id)
        with self._database.read() as connection:
            return tuple(deployment_record(row) for row in connection.execute(query).mappings())

    def version_live_at(self, object_id: int, moment: datetime) -> Version | None:
        """The version that was live at a moment, or None if none was yet.

        Where the clock went back, the later move counts. Raises UnknownName if the version that
        was live has been removed since.
        """
        query = (
            select(deployments.c.version)
            .where(deployments.c.object_id == object_id, deployments.c.at <= moment)
            .order_by(deployments.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            number = connection.execute(query).scalar_one_or_none()
            if number is None:
                return None
            return existing(connection, object_by_id(connection, object_id), number)


def _check_pin(row: ObjectRow, number: int) -> None:
    if row.pinned_version not in {None, number}:
        raise RefreshProblem(
            f"version {row.pinned_version} of '{row.name}' is pinned; "
            f"version {number} is kept and was not published",
            name=str(row.name),
            hint=f"ALTER {row.kind} {row.name} UNPIN;",
        )


def _move(
    connection: Connection, row: ObjectRow, number: int, *, now: datetime, by: str, reason: str
) -> None:
    version = existing(connection, row, number)
    if version.status is VersionStatus.REJECTED:
        raise UsageProblem(
            f"version {number} of '{row.name}' failed its gates and cannot be live",
            name=str(row.name),
            hint=f"FROM mlview.versions WHERE name = '{row.name.plain}';",
        )
    if row.live_version == number:
        touch(connection, row.id, unusable_reason=None)
        return
    if row.live_version is not None:
        set_version(connection, row.id, row.live_version, status=VersionStatus.RETIRED)
    since = version.published_at or now
    set_version(connection, row.id, number, status=VersionStatus.LIVE, published_at=since)
    pointer = {"live_version": number, "live_since": now, "current_through": version.snapshot_id}
    point(connection, row.id, **pointer)
    touch(connection, row.id, unusable_reason=None)
    move = Deployment(row.id, row.name.plain, number, Stage.LIVE, now, by, reason)
    connection.execute(insert(deployments).values(deployment_values(move)))


def _ending(finish: RefreshRecord | None, now: datetime, version: int) -> dict[str, Any]:
    ending = {
        "state": RefreshState.SUCCEEDED,
        "finished_at": now,
        "version": version,
        "published": True,
    }
    if finish is None:
        return ending
    known = refresh_values(finish)
    if finish.state is RefreshState.EXECUTING:
        del known["state"]
    return ending | {key: value for key, value in known.items() if value is not None}


def _moved(row: ObjectRow, number: int) -> LeaseLost:
    return LeaseLost(
        f"version {number} of '{row.name}' is not live any more: version {row.live_version} is",
        name=str(row.name),
        hint="refresh again if it is still stale",
    )


def _already_ended(row: ObjectRow, refresh_id: int) -> LeaseLost:
    return LeaseLost(
        f"refresh {refresh_id} of '{row.name}' was ended by another process; nothing was published",
        name=str(row.name),
        hint="the old version keeps serving; refresh again if it is still stale",
    )
