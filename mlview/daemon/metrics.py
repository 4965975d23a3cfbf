"""What a daemon shows to Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.daemon.events import Decided, Finished, Stopped, Troubled
from mlview.errors import UsageProblem

try:
    import prometheus_client as prometheus
    from prometheus_client.core import GaugeMetricFamily
except ImportError:  # the extra is not installed
    prometheus = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.daemon.events import Event
    from mlview.records import RefreshRecord
    from mlview.session.services import Services

SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)


class Metrics:
    """Counts a daemon's events and measures its views when it is asked; a listener.

    Labels are names of views, actions and outcomes; no value of any row is in them. `close` ends
    the server.

    Raises:
        UsageProblem: `prometheus-client` is not installed, or the address cannot be listened to.
    """

    def __init__(self, services: Services) -> None:
        if prometheus is None:
            raise UsageProblem(
                "metrics need prometheus-client, which is not installed",
                hint="pip install 'mlview[metrics]'",
            )
        self._registry = prometheus.CollectorRegistry()
        self._views = _Views(services)
        self._registry.register(self._views)
        self._refreshes = prometheus.Counter(
            "mlview_refreshes",
            "Scheduled refreshes that ended.",
            ["view", "action", "outcome"],
            registry=self._registry,
        )
        self._actual = self._histogram("mlview_refresh_seconds", "Seconds refreshes took.")
        self._predicted = self._histogram(
            "mlview_refresh_predicted_seconds", "Seconds the same refreshes were predicted to take."
        )
        self._queue = prometheus.Gauge(
            "mlview_queue",
            "Views by what the planner decided of them last.",
            ["state"],
            registry=self._registry,
        )
        self._heartbeat = prometheus.Gauge(
            "mlview_heartbeat_timestamp_seconds",
            "When the daemon last looked at everything.",
            registry=self._registry,
        )
        self._troubles = prometheus.Counter(
            "mlview_troubles", "Passes that failed.", registry=self._registry
        )
        self._clock = services.home.clock

    def serve(self, host: str, port: int) -> int:
        """Answer at an address from now on; the port, which is chosen where 0 is given."""
        try:
            self._server, self._thread = prometheus.start_http_server(
                port, host, registry=self._registry
            )
        except (OSError, OverflowError) as error:
            raise UsageProblem(
                f"metrics cannot be served at {host}:{port}: {error}",
                hint="--metrics 127.0.0.1:9464",
            ) from error
        return int(self._server.server_port)

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def text(self) -> str:
        """What would be answered now, in the text format."""
        return prometheus.generate_latest(self._registry).decode()

    def beat(self) -> None:
        """The loop went round once more."""
        self._heartbeat.set(self._clock.now().timestamp())

    def __call__(self, event: Event) -> None:
        """Count an event."""
        self.beat()
        match event:
            case Finished(_, records):
                for record in records:
                    self._count(record)
            case Decided(decision, _):
                self._queue.labels("waiting").set(len(decision.waiting))
                self._queue.labels("late").set(len(decision.shed))
                self._queue.labels("starting").set(len(decision.starts))
            case Troubled():
                self._troubles.inc()
            case Stopped():
                self._queue.clear()
            case _:
                pass

    def _count(self, record: RefreshRecord) -> None:
        name, action = record.name, str(record.action)
        self._refreshes.labels(name, action, str(record.state)).inc()
        if record.actual_seconds is not None:
            self._actual.labels(name, action).observe(record.actual_seconds)
            if record.predicted_seconds is not None:
                self._predicted.labels(name, action).observe(record.predicted_seconds)

    def _histogram(self, name: str, said: str) -> prometheus.Histogram:
        return prometheus.Histogram(
            name, said, ["view", "action"], registry=self._registry, buckets=SECONDS
        )


class _Views:
    """Measures every view at the moment it is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[object]:
        """Nothing is measured when it is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Lag and target of every view, and how well the target was kept."""
        services = self._services
        lag = GaugeMetricFamily("mlview_lag_seconds", "How far a view is behind.", labels=["view"])
        target = GaugeMetricFamily(
            "mlview_target_lag_seconds", "How far it may be behind.", labels=["view"]
        )
        rows = GaugeMetricFamily(
            "mlview_changed_rows", "Changed rows it does not have.", labels=["view"]
        )
        staleness = services.observer.look().staleness(services.home.clock.now())
        for name, stale in staleness.items():
            for family, value in (
                (lag, stale.lag_sec),
                (target, stale.target_lag_sec),
                (rows, stale.changed_rows),
            ):
                if value is not None:
                    family.add_metric([name.plain], value)
        kept = GaugeMetricFamily(
            "mlview_time_within_target_lag_ratio",
            "Share of time within the target lag.",
            labels=["view"],
        )
        budget = GaugeMetricFamily(
            "mlview_error_budget_left", "Share of the error budget left.", labels=["view"]
        )
        for name, slo in services.promises.slos().items():
            for family, value in (
                (kept, slo.time_within_target_lag_ratio),
                (budget, slo.error_budget_left),
            ):
                if value is not None:
                    family.add_metric([name.plain], value)
        yield from (lag, target, rows, kept, budget)
