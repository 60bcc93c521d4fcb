"""A real Prometheus and a real Alertmanager watch a small real service; the test breaks it; the briefing tells so."""

from __future__ import annotations

import asyncio
import math
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bot_process import running, usable_port
from sandbox.serve import LOOPBACK, serving
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, world

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]

RATIO = (
    'sum(rate(http_requests_total{service="checkout",code="500"}[20s])) '
    '/ sum(rate(http_requests_total{service="checkout"}[20s]))'
)
HEALTHY, BROKEN = 0.01, 0.40  # the error ratio before and after the test breaks the service
REQUESTS = 50  # a second
HISTORY = 3 * 3600  # seconds of history written before the start: what "normal" is compared with
ALERTED_WITHIN = 60.0
RUNS_WITHIN = 20.0


class Service:
    """Answers nobody, counts as if it did: `ratio` of its requests fail."""

    def __init__(self) -> None:
        self.ratio = HEALTHY
        self.broken_at = math.inf
        self._registry = CollectorRegistry()
        self._requests = Counter("http_requests", "Requests.", ("service", "code"), registry=self._registry)
        self._last = time.monotonic()
        self.app = Starlette(routes=[Route("/metrics", self._metrics)])

    def break_it(self) -> None:
        self._count()
        self.ratio, self.broken_at = BROKEN, time.time()

    def _count(self) -> None:
        now = time.monotonic()
        served, self._last = REQUESTS * (now - self._last), now
        self._requests.labels("checkout", "500").inc(served * self.ratio)
        self._requests.labels("checkout", "200").inc(served * (1 - self.ratio))

    async def _metrics(self, _: Request) -> Response:
        self._count()
        return Response(generate_latest(self._registry), media_type="text/plain")


def history(instance: str) -> Iterator[str]:
    """OpenMetrics text of the hours before, with the labels that the scrape gives."""
    yield "# TYPE http_requests counter"
    start = int(time.time()) - HISTORY
    for code, ratio in (("200", 1 - HEALTHY), ("500", HEALTHY)):
        labels = f'code="{code}",instance="{instance}",job="checkout",service="checkout"'
        for at in range(start, start + HISTORY - 30, 10):
            yield f"http_requests_total{{{labels}}} {REQUESTS * ratio * (at - start):.1f} {at}"
    yield "# EOF"


@asynccontextmanager
async def program(*arguments: str, ready: str, log: Path) -> AsyncIterator[None]:
    """A server program until the context ends; `ready` is the address that answers 200."""
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(*arguments, stdout=sink, stderr=sink)
    try:
        await _answers(ready, process, log)
        yield
    finally:
        process.kill()
        await process.wait()


async def _answers(address: str, process: asyncio.subprocess.Process, log: Path) -> None:
    ends = time.monotonic() + RUNS_WITHIN
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < ends:
            assert process.returncode is None, log.read_text()
            try:
                async with session.get(address) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(log.read_text())


@asynccontextmanager
async def monitoring(folder: Path, service: str, bot: str, token: str) -> AsyncIterator[str]:
    """Prometheus and Alertmanager on loopback, watching `service`; alerts go to `bot`. Yields Prometheus' address."""
    prometheus, alertmanager = (f"{LOOPBACK}:{usable_port()}" for _ in range(2))
    instance = service.removeprefix("http://")
    rule = {
        "alert": "CheckoutErrorRatioHigh",
        "expr": f"{RATIO} > 0.05",
        "for": "2s",
        "labels": {"severity": "critical", "service": "checkout"},
        "annotations": {"summary": "More than 5 % of the requests to checkout fail"},
    }
    _write(folder / "rules.yml", {"groups": [{"name": "checkout", "interval": "1s", "rules": [rule]}]})
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "checkout", "static_configs": [{"targets": [instance]}]}],
    }
    _write(folder / "prometheus.yml", configuration)
    credentials = {"authorization": {"type": "Bearer", "credentials": token}}
    webhook = {"url": f"{bot}/webhooks/alertmanager", "http_config": credentials}
    route = {"receiver": "bot", "group_wait": "1s", "group_interval": "2s"}
    _write(folder / "am.yml", {"route": route, "receivers": [{"name": "bot", "webhook_configs": [webhook]}]})
    (folder / "history.om").write_text("\n".join(history(instance)) + "\n")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.om", "data"]
    subprocess.run(backfill, cwd=folder, check=True, capture_output=True)
    async with (
        program(
            "prometheus-alertmanager",
            f"--config.file={folder / 'am.yml'}",
            f"--storage.path={folder / 'am'}",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
            ready=f"http://{alertmanager}/-/ready",
            log=folder / "alertmanager.log",
        ),
        program(
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={prometheus}",
            ready=f"http://{prometheus}/-/ready",
            log=folder / "prometheus.log",
        ),
    ):
        yield f"http://{prometheus}"


def _write(file: Path, content: object) -> None:
    file.write_text(yaml.safe_dump(content))


def catalog(file: Path) -> Path:
    signal = {"name": "error ratio", "kind": "errors", "unit": "ratio", "query": RATIO}
    _write(file, {"services": {"checkout": {"owner": "payments-team", "signals": [signal]}}})
    return file


def _pictured(sandbox: World) -> bool:
    return any(block["type"] == "image" for block in sandbox.cards("briefing")[0]["blocks"])


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"Debian's packages prometheus and prometheus-alertmanager: no {MISSING}")
async def test_a_real_alert_of_a_really_broken_service_becomes_a_briefing_with_the_right_numbers(
    tmp_path: Path,
) -> None:
    service, port = Service(), usable_port()
    async with world("bad-deployment") as sandbox, serving(service.app) as watched:
        token = sandbox.webhook_secret
        async with monitoring(tmp_path, watched, f"http://{LOOPBACK}:{port}", token) as prometheus:
            settings = {
                name: value
                for name, value in sandbox.environ(tmp_path / "bot", port).items()
                if not name.startswith(("GITHUB", "ELASTICSEARCH", "PAGERDUTY", "HISTORY"))
            }
            settings |= {"PROMETHEUS_URL": prometheus, "SERVICES_FILE": str(catalog(tmp_path / "services.yaml"))}
            async with running(settings, port, tmp_path / "bot.log") as bot:
                await bot.until_ready()
                service.break_it()
                await until(lambda: sandbox.cards("briefing") or not bot.is_running, within=ALERTED_WITHIN)
                assert sandbox.cards("briefing"), bot.log_tail()
                assert await until(lambda: _pictured(sandbox), within=10), bot.log_tail()
        text = "\n".join(lines(sandbox.cards("briefing")[0]))
    impact = re.search(r"How bad: error ratio: ([\d.]+) % now, normal ([\d.]+) %, alert at 5 %", text)
    assert impact is not None, text
    worst, normal = float(impact[1]), float(impact[2])
    # The rate window still holds a part of the healthy time when the alert fires.
    assert 5 < worst <= BROKEN * 100 + 2, text
    assert normal == pytest.approx(HEALTHY * 100, abs=0.3), text
