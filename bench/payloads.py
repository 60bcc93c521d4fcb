"""Recorded payloads of many vendors: what is read from each, and 10,000 spoiled ones at the front door."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.mutation import mutated
from bench.result import Result
from bot.domain.alert import Alert, Delivery
from bot.domain.ports import Acceptance
from bot.testing import FrozenClock
from bot.web import create_app
from integrations import cloudwatch, datadog, generic, grafana, newrelic, opsgenie, sentry
from integrations.best_effort import NO_TITLE, SERVICE_FROM
from integrations.descriptor import AlertFormat, Example
from integrations.facts import read_facts
from integrations.timestamp import timestamp_in
from sandbox.amazon import TOPIC, Topic

ROWS = "payloads.jsonl.gz"
MUTATIONS = 10_000
SEED = 20_260_304
NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
GOALS: Mapping[str, float] = {"title": 100, "severity": 90, "service": 75, "time": 70}  # percent of the payloads

_SECRET = "s" * 32
_SETTINGS: Mapping[str, Any] = {
    "datadog": datadog.DatadogSettings(token=_SECRET),
    "generic": generic.GenericSettings(secrets=(_SECRET,)),
    "grafana": grafana.GrafanaSettings(hmac_secret=_SECRET),
    "newrelic": newrelic.NewRelicSettings(token=_SECRET),
    "opsgenie": opsgenie.OpsgenieSettings(token=_SECRET),
    "sentry": sentry.SentrySettings(client_secrets=(_SECRET,)),
}
_MODULES = {module.SOURCE: module for module in (datadog, generic, grafana, newrelic, opsgenie, sentry)}


@dataclass(frozen=True, kw_only=True)
class Row:
    provider: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Read:
    """What came out of one payload."""

    provider: str
    through: str
    alert: Alert
    title: bool
    severity: bool
    service: bool
    holds_time: bool
    time: bool

    @property
    def is_guess(self) -> bool:
        return SERVICE_FROM in self.alert.labels


@dataclass
class _Inbox:
    """An `Inbox` that keeps the last delivery."""

    last: Delivery | None = None

    async def accept(self, delivery: Delivery) -> Acceptance:
        self.last = delivery
        return Acceptance.STORED


@dataclass
class _Door:
    """The front door in this process, without a socket."""

    topic: Topic = field(default_factory=Topic)
    inbox: _Inbox = field(default_factory=_Inbox)

    def __post_init__(self) -> None:
        formats: dict[str, AlertFormat] = {}
        for source, module in _MODULES.items():
            make: Callable[[Any], AlertFormat | None] = module.INTEGRATION.alert_format
            if made := make(_SETTINGS[source]):
                formats[source] = made
        formats["cloudwatch"] = cloudwatch.CloudWatchWebhook(
            cloudwatch.CloudWatchSettings(topics=(TOPIC,)), self.topic.fetch
        )

        async def ready() -> Mapping[str, str]:
            return {}

        self._app = create_app(
            formats=formats,
            inbox=self.inbox,
            clock=FrozenClock(NOW),
            readiness=ready,
            on_accepted=lambda: None,
            slack_events=None,
        )

    async def post(self, source: str, payload: Any, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        body, sent = self._signed(source, payload)
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/webhooks/{source}",
            "headers": [(name.encode(), value.encode()) for name, value in {**headers, **sent}.items()],
        }
        return await _called(self._app, scope, body)

    def _signed(self, source: str, payload: Any) -> tuple[bytes, Mapping[str, str]]:
        if source == "cloudwatch":
            return self.topic.message(json.dumps(payload)), {}
        body = json.dumps(payload).encode()
        example: Example = _MODULES[source].EXAMPLES[0]
        return body, example.sign(body, _SETTINGS[source]) if example.sign else {}


async def _called(app: Any, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, Any]]:
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)

    caller: Callable[..., Awaitable[None]] = app
    await caller(scope, receive, send)
    return answer[0]["status"], json.loads(answer[1]["body"])


async def run() -> list[Result]:
    rows = load()
    door = _Door()
    read = [await _read(door, row) for row in rows]
    _show(read)
    return [*_scores(read), *await _spoiled(door, rows)]


def load() -> list[Row]:
    """Raises SystemExit where the file is missing or empty: a benchmark without its data measured nothing."""
    stated = os.environ.get("BENCH_DATA")
    if not stated:
        raise SystemExit("payloads: name the folder of recorded data with --data DIR or BENCH_DATA")
    path = Path(stated) / ROWS
    if not path.is_file():
        raise SystemExit(f"payloads: {path} is missing")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if not rows:
        raise SystemExit(f"payloads: {path} is empty")
    return [Row(provider=row["provider"], payload=row["payload"]) for row in rows]


def _through(row: Row) -> tuple[str, Any]:
    """The vendor's own format where there is one, and the payload as it would come; SNS puts it into a text."""
    if row.provider == "cloudwatch" and isinstance(row.payload.get("Message"), dict):
        return "cloudwatch", row.payload["Message"]
    return (row.provider if row.provider in _MODULES else "generic"), row.payload


async def _read(door: _Door, row: Row) -> Read:
    source, payload = _through(row)
    status, answer = await door.post(source, payload, {})
    if status != 202 or door.inbox.last is None:
        raise SystemExit(f"payloads: one of {row.provider} was refused with {status}: {answer}")
    (alert,) = door.inbox.last.alerts
    stated = read_facts(payload).severity
    return Read(
        provider=row.provider,
        through=source,
        alert=alert,
        title=alert.title not in ("", NO_TITLE),
        severity=stated is not None and alert.severity is stated,
        service=alert.service is not None,
        holds_time=_holds_time(row.payload),
        time=not alert.started_at_is_receipt,
    )


def _holds_time(value: Any) -> bool:
    """Whether a time stands anywhere in it: by another way than the reading, to be held against it."""
    if isinstance(value, dict):
        return any(map(_holds_time, value.values()))
    if isinstance(value, list):
        return any(map(_holds_time, value))
    if isinstance(value, float | int) and not isinstance(value, bool):
        return 1e9 <= value <= 2e9 or 1e12 <= value <= 2e12
    return isinstance(value, str) and timestamp_in(value.replace("/", "-")) is not None


def _scores(read: list[Read]) -> list[Result]:
    timed = [one for one in read if one.holds_time]
    counts = {
        "title": (sum(one.title for one in read), len(read), "found"),
        "severity": (sum(one.severity for one in read), len(read), "found"),
        "service": (sum(one.service for one in read), len(read), "named, or guessed and marked so"),
        "time": (sum(one.time for one in timed), len(timed), "found where the payload holds one, else receipt, marked"),
    }
    return [
        Result(
            name=f"{name} {how}",
            value=100 * found / total,
            unit="%",
            runs=total,
            goal=GOALS[name],
            at_least=True,
        )
        for name, (found, total, how) in counts.items()
    ]


def _show(read: list[Read]) -> None:
    table = Table(title="alert payloads by vendor: how many of them say it, as read")
    for heading in ("vendor", "payloads", "through", "title", "severity", "service", "of these guessed", "time"):
        table.add_column(heading)
    by_vendor: dict[str, list[Read]] = defaultdict(list)
    for one in read:
        by_vendor[one.provider].append(one)
    for vendor, its in [*sorted(by_vendor.items()), ("all", read)]:
        through = its[0].through if vendor != "all" else ""
        sums = [sum(getattr(one, name) for one in its) for name in ("title", "severity", "service", "is_guess", "time")]
        table.add_row(vendor, str(len(its)), through, *map(str, sums))
    goals = [f"{GOALS[name]:g} %" for name in ("title", "severity", "service")]
    table.add_row("goal", "", "", *goals, "", f"{GOALS['time']:g} %")
    Console(width=140, stderr=True).print(table)


async def _spoiled(door: _Door, rows: list[Row]) -> list[Result]:
    random = Random(SEED)
    sources: list[tuple[str, Any, dict[str, str]]] = [(*_through(row), {}) for row in rows]
    sources += [
        (source, json.loads(example.body), dict(example.headers))
        for source, module in _MODULES.items()
        for example in module.EXAMPLES
    ]
    sources += [("cloudwatch", json.loads(json.loads(example.body)["Message"]), {}) for example in cloudwatch.EXAMPLES]
    statuses: Counter[int] = Counter()
    unnamed = 0
    for number in range(MUTATIONS):
        source, payload, headers = sources[number % len(sources)]
        status, answer = await door.post(source, mutated(payload, random), headers)
        statuses[status] += 1
        unnamed += status != 202 and not (answer.get("field") or answer.get("error", "").startswith("body"))
    broken = sum(count for status, count in statuses.items() if status >= 500)
    spread = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    return [
        Result(name=f"spoiled payloads answered 5xx ({spread})", value=broken, unit="", runs=MUTATIONS, goal=0),
        Result(name="refused without naming the field", value=unnamed, unit="", runs=MUTATIONS, goal=0),
    ]
