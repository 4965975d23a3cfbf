"""What a statement binds: names for as long as it runs, now or at a moment of the past."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.serving.lookup import LiveVersions, VersionsAt
from mlview.serving.targets import OnReader
from mlview.sql import inspect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    import pyarrow as pa

    from mlview.definitions import Name
    from mlview.records import Version
    from mlview.serving.lookup import VersionChoice
    from mlview.serving.targets import Target
    from mlview.storage.home import Home


@dataclass
class Scope:
    """The bindings of one statement: made as names are met, all let go together.

    Attributes:
        target: where the text will run.
        choice: which version a name stands for.
        refresh_time: what refresh_time() answers in definitions.
        past: whether it is about a moment of the past, and not about now.
        columns_only: whether only the columns are asked for: no row is predicted, and a
            materialized view that was never filled stands for its query.
        notices: what the user should be told.
        answered: models that were answered, with the version that did.
        given: the caller's own rows, by the name they were given.
    """

    target: Target
    choice: VersionChoice
    refresh_time: datetime
    past: bool = False
    columns_only: bool = False
    notices: list[str] = field(default_factory=list)
    answered: list[tuple[Name, Version]] = field(default_factory=list)
    given: dict[str, pa.Table] = field(default_factory=dict)
    _bound: dict[tuple[object, ...], str] = field(default_factory=dict)
    _count: int = 0

    def rows(self, query: str) -> pa.Table:
        """The rows of a query, or none of them where only its columns are asked for."""
        if self.columns_only:
            query = f"SELECT * FROM ({query}\n) LIMIT 0"
        return self.target.table(query)

    def fresh_name(self) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"__mlview_{self._count}"

    def remembered(self, key: tuple[object, ...], bind: Callable[[], str]) -> str:
        """The name bound for a key, binding it the first time."""
        if key not in self._bound:
            self._bound[key] = bind()
        return self._bound[key]

    @property
    def busy(self) -> bool:
        """Whether anything is bound that a result might still read."""
        return bool(self._bound)

    def adopt(self, name: str) -> None:
        """Let go of a name that someone else bound when the statement is over."""
        self._bound[("adopted", name)] = name

    def give(self, name: str, data: pa.Table) -> None:
        """Let a name stand for the caller's own rows, at every moment the statement asks about."""
        self.target.bind_table(name, data)
        self.adopt(name)
        self.given[name] = data

    def asking(self, query: str) -> AbstractContextManager[None]:
        """Where refresh_time() has an answer, if the query calls it."""
        if inspect(query).refresh_time:
            return self.target.as_definition(self.refresh_time)
        return nullcontext()

    def release(self) -> None:
        """Unbind everything."""
        for name in self._bound.values():
            self.target.unbind(name)
        self._bound.clear()


def live_scope(home: Home, target: Target, now: datetime) -> Scope:
    """A scope in which every name stands for what is live."""
    return Scope(target, LiveVersions(home), now)


def columns_scope(home: Home, target: Target, now: datetime) -> Scope:
    """A scope in which text is bound for its columns alone."""
    return Scope(target, LiveVersions(home), now, columns_only=True)


@contextmanager
def scope_at(home: Home, moment: datetime, outer: Scope) -> Iterator[Scope]:
    """A scope on a reader at the lake's snapshot of a moment, with the versions live then.

    It knows the rows that the outer scope was given, and what it has to tell goes there.
    """
    snapshot = home.engine.snapshot_at(moment)
    with home.engine.reader(snapshot.id, refresh_time=moment) as reader:
        scope = Scope(OnReader(reader), VersionsAt(home, moment), moment, past=True)
        try:
            for name, data in outer.given.items():
                scope.give(name, data)
            yield scope
        finally:
            scope.release()
    outer.notices += scope.notices
    outer.answered += scope.answered
