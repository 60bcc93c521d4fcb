"""A real Prometheus and a real Alertmanager watch a real service; the test breaks it; the briefing tells so."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.bot_process import running, usable_port
from sandbox.scenario.load import load
from sandbox.scenario.model import Commit, Deployment, Scenario
from sandbox.serve import LOOPBACK
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, world
from tests.scenarios.monitored import BROKEN, HEALTHY, HOLDS, MISSING, RATIO, Service, asked, monitoring, under_load

ALERTED_WITHIN = HOLDS + 180.0
STEP = 15  # seconds between the samples of the series that the bot asks for
MOST_REQUESTS = 60
REPOSITORY, VERSION = "acme/checkout", "v7.0.1"


def deployed_now() -> Scenario:
    """The shop, with nothing deployed for hours but one version of checkout, this moment."""
    played, now = load("bad-deployment", time.time()), time.time()
    old, new = (
        Commit(sha=digit * 40, at=now - age, author="mei", message=message, files=(f"checkout/{name}.py",))
        for digit, age, message, name in (
            ("a", 90_000, "Log less", "logs"),
            ("b", 600, "Price in one query", "pricing"),
        )
    )
    deployments = tuple(
        Deployment(id=number, at=at, repository=REPOSITORY, environment="production", ref=ref, sha=sha, creator="mei")
        for number, at, ref, sha in ((2, now, VERSION, new.sha), (1, now - 86_400, "v7.0.0", old.sha))
    )
    return replace(played, deployments=deployments, commits={REPOSITORY: (new, old)}, pulls=())


def catalog(file: Path) -> Path:
    signal = {"name": "error ratio", "kind": "errors", "unit": "ratio", "query": RATIO}
    service = {"owner": "payments-team", "repository": REPOSITORY, "signals": [signal]}
    file.write_text(yaml.safe_dump({"services": {"checkout": service}}))
    return file


def settings(sandbox: World, folder: Path, port: int, prometheus: str) -> dict[str, str]:
    """The bot asks the real Prometheus and the sandbox's GitHub."""
    others = ("ELASTICSEARCH", "PAGERDUTY", "HISTORY")
    given = sandbox.environ(folder / "bot", port).items()
    kept = {name: value for name, value in given if not name.startswith(others)}
    return kept | {"PROMETHEUS_URL": prometheus, "SERVICES_FILE": str(catalog(folder / "services.yaml"))}


def image(card: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((block for block in card["blocks"] if block["type"] == "image"), None)


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"Debian's packages prometheus and prometheus-alertmanager: no {MISSING}")
async def test_a_real_alert_of_a_really_broken_service_becomes_a_briefing_with_the_right_numbers(
    tmp_path: Path,
) -> None:
    service, port = Service(), usable_port()
    async with under_load(service) as watched, world(deployed_now()) as sandbox:
        token = sandbox.webhook_secret
        async with monitoring(tmp_path, watched, f"http://{LOOPBACK}:{port}", token) as prometheus:
            environ = settings(sandbox, tmp_path, port, prometheus)
            async with running(environ, port, tmp_path / "bot.log") as bot:
                await bot.until_ready()
                service.break_it()
                await until(lambda: sandbox.cards("briefing") or not bot.is_running, within=ALERTED_WITHIN)
                assert sandbox.cards("briefing"), bot.log_tail()
                assert await until(lambda: image(sandbox.cards("briefing")[0]), within=120), bot.log_tail()
                requests = await asked(prometheus)
        card = sandbox.cards("briefing")[0]
        text = "\n".join(lines(card))
    the_numbers_are_right(text)
    the_onset_is_right(text, service.broken_at)
    the_chart_is_right(image(card) or {}, service.broken_at)
    assert f"{VERSION}" in text.split("How bad")[0], text  # it is the likeliest cause
    assert 0 < requests <= MOST_REQUESTS


def the_numbers_are_right(text: str) -> None:
    impact = re.search(r"How bad: error ratio: ([\d.]+) % now, normal ([\d.]+) %, alert at 5 %", text)
    assert impact is not None, text
    assert float(impact[1]) == pytest.approx(BROKEN * 100, abs=6), text  # of 1,000 requests: three deviations
    assert float(impact[2]) == pytest.approx(HEALTHY * 100, abs=0.3), text


def the_onset_is_right(text: str, broken_at: float) -> None:
    told = re.search(r"Trouble began at (\d\d:\d\d:\d\d) UTC", text)
    assert told is not None, text
    day = datetime.fromtimestamp(broken_at, UTC).date()
    at = datetime.fromisoformat(f"{day}T{told[1]}+00:00").timestamp()
    assert abs(at - broken_at) <= 2 * STEP, text


def the_chart_is_right(block: Mapping[str, Any], broken_at: float) -> None:
    told = re.search(
        r"([\d.]+) % before, ([\d.]+) % to ([\d.]+) % since the trouble began at (\d\d:\d\d) UTC by the data"
        r".*the alert fires at 5 %; changed: checkout v7\.0\.1 at (\d\d:\d\d) UTC",
        block["alt_text"],
    )
    assert told is not None, block
    before, least, most = (float(told[group]) for group in (1, 2, 3))
    assert before == pytest.approx(HEALTHY * 100, abs=0.3)
    assert before < least <= BROKEN * 100 + 6
    assert most == pytest.approx(BROKEN * 100, abs=8)
    minutes = {f"{datetime.fromtimestamp(broken_at + late, UTC):%H:%M}" for late in (-2 * STEP, 0, 2 * STEP)}
    assert told[4] in minutes
    assert told[5] in minutes
