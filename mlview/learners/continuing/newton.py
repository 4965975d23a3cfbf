"""Smooth linear models: one Newton step from the last full fit, on sums that a delta changes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlview.learners.continuing.design import design_of
from mlview.learners.continuing.outcomes import CannotContinue, Continued
from mlview.learners.continuing.quadratic import Quadratic, Solved
from mlview.learners.continuing.remainder import Sample
from mlview.learners.continuing.rows import ignored_categories, training_rows
from mlview.learners.continuing.shapes import with_method
from mlview.learners.continuing.states import packed, unpacked
from mlview.learners.tasks import Task
from mlview.learners.threads import threads_for

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.learners.continuing.design import Design
    from mlview.learners.continuing.losses import Loss
    from mlview.learners.continuing.rows import Delta, Rows
    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]

TOLERANCE = 0.05
"""Standard errors of its coefficient by which the worst one may be off the full fit's."""

MAX_PARAMETERS = 3_000
"""Coefficients of all outputs beyond which their Hessian is not kept: 72 MB."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What a linear model minimizes: its loss, summed over rows, and a penalty.

    Attributes:
        loss: per row.
        penalty: half of it times the squared coefficients is added.
        by_row: whether the penalty is counted once for every row.
        intercept: whether there is one.
        intercept_penalty: the intercept's own.
        class_weight: what a row of each class counts; None where all count 1.
    """

    loss: Loss
    penalty: float
    by_row: bool
    intercept: bool
    intercept_penalty: float = 0.0
    class_weight: tuple[tuple[Any, float], ...] | None = None

    def penalties(self, width: int, rows: float) -> Floats:
        """The penalty of each column, shape (width,)."""
        each = np.full(width, self.penalty * (rows if self.by_row else 1.0))
        if self.intercept:
            each[-1] = self.intercept_penalty
        return each


@dataclass(frozen=True, slots=True)
class NewtonStep:
    """One Newton step from the last full fit's solution, over all rows there are now.

    The gradient and the Hessian at that solution are sums over the rows. They are kept, and a delta
    adds its inserted rows and subtracts its deleted ones, so that the step is the one a pass over
    all rows would make, whatever deltas led to them and in whatever order.
    """

    objective: Objective
    how: str = "one Newton step on the delta"
    full_every: int = 50
    takes_deletes: bool = True

    def prepare(self, fitted: Fitted, rows: pa.Table, seed: int) -> bytes | None:
        """The sums at the solution; None where there are too many parameters."""
        method = fitted.pipeline.steps[-1][1]
        if method.coef_.size > MAX_PARAMETERS:
            return None
        loss, at = self.objective.loss, _parameters(method, self.objective)
        trained = training_rows(fitted, rows)
        design, label = self._seen(fitted, trained)
        weight = self._weights(fitted, trained)
        with threads_for(design.rows, design.width, alone=True):
            sums = Quadratic.of(loss, at, design, label, weight)
            sample = Sample.of(loss, at, design, label, weight, np.random.default_rng(seed))
        return _State(at, sums, _counts(fitted, trained), sample).to_bytes()

    def continue_fit(self, fitted: Fitted, state: bytes | None, delta: Delta) -> Continued:
        """The coefficients after the step, and how far they are off.

        Raises:
            CannotContinue: the label is out of range, no row of a class is left, the Hessian is
                not positive definite, or the coefficients would be off by more than `TOLERANCE`.
        """
        before = _State.from_bytes(state)
        if before.at.shape != _parameters(fitted.pipeline.steps[-1][1], self.objective).shape:
            raise CannotContinue("the state kept at the last full fit is of other columns")
        ignored = ignored_categories(fitted, delta.inserted)
        random = np.random.default_rng(delta.seed)
        with threads_for(1, 1, alone=True), np.errstate(all="ignore"):
            after = self._moved(fitted, before, delta.inserted, 1.0, random)
            after = self._moved(fitted, after, delta.deleted, -1.0, random)
            _refuse_lost_classes(fitted, after)
            step, error = self._step(after)
        if not error <= TOLERANCE:
            raise CannotContinue(
                f"the error estimate is {error:.2g} standard errors of a coefficient, above "
                f"{TOLERANCE}"
            )
        method = _with_parameters(fitted.pipeline.steps[-1][1], after.at + step, self.objective)
        said = f"one Newton step on {delta.said}; about {error:.1g} standard errors off{ignored}"
        return Continued(with_method(fitted, method), after.to_bytes(), error, said)

    def _seen(self, fitted: Fitted, rows: Rows) -> tuple[Design, Floats]:
        design = design_of(fitted.pipeline, rows.features, intercept=self.objective.intercept)
        label = np.empty(0) if rows.label is None else rows.label
        if not self.objective.loss.accepts(label):
            raise CannotContinue(
                f"the label '{fitted.signature.target}' is out of the range that "
                f"{fitted.signature.method} takes"
            )
        return design, label

    def _weights(self, fitted: Fitted, rows: Rows) -> Floats:
        given = self.objective.class_weight
        if given is None or rows.label is None:
            return np.ones(len(rows))
        weights = dict(given)
        classes = fitted.pipeline.steps[-1][1].classes_.tolist()
        each = np.array([float(weights.get(label, 1.0)) for label in classes])
        return np.asarray(each[rows.label.astype(np.int64)])

    def _moved(self, fitted: Fitted, state: _State, rows: Rows, sign: float, random: Any) -> _State:
        if not len(rows):
            return state
        design, label = self._seen(fitted, rows)
        weight = sign * self._weights(fitted, rows)
        loss = self.objective.loss
        return _State(
            state.at,
            state.sums + Quadratic.of(loss, state.at, design, label, weight),
            state.counts + (sign * _counts(fitted, rows)).astype(np.int64),
            state.sample.with_rows(loss, state.at, design, label, weight, random),
        )

    def _step(self, state: _State) -> tuple[Floats, float]:
        """The step, of the shape of the parameters, and its error in standard errors."""
        outputs, width = state.at.shape
        penalties = self.objective.penalties(width, float(state.counts.sum()))
        gradient = state.sums.gradient + (state.at * penalties).ravel()
        hessian = state.sums.hessian + np.diag(np.tile(penalties, outputs))
        if outputs > 1:
            hessian += _anchored(state.sums.hessian, outputs, width)
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            raise CannotContinue("the loss of some rows is not finite at the current coefficients")
        solved = Solved(hessian)
        step = -solved.solve(gradient).reshape(outputs, width)
        beyond = state.sample.remainder(self.objective.loss, state.at, step)
        off = np.abs(solved.solve(beyond.ravel()))
        errors = solved.deviations() * np.sqrt(state.sums.dispersion)
        return step, float((off / errors).max())


def _anchored(hessian: Floats, outputs: int, width: int) -> Floats:
    """What makes a multinomial Hessian definite without moving the step.

    The same vector added to every class's coefficients changes no probability. Gradients have no
    part in that direction, so any curvature there leaves the solution where it is.
    """
    scale = np.trace(hessian) / len(hessian) or 1.0
    return np.kron(np.full((outputs, outputs), scale), np.eye(width))


def _refuse_lost_classes(fitted: Fitted, state: _State) -> None:
    if state.counts.min() <= 0:
        classes = fitted.signature.classes
        which = f"of class {classes[int(state.counts.argmin())]!r} " if classes else ""
        raise CannotContinue(f"no row {which}is left")


def _counts(fitted: Fitted, rows: Rows) -> NDArray[np.int64]:
    """The rows of each class; their number where there are no classes."""
    if fitted.signature.task is Task.REGRESSION or rows.label is None:
        return np.array([len(rows)], dtype=np.int64)
    return np.bincount(rows.label.astype(np.int64), minlength=len(fitted.signature.classes))


def _parameters(method: Any, objective: Objective) -> Floats:
    """The coefficients with the intercept behind them, shape (outputs, columns)."""
    coefficients = np.atleast_2d(np.asarray(method.coef_, dtype=np.float64))
    if not objective.intercept:
        return coefficients
    intercepts = np.asarray(method.intercept_, dtype=np.float64).reshape(-1, 1)
    return np.concatenate([coefficients, intercepts], axis=1)


def _with_parameters(method: Any, parameters: Floats, objective: Objective) -> Any:
    changed = copy.deepcopy(method)
    split = parameters.shape[1] - objective.intercept
    changed.coef_ = np.ascontiguousarray(parameters[:, :split]).reshape(method.coef_.shape)
    if objective.intercept:
        last = np.ascontiguousarray(parameters[:, -1])
        number = np.ndim(method.intercept_) == 0
        changed.intercept_ = type(method.intercept_)(last[0]) if number else last
    return changed


@dataclass(frozen=True, slots=True)
class _State:
    """The solution of the last full fit, the sums at it, the rows by class, and a sample."""

    at: Floats
    sums: Quadratic
    counts: NDArray[np.int64]
    sample: Sample

    def to_bytes(self) -> bytes:
        arrays = {
            "at": self.at,
            "gradient": self.sums.gradient,
            "hessian": self.sums.hessian,
            "spread": self.sums.spread,
            "counts": self.counts,
        }
        return packed({**arrays, **self.sample.to_arrays()})

    @classmethod
    def from_bytes(cls, state: bytes | None) -> _State:
        arrays = unpacked(state)
        try:
            sums = Quadratic(arrays["gradient"], arrays["hessian"], arrays["spread"])
            return cls(arrays["at"], sums, arrays["counts"], Sample.from_arrays(arrays))
        except KeyError as problem:
            raise CannotContinue("the state kept at the last full fit is of another kind") from (
                problem
            )
