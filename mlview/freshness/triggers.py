"""REFRESH WHEN: a condition over a view's row of mlview.staleness, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.definitions import fold
from mlview.engines.predicates import Answer, answers, check_predicate
from mlview.engines.turning import turning
from mlview.errors import MlviewError, SyntaxProblem
from mlview.freshness.columns import SCHEMA, STALENESS, VALUES, staleness_line
from mlview.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Name
    from mlview.records import Staleness

MEASURED = frozenset(
    ["max_psi", "max_psi_column", "live_metric", "live_value", "live_drop", "live_n", "live"]
)
"""The columns that cost a look at the rows that came."""

GROWING = frozenset(["lag_sec", "source_lag_sec"])
"""The columns that grow by one each second while a view is stale."""

Key = tuple[str, tuple[object, ...]]
Ask = Callable[[pa.Table, Sequence[str]], list[Answer]]
Foresee = Callable[[pa.Table, Sequence[str], frozenset[str], Sequence[float]], list[float | None]]


@dataclass(frozen=True, slots=True)
class Fired:
    """What one REFRESH WHEN came to.

    Attributes:
        due: True, False, or None for UNKNOWN, which is never taken for False.
        said: the same as a sentence, with what is missing or what failed.
        missing: the columns it depends on that are NULL.
    """

    due: bool | None
    said: str
    missing: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether somebody has to be told that nobody knows."""
        return self.due is None


def check_trigger(predicate: str) -> None:
    """Refuse a REFRESH WHEN that is no condition over the columns of mlview.staleness.

    Raises:
        SyntaxProblem, BindProblem, Nondeterministic, DefinitionRefused: with what was expected;
            their places are counted in the condition, which `facts["condition"]` is.
    """
    try:
        check_predicate(predicate, SCHEMA, VALUES)
    except MlviewError as error:
        error.message = f"REFRESH WHEN: {error.message}"
        error.facts["condition"] = predicate
        raise


@lru_cache(maxsize=4096)
def columns_of(predicate: str) -> frozenset[str]:
    """The columns of mlview.staleness that a predicate mentions.

    >>> sorted(columns_of("CHANGED_fraction > 0.1 OR coalesce(max_psi, 0) > 0.2"))
    ['changed_fraction', 'max_psi']
    """
    try:
        words = frozenset(fold(token.value) for token in tokenize(predicate) if token.is_name)
    except SyntaxProblem:
        return frozenset(STALENESS)
    return words & STALENESS.keys()


class Triggers:
    """Evaluates every REFRESH WHEN of a database, and remembers the answers."""

    def __init__(self, ask: Ask = answers, foresee: Foresee = turning) -> None:
        self._ask = ask
        self._foresee = foresee
        self._known: dict[Name, tuple[Key, Fired]] = {}
        self._turns: dict[Name, tuple[Key, float | None]] = {}
        self._lock = Lock()

    def evaluate(
        self, predicates: Mapping[Name, str], staleness: Mapping[Name, Staleness]
    ) -> dict[Name, Fired]:
        """What the predicate of each view comes to now, all asked in one query.

        A view is asked again only when a column that its predicate mentions has another value.

        Args:
            predicates: by view.
            staleness: of each of these views, measured where the predicate asks for it.
        """
        keys = {name: _key(text, staleness[name]) for name, text in predicates.items()}
        with self._lock:
            known = dict(self._known)
        fired = {n: known[n][1] for n, key in keys.items() if n in known and known[n][0] == key}
        asked = [name for name in predicates if name not in fired]
        if asked:
            rows = pa.Table.from_pylist([staleness_line(staleness[n]) for n in asked], SCHEMA)
            found = self._ask(rows, [predicates[name] for name in asked])
            for name, answer in zip(asked, found, strict=True):
                fired[name] = _fired(predicates[name], answer, staleness[name])
        with self._lock:
            self._known = {name: (key, fired[name]) for name, key in keys.items()}
        return {name: fired[name] for name in predicates}

    def turns(
        self, predicates: Mapping[Name, str], staleness: Mapping[Name, Staleness], now: float
    ) -> dict[Name, float | None]:
        """When the predicate of each view turns true, or turned so, if nothing but time passes.

        In seconds since 1970: infinite where it never does, minus infinity where it has been true
        since the view is stale, and None where it cannot be told. It is worked out anew only when
        something but the time is another.

        Args:
            predicates: by view, of stale views.
            staleness: of each of these views, as of `now`.
            now: the moment.
        """
        keys = {n: _key_of_turn(text, staleness[n], now) for n, text in predicates.items()}
        with self._lock:
            known = dict(self._turns)
        found = {n: known[n][1] for n, key in keys.items() if n in known and known[n][0] == key}
        asked = [name for name in predicates if name not in found]
        if asked:
            rows = pa.Table.from_pylist([staleness_line(staleness[n]) for n in asked], SCHEMA)
            ages = [staleness[name].lag_sec or 0.0 for name in asked]
            told = self._foresee(rows, [predicates[name] for name in asked], GROWING, ages)
            found |= {n: None if t is None else now + t for n, t in zip(asked, told, strict=True)}
        with self._lock:
            self._turns = {name: (key, found[name]) for name, key in keys.items()}
        return {name: found[name] for name in predicates}


def _key_of_turn(predicate: str, stale: Staleness, now: float) -> Key:
    """Since when what grows does so, to a tenth of a second, and the value of all else."""
    line = staleness_line(stale)
    since = [None if line[c] is None else round(now - line[c], 1) for c in sorted(GROWING)]
    line |= dict.fromkeys(GROWING)
    rest = (line[column] for column in sorted(columns_of(predicate)))
    frozen = (tuple(value) if isinstance(value, list) else value for value in rest)
    return predicate, (*since, *frozen)


def _key(predicate: str, stale: Staleness) -> Key:
    line = staleness_line(stale)
    values = (line[column] for column in sorted(columns_of(predicate)))
    return predicate, tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _fired(predicate: str, answer: Answer, stale: Staleness) -> Fired:
    if answer.value is not None:
        return Fired(answer.value, f"REFRESH WHEN ({predicate}) is {str(answer.value).upper()}")
    line = staleness_line(stale)
    missing = tuple(sorted(c for c in columns_of(predicate) if line[c] is None))
    why = "it comes to NULL"
    if answer.error is not None:
        why = answer.error
    elif missing:
        why = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} NULL"
    return Fired(None, f"REFRESH WHEN ({predicate}) is UNKNOWN: {why}", missing)
