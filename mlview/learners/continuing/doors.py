"""Continuing a fitted model on a delta instead of fitting it anew: `REFRESH_MODE APPROXIMATE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.learners.continuing.outcomes import (
    CannotContinue,
    Continuable,
    Continued,
    NotContinuable,
)
from mlview.learners.continuing.rows import Delta, training_rows
from mlview.learners.continuing.ways import way_of
from mlview.learners.pipelines import is_user_pipeline

if TYPE_CHECKING:
    import pyarrow as pa

    from mlview.learners.continuing.ways import Way
    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Fitted

_OWN = "a Pipeline given from Python is fitted as a whole"


def continuation(roles: Roles, resolved: ResolvedMethod | None) -> Continuable | NotContinuable:
    """Whether and how a method can be continued, by its name and parameters alone.

    Args:
        roles: what every column is for.
        resolved: the method; None for a Pipeline given from Python.

    >>> from mlview.definitions import Method
    >>> from mlview.learners import Roles, Task, resolve
    >>> roles = Roles("late", Task.CLASSIFICATION, ())
    >>> continuation(roles, resolve(Method("LogisticRegression"))).how
    'one Newton step on the delta'
    >>> continuation(roles, resolve(Method("RandomForestClassifier"))).reason
    'RandomForestClassifier learns from all of its rows at once'
    """
    del roles
    if resolved is None:
        return NotContinuable(_OWN)
    way = way_of(resolved.make())
    if isinstance(way, NotContinuable):
        return way
    return Continuable(way.how, way.full_every, way.takes_deletes)


def prepare(fitted: Fitted, rows: pa.Table, *, seed: int = 0) -> bytes | None:
    """What to keep beside the artifact after a full fit, so that it can be continued.

    Args:
        fitted: just fitted in full.
        rows: those it was fitted on; unlabelled ones may be among them.
        seed: for the sample from which errors are estimated.

    Returns:
        Arrays in numpy's npz format without pickle; None where nothing is needed, the method cannot
        be continued, or its state would be too large.
    """
    way = _way(fitted)
    if isinstance(way, NotContinuable):
        return None
    try:
        return way.prepare(fitted, rows, seed)
    except CannotContinue:
        # The model is as good as ever; only the next refresh will be a full one.
        return None


def continue_fit(
    fitted: Fitted,
    state: bytes | None,
    inserted: pa.Table,
    deleted: pa.Table,
    *,
    seed: int,
    steps: int,
) -> Continued:
    """A fitted model continued on a delta, its preprocessing as it is.

    The same model, state, rows in the same order, seed and steps give the same result, bit for
    bit, whether the model was just fitted or loaded.

    Args:
        fitted: the live model; it is not changed.
        state: what `prepare` or the last continuation gave.
        inserted: the delta's rows that came, an updated row as it is now.
        deleted: the delta's rows that went, an updated row as it was.
        seed: the model's; `steps` is added to it for what is random.
        steps: continuations since the last full fit.

    Raises:
        CannotContinue: this delta needs a full fit; `reason` says why.
    """
    way = _way(fitted)
    if isinstance(way, NotContinuable):
        raise CannotContinue(way.reason)
    if steps >= way.full_every:
        raise CannotContinue(f"it was continued {steps} times: a full fit is due")
    delta = Delta(
        training_rows(fitted, inserted), training_rows(fitted, deleted), seed + steps, steps
    )
    if len(delta.deleted) and not way.takes_deletes:
        raise CannotContinue(f"{len(delta.deleted)} rows were deleted, which cannot be unlearned")
    if not len(delta.inserted) and not len(delta.deleted):
        return Continued(fitted, state, None, "no row that is trained on came or went")
    return way.continue_fit(fitted, state, delta)


def _way(fitted: Fitted) -> Way | NotContinuable:
    if is_user_pipeline(fitted.pipeline):
        return NotContinuable(_OWN)
    return way_of(fitted.pipeline.steps[-1][1], len(fitted.signature.classes))
