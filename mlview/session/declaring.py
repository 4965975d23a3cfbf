"""Names and estimators as Python callers give them."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.definitions import (
    DOWNSTREAM,
    ArtifactMethod,
    Method,
    Name,
    RefreshMode,
    parse_duration,
)
from mlview.errors import UsageProblem, did_you_mean
from mlview.sql import parse_name
from mlview.sql.tokens import tokenize
from mlview.storage.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Downstream, TargetLag
    from mlview.storage.artifacts import ArtifactStore


def relation_name(text: str) -> Name:
    """A name as a Python caller writes it: `late`, `raw.flights`, or any text at all, quoted.

    >>> relation_name("raw.flights").schema, relation_name("two words").name
    ('raw', 'two words')
    """
    if not isinstance(text, str):
        raise UsageProblem(f"expected a name as text, found {type(text).__name__}", hint="'late'")
    return parse_name(text)


def check_text(**given: object) -> None:
    """Every argument that is given is text.

    Raises:
        UsageProblem: naming the first that is not.
    """
    for argument, value in given.items():
        if value is not None and not isinstance(value, str):
            raise UsageProblem(
                f"expected text as {argument}, found {type(value).__name__}",
                hint=f"{argument}='...'",
            )


def condition(text: str | None) -> str | None:
    """A condition as a CREATE statement holds it: without comments around it.

    >>> condition(" lag_sec > 60  -- a minute")
    'lag_sec > 60'
    """
    check_text(refresh_when=text)
    tokens = [] if text is None else list(tokenize(text))
    return text[tokens[0].start : tokens[-1].end] if text and tokens else text


def mode_named(given: str) -> RefreshMode:
    """A refresh mode by its word.

    Raises:
        UsageProblem: there is none of that name; with the nearest one.
    """
    check_text(refresh_mode=given)
    if given.upper() not in set(RefreshMode):
        raise UsageProblem(
            f"expected AUTO, FULL, INCREMENTAL or APPROXIMATE as refresh_mode, found {given!r}",
            hint=did_you_mean(given, RefreshMode),
        )
    return RefreshMode(given.upper())


def chosen_method(
    using: object, parameters: Mapping[str, Any] | None, artifacts: ArtifactStore
) -> Method | ArtifactMethod | None:
    """The method that `using` and `parameters` mean.

    A Pipeline or estimator object is kept, unfitted, as an artifact of the database.

    Raises:
        UsageProblem: parameters without a name, or something that is no estimator.
    """
    match using:
        case None if parameters:
            raise UsageProblem("parameters need an estimator", hint="using='Ridge'")
        case None:
            return None
        case Method() | ArtifactMethod():
            return using
        case str():
            given = parameters or {}
            return Method(using, tuple((k, _plain(v)) for k, v in given.items()))
    if isinstance(using, type) or not hasattr(using, "fit"):
        raise UsageProblem(
            f"{using!r} is no estimator", hint="give a class name or an unfitted estimator object"
        )
    if parameters:
        raise UsageProblem(
            "an estimator object has its parameters already", hint="leave parameters out"
        )
    manifest = {"format": 1, "kind": "unfitted", "class": type(using).__name__}
    payload = dump(using, modules=learners.registered_modules())
    return ArtifactMethod(artifacts.put(manifest, payload))


def _plain(value: Any) -> Any:
    """A parameter as a definition holds it: lists are tuples."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageProblem(
            f"{value} cannot be written in a CREATE statement",
            hint="give the estimator as an object: using=Ridge(alpha=...)",
        )
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def target_lag_of(given: timedelta | str | Downstream | None) -> TargetLag | None:
    """A target lag as it was given: a length of time, its text, or DOWNSTREAM."""
    if given is None or isinstance(given, timedelta) or given is DOWNSTREAM:
        return given
    if not isinstance(given, str):
        raise UsageProblem(
            f"expected a length of time as target_lag, found {given!r}",
            hint="target_lag=timedelta(hours=1), or '1 hour'",
        )
    return DOWNSTREAM if given.upper() == DOWNSTREAM else parse_duration(given)
