"""Kubernetes, Argo CD and status pages against servers that fail in every way: one plain reason each, in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason
from bot.domain.setting import read
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.registry import discover
from sandbox.serve import serving
from tests.integrations.asking import KEY, REQUEST, tools
from tests.integrations.test_failures import TABLE, hanging, refusing

TITLES = {"argocd": "Argo CD", "kubernetes": "Kubernetes", "statuspage": "The status page of mail"}
VARIABLES = {"argocd": "ARGOCD_", "kubernetes": "KUBERNETES_", "statuspage": "STATUSPAGE_URLS"}
DEADLINE = 1.0
PATIENCE = 60.0  # seconds: a bad source that is waited for would be seen, however busy the machine is
BUSY = 30.0  # seconds that a busy machine adds; who waits for such a server waits for ever


def settings(vendor: str, url: str) -> Any:
    environ = {
        "KUBERNETES_URL": url,
        "KUBERNETES_TOKEN": KEY,
        "ARGOCD_URL": url,
        "ARGOCD_TOKEN": KEY,
        "STATUSPAGE_URLS": f"mail={url}",
    }
    return read(discover()[vendor].settings, environ)


async def look(vendor: str, url: str, lent: Tools) -> Answer | SourceError:
    make = discover()[vendor].sources
    assert make is not None
    (source,) = make(settings(vendor, url), lent)
    try:
        return await source.look(REQUEST)
    except SourceError as error:
        return error


async def check(vendor: str, url: str, lent: Tools) -> CheckResult:
    ask = discover()[vendor].check
    assert ask is not None
    (result,) = await ask(settings(vendor, url), lent)
    return result


@pytest.mark.parametrize(("server", "reason"), TABLE)
async def test_each_source_and_its_check_say_why_it_could_not_look(server: Any, reason: FailureReason) -> None:
    async with server() as url:
        deadline = DEADLINE if reason is FailureReason.TOO_SLOW else PATIENCE
        with tools(deadline=deadline) as lent:
            began = time.perf_counter()
            answers = await asyncio.gather(*(look(vendor, url, lent) for vendor in TITLES))
            seconds = time.perf_counter() - began
            checks = await asyncio.gather(*(check(vendor, url, lent) for vendor in TITLES))
    for vendor, answer in zip(TITLES, answers, strict=True):
        assert isinstance(answer, SourceError), f"{vendor} answered {answer}"
        assert answer.reason is reason, f"{vendor} said {answer.reason}: {answer.detail}"
        assert answer.detail.startswith(TITLES[vendor]), answer.detail
        assert answer.detail.endswith("."), answer.detail
        assert "\n" not in answer.detail
        assert KEY not in answer.detail, f"{vendor} shows a secret: {answer.detail}"
        assert len(answer.detail) < 420, answer.detail
    assert seconds < deadline + BUSY, "a source took longer than its deadline"
    for vendor, result in zip(TITLES, checks, strict=True):
        assert result.state is CheckState.PROBLEM, f"{vendor}: {result}"
        assert result.remedy, f"{vendor}: {result}"
        assert KEY not in repr(result)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_can_be_mended_comes_with_what_to_do(status: int) -> None:
    async with serving(refusing(status)) as url:
        with tools() as lent:
            answers = await asyncio.gather(*(look(vendor, url, lent) for vendor in TITLES))
    for vendor, answer in zip(TITLES, answers, strict=True):
        assert isinstance(answer, SourceError)
        remedy = answer.detail.partition(": ")[2]
        assert VARIABLES[vendor] in remedy, f"no variable is named: {answer.detail}"


async def test_a_hanging_server_lets_go_of_a_cancelled_look_at_once() -> None:
    async with hanging() as url:
        with tools(deadline=PATIENCE) as lent:
            looks = [asyncio.create_task(look(vendor, url, lent)) for vendor in TITLES]
            await asyncio.wait(looks, timeout=0.2)
            for task in looks:
                task.cancel()
            began = time.perf_counter()
            done = await asyncio.gather(*looks, return_exceptions=True)
            assert time.perf_counter() - began < BUSY
            assert all(isinstance(item, asyncio.CancelledError | SourceError) for item in done), done


async def test_check_says_what_is_not_set_up() -> None:
    with tools() as lent:
        for vendor in (*TITLES, "http_probe"):
            integration = discover()[vendor]
            assert integration.check is not None
            for result in await integration.check(read(integration.settings, {}), lent):
                assert result.state is CheckState.NOT_SET_UP
                assert "is not set" in result.detail
