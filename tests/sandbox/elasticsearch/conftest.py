"""A small data stream whose every count can be worked out by hand, served to the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from sandbox.elasticsearch.server import create_app
from sandbox.scenario.model import LogLine, Scenario, Webhook
from sandbox.serve import serving

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
INDEX = "logs-app-default"


def line(ago: float, service: str, level: str, message: str, host: str = "a-1", **fields: Any) -> LogLine:
    dotted = {name.replace("__", "."): value for name, value in fields.items()}
    return LogLine(at=NOW - ago, service=service, level=level, message=message, host=host, fields=dotted)


LINES = (
    line(3600, "cart", "info", "Started on port 8080", "c-1"),
    line(1800, "checkout", "info", "GET /cart 200 in 31 ms", http__status=200, event__duration=31.5),
    line(1500, "checkout", "info", "GET /cart 200 in 29 ms", http__status=200, event__duration=29.5),
    line(1200, "checkout", "warn", "Slow answer of payments: 900 ms", "a-2", event__duration=900.0),
    line(600, "checkout", "error", "Connection refused by db.pool at 10.0.1.7", tags=["db", "net"], retried=True),
    line(540, "checkout", "error", "Connection timed out to payments", "a-2", tags=["net"], retried=False),
    line(480, "cart", "error", "Pool exhausted: connection refused", "c-1"),
    line(60, "cart", "info", "GET /cart 500 in 5000 ms", "c-1", http__status=500, event__duration=5000.0),
    line(-60, "cart", "error", "From the future", "c-1"),
)


def small(lines: tuple[LogLine, ...] = LINES) -> Scenario:
    return Scenario(
        name="small", title="", folder=Path("/nonexistent"), loaded_at=NOW, onset=NOW, people=(),
        webhook=Webhook(source="generic", payload={}), distractors=(), series=(), logs=lines, rules=(), commits={},
        deployments=(), pulls=(), oncalls=(),
    )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    async with serving(create_app(small(), clock=lambda: NOW)) as base:
        yield base


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def es(address: str) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(address, max_retries=0, request_timeout=60) as client:
        yield client
