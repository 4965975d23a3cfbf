"""A model's next version: trained on its rows, solved from sums, or brought up to date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.definitions import HoldoutShare, Method
from mlview.learners.roles import Roles
from mlview.refresh.histograms import histograms_kept
from mlview.refresh.jobs import Candidate
from mlview.refresh.libraries import library_versions
from mlview.refresh.maintainability import (
    insist_on,
    method_of,
    of_model,
    of_query,
    operators_of,
)
from mlview.refresh.reading import read_training_rows
from mlview.refresh.recording import blank_version, kept_maintenance, kept_operators
from mlview.refresh.solving import solve_sums
from mlview.refresh.splitting import effective_holdout
from mlview.refresh.summing import NotSums, sum_rows
from mlview.refresh.training import SEED, train
from mlview.serving.targets import OnReader
from mlview.storage.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.definitions import Model
    from mlview.learners import Fitted, ResolvedMethod
    from mlview.learners.keeping.sums import Sums
    from mlview.observation.reads import Reads
    from mlview.records import Maintenance, Version
    from mlview.refresh.jobs import Job
    from mlview.refresh.solving import Solved
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.storage.home import Home

MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class FullModel:
    """A full refresh of a model, and everything that is open while it is done."""

    home: Home
    binder: Binder
    scope: Scope
    target: OnReader
    job: Job
    reads: Reads
    definition: Model
    tell: Callable[[str], None]

    def candidate(self) -> Candidate:
        """The candidate: solved from sums where the method is a function of them."""
        resolved = summable(self.definition)
        if resolved is not None:
            try:
                return self._from_sums(resolved)
            except NotSums:
                pass
        return self._from_rows()

    def _from_sums(self, resolved: ResolvedMethod) -> Candidate:
        summed = sum_rows(
            self.binder,
            self.scope,
            self.target,
            self.definition,
            resolved,
            self.reads,
            self.job.columns_before,
        )
        self.tell("solving")
        refit = is_refit(self.definition, summed.sums.roles)
        solved = solve_sums(summed.sums, self.definition, summed.identity, refit=refit)
        self.tell("storing")
        details, _ = self._maintained(summed.sums.roles, resolved)
        details |= summed.histograms
        version = replace(self._blank(details), schema=summed.columns)
        version = with_sums(self.home, version, summed.sums, solved.fitted, refit=refit)
        version = with_solved(version, solved, summed.sums, resolved)
        notices = (*summed.notices, *summed.sums.roles.notices, *solved.notices)
        return self._told(version, solved.fitted, notices)

    def _from_rows(self) -> Candidate:
        rows = read_training_rows(
            self.binder, self.scope, self.definition, self.reads, self.job.columns_before
        )
        trained = train(rows, self.definition, self.home.artifacts, tell=self.tell)
        self.tell("storing")
        resolved = method_of(self.definition, trained.roles)
        details, able = self._maintained(trained.roles, resolved)
        details |= histograms_kept(trained.learned, trained.roles)
        version = replace(
            self._blank({**details, **trained.details}),
            schema=rows.columns,
            row_order=rows.order,
            method=trained.method,
            parameters=trained.parameters,
            seed=SEED,
            rows=trained.rows,
            rows_trained=trained.trained,
            rows_held_out=trained.held_out,
            rows_unlabelled=trained.unlabelled,
            score_name=trained.score_name,
            metrics=trained.metrics,
        )
        version = with_model(self.home, version, trained.fitted)
        if able.possible and not able.exact:
            state = learners.prepare(trained.fitted, trained.learned)
            version = with_state(self.home, version, state)
        return self._told(version, trained.fitted, (*rows.notices, *trained.notices))

    def _maintained(
        self, roles: Roles, resolved: ResolvedMethod | None
    ) -> tuple[dict[str, Any], Maintenance]:
        operators = operators_of(
            self.home, self.target.reader, self.definition, self.reads, self.job.choice.version
        )
        able = of_model(self.definition, roles, resolved, of_query(operators))
        insist_on(self.definition, able)
        return {
            "maintenance": kept_maintenance(able),
            "operators": kept_operators(operators),
        }, able

    def _blank(self, details: dict[str, Any]) -> Version:
        blank = blank_version(self.job, self.reads)
        return replace(blank, details={**blank.details, **details})

    def _told(self, version: Version, fitted: Fitted, notices: tuple[str, ...]) -> Candidate:
        notices = tuple(dict.fromkeys(notices))
        version = replace(version, details={**version.details, "notices": list(notices)})
        return Candidate(version, fitted, notices, self.job.step)


def solved_again(
    binder: Binder,
    scope: Scope,
    definition: Model,
    reads: Reads,
    version: Version,
) -> Fitted:
    """A version's model solved from sums of all rows at the scope's snapshot, stored nowhere."""
    resolved = summable(definition)
    target = scope.target
    assert resolved is not None and isinstance(target, OnReader)  # noqa: PT018, S101 - it was once
    summed = sum_rows(
        binder, scope, target, definition, resolved, reads, version.schema, recorded=version
    )
    refit = is_refit(definition, summed.sums.roles)
    return solve_sums(summed.sums, definition, summed.identity, refit=refit).fitted


def summable(definition: Model) -> ResolvedMethod | None:
    """The method of a model if it may be solved from sums, as far as that can be told so early."""
    if not isinstance(definition.method, Method):
        return None
    resolved = learners.resolve(definition.method)
    module = getattr(resolved.estimator, "__module__", "")
    if not module.startswith("sklearn."):
        return None
    roles = Roles(definition.target, resolved.task, ())
    maintained = learners.maintenance(roles, resolved, SEED)
    return None if isinstance(maintained, learners.NotMaintained) else resolved


def is_refit(definition: Model, roles: Roles) -> bool:
    """Whether the published model learns from the held-out rows as well."""
    if definition.target is None:
        return False
    holdout = effective_holdout(definition, roles.time)
    return holdout.refit if isinstance(holdout, HoldoutShare) else True


def with_model(home: Home, version: Version, fitted: Fitted) -> Version:
    """The version with its model filed as an artifact."""
    libraries = library_versions(fitted.signature.method)
    manifest = {
        "format": MANIFEST_FORMAT,
        "kind": "fitted",
        "signature": fitted.signature.to_json(),
        "libraries": libraries,
    }
    payload = dump(fitted.pipeline, modules=learners.registered_modules())
    digest = home.artifacts.put(manifest, payload)
    return replace(version, artifact_sha256=digest, library_versions=libraries)


def with_sums(home: Home, version: Version, sums: Sums, fitted: Fitted, *, refit: bool) -> Version:
    """The version with its sums filed as its artifact: the model is solved from them again."""
    libraries = library_versions(fitted.signature.method)
    manifest = {
        "format": MANIFEST_FORMAT,
        "signature": fitted.signature.to_json(),
        "libraries": libraries,
        **learners.manifest_of(sums, refit=refit),
    }
    digest = home.artifacts.put(manifest, sums.to_bytes())
    return replace(version, artifact_sha256=digest, library_versions=libraries)


def with_state(home: Home, version: Version, state: bytes | None) -> Version:
    """The version with what its next incremental refresh starts from filed as an artifact."""
    if state is None:
        return version
    digest = home.artifacts.put({"format": MANIFEST_FORMAT, "kind": "state"}, state)
    return replace(version, details={**version.details, "state": digest})


def with_solved(version: Version, solved: Solved, sums: Sums, resolved: ResolvedMethod) -> Version:
    """The version with the facts of a model that was solved from sums."""
    classes = len(solved.fitted.signature.classes)
    primary = learners.primary_metric(sums.roles.task, classes)
    scored = any(m.name == primary for m in solved.judged.metrics)
    return replace(
        version,
        method=resolved.name,
        parameters=dict(resolved.parameters),
        seed=SEED,
        rows=sums.train.rows + sums.test.rows + sums.unlabelled,
        rows_trained=solved.rows_trained,
        rows_held_out=solved.rows_held_out,
        rows_unlabelled=sums.unlabelled,
        score_name=primary if scored else None,
        metrics=solved.judged.metrics,
        details={**version.details, **solved.details, "solved": "sums"},
    )
