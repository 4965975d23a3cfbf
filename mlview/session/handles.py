"""Models and materialized views as Python objects: reads are properties, actions are calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.errors import UsageProblem
from mlview.observation.stored import definition_of
from mlview.planning import Demand
from mlview.serving.lookup import not_materialized
from mlview.session.display import as_text
from mlview.session.refreshing import outcome_result
from mlview.session.result import Result
from mlview.session.variables import as_arrow

if TYPE_CHECKING:
    import pyarrow as pa
    from sklearn.pipeline import Pipeline

    from mlview.definitions import Definition
    from mlview.planning.drift import Drift
    from mlview.records import Metric, Staleness, State, Version
    from mlview.session.running import Runner
    from mlview.session.services import Services
    from mlview.storage.catalog import ObjectRow


class _Handle:
    """What a model and a materialized view have in common."""

    def __init__(self, services: Services, runner: Runner, object_id: int) -> None:
        self._services = services
        self._runner = runner
        self._id = object_id

    @property
    def _row(self) -> ObjectRow:
        return self._services.home.catalog.object(self._id)

    @property
    def name(self) -> str:
        """Its name, with the schema in front where it is not main."""
        return self._row.name.plain

    @property
    def definition(self) -> Definition:
        """What was declared."""
        return definition_of(self._row.create_text)

    @property
    def create_text(self) -> str:
        """The CREATE statement that declares it."""
        return self._row.create_text

    @property
    def staleness(self) -> Staleness:
        """How stale it is now."""
        services = self._services
        found = services.monitor.staleness(services.home.clock.now()).get(self._row.name)
        if found is None:
            raise UsageProblem(f"{self.name} was dropped", hint=f"UNDROP ... {self.name};")
        return found

    @property
    def state(self) -> State:
        """Where it stands: FRESH, STALE, ..."""
        services = self._services
        found = services.observer.staleness(self._row.name, services.home.clock.now())
        return found.state if found is not None else self.staleness.state

    @property
    def live_version(self) -> Version | None:
        """The version that serves."""
        row = self._row
        if row.live_version is None:
            return None
        return self._services.home.catalog.version(row.id, row.live_version)

    @property
    def hold(self) -> str | None:
        """Why refreshes do not publish, in words; None if they do."""
        row = self._row
        if row.pinned_version is not None:
            return f"pinned to version {row.pinned_version}"
        return "held after a rollback" if row.held else None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every kept version, oldest first."""
        return self._services.home.catalog.versions(self._id)

    def refresh(self, *, full: bool = False, cascade: bool = False) -> Result:
        """Bring it up to date, stale ancestors first; one row per step."""
        demand = Demand((self._row.name,), full=full, cascade=cascade)
        outcome = self._services.refresher.refresh(demand, progress=self._runner.progress)
        return outcome_result(outcome, strict=True)

    def rollback(self) -> str:
        """Go back to the last version that was live; what was done, in words."""
        return self._services.alterer.rollback(self._row)

    def __repr__(self) -> str:
        return as_text(Result(self._services.describer.describe(self._row.name, self._row.kind)))


class MaterializedViewHandle(_Handle):
    """A materialized view."""

    def rows(self) -> Result:
        """Its stored rows."""
        return next(iter(self._runner.run(f"FROM {self._row.name}", None, {})))


class ModelHandle(_Handle):
    """A model."""

    @property
    def estimator(self) -> Pipeline:
        """The live version's fitted scikit-learn Pipeline, preprocessing included.

        Raises:
            NotMaterialized: nothing is live yet.
        """
        live = self.live_version
        if live is None:
            raise not_materialized(self._row)
        return self._services.loader.fitted(live, self.name).pipeline

    @property
    def metrics(self) -> dict[str, Metric]:
        """The live version's scores on rows it had not seen, by name."""
        live = self.live_version
        return {} if live is None else {metric.name: metric for metric in live.metrics}

    @property
    def drift(self) -> tuple[Drift, ...]:
        """How far each feature of the rows that came has moved since the live version."""
        found = self._services.monitor.measures(self._row.name)
        return found.drifts if found is not None else ()

    def predict(self, rows: Any) -> Result:
        """Rows that have the feature columns, with the live version's predictions beside them.

        Args:
            rows: a pandas or polars DataFrame, an Arrow table, or anything that streams Arrow.

        Raises:
            ColumnMismatch: a feature is missing or has another type.
        """
        data: pa.Table | None = as_arrow(rows)
        if data is None:
            raise UsageProblem(
                f"{type(rows).__name__} is no dataframe", hint="give pandas, polars or Arrow"
            )
        text = f"FROM ML.PREDICT(MODEL {self._row.name}, TABLE given_rows)"
        return next(iter(self._runner.run(text, None, {"given_rows": data})))
