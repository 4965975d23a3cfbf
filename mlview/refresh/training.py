"""A model's materialization: rows in, a candidate with its scores out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.definitions import ArtifactMethod, Method
from mlview.errors import FitFailed, UnknownName
from mlview.learners.tasks import Task
from mlview.refresh.splitting import Split, refuse_lost_classes, split
from mlview.storage.payloads import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from mlview.definitions import Model
    from mlview.learners import Evaluation, Fitted, Roles
    from mlview.records import Metric
    from mlview.refresh.reading import TrainingRows
    from mlview.storage.artifacts import ArtifactStore

SEED = 0
NOT_IMPORTABLE = "its method was registered as an object: only this process can refresh it"


@dataclass(frozen=True)
class Trained:
    """What training a model came to.

    Attributes:
        fitted: the model that will be published.
        roles: what every column is for.
        learned: the rows it was learned from.
        method, parameters: the estimator and all that was asked of it.
        metrics: scores on held-out rows, the primary one first.
        score_name: the metric that sums the model up; None where nothing was held out.
        rows, trained, held_out, unlabelled: row counts.
        details: what else is kept with the version.
        notices: what the user should be told.
    """

    fitted: Fitted
    roles: Roles
    learned: pa.Table
    method: str
    parameters: dict[str, Any]
    metrics: tuple[Metric, ...]
    score_name: str | None
    rows: int
    trained: int
    held_out: int
    unlabelled: int
    details: dict[str, Any]
    notices: tuple[str, ...]


def train(
    rows: TrainingRows,
    definition: Model,
    artifacts: ArtifactStore,
    *,
    tell: Callable[[str], None],
    seed: int = SEED,
) -> Trained:
    """Fit a model on its rows and judge it on those it did not see.

    Args:
        rows: in their recorded order.
        definition: the model.
        artifacts: where a Pipeline given from Python is kept.
        tell: called with each phase as it begins.
        seed: for everything random.

    Raises:
        TrainingDataProblem: the rows cannot be learned from.
        FitFailed: the estimator raised.
    """
    learner = _Learner(rows, definition, artifacts, seed)
    if definition.target is None:
        tell("fitting")
        fitted = learner.fit(rows.data)
        tell("scoring")
        judged = learners.judge(fitted, rows.data)
        whole = Split(rows.data, rows.data.slice(0, 0), rows.data, False, {}, 0)
        return learner.trained(fitted, whole, judged, {})
    tell("splitting")
    parts = split(rows, definition)
    learner.look_at(parts.everything)
    if learner.roles.task is Task.CLASSIFICATION:
        refuse_lost_classes(parts, definition.target)
    tell("fitting")
    fitted = learner.fit(parts.train)
    details: dict[str, Any] = {"holdout": parts.record}
    judged = learners.Evaluation((), 0)
    if parts.test.num_rows:
        tell("scoring")
        baseline = learners.fit_baseline(learner.roles, parts.train)
        judged = learners.judge(fitted, parts.test, baseline)
        if learner.roles.task is Task.CLASSIFICATION:
            details["confusion_matrix"] = lines_of(learners.confusion_matrix(fitted, parts.test))
    if parts.refit and parts.test.num_rows:
        tell("refitting on all rows")
        fitted = learner.fit(parts.everything)
    return learner.trained(fitted, parts, judged, details)


class _Learner:
    """One model's estimator, made anew for each fit."""

    def __init__(
        self, rows: TrainingRows, definition: Model, artifacts: ArtifactStore, seed: int
    ) -> None:
        self._rows, self._definition, self._seed = rows, definition, seed
        self._given = _given_estimator(definition, artifacts)
        self._importable = _is_importable(definition)
        self._name = _canonical_name(definition)
        if definition.target is None:
            self.look_at(rows.data)

    def look_at(self, labelled: pa.Table) -> None:
        """Derive the roles from the labelled rows."""
        self.roles = learners.derive_roles(
            self._rows.columns, labelled, self._definition, estimator=self._given
        )
        self.method = self._method()

    def fit(self, data: pa.Table) -> Fitted:
        """A pipeline fitted on these rows."""
        if self._given is not None:
            pipeline = learners.wrap_pipeline(self._given, self.roles)
        else:
            pipeline = learners.build_pipeline(
                self.roles, learners.resolve(self.method), self._seed, n_rows=data.num_rows
            )
        try:
            return learners.fit(
                pipeline, self.roles, data, seed=self._seed, importable=self._importable
            )
        except FitFailed as problem:
            # What was noticed of the columns is often why.
            problem.hint = "; ".join([*self.roles.notices, problem.hint or ""])
            raise

    def trained(
        self, fitted: Fitted, parts: Split, judged: Evaluation, details: dict[str, Any]
    ) -> Trained:
        """Everything together."""
        classes = len(fitted.signature.classes)
        primary = learners.primary_metric(self.roles.task, classes)
        scored = any(m.name == primary for m in judged.metrics)
        trained = parts.everything if parts.refit else parts.train
        missing = _missing(trained, [f.name for f in self.roles.features])
        details |= described(fitted, self.roles, self._rows.identity, missing)
        return Trained(
            fitted=fitted,
            roles=self.roles,
            learned=trained,
            method=self._name or fitted.signature.method,
            parameters=dict(self.method.parameters) if self.method else {},
            metrics=judged.metrics,
            score_name=primary if scored else None,
            rows=self._rows.data.num_rows,
            trained=trained.num_rows,
            held_out=parts.test.num_rows,
            unlabelled=parts.unlabelled,
            details=details,
            notices=(
                *self.roles.notices,
                *fitted.notices,
                *judged.notices,
                *parts.notices,
                *([] if self._importable else [NOT_IMPORTABLE]),
            ),
        )

    def _method(self) -> Method | None:
        match self._definition.method:
            case Method() as method:
                return method
            case None:
                return learners.default_method(self.roles.task)
            case _:
                return None


def _canonical_name(definition: Model) -> str | None:
    """The method as it is known, however it was spelled; None where it was not named."""
    if not isinstance(definition.method, Method):
        return None
    return learners.resolve(definition.method).name


def _is_importable(definition: Model) -> bool:
    """Whether any process can refresh a model, or only those where its method is registered.

    Raises:
        FitFailed: this process does not know the method.
    """
    if not isinstance(definition.method, Method):
        return True
    try:
        return learners.resolve(definition.method).importable
    except UnknownName as problem:
        name = definition.method.name
        raise FitFailed(
            f"the method {name} is not registered in this process",
            name=definition.name.plain,
            hint=f"mlview.register('{name}', 'module:attribute') first",
        ) from problem


def _given_estimator(definition: Model, artifacts: ArtifactStore) -> Any:
    """The unfitted Pipeline that was given from Python, or None."""
    if not isinstance(definition.method, ArtifactMethod):
        return None
    _, payload = artifacts.get(definition.method.sha256)
    return load(payload, modules=learners.registered_modules())


def _missing(rows: pa.Table, features: list[str]) -> dict[str, int]:
    """Features with NULLs among the rows learned from, and how many."""
    counts = {name: rows[name].null_count for name in features}
    return {name: count for name, count in counts.items() if count}


def described(
    fitted: Fitted, roles: Roles, identity: str, missing: Mapping[str, int]
) -> dict[str, Any]:
    """What is kept with a version of how a model reads its columns."""
    steps = learners.describe_pipeline(fitted.pipeline)
    return {
        "identity": identity,
        "ignored": [[i.column, i.reason] for i in roles.ignored],
        "missing": dict(missing),
        "features": [[f.name, f.type, str(f.kind)] for f in roles.features],
        "task": str(roles.task),
        "time": roles.time,
        "key": list(roles.key),
        "preprocessing": [[list(columns), text] for columns, text in steps],
    }


def lines_of(table: pa.Table) -> list[list[Any]]:
    """The rows of a table as lists, as a record keeps them."""
    columns = [[_kept(value) for value in column] for column in table.to_pydict().values()]
    return [list(line) for line in zip(*columns, strict=True)]


def _kept(value: Any) -> Any:
    """A label as a record keeps it."""
    return float(value) if isinstance(value, Decimal) else value
