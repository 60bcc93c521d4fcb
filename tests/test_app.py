"""The whole program as a process: the front door first, Slack when it is there, an orderly end."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bench.process import TOKEN, alert_body
from bot.settings import load
from bot.source_health import SourceHealth
from bot.testing import FakeSource, FrozenClock
from integrations.descriptor import Integration, Tools
from integrations.threads import SourceThreads
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from sandbox.world import CARD_EVENT
from tests.integrations.asking import dead_port
from tests.scene import PATIENCE, until


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """Of an integration that needs none."""


ROOT = Path(__file__).parent.parent
PEOPLE = (Person(handle="ana", name="Ana Ruiz", email="ana@example.com"),)
STOPS_WITHIN = 20.0  # seconds, on a busy machine; where it does not end by itself it is killed after 30
HEAVY = (
    "slack_bolt",
    "dbos",
    "elasticsearch",
    "github",
    "chromadb",
    "pdpyras",
    "prometheus_api_client",
    "requests",
    "anthropic",
)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(PEOPLE, bot_name="first-responder")


def patient(workspace: Workspace) -> None:
    """Slack's 3 seconds are short for a busy machine."""
    workspace.tickets.trigger_seconds, workspace.delivery.ack_seconds = PATIENCE, PATIENCE / 4


@asynccontextmanager
async def started(folder: Path, slack: str, workspace: Workspace, **changes: str) -> AsyncIterator[BotProcess]:
    """The bot with no vendor but Alertmanager; not waited for."""
    (folder / "services.yaml").write_text("services: {}\n")
    (folder / "runbooks").mkdir(exist_ok=True)
    port = usable_port()
    patient(workspace)
    environ = {
        "FIRST_RESPONDER_DATA": str(folder / "data"),
        "PORT": str(port),
        "SERVICES_FILE": str(folder / "services.yaml"),
        "RUNBOOKS_DIR": str(folder / "runbooks"),
        "SLACK_API_URL": f"{slack}/api/",
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "ALERTMANAGER_TOKEN": TOKEN,
        **changes,
    }
    async with running(environ, port, folder / "bot.log") as bot:
        yield bot


async def get(bot: BotProcess, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(bot.address + path) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else text


async def listening(bot: BotProcess) -> None:
    await until(lambda: "accepting webhooks on" in bot.log.read_text() or not bot.is_running, patience=2 * PATIENCE)
    assert bot.is_running, bot.log_tail()


async def part(bot: BotProcess, name: str, begin: str) -> None:
    """Waits until a part's state begins so."""
    async with asyncio.timeout(60):
        while not (await get(bot, "/readyz"))[1]["parts"][name].startswith(begin):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def fire(bot: BotProcess, name: str) -> int:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    body = alert_body(name, service=name)
    ends = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.post(f"{bot.address}/webhooks/alertmanager", data=body, headers=headers) as answer:
                if answer.status != 503 or time.monotonic() > ends:  # told to come again, a sender does
                    return answer.status
            await asyncio.sleep(0.05)


def briefings(workspace: Workspace) -> list[dict[str, Any]]:
    return [
        message
        for message in workspace.all_messages()
        if (message.get("metadata") or {}).get("event_type") == CARD_EVENT
        and message["metadata"]["event_payload"]["stage"] == "briefing"
    ]


async def ends_well(bot: BotProcess) -> None:
    began = time.perf_counter()
    await bot.stop()
    assert time.perf_counter() - began < STOPS_WITHIN
    assert bot.process.returncode == 0, bot.log_tail()
    # What uvicorn says about a request that it gave up is no failure of ours.
    log, _, given_up = bot.log.read_text().partition("Exception in ASGI application")
    assert "Traceback" not in log, log
    assert not given_up or "timeout graceful shutdown exceeded" in given_up


def test_nothing_heavy_is_imported_before_the_front_door_listens() -> None:
    program = (
        "import sys, bot.app, bot.settings, integrations.registry as r; r.discover()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_each_integration_works_with_its_own_deadline_and_threads_and_is_guarded_so() -> None:
    from bot.first_response import guards_of, sources_of

    lent: dict[str, Tools] = {}

    def lending(name: str) -> Integration[Any]:
        def sources(settings: Any, tools: Tools) -> tuple[FakeSource, ...]:
            lent[name] = tools
            return (FakeSource(name),)

        return Integration(name=name, title=name, settings=NoSettings, sources=sources)

    integrations = {name: lending(name) for name in ("logs", "changes")}
    environ = {"SLACK_BOT_TOKEN": "b" * 32, "SLACK_APP_TOKEN": "a" * 32, "SOURCE_DEADLINES": "logs=2.5"}
    settings = load(environ, integrations)
    own = Tools(clock=FrozenClock(), threads=SourceThreads(1), source_deadline=settings.bot.source_deadline)
    made = sources_of(settings, integrations, own)
    health = SourceHealth(own.clock)
    guards = guards_of(settings.bot, made, [FakeSource("catalog")], own.clock, health)
    assert {name: tools.source_deadline for name, tools in lent.items()} == {"logs": 2.5, "changes": 4.0}
    assert len({id(tools.threads) for tools in (*lent.values(), own)}) == 3
    assert {guard.name: guard.deadline for guard in guards} == {"logs": 2.5, "changes": 4.0, "catalog": 4.0}
    assert set(health.report()) == {"logs", "changes", "catalog"}


@pytest.mark.slow
async def test_webhooks_are_taken_while_slack_is_away_and_responded_to_once_it_comes(
    tmp_path: Path, workspace: Workspace
) -> None:
    slack = usable_port()
    async with started(tmp_path, f"http://127.0.0.1:{slack}", workspace) as bot:
        await listening(bot)
        assert await fire(bot, "early") == 202
        await part(bot, "slack", "cannot be used: unreachable")
        status, state = await get(bot, "/readyz")
        assert (status, state["ready"], state["parts"]["store"]) == (503, False, "ok")
        assert (await get(bot, "/healthz"))[0] == 200
        async with serving(create_app(workspace), port=slack):
            await until(lambda: briefings(workspace), patience=2 * PATIENCE)
            await part(bot, "slack", "ok")
            assert (await get(bot, "/readyz"))[0] == 200
            await ends_well(bot)


@pytest.mark.slow
async def test_a_wrong_app_token_is_said_and_incidents_are_responded_to_all_the_same(
    tmp_path: Path, workspace: Workspace
) -> None:
    async with (
        serving(create_app(workspace)) as slack,
        started(tmp_path, slack, workspace, SLACK_APP_TOKEN="wrong") as bot,
    ):
        await listening(bot)
        await part(bot, "slack", "cannot be used: invalid_auth")
        assert await fire(bot, "deaf") == 202
        await until(lambda: briefings(workspace), patience=2 * PATIENCE)
        await ends_well(bot)


async def a_dead_source_is_told_and_makes_it_no_less_ready(bot: BotProcess) -> None:
    status, state = await get(bot, "/readyz")
    assert (status, state["ready"]) == (200, True)
    told = state["sources"]
    assert (told["prometheus"]["reason"], told["prometheus"]["breaker"]) == ("unreachable", "closed")
    assert told["catalog"]["outcome"] != "failed"
    _, page = await get(bot, "/metrics")
    assert 'source_asks_total{outcome="failed",reason="unreachable",source="prometheus"} 1.0' in page


@pytest.mark.slow
async def test_http_mode_end_to_end(tmp_path: Path, workspace: Workspace) -> None:
    workspace.delivery.retry_delays = (0.0,)
    async with (
        serving(create_app(workspace)) as slack,
        started(tmp_path, slack, workspace, SLACK_MODE="http", SLACK_APP_TOKEN="", PROMETHEUS_URL=dead_port()) as bot,
    ):
        await bot.until_ready()
        control = Control(workspace)
        await control.deliver_to(f"{bot.address}/slack/events")
        assert await fire(bot, "answered") == 202
        await until(lambda: briefings(workspace), patience=2 * PATIENCE)
        await a_dead_source_is_told_and_makes_it_no_less_ready(bot)
        outcome = await control.command("ana", "general", "/inc", "list")
        assert outcome.ok
        await until(lambda: workspace.channel("general").ephemerals)
        assert "1 open incident" in workspace.channel("general").ephemerals[0].text
        async with aiohttp.ClientSession() as session:
            forged = {"x-slack-request-timestamp": str(int(time.time())), "x-slack-signature": "v0=" + "0" * 64}
            async with session.post(f"{bot.address}/slack/events", data=b"{}", headers=forged) as answer:
                assert answer.status == 401
        await control.deliver_to(None)
        await ends_well(bot)


@pytest.mark.slow
async def test_it_stops_in_the_middle_of_a_response_and_finishes_it_after_the_next_start(
    tmp_path: Path, workspace: Workspace
) -> None:
    async with serving(create_app(workspace)) as slack:
        async with started(tmp_path, slack, workspace) as bot:
            await bot.until_ready()
            await Control(workspace).fault("away", "chat.update")
            assert await fire(bot, "interrupted") == 202
            await until(
                lambda: any(call.method == "chat.update" for call in workspace.calls.calls), patience=2 * PATIENCE
            )
            await ends_well(bot)
        assert briefings(workspace) == []
        await Control(workspace).clear_faults()
        async with started(tmp_path, slack, workspace) as bot:
            await until(lambda: briefings(workspace), patience=2 * PATIENCE)
            await ends_well(bot)
    assert len(briefings(workspace)) == 1


@pytest.mark.slow
async def test_a_sender_that_never_finishes_does_not_hold_up_the_stop(tmp_path: Path, workspace: Workspace) -> None:
    async with serving(create_app(workspace)) as slack, started(tmp_path, slack, workspace) as bot:
        await listening(bot)
        host, port = bot.address.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /webhooks/alertmanager HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        await writer.drain()
        await bot.until_ready()
        await ends_well(bot)
        writer.close()
