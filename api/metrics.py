"""What this process counts for Prometheus, in a registry of its own so that several applications can live in one process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters and gauges; methods are cheap and callable from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cmdb_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "cmdb_http_request_seconds",
            "Time from a request to the end of its answer, event streams included.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._runs = Counter("cmdb_runs", "Discovery runs ended.", ("source", "state"), registry=self._registry)
        self._store_revision = Gauge("cmdb_store_revision", "Newest revision of the store.", registry=self._registry)
        self._impact_revision = Gauge(
            "cmdb_impact_revision", "Revision that impact answers speak of.", registry=self._registry
        )
        self._streams = Gauge("cmdb_event_streams", "Event streams that are open.", registry=self._registry)
        self._lanes = Gauge("cmdb_gate_inside", "Store calls that run or wait.", ("lane",), registry=self._registry)

    def count_request(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """One request is over; `route` is its pattern, never its path, so that labels stay few."""
        named = method if method in _METHODS else "other"
        self._requests.labels(named, route, str(status)).inc()
        self._seconds.labels(named, route).observe(seconds)

    def count_run(self, source: str, state: str) -> None:
        """One run has ended."""
        self._runs.labels(source, state).inc()

    def set_revisions(self, *, store: int | None, impact: int) -> None:
        """Where store and impact graph stand; None leaves the last known."""
        if store is not None:
            self._store_revision.set(store)
        self._impact_revision.set(impact)

    def set_lanes(self, inside: dict[str, int]) -> None:
        """What runs or waits in the gate."""
        for lane, count in inside.items():
            self._lanes.labels(lane).set(count)

    def move_streams(self, by: int) -> None:
        """Event streams opened (+1) or closed (−1)."""
        self._streams.inc(by)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
