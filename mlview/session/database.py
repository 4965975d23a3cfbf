"""A database, open: what it can be asked, and told to do."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import (
    HoldoutShare,
    Kind,
    MaterializedView,
    Model,
    Name,
)
from mlview.planning import Demand
from mlview.session.cursor import Cursor
from mlview.session.declaring import (
    check_text,
    chosen_method,
    condition,
    mode_named,
    relation_name,
    target_lag_of,
)
from mlview.session.handles import MaterializedViewHandle, ModelHandle
from mlview.session.refreshing import outcome_result
from mlview.session.result import Result
from mlview.session.services import Services
from mlview.session.upkeep import problem_result, verification_result
from mlview.sql import CreateMaterializedView, CreateModel, render
from mlview.upkeep.checking import check
from mlview.upkeep.collecting import collect
from mlview.upkeep.copying import backup
from mlview.upkeep.retention import Retention, kept_retention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    import networkx as nx

    from mlview.definitions import Downstream, Freshness, Holdout
    from mlview.records import Plan, Staleness
    from mlview.session.rules import Expect, Require
    from mlview.storage.home import Home


class Database(Cursor):
    """An open database. Reads are properties, actions are calls."""

    def __init__(self, home: Home, *, throwaway: bool = False) -> None:
        super().__init__(Services.of(home), home.engine.connection())
        self._throwaway = throwaway
        self._closed = False

    def cursor(self) -> Cursor:
        """Another connection to the same database, for another thread."""
        return Cursor(self._services, self._services.home.engine.connection())

    def create_model(
        self,
        name: str,
        query: str,
        *,
        predict: str | None = None,
        using: object = None,
        parameters: Mapping[str, Any] | None = None,
        key: Sequence[str] = (),
        time: str | None = None,
        ignore: Sequence[str] = (),
        holdout: Holdout | float | None = None,
        target_lag: timedelta | str | Downstream | None = None,
        freshness: Freshness | None = None,
        refresh_when: str | None = None,
        refresh_mode: str = "AUTO",
        expect: Sequence[Expect] = (),
        require: Sequence[Require] = (),
        priority: int | None = None,
        owner: str | None = None,
        replace: bool = False,
        if_not_exists: bool = False,
        with_no_data: bool = False,
    ) -> ModelHandle:
        """Declare a model and train it, as CREATE MODEL does.

        Args:
            name: the model's name, with its schema in front where it is not main.
            query: the training query.
            predict: the label's column; without it the model is unsupervised.
            using: an estimator's class name, or an unfitted scikit-learn estimator or Pipeline;
                None lets mlview choose.
            parameters: the estimator's parameters, where it is given by name.
            key: the columns that identify a row.
            time: the column that orders and splits.
            ignore: columns that are no features.
            holdout: which rows judge it: a share of them, or HoldoutShare or HoldoutLast.
            target_lag: how stale it may become: a length of time, its text, or DOWNSTREAM.
            freshness: the promise to people.
            refresh_when: a condition on its row of mlview.staleness that makes a refresh due.
            refresh_mode: AUTO, FULL, INCREMENTAL or APPROXIMATE.
            expect: rules on the data.
            require: rules on the candidate.
            priority: weight against other views.
            owner: whom to ask about it.
            replace: CREATE OR REPLACE.
            if_not_exists: leave an existing model as it is.
            with_no_data: declare now, train at the first refresh.
        """
        check_text(query=query, predict=predict, time=time)
        definition = Model(
            name=relation_name(name),
            query=query.strip().rstrip(";"),
            target=predict,
            method=chosen_method(using, parameters, self._services.home.artifacts),
            key=tuple(key),
            time=time,
            ignore=tuple(ignore),
            holdout=HoldoutShare(holdout) if isinstance(holdout, float) else holdout,
            target_lag=target_lag_of(target_lag),
            freshness=freshness,
            refresh_when=condition(refresh_when),
            refresh_mode=mode_named(refresh_mode),
            expectations=tuple(rule.definition() for rule in expect),
            requirements=tuple(rule.definition() for rule in require),
            priority=priority,
            owner=owner,
        )
        statement = CreateModel(
            definition,
            render(definition),
            or_replace=replace,
            if_not_exists=if_not_exists,
            with_no_data=with_no_data,
        )
        self._runner.statement(statement)
        return self.model(name)

    def create_materialized_view(
        self,
        name: str,
        query: str,
        *,
        target_lag: timedelta | str | Downstream | None = None,
        freshness: Freshness | None = None,
        refresh_when: str | None = None,
        refresh_mode: str = "AUTO",
        expect: Sequence[Expect] = (),
        priority: int | None = None,
        owner: str | None = None,
        replace: bool = False,
        if_not_exists: bool = False,
        with_no_data: bool = False,
    ) -> MaterializedViewHandle:
        """Declare a materialized view and fill it, as CREATE MATERIALIZED VIEW does."""
        check_text(query=query)
        definition = MaterializedView(
            name=relation_name(name),
            query=query.strip().rstrip(";"),
            target_lag=target_lag_of(target_lag),
            freshness=freshness,
            refresh_when=condition(refresh_when),
            refresh_mode=mode_named(refresh_mode),
            expectations=tuple(rule.definition() for rule in expect),
            priority=priority,
            owner=owner,
        )
        statement = CreateMaterializedView(
            definition,
            render(definition),
            or_replace=replace,
            if_not_exists=if_not_exists,
            with_no_data=with_no_data,
        )
        self._runner.statement(statement)
        return self.materialized_view(name)

    def model(self, name: str) -> ModelHandle:
        """A model by name. UnknownName, with the nearest right one, if there is none."""
        row = self._services.home.catalog.get(relation_name(name), Kind.MODEL)
        return ModelHandle(self._services, self._runner, row.id)

    def materialized_view(self, name: str) -> MaterializedViewHandle:
        """A materialized view by name."""
        row = self._services.home.catalog.get(relation_name(name), Kind.MATERIALIZED_VIEW)
        return MaterializedViewHandle(self._services, self._runner, row.id)

    @property
    def models(self) -> tuple[ModelHandle, ...]:
        """All models."""
        rows = self._services.home.catalog.objects()
        return tuple(
            ModelHandle(self._services, self._runner, r.id) for r in rows if r.kind is Kind.MODEL
        )

    @property
    def materialized_views(self) -> tuple[MaterializedViewHandle, ...]:
        """All materialized views."""
        return tuple(
            MaterializedViewHandle(self._services, self._runner, row.id)
            for row in self._services.home.catalog.objects()
            if row.kind is Kind.MATERIALIZED_VIEW
        )

    def refresh(self, *names: str, full: bool = False, cascade: bool = False) -> Result:
        """Refresh these views, or all; one row per step."""
        order = self._services.observer.look().order
        wanted = tuple(relation_name(name) for name in names) or order
        demand = Demand(wanted, full=full, cascade=cascade)
        outcome = self._services.refresher.refresh(demand, progress=self.progress)
        return outcome_result(outcome, strict=len(names) == 1)

    def plan(self) -> Plan:
        """What the planner would do now, in order, and why; the same with or without a daemon."""
        return self._services.planner.plan()

    def status(self) -> tuple[Staleness, ...]:
        """How stale every view is, parents before children."""
        return tuple(self._services.monitor.staleness(self._services.home.clock.now()).values())

    def graph(self) -> nx.DiGraph[Name]:
        """Who reads whom: edges go from what is read to its reader."""
        return self._services.observer.look().graph.to_networkx()

    def verify(self, *names: str, all_versions: bool = False) -> Result:
        """Compute versions again from their records and compare; one row per version.

        Live versions of these views, or of all; with `all_versions` every kept version.
        """
        rows = [r for r in self._services.home.catalog.objects() if r.kind is not Kind.VIEW]
        if names:
            rows = [self._services.home.catalog.get(relation_name(name)) for name in names]
        return verification_result(self._services, rows, self.progress, every=all_versions)

    @property
    def retention(self) -> Retention:
        """How much history is kept: what ALTER DATABASE SET RETENTION said last."""
        return kept_retention(self._services.home.catalog)

    def gc(self, *, dry_run: bool = False, retention: Retention | None = None) -> Result:
        """Free what nothing needs; what was freed, or with `dry_run` would be."""
        collected = collect(
            self._services.home, retention=retention or self.retention, dry_run=dry_run
        )
        return Result(pa.Table.from_pylist([asdict(collected)]))

    def doctor(self) -> Result:
        """What is wrong with the files of this database; no rows if nothing is."""
        return problem_result(check(self._services.home))

    def backup(self, target: str | Path) -> Result:
        """Copy this live database to a new directory."""
        copied = backup(self._services.home, Path(target).expanduser())
        return Result(pa.table({"path": [str(target)], "bytes": [copied]}))

    def close(self) -> None:
        """Let go of every file; a throwaway database is removed. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        super().close()
        self._services.home.close()
        if self._throwaway:
            shutil.rmtree(self.path, ignore_errors=True)
