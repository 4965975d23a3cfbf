"""From the name a user wrote to an estimator class with checked parameters."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor

from mlview.definitions import Method
from mlview.errors import DefinitionRefused, UnknownName, did_you_mean
from mlview.learners.catalogue import BOOSTERS, REFUSED, SCIKIT_LEARN
from mlview.learners.parameters import check_names, check_values, fixed_parameters
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.definitions import Value

_REGISTERED: dict[str, Callable[..., Any] | str] = {}


@dataclass(frozen=True, slots=True)
class ResolvedMethod:
    """An estimator that can be made.

    Attributes:
        name: the class name as scikit-learn spells it, or the registered name.
        parameters: what the user gave, under the constructor's spelling.
        estimator: the class, or the registered factory.
        task: what it answers.
        importable: False where another process could not make it.
    """

    name: str
    parameters: tuple[tuple[str, Value], ...]
    estimator: Callable[..., Any]
    task: Task
    importable: bool = True

    def make(self, **more: Any) -> Any:
        """An unfitted estimator; `more` are parameters the user's own ones win over."""
        return self.estimator(**{**more, **dict(self.parameters)})


def known_methods() -> tuple[str, ...]:
    """The names that `resolve` accepts here, sorted; boosters only where they are installed."""
    boosters = (n for n, (module, _) in BOOSTERS.items() if find_spec(module) is not None)
    return tuple(sorted({*SCIKIT_LEARN, *boosters, *_REGISTERED}))


def register(name: str, factory: Callable[..., Any] | str) -> None:
    """Make an estimator known by name.

    Args:
        name: what users write after USING.
        factory: `module:attribute`, importable by every process, or a callable that returns an
            unfitted estimator, which only this process can refresh.

    Raises:
        DefinitionRefused: a name that scikit-learn or a booster has already.
    """
    taken = {n.lower() for n in (*SCIKIT_LEARN, *BOOSTERS, *REFUSED)}
    if name.lower() in taken:
        raise DefinitionRefused(
            f"'{name}' is an estimator already and cannot be registered again",
            name=name,
            hint="register it under a name of its own",
        )
    _REGISTERED[name] = factory


def registered_modules() -> frozenset[str]:
    """The top-level packages that registered names come from."""
    return frozenset(
        (factory.partition(":")[0] if isinstance(factory, str) else factory.__module__)
        for factory in _REGISTERED.values()
    )


def importable_methods() -> dict[str, str]:
    """Registered names and the `module:attribute` by which another process finds each."""
    found = {name: _importable_as(factory) for name, factory in _REGISTERED.items()}
    return {name: place for name, place in found.items() if place is not None}


def _importable_as(factory: Callable[..., Any] | str) -> str | None:
    if isinstance(factory, str):
        return factory
    module, name = getattr(factory, "__module__", None), getattr(factory, "__qualname__", "<")
    if module in {None, "__main__"} or not name.isidentifier():
        return None
    return f"{module}:{name}"


def default_method(task: Task) -> Method:
    """The method of a model that names none.

    >>> default_method(Task.REGRESSION).name
    'HistGradientBoostingRegressor'
    """
    match task:
        case Task.CLASSIFICATION:
            return Method("HistGradientBoostingClassifier")
        case Task.REGRESSION:
            return Method("HistGradientBoostingRegressor")
        case Task.CLUSTERING:
            return Method("KMeans")
        case Task.DECOMPOSITION:
            return Method("PCA")
        case Task.OUTLIERS:
            return Method("IsolationForest")


def resolve(method: Method | None, task: Task | None = None) -> ResolvedMethod:
    """The estimator a definition means.

    Args:
        method: what the definition names, or None for the default of `task`.
        task: what the label asks for, where that is known already.

    Raises:
        UnknownName: no such estimator or parameter; the hint has the nearest one.
        DefinitionRefused: an estimator that cannot be a model, a value its constructor refuses,
            or one that does not answer `task`.

    >>> resolve(Method("ridge", (("alpha", 2.0),))).name
    'Ridge'
    """
    if method is None:
        if task is None:
            raise DefinitionRefused(
                "a model without PREDICT needs a method",
                hint="write PREDICT label, or USING KMeans (n_clusters => 8)",
            )
        method = default_method(task)
    found = _find(method.name)
    named = check_names(found.name, found.estimator, method.parameters)
    values = check_values(found.name, found.estimator, named)
    resolved = replace(found, parameters=values)
    _check_usable(resolved)
    if task is not None and task is not resolved.task:
        raise wrong_task(resolved, task)
    return resolved


def _find(name: str) -> ResolvedMethod:
    wanted = name.lower()
    for known, factory in _REGISTERED.items():
        if known.lower() == wanted:
            return _registered(known, factory)
    for known, (module, task) in (*SCIKIT_LEARN.items(), *BOOSTERS.items()):
        if known.lower() == wanted:
            return ResolvedMethod(known, (), _load(known, module), task)
    for known, reason in REFUSED.items():
        if known.lower() == wanted:
            raise DefinitionRefused(f"{known} cannot be a model", name=known, hint=reason)
    raise UnknownName(
        f"no method named '{name}'",
        name=name,
        hint=did_you_mean(name, known_methods())
        or "any scikit-learn estimator by its class name, such as RandomForestClassifier",
    )


def _load(name: str, module: str) -> Callable[..., Any]:
    package = module.partition(".")[0]
    if find_spec(package) is None:
        raise DefinitionRefused(
            f"{name} needs the package {package}, which is not installed",
            name=name,
            hint=f"pip install 'mlview[{package}]'",
        )
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def _registered(name: str, factory: Callable[..., Any] | str) -> ResolvedMethod:
    if not isinstance(factory, str):
        return ResolvedMethod(name, (), factory, _task_of(name, factory), importable=False)
    module, _, attribute = factory.partition(":")
    try:
        loaded = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as problem:
        raise DefinitionRefused(
            f"the registered method '{name}' cannot be imported from '{factory}': {problem}",
            name=name,
            hint="register it as 'module:attribute' with a module that can be imported here",
        ) from problem
    return ResolvedMethod(name, (), loaded, _task_of(name, loaded))


def _task_of(name: str, factory: Callable[..., Any]) -> Task:
    found = task_of_estimator(factory())
    if found is None:
        raise DefinitionRefused(
            f"the registered method '{name}' answers nothing mlview knows",
            name=name,
            hint="derive it from ClassifierMixin, RegressorMixin, ClusterMixin, OutlierMixin or "
            "TransformerMixin",
        )
    return found


def task_of_estimator(estimator: Any) -> Task | None:
    """What an estimator object answers, by scikit-learn's own tags; None if it says nothing."""
    if is_classifier(estimator):
        return Task.CLASSIFICATION
    if is_regressor(estimator):
        return Task.REGRESSION
    if is_outlier_detector(estimator):
        return Task.OUTLIERS
    if is_clusterer(estimator) or hasattr(estimator, "predict"):
        return Task.CLUSTERING
    return Task.DECOMPOSITION if hasattr(estimator, "transform") else None


def _check_usable(resolved: ResolvedMethod) -> None:
    given = dict(resolved.parameters)
    if resolved.name == "LocalOutlierFactor" and not given.get("novelty"):
        raise DefinitionRefused(
            "LocalOutlierFactor scores only the rows it was fitted on unless novelty is true",
            name=resolved.name,
            hint="USING LocalOutlierFactor (novelty => true), or USING IsolationForest",
        )


def wrong_task(resolved: ResolvedMethod, task: Task) -> DefinitionRefused:
    """The refusal of a method that answers another question than the definition asks."""
    if task.supervised and not resolved.task.supervised:
        hint = f"leave PREDICT out, or USING {default_method(task).name}"
    elif resolved.task.supervised and not task.supervised:
        hint = f"{resolved.name} learns from a label: write PREDICT and the label's column"
    else:
        hint = f"USING {counterpart(resolved.name, task)}"
    return DefinitionRefused(
        f"expected a method for {task.lower()}, found {resolved.name}, which is for "
        f"{resolved.task.lower()}",
        name=resolved.name,
        hint=hint,
    )


_FAMILIES = (
    ("LogisticRegression", "LinearRegression"),
    ("LogisticRegressionCV", "LinearRegression"),
    ("SVC", "SVR"),
    ("LinearSVC", "LinearSVR"),
    ("NuSVC", "NuSVR"),
    ("RidgeClassifier", "Ridge"),
    ("RidgeClassifierCV", "RidgeCV"),
    ("LogisticRegression", "Lasso"),
    ("LogisticRegression", "ElasticNet"),
)


def counterpart(name: str, task: Task) -> str:
    """The estimator of the same family for the other supervised task.

    >>> counterpart("RandomForestClassifier", Task.REGRESSION)
    'RandomForestRegressor'
    """
    for classifier, regressor in _FAMILIES:
        if task is Task.REGRESSION and name == classifier:
            return regressor
        if task is Task.CLASSIFICATION and name == regressor:
            return classifier
    if task is Task.REGRESSION:
        other = name.replace("Classifier", "Regressor")
    else:
        other = name.replace("Regressor", "Classifier")
    return other if other != name and other in known_methods() else default_method(task).name


def accepts_seed(estimator: Callable[..., Any]) -> bool:
    """Whether a constructor takes `random_state`."""
    return "random_state" in inspect.signature(estimator).parameters


def seeded(resolved: ResolvedMethod, seed: int) -> dict[str, Any]:
    """The parameters mlview sets where the user did not: the seed, and determinism."""
    own = fixed_parameters(resolved.name)
    return {**own, "random_state": seed} if accepts_seed(resolved.estimator) else own
