"""What a server tells Prometheus of itself."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tunefork.serve.batcher import Pass

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Measures:
    """Counters and histograms, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._registry, "namespace": "tunefork"}
        self._requests = Counter("requests", "Requests to /predict, by model and status.", ["model", "status"], **own)
        self._rows = Counter("rows", "Rows that were answered, by model.", ["model"], **own)
        self._seconds = Histogram(
            "request_seconds", "From a request to its answer, queue included.", buckets=SECONDS, **own
        )
        self._pass_seconds = Histogram("pass_seconds", "Of one pass.", buckets=SECONDS, **own)
        self._pass_rows = Histogram("pass_rows", "Rows of one pass.", buckets=COUNTS, **own)
        self._pass_models = Histogram("pass_models", "Models that answered in one pass.", buckets=COUNTS, **own)
        self._waiting = Gauge("waiting_rows", "Rows in the queue.", **own)

    def request(self, model: str, status: int, rows: int, seconds: float) -> None:
        """Count a request; ``model`` is one that is served, or empty."""
        self._requests.labels(model, str(status)).inc()
        if status == 200:
            self._rows.labels(model).inc(rows)
            self._seconds.observe(seconds)

    def passed(self, one: Pass) -> None:
        """Count a pass."""
        self._pass_seconds.observe(one.seconds)
        self._pass_rows.observe(one.rows)
        self._pass_models.observe(one.models)

    def text(self, waiting: int) -> bytes:
        """All of it in Prometheus' text format."""
        self._waiting.set(waiting)
        return generate_latest(self._registry)
