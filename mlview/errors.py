"""Every error mlview raises: what was expected, what was found, where, and what to type next.

::

    MlviewError
    ├── StatementError            the text cannot be accepted
    │   ├── SyntaxProblem         it does not parse; carries line and column
    │   ├── BindProblem           DuckDB cannot bind it: unknown column, wrong types
    │   ├── NotAvailable          it parses, and its behaviour is not part of this release
    │   ├── Nondeterministic      a definition whose rows differ from run to run
    │   ├── DefinitionRefused     a definition that cannot be a view
    │   └── InTransaction         not allowed between BEGIN and COMMIT
    ├── NameProblem
    │   ├── UnknownName           nothing has this name; carries the nearest names
    │   │   └── DroppedMeanwhile  what was being refreshed was dropped; nothing was published
    │   ├── NameTaken             something has it already
    │   └── ReservedName          it belongs to mlview
    ├── DependencyProblem
    │   ├── CycleFound            carries the path
    │   └── DependentsExist       carries who reads it
    ├── TrainingDataProblem       the rows cannot be learned from; the old version keeps serving
    ├── RefreshProblem
    │   ├── LeaseLost             another process took over; nothing was published
    │   ├── RefreshBusy           another process is refreshing this view
    │   ├── UpstreamFailed        something this view reads could not be refreshed
    │   ├── SchemaChanged         a base table no longer has what the definition reads
    │   └── FitFailed             the learner raised
    ├── PredictionProblem
    │   ├── ColumnMismatch        a feature is missing or has another type
    │   ├── NotMaterialized       nothing is live yet
    │   └── TooStale              older than the reader tolerates
    ├── StorageProblem
    │   ├── ArtifactCorrupt       carries both digests
    │   ├── ArtifactRefused       a type outside the allowlist, or too large
    │   ├── DiskFull
    │   ├── LockTimeout           carries the holder
    │   ├── WriteConflict         an explicit transaction lost against another writer
    │   └── DatabaseDamaged
    ├── LakeProblem               DuckDB refused an ordinary statement
    └── UsageProblem              a call or a command line that cannot be meant
"""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class MlviewError(Exception):
    """The root of the tree.

    Attributes:
        code: a stable, upper-case word for programs.
        message: what was expected and what was found.
        name: the view, model or table concerned, if one is.
        hint: what to do next, ready to type where possible.
        line, column: 1-based position in the statement, if it is known.
        facts: further values (counts, digests, candidates), by name.
    """

    code: ClassVar[str] = "ERROR"

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        hint: str | None = None,
        line: int | None = None,
        column: int | None = None,
        code: str | None = None,
        **facts: Any,
    ) -> None:
        self.message = message
        self.name = name
        self.hint = hint
        self.line = line
        self.column = column
        self.facts = facts
        self.error_code = code or type(self).code
        super().__init__(message)

    def at(self, line: int, column: int) -> MlviewError:
        """The same error, placed at a 1-based position if it has none yet."""
        if self.line is None:
            self.line, self.column = line, column
        return self

    def __str__(self) -> str:
        where = "" if self.line is None else f" (line {self.line}"
        if where:
            where += ")" if self.column is None else f", column {self.column})"
        hint = "" if self.hint is None else f"\n  -> {self.hint}"
        return f"{self.error_code}: {self.message}{where}{hint}"


class StatementError(MlviewError):
    """The text cannot be accepted."""

    code = "STATEMENT"


class SyntaxProblem(StatementError):
    """The text does not parse."""

    code = "SYNTAX"


class BindProblem(StatementError):
    """DuckDB cannot bind the text against the lake."""

    code = "BIND"


class NotAvailable(StatementError):
    """The text is right, but its behaviour is not part of this release."""

    code = "NOT_AVAILABLE"


class Nondeterministic(StatementError):
    """A definition whose rows would differ from run to run."""

    code = "NONDETERMINISTIC"


class DefinitionRefused(StatementError):
    """A definition that cannot be a view."""

    code = "DEFINITION_REFUSED"


class InTransaction(StatementError):
    """Not allowed between BEGIN and COMMIT."""

    code = "IN_TRANSACTION"


class NameProblem(MlviewError):
    """Something is wrong with a name."""

    code = "NAME"


class UnknownName(NameProblem):
    """Nothing has this name."""

    code = "UNKNOWN_NAME"


class DroppedMeanwhile(UnknownName):
    """What was being refreshed was dropped; nothing was published."""

    code = "DROPPED"


class NameTaken(NameProblem):
    """Something has this name already."""

    code = "NAME_TAKEN"


class ReservedName(NameProblem):
    """The name belongs to mlview."""

    code = "RESERVED_NAME"


class DependencyProblem(MlviewError):
    """Relations do not fit together."""

    code = "DEPENDENCY"


class CycleFound(DependencyProblem):
    """A relation would read itself; the path is printed."""

    code = "CYCLE"


class DependentsExist(DependencyProblem):
    """Others read what is to be dropped."""

    code = "DEPENDENTS_EXIST"


class TrainingDataProblem(MlviewError):
    """The rows cannot be learned from; the old version keeps serving."""

    code = "TRAINING_DATA"


class RefreshProblem(MlviewError):
    """A refresh could not be carried out; the old version keeps serving."""

    code = "REFRESH_FAILED"


class LeaseLost(RefreshProblem):
    """Another process took the view over; nothing was published."""

    code = "LEASE_LOST"


class RefreshBusy(RefreshProblem):
    """Another process is refreshing this view."""

    code = "REFRESH_BUSY"


class UpstreamFailed(RefreshProblem):
    """Something this view reads could not be refreshed."""

    code = "UPSTREAM_FAILED"


class SchemaChanged(RefreshProblem):
    """A base table no longer has what the definition reads."""

    code = "NEEDS_COMPILE"


class FitFailed(RefreshProblem):
    """The learner raised."""

    code = "FIT_FAILED"


class NotIncremental(RefreshProblem):
    """An exact incremental refresh was asked for and cannot be had; the message says why."""

    code = "NOT_INCREMENTAL"


class PredictionProblem(MlviewError):
    """A prediction could not be answered."""

    code = "PREDICTION"


class ColumnMismatch(PredictionProblem):
    """A feature is missing or has another type than the live version was trained on."""

    code = "COLUMN_MISMATCH"


class NotMaterialized(PredictionProblem):
    """Nothing is live yet."""

    code = "NOT_MATERIALIZED"


class TooStale(PredictionProblem):
    """The live version is older than this reader tolerates."""

    code = "TOO_STALE"


class StorageProblem(MlviewError):
    """Something on disk is wrong."""

    code = "STORAGE"


class ArtifactCorrupt(StorageProblem):
    """The bytes of an artifact do not have the digest they are filed under."""

    code = "ARTIFACT_CORRUPT"


class ArtifactRefused(StorageProblem):
    """An artifact names a type outside the allowlist, is too large, or has a foreign format."""

    code = "ARTIFACT_REFUSED"


class DiskFull(StorageProblem):
    """No space is left for what has to be written."""

    code = "DISK_FULL"


class LockTimeout(StorageProblem):
    """Another process held the write lock for longer than the limit."""

    code = "LOCK_TIMEOUT"


class WriteConflict(StorageProblem):
    """An explicit transaction lost against another writer; run it again."""

    code = "WRITE_CONFLICT"


class DatabaseDamaged(StorageProblem):
    """The directory is not, or no longer, a whole mlview database."""

    code = "DATABASE_DAMAGED"


class LakeProblem(MlviewError):
    """DuckDB refused an ordinary statement."""

    code = "LAKE"


class UsageProblem(MlviewError):
    """A call or a command line that cannot be meant."""

    code = "USAGE"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest right spelling, or None.

    >>> did_you_mean("chrun", ["churn", "late"])
    "did you mean 'churn'?"
    """
    spelled = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(word.lower(), spelled, n=1, cutoff=0.6)
    return f"did you mean '{spelled[near[0]]}'?" if near else None


@contextmanager
def unplaced() -> Iterator[None]:
    """Errors from inside have no position: it would be one in a text that the user never typed."""
    try:
        yield
    except MlviewError as error:
        error.line = error.column = None
        raise
