"""ALTER, COMMENT, DROP and UNDROP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlview.definitions import Kind, PlainView, fingerprint
from mlview.errors import DependentsExist, UnknownName, UsageProblem
from mlview.freshness.declaring import check_freshness
from mlview.lifecycle.creating import not_available
from mlview.lifecycle.naming import dependents, refuse_dependents, refuse_renamed, refuse_taken
from mlview.observation.stored import definition_of
from mlview.planning import ROLLBACK, rollback_target
from mlview.sql import (
    PinVersion,
    RenameTo,
    Resume,
    Rollback,
    SetClauses,
    Suspend,
    Unpin,
    canonical,
    render,
    unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.definitions import Name
    from mlview.freshness.planner import Planner
    from mlview.observation.observer import Observer
    from mlview.sql import Alter, CommentOn, Drop, Undrop
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


# Only what is changed is looked at: a source that is gone keeps nobody from naming an owner.
_CHECKED = frozenset({"freshness", "refresh_when", "refresh_mode", "priority"})


class Alterer:
    """Changes what is declared of a view, and which version of it is live."""

    def __init__(self, home: Home, observer: Observer, by: str, planner: Planner) -> None:
        self._home = home
        self._observer = observer
        self._by = by
        self._planner = planner

    def alter(self, statement: Alter) -> str:
        """Carry out an ALTER; the answer says in words what was done.

        Raises:
            UnknownName: there is no such view, and IF EXISTS was not said.
        """
        catalog = self._home.catalog
        if statement.if_exists and catalog.find(statement.name) is None:
            return f"no {statement.kind.lower()} {statement.name}, nothing done"
        row = catalog.get(statement.name, statement.kind)
        match statement.action:
            case SetClauses(changes):
                missing = unavailable(statement)
                if missing is not None:
                    raise not_available(missing)
                return self._set(row, dict(changes))
            case Suspend():
                catalog.suspend(row.id, True, now=self._home.clock.now())
                return f"{row.name} is suspended: it serves, and is not refreshed by schedule"
            case Resume():
                catalog.suspend(row.id, False, now=self._home.clock.now())
                catalog.hold(row.id, False)
                return f"{row.name} is resumed"
            case RenameTo(new):
                return self._rename(row, new)
            case PinVersion(number):
                return self._pin(row, number)
            case Unpin():
                catalog.pin(row.id, None)
                return f"{row.name} is unpinned: the next refresh may publish"
            case Rollback():
                return self.rollback(row)

    def advice(self, statement: Alter) -> tuple[str, ...]:
        """What to tell whoever changed how fresh a view has to be, or for whom it waits."""
        if not isinstance(statement.action, SetClauses | Resume):
            return ()
        row = self._home.catalog.find(statement.name)
        if row is None or getattr(definition_of(row.create_text), "target_lag", None) is None:
            return ()
        return self._planner.advice(row.name)

    def rollback(self, row: ObjectRow) -> str:
        """Go back to the last version that was live; publishing then waits.

        Repeating it goes further back and never forward again.

        Raises:
            UsageProblem: it is pinned, or no earlier version was live and not rolled back from.
        """
        catalog = self._home.catalog
        if row.pinned_version is not None:
            raise UsageProblem(
                f"{row.name} is pinned to version {row.pinned_version}",
                name=row.name.plain,
                hint=f"ALTER {row.kind} {row.name} UNPIN; first",
            )
        target = rollback_target(
            catalog.versions(row.id), row.live_version, catalog.deployments(row.id)
        )
        if target is None:
            raise UsageProblem(
                f"{row.name} has no earlier version that was live and healthy",
                name=row.name.plain,
                hint=f"its versions: FROM mlview.versions WHERE name = '{row.name.plain}'",
            )
        catalog.hold(row.id, True)
        catalog.point_at(
            row.id, target.number, now=self._home.clock.now(), by=self._by, reason=ROLLBACK
        )
        return (
            f"{row.name} is back at version {target.number}; refreshes keep candidates until its "
            "data changes or it is resumed"
        )

    def comment(self, statement: CommentOn) -> str:
        """Set or remove a comment."""
        row = self._home.catalog.get(statement.name, statement.kind)
        self._home.catalog.comment(row.id, statement.comment)
        return f"{row.name}: comment {'removed' if statement.comment is None else 'set'}"

    def drop(self, statement: Drop) -> str:
        """Drop a view or model; its versions remain until garbage collection, for UNDROP.

        Raises:
            DependentsExist: others read it, and CASCADE was not said.
        """
        catalog = self._home.catalog
        if statement.if_exists and catalog.find(statement.name) is None:
            return f"no {statement.kind.lower()} {statement.name}, nothing done"
        row = catalog.get(statement.name, statement.kind)
        return self.drop_names([row.name], statement.kind, cascade=statement.cascade)

    def drop_names(self, names: list[Name], kind: Kind, *, cascade: bool) -> str:
        """Drop kept objects and, with `cascade`, everything that reads them."""
        catalog = self._home.catalog
        graph = self._observer.look().graph
        readers = dependents(graph, names)
        if readers and not cascade:
            refuse_dependents(graph, names[0], kind)
        lost = [n for n in (*names, *readers) if catalog.find(n) is not None]
        in_lake = [n for n in readers if catalog.find(n) is None]
        if in_lake:
            raise DependentsExist(
                f"plain views of the lake read {names[0]}: {', '.join(map(str, in_lake))}",
                name=names[0].plain,
                hint=f"DROP VIEW {in_lake[0]}; first",
            )
        self.forget(lost)
        return "dropped " + ", ".join(map(str, lost)) if lost else "nothing to drop"

    def forget(self, names: Sequence[Name]) -> None:
        """Drop exactly these views and models."""
        catalog = self._home.catalog
        catalog.drop([catalog.get(name).id for name in names], now=self._home.clock.now())

    def undrop(self, statement: Undrop) -> str:
        """Bring the newest dropped view of a name back, with its versions.

        Raises:
            NameTaken: something else has the name by now.
        """
        refuse_taken(self._home, statement.name)
        row = self._home.catalog.undrop(statement.name, statement.kind, now=self._home.clock.now())
        return f"{row.name} is back, version {row.live_version} serves"

    def _set(self, row: ObjectRow, changes: dict[str, Any]) -> str:
        definition = replace(definition_of(row.create_text), **changes)
        notices: tuple[str, ...] = ()
        if _CHECKED & changes.keys() and not isinstance(definition, PlainView):
            notices = check_freshness(self._home, definition)
        self._home.catalog.redefine(
            row.id,
            render(definition),
            fingerprint(definition, canonical(definition.query)),
            owner=getattr(definition, "owner", None),
            now=self._home.clock.now(),
        )
        said = (f"{field.upper()} {_set_or_not(value)}" for field, value in changes.items())
        return "; ".join([f"{row.name}: {', '.join(said)}", *notices])

    def _rename(self, row: ObjectRow, new: Name) -> str:
        refuse_taken(self._home, new, except_for=row)
        refuse_renamed(self._observer.look().graph, row.name)
        definition = replace(definition_of(row.create_text), name=new)
        self._home.catalog.rename(row.id, new, render(definition), now=self._home.clock.now())
        return f"{row.name} is now {new}"

    def _pin(self, row: ObjectRow, number: int) -> str:
        catalog = self._home.catalog
        known = {v.number: v for v in catalog.versions(row.id)}
        if number not in known:
            listed = ", ".join(map(str, known)) or "none"
            raise UnknownName(
                f"{row.name} has no version {number}", name=row.name.plain, hint=f"it has: {listed}"
            )
        if row.live_version != number:
            catalog.pin(row.id, None)
            catalog.point_at(
                row.id,
                number,
                now=self._home.clock.now(),
                by=self._by,
                reason=f"PIN VERSION {number}",
            )
        catalog.pin(row.id, number)
        return f"{row.name} is pinned to version {number}"


def _set_or_not(value: object) -> str:
    return "unset" if value is None else "set"
