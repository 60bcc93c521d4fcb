"""A small real service under a real load, watched by a real Prometheus and a real Alertmanager."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bot_process import usable_port
from sandbox.serve import LOOPBACK, serving

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]

WINDOW = 20  # seconds over which the rule's rates go
HOLDS = 40  # seconds that the condition must hold: the alert comes that much after the trouble, as in life
RATIO = (
    f'sum(rate(http_requests_total{{service="checkout",code="500"}}[{WINDOW}s])) '
    f'/ sum(rate(http_requests_total{{service="checkout"}}[{WINDOW}s]))'
)
HEALTHY, BROKEN = 0.01, 0.40  # the share of requests that fail, before and after the test breaks the service
REQUESTS = 50  # a second
HISTORY = 3 * 3600  # seconds of history written before the start: what "normal" is compared with
RUNS_WITHIN = 120.0  # seconds, of the programs' starts on a busy machine


class Service:
    """Answers GET /checkout; a share of its answers are errors."""

    def __init__(self) -> None:
        self.ratio = HEALTHY
        self.broken_at = math.inf  # unix seconds
        self._chance = random.Random(7)
        self._registry = CollectorRegistry()
        labels = ("service", "code")
        self._requests = Counter("http_requests", "Requests.", labels, registry=self._registry)
        self._seconds = Histogram("http_request_duration_seconds", "Times.", labels, registry=self._registry)
        for code in ("200", "500"):
            self._requests.labels("checkout", code)
        self.app = Starlette(routes=[Route("/checkout", self._checkout), Route("/metrics", self._metrics)])

    def break_it(self) -> None:
        self.ratio, self.broken_at = BROKEN, time.time()

    async def _checkout(self, _: Request) -> Response:
        began = time.perf_counter()
        code = 500 if self._chance.random() < self.ratio else 200
        await asyncio.sleep(0.005)
        self._requests.labels("checkout", str(code)).inc()
        self._seconds.labels("checkout", str(code)).observe(time.perf_counter() - began)
        return Response(status_code=code)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(self._registry), media_type="text/plain")


@asynccontextmanager
async def under_load(service: Service) -> AsyncIterator[str]:
    """`service` on a port of its own, asked `REQUESTS` times a second. Yields its address."""
    async with serving(service.app) as address, aiohttp.ClientSession() as session:

        async def ask() -> None:
            async with session.get(f"{address}/checkout") as answer:
                await answer.read()

        async def users() -> None:
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number in itertools.count(1):
                    group.create_task(ask())
                    await asyncio.sleep(max(0.0, began + number / REQUESTS - time.monotonic()))

        load = asyncio.create_task(users())
        try:
            yield address
        finally:
            load.cancel()
            await asyncio.wait([load])


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
        "for": f"{HOLDS}s",
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


async def asked(prometheus: str) -> int:
    """How many requests its query API has answered, by its own count."""
    async with aiohttp.ClientSession() as session, session.get(f"{prometheus}/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
    return sum(
        int(sample.value)
        for family in families
        for sample in family.samples
        if sample.name == "prometheus_http_requests_total" and sample.labels["handler"].startswith("/api/v1/")
    )
