"""One connection: statements, transactions, progress."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from mlview.errors import UsageProblem
from mlview.session.running import Runner
from mlview.session.variables import caller_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mlview.engines import LakeConnection
    from mlview.refresh.progress import Progress
    from mlview.session.result import Result
    from mlview.session.services import Services


class Cursor:
    """One connection to a database; use one in each thread."""

    def __init__(self, services: Services, connection: LakeConnection) -> None:
        self._services = services
        self._connection = connection
        self._runner = Runner(services, connection)

    @property
    def services(self) -> Services:
        """The parts this database consists of, for mlview's own doors."""
        return self._services

    @property
    def path(self) -> Path:
        """The database's directory."""
        return self._services.home.path

    @property
    def progress(self) -> Progress:
        """Told of each phase of a refresh: `(view, phase, done, total)`."""
        return self._runner.progress

    @progress.setter
    def progress(self, told: Progress) -> None:
        self._runner.progress = told

    def sql(
        self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Result:
        """Run one or more statements; the result of the last.

        A name that nothing in the lake has may be a pandas, polars or Arrow variable of the
        caller's. Errors are of the tree in `mlview.errors`.
        """
        if not isinstance(query, str):
            raise UsageProblem(
                f"expected a statement as text, found {type(query).__name__}",
                hint="db.sql('SELECT 42')",
            )
        result = None
        for result in self.script(query, parameters, caller_variables()):  # noqa: B007 - the last counts
            pass
        if result is None:
            raise UsageProblem("there is no statement in this text", hint="db.sql('SELECT 42')")
        return result

    def script(
        self,
        script: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Iterator[Result]:
        """The results of a script's statements, each run when it is asked for."""
        return self._runner.run(script, parameters, variables or {})

    @property
    def in_transaction(self) -> bool:
        """Whether a BEGIN waits for its COMMIT or ROLLBACK."""
        return self._connection.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """BEGIN; COMMIT at the end of the block, ROLLBACK if it raises."""
        self._connection.begin()
        try:
            yield self
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        self._connection.commit()

    def interrupt(self) -> None:
        """Stop the running statement; callable from any thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Give up an open transaction and let go of the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
