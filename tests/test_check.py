"""`first-responder check`: each part is ok, not set up, or a problem with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import check as module
from bot.check import check_all, show
from bot.settings import Settings, load
from bot.slack.check import NEEDED
from integrations.descriptor import CheckResult, CheckState, Integration
from integrations.registry import discover
from sandbox.slack.control import Control
from sandbox.world import World, world


@pytest.fixture(scope="module")
def integrations() -> Any:
    return discover()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built() -> AsyncIterator[World]:
    """One for all: loading a scenario takes seconds."""
    async with world("bad-deployment") as made:
        yield made


@pytest.fixture
def sandbox(built: World) -> Iterator[World]:
    scopes = built.workspace.scopes
    yield built
    built.workspace.scopes = scopes
    built.workspace.faults.clear()


def settings_for(sandbox: World, folder: Path, integrations: Any, **changes: str) -> Settings:
    environ = {**sandbox.environ(folder / "data", 0), **changes}
    return load({name: value for name, value in environ.items() if value}, integrations)


def problems(results: tuple[CheckResult, ...]) -> dict[str, CheckResult]:
    return {result.subject: result for result in results if result.state is CheckState.PROBLEM}


async def test_where_everything_is_set_up_everything_is_ok(
    sandbox: World, tmp_path: Path, integrations: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    results = await check_all(settings_for(sandbox, tmp_path, integrations), integrations)
    assert problems(results) == {}
    subjects = {result.subject for result in results if result.state is CheckState.OK}
    assert {"Slack bot token", "Slack scopes", "Slack app token", "Store", "Service catalog", "Runbooks"} | {
        "Embedding model"
    } <= subjects
    assert show(results) == 0
    shown = capsys.readouterr().out
    assert "first-responder in" in shown
    for secret in (sandbox.webhook_secret, sandbox.workspace.bot_token, sandbox.workspace.app_token):
        assert secret not in shown


@pytest.mark.parametrize(
    ("changes", "subject", "found", "remedy"),
    [
        ({"SLACK_BOT_TOKEN": "wrong"}, "Slack bot token", "invalid_auth", "SLACK_BOT_TOKEN"),
        ({"SLACK_APP_TOKEN": "wrong"}, "Slack app token", "invalid_auth", "connections:write"),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "Slack bot token", "unreachable", "SLACK_API_URL"),
        ({"SERVICES_FILE": "nowhere/services.yaml"}, "Service catalog", "nowhere/services.yaml", "mend the file"),
        ({"RUNBOOKS_DIR": "nowhere/runbooks"}, "Runbooks", "nowhere/runbooks", "mend the file"),
        ({"MAINTENANCE_FILE": "nowhere/work.yaml"}, "Maintenance", "nowhere/work.yaml", "mend the file"),
        ({"EMBEDDING_MODEL_DIR": "nowhere/model"}, "Embedding model", "searched by words only", "EMBEDDING_MODEL_DIR"),
        ({"DATABASE_URL": "oracle://x"}, "Store", "DATABASE_URL", "FIRST_RESPONDER_DATA"),
        ({"PROMETHEUS_URL": "http://127.0.0.1:9"}, "Prometheus", "", ""),
        ({"ELASTICSEARCH_URL": "http://127.0.0.1:9"}, "Elasticsearch", "", ""),
        ({"PAGERDUTY_URL": "http://127.0.0.1:9"}, "PagerDuty", "", ""),
        ({"GITHUB_URL": "http://127.0.0.1:9"}, "GitHub", "", ""),
    ],
)
async def test_what_is_wrong_has_a_line_a_remedy_and_exit_code_1(
    sandbox: World,
    tmp_path: Path,
    integrations: Any,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    subject: str,
    found: str,
    remedy: str,
) -> None:
    results = await check_all(settings_for(sandbox, tmp_path, integrations, **changes), integrations)
    wrong = {name: result for name, result in problems(results).items() if name.startswith(subject)}
    assert wrong, problems(results)
    for result in wrong.values():
        assert found in result.detail
        assert remedy in result.remedy
        assert result.remedy
    assert show(results) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "problem" in shown
    assert sandbox.webhook_secret not in shown


async def test_announced_work_is_told_and_a_mistake_in_it_has_its_line(
    sandbox: World, tmp_path: Path, integrations: Any
) -> None:
    file = tmp_path / "work.yaml"
    settings = settings_for(sandbox, tmp_path, integrations, MAINTENANCE_FILE=str(file))
    window = "{service: cart, from: 2026-01-01, until: 2126-01-01, why: new disks}"
    file.write_text(f"windows:\n  - {window}\n")
    told = {result.subject: result for result in await check_all(settings, integrations)}["Maintenance"]
    assert told.state is CheckState.OK
    assert told.detail == f"windows in {file}: 1, 1 not over; maintenance of cart until 00:00 UTC: new disks"
    file.write_text(f"windows:\n  - {window.replace('why', 'wy')}\n")
    wrong = problems(await check_all(settings, integrations))["Maintenance"]
    assert f"{file}, line 2" in wrong.detail
    assert "why" in wrong.detail


async def test_a_missing_scope_is_named_with_how_to_get_it(sandbox: World, tmp_path: Path, integrations: Any) -> None:
    sandbox.workspace.scopes = NEEDED - {"pins:write", "bookmarks:write"}
    wrong = problems(await check_all(settings_for(sandbox, tmp_path, integrations), integrations))
    assert list(wrong) == ["Slack scopes"]
    assert wrong["Slack scopes"].detail == "missing: bookmarks:write, pins:write"
    assert "manifest.yaml" in wrong["Slack scopes"].remedy


async def test_a_rate_limit_is_a_line_and_no_crash(sandbox: World, tmp_path: Path, integrations: Any) -> None:
    await Control(sandbox.workspace).fault("ratelimited", "auth.test", retry_after=7)
    wrong = problems(await check_all(settings_for(sandbox, tmp_path, integrations), integrations))
    assert "wait 7 s" in wrong["Slack bot token"].detail
    assert wrong["Slack bot token"].remedy == "try again in a minute"


async def test_in_http_mode_no_app_token_is_asked_for(sandbox: World, tmp_path: Path, integrations: Any) -> None:
    settings = settings_for(sandbox, tmp_path, integrations, SLACK_MODE="http", SLACK_APP_TOKEN="")
    subjects = [result.subject for result in await check_all(settings, integrations)]
    assert "Slack app token" not in subjects
    assert "Slack bot token" in subjects


async def test_vendors_that_are_not_set_up_are_no_problem(sandbox: World, tmp_path: Path, integrations: Any) -> None:
    names = [
        name for name in sandbox.environ(tmp_path, 0) if not name.startswith(("SLACK", "FIRST", "SERVICES", "RUN"))
    ]
    settings = settings_for(sandbox, tmp_path, integrations, **dict.fromkeys(names, ""))
    results = await check_all(settings, integrations)
    assert problems(results) == {}
    assert any(result.state is CheckState.NOT_SET_UP for result in results)


async def test_a_vendor_that_hangs_is_left_and_named(
    sandbox: World, tmp_path: Path, integrations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hanging(settings: Any, tools: Any) -> tuple[CheckResult, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(module, "CHECK_DEADLINE", 0.05)
    settings = settings_for(sandbox, tmp_path, {}, SOURCE_DEADLINE="0.05")
    hung = Integration(name="slow", title="Slow vendor", settings=type(settings.slack), check=hanging)
    given = replace(settings, vendors={"slow": None})
    wrong = problems(await check_all(given, {"slow": hung}))
    assert wrong["Slow vendor"].detail == "no answer within 0.05 s"
    assert wrong["Slow vendor"].remedy
