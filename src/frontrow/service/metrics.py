"""What the service counts about itself, for Prometheus: requests, latencies, events, viewers, the model in force."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """All counters; `render` gives the text that Prometheus reads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.seconds = Histogram(
            "frontrow_request_seconds", "Time to answer", ("route", "status"), buckets=SECONDS, registry=self.registry
        )
        self.events = Counter("frontrow_events", "Events by what became of them", ("outcome",), registry=self.registry)
        self.fallbacks = Counter(
            "frontrow_fallbacks", "Decisions that a fallback made", ("room",), registry=self.registry
        )
        self.viewers = Gauge("frontrow_viewers", "Viewers held in memory", registry=self.registry)
        self.model = Gauge("frontrow_model", "The model in force", ("artifact", "version"), registry=self.registry)
        self.stored, self.duplicates, self.refused = (
            self.events.labels(outcome) for outcome in ("stored", "duplicate", "refused")
        )

    def render(self) -> bytes:
        """The text exposition."""
        return generate_latest(self.registry)


class Timed:
    """Middleware: times each answer under its route's template, so that no member or title becomes a label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._seconds = metrics.seconds
        self._children: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            key = (getattr(scope.get("route"), "path_format", "other"), status)
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = self._seconds.labels(*key)
            child.observe(time.perf_counter() - began)
