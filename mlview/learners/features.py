"""Deriving every column's role from its type, its name, its values and the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.definitions import ArtifactMethod, Method, fold
from mlview.errors import DefinitionRefused, TrainingDataProblem, UnknownName, did_you_mean
from mlview.learners.columns import Inspected, inspect_column, is_moment
from mlview.learners.frames import column_of
from mlview.learners.labels import MINIMUM_ROWS, check_label, empty, label_task
from mlview.learners.leaks import check_leaks
from mlview.learners.methods import ResolvedMethod, resolve, task_of_estimator, wrong_task
from mlview.learners.roles import Feature, FeatureKind, Ignored, Roles
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from mlview.definitions import Model
    from mlview.records import Column

__all__ = ["Feature", "FeatureKind", "Ignored", "Roles", "derive_roles"]


def derive_roles(
    columns: Sequence[Column],
    data: pa.Table,
    definition: Model,
    *,
    estimator: Any = None,
) -> Roles:
    """The role of every column of a training query.

    Args:
        columns: the query's columns with their DuckDB types.
        data: the labelled training rows, with those columns.
        definition: what the model declares: target, method, KEY, TIME and IGNORE.
        estimator: the user's Pipeline where the method is an artifact; it decides the task.

    Raises:
        TrainingDataProblem: rows that cannot be learned from.
        DefinitionRefused: a column or a method that cannot be part of a model.
        UnknownName: PREDICT, KEY, TIME or IGNORE name a column the query does not have.
    """
    by_name = {fold(c.name): c for c in columns}
    target = _named("PREDICT", definition.target, by_name)
    key = tuple(_named("KEY", k, by_name).name for k in definition.key)
    ignore = {fold(_named("IGNORE", i, by_name).name) for i in definition.ignore}
    method = _method(definition, estimator)
    task = _task(target, method, estimator)
    notices: tuple[str, ...] = ()
    if data.num_rows == 0:
        raise empty(definition.name.plain)
    if target is not None:
        notices = check_label(target, column_of(data, target.name), task, method)
    elif data.num_rows < MINIMUM_ROWS:
        raise _too_few(definition, data.num_rows)
    time = _time(
        definition=definition,
        columns=columns,
        target=target,
        key=key,
        ignore=ignore,
        by_name=by_name,
    )
    taken = {fold(n) for n in (*key, *([target.name] if target else ()), *([time] if time else ()))}
    declared = _declared_parts(columns, key, time, ignore)
    inspected = [
        inspect_column(c, column_of(data, c.name))
        for c in columns
        if fold(c.name) not in taken and fold(c.name) not in ignore
    ]
    features = tuple(i.part for i in inspected if isinstance(i.part, Feature))
    left_out = (*declared, *(i.part for i in inspected if isinstance(i.part, Ignored)))
    if not features:
        raise _no_features(definition, left_out)
    if target is not None:
        label = column_of(data, target.name)
        labelled = data.filter(label.is_valid()) if label.null_count else data
        check_leaks(labelled, features, target.name, task)
    return Roles(
        target=target.name if target else None,
        task=task,
        features=features,
        ignored=left_out,
        key=key,
        time=time,
        notices=(*notices, *_notices(inspected)),
        target_type=target.type if target else None,
    )


def _named(clause: str, name: str | None, by_name: dict[str, Column]) -> Any:
    if name is None:
        return None
    found = by_name.get(fold(name))
    if found is None:
        raise UnknownName(
            f"{clause} names the column '{name}', which the query does not have",
            name=name,
            hint=did_you_mean(name, [c.name for c in by_name.values()])
            or "the query has: " + ", ".join(c.name for c in by_name.values()),
        )
    return found


def _method(definition: Model, estimator: Any) -> ResolvedMethod | None:
    match definition.method:
        case Method() as method:
            return resolve(method)
        case ArtifactMethod() if estimator is None:
            return None
        case _:
            return None


def _task(target: Column | None, method: ResolvedMethod | None, estimator: Any) -> Task:
    if estimator is not None:
        found = task_of_estimator(estimator)
        if found is None:
            raise DefinitionRefused(
                f"expected an estimator or a Pipeline, found {type(estimator).__name__}",
                hint="give a Pipeline whose last step has predict or transform",
            )
        if target is None and found.supervised:
            raise DefinitionRefused(
                f"the Pipeline is for {found.lower()} and needs a label",
                hint="write PREDICT and the label's column",
            )
        return found
    if target is None:
        task = (method or resolve(None)).task
        if task.supervised and method is not None:
            raise wrong_task(method, Task.CLUSTERING)
        return task
    asked = label_task(target)
    if method is not None and not method.task.supervised:
        raise wrong_task(method, asked)
    return method.task if method else asked


def _too_few(definition: Model, found: int) -> TrainingDataProblem:
    return TrainingDataProblem(
        f"expected at least {MINIMUM_ROWS} rows, found {found}",
        name=definition.name.plain,
        code="TOO_FEW_ROWS",
        hint="refresh when more rows have arrived",
        found=found,
        needed=MINIMUM_ROWS,
    )


def _time(
    *,
    definition: Model,
    columns: Sequence[Column],
    target: Column | None,
    key: tuple[str, ...],
    ignore: set[str],
    by_name: dict[str, Column],
) -> str | None:
    """The declared TIME column, else the only moment among the columns."""
    if definition.time is not None:
        declared: str = _named("TIME", definition.time, by_name).name
        return declared
    others = {fold(n) for n in key} | ignore | ({fold(target.name)} if target else set())
    moments = [c.name for c in columns if is_moment(c.type) and fold(c.name) not in others]
    return moments[0] if len(moments) == 1 else None


def _declared_parts(
    columns: Sequence[Column], key: tuple[str, ...], time: str | None, ignore: set[str]
) -> tuple[Ignored, ...]:
    keys = {fold(k) for k in key}
    reasons = {
        **dict.fromkeys(ignore, "declared IGNORE"),
        **dict.fromkeys(keys, "declared KEY"),
        **({fold(time): "the TIME column orders and splits the rows"} if time else {}),
    }
    return tuple(Ignored(c.name, reasons[fold(c.name)]) for c in columns if fold(c.name) in reasons)


def _no_features(definition: Model, left_out: Sequence[Ignored]) -> DefinitionRefused:
    reasons = "; ".join(f"{i.column}: {i.reason}" for i in left_out) or "the query has no others"
    return DefinitionRefused(
        f"no column is left to learn from ({reasons})",
        name=definition.name.plain,
        hint="select at least one more column that describes the rows",
    )


def _notices(inspected: Iterable[Inspected]) -> tuple[str, ...]:
    return tuple(notice for i in inspected for notice in i.notices)
