"""Does a version equal what its record says it is? Compute it again and compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import Model, always_quote
from mlview.errors import DatabaseDamaged, MlviewError
from mlview.observation.reads import resolve
from mlview.observation.stored import definition_of
from mlview.records import Action
from mlview.refresh.models import solved_again
from mlview.refresh.reading import read_training_rows
from mlview.refresh.training import train
from mlview.serving.scopes import Scope
from mlview.serving.targets import OnReader
from mlview.upkeep.comparing import TOLERANCE, Difference, compare

if TYPE_CHECKING:
    import pyarrow as pa

    from mlview.learners import Fitted
    from mlview.observation.reads import Reads
    from mlview.records import Version
    from mlview.refresh.progress import Progress
    from mlview.serving.binding import Binder
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


@dataclass(frozen=True)
class Verification:
    """What comparing one version came to.

    `largest` is the largest relative difference between two numbers; `equal` asks for none at
    all of a model that was trained on its rows, and for at most 1e-9 of what was solved from sums
    or maintained. A model that was continued by name (`exact` is false) is no retrain's equal, so
    its distance is told and `equal` says whether it is small all the same.
    """

    row: ObjectRow
    version: Version
    equal: bool | None
    compared_rows: int
    largest: float
    said: str


@dataclass(frozen=True)
class _Recorded:
    """Binds views to the versions that a version says it read."""

    home: Home
    of: Version

    def version(self, row: ObjectRow) -> Version:
        """The version of a view that was read then."""
        for upstream in self.of.upstream:
            if upstream.object_id == row.id:
                return self.home.catalog.version(row.id, upstream.version)
        raise DatabaseDamaged(
            f"version {self.of.number} does not say which version of {row.name} it read",
            hint="mlview doctor",
        )


def verify(
    home: Home, binder: Binder, row: ObjectRow, version: Version, progress: Progress
) -> Verification:
    """Retrain or recompute a version from its recorded snapshot, and compare.

    A model is compared by its predictions on all rows of its query, a materialized view by its
    rows. Nothing is stored.
    """
    definition = definition_of(version.definition_text)
    progress(row.name.plain, "reading", 0, 1)
    try:
        reads = resolve(home, definition.query, version.snapshot_id, what=str(row.name))
        with home.engine.reader(version.snapshot_id, refresh_time=version.data_timestamp) as reader:
            target = OnReader(reader, threads=1 if reads.order_matters else None)
            scope = Scope(target, _Recorded(home, version), version.data_timestamp)
            try:
                if isinstance(definition, Model):
                    found = _model(home, binder, scope, row, version, definition, reads, progress)
                else:
                    found = _view(home, binder, scope, row, version)
            finally:
                scope.release()
    except MlviewError as error:
        # Without its snapshot nothing can be compared, and nothing is known to be wrong.
        unequal = None if error.error_code == "NO_SNAPSHOT" else False
        return Verification(row, version, unequal, 0, 0.0, f"{error.error_code}: {error.message}")
    equal: bool | None = found.equal
    said = found.said
    if not version.exact:
        # No retrain's equal by design: its distance is told, and nothing is wrong with it.
        equal, said = found.equal or None, f"approximate: {said}"
    return Verification(row, version, equal, found.rows, found.largest, said)


def _model(
    home: Home,
    binder: Binder,
    scope: Scope,
    row: ObjectRow,
    version: Version,
    definition: Model,
    reads: Reads,
    progress: Progress,
) -> Difference:
    stored = binder.loader.stored(version, row.name.plain)
    rows = read_training_rows(binder, scope, definition, reads, version.schema, version)

    def tell(phase: str) -> None:
        progress(row.name.plain, phase, 0, 1)

    from_sums = version.details.get("solved") == "sums"
    if from_sums:
        again = solved_again(binder, scope, definition, reads, version)
    else:
        trained = train(rows, definition, home.artifacts, tell=tell, seed=version.seed)
        again = trained.fitted
    tell("comparing")
    full = version.exact and version.action is not Action.INCREMENTAL and not from_sums
    return compare(
        _answers(stored, rows.data),
        _answers(again, rows.data),
        tolerance=0.0 if full else TOLERANCE,
        answers=True,
        together=definition.target is None,
    )


def _answers(fitted: Fitted, data: pa.Table) -> pa.Table:
    return learners.predict(fitted, data).table


def _view(home: Home, binder: Binder, scope: Scope, row: ObjectRow, version: Version) -> Difference:
    if version.stored_snapshot is None:
        raise DatabaseDamaged(f"version {version.number} of {row.name} has no stored rows")
    columns = ", ".join(always_quote(column.name) for column in version.schema)
    stored = home.engine.materialization(row.id, version.stored_snapshot)
    query = binder.define(definition_of(version.definition_text).query, scope)
    before = scope.target.table(f"SELECT {columns} FROM {stored} ORDER BY ALL")
    again = scope.target.table(f"SELECT {columns} FROM ({query}\n) ORDER BY ALL")
    return compare(before, again)
