"""How often GitHub is asked: one budget for the process, limits that are kept to, answers that are asked for again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.setting import read
from integrations.github.budget import Budget
from integrations.github.refusal import Limited
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource
from sandbox.github.server import create_app
from sandbox.serve import serving
from tests.integrations.asking import KEY, NOW, PAYMENTS, asked, tools
from tests.integrations.repositories import GitHub, facts, look, release, source_at
from tests.sandbox.github.conftest import NOW as THEN
from tests.sandbox.github.conftest import small

RESET = NOW + timedelta(minutes=40)


@dataclass
class Clock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


def headers(remaining: int, limit: int = 5000, reset: datetime = RESET) -> dict[str, str]:
    told = {"remaining": remaining, "limit": limit, "reset": int(reset.timestamp())}
    return {f"x-ratelimit-{name}": str(value) for name, value in told.items()}


def deployed() -> GitHub:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v3"),
        server.deploy(2, -30, "v2"),
        server.deploy(1, -4000, "v1"),
    ]
    server.repos["acme/payments/deployments"] = [server.deploy(9, -500, "v9", of="acme/payments")]
    server.compared(2, 3, ["a.py"])
    server.compared(1, 2, ["a.py"])
    return server


# --- how much is asked ------------------------------------------------------------------------------------------------


async def test_one_incident_costs_a_dozen_requests_and_two_for_each_neighbour() -> None:
    server = deployed()
    neighbours = tuple(replace(PAYMENTS, name=f"n{n}", repository=f"acme/n{n}") for n in range(20))
    server.known += tuple(f"acme/n{n}" for n in range(20))
    answer = await look(server, asked(neighbours=neighbours))
    assert server.count() == 6  # the list, three outcomes, two comparisons
    assert {server.count(f"acme/n{n}") for n in range(11)} == {2}
    assert {server.count(f"acme/n{n}") for n in range(11, 20)} == {0}
    assert answer.gaps == ("Changes of n11, n12, n13, n14 and 5 more were not asked for: 12 services are the most.",)


async def test_the_longest_chain_of_questions_stays_within_a_dozen() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(9, -8, "v9", environment="qa")]
    server.repos["acme/checkout/actions/workflows"] = {
        "workflows": [{"id": n, "name": "Deploy", "path": f"{n}.yml"} for n in range(9)]
    }
    server.repos["acme/checkout/pulls"] = [
        {"number": n, "merged_at": (NOW - timedelta(minutes=n)).isoformat()} for n in range(50)
    ]
    await look(server)
    assert server.count() == 10


async def test_no_more_than_a_few_requests_are_under_way_at_once() -> None:
    running, most = 0, 0

    async def watch(_: Request) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    server = deployed()
    server.before = watch
    await look(server)
    assert 1 <= most <= 8


# --- the hour's limit -------------------------------------------------------------------------------------------------


async def test_below_the_reserve_only_what_burns_is_asked_for() -> None:
    server = deployed()
    server.headers = headers(90)
    async with source_at(server) as source:
        await source.look(asked(neighbours=()))
        server.asked.clear()
        answer = await source.look(asked())
    assert len(facts(answer)) == 2
    assert server.count("acme/payments") == 0
    assert answer.gaps == (
        "Changes of payments could not be looked at: GitHub is asked about the burning service alone until 09:57:02 UTC"
        " (90 of 5,000 requests are left this hour).",
    )


async def test_at_zero_nothing_is_asked_until_the_hour_is_over() -> None:
    server = deployed()
    server.headers = headers(0)
    async with source_at(server) as source:
        await source.look(asked(neighbours=()))
        server.asked.clear()
        with pytest.raises(SourceError) as failed:
            await source.look(asked())
    assert server.asked == []
    assert failed.value.reason is FailureReason.RATE_LIMITED
    assert failed.value.detail == (
        "GitHub takes no more requests until 09:57:02 UTC (all 5,000 of this hour are used)."
    )


@pytest.mark.parametrize("status", [403, 429])
async def test_a_spent_limit_is_told_with_its_end(status: int) -> None:
    server = GitHub()
    refusal = JSONResponse({"message": "API rate limit exceeded for user ID 1."}, status, headers=headers(0))
    for name in server.known:
        server.repos[f"{name}/deployments"] = refusal
    with pytest.raises(SourceError, match=r"no more requests until 09:57:02 UTC \(all 5,000"):
        await look(server)


@pytest.mark.parametrize(
    ("status", "more", "message", "until"),
    [
        (403, {"retry-after": "60"}, "You have exceeded a secondary rate limit.", "09:18:02"),
        (403, {"retry-after": "25"}, "Slow down.", "09:17:27"),
        (429, {"retry-after": "0"}, "Slow down.", "09:17:03"),
        (403, {}, "You have exceeded a secondary rate limit.", "09:18:02"),
        (429, {}, "", "09:18:02"),
        (429, {"retry-after": "soon"}, "", "09:18:02"),
        (429, {"retry-after": "nan"}, "", "09:18:02"),
        (403, {"retry-after": "99999999"}, "", "10:17:02"),
        (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded for user ID 1.", "09:18:02"),
    ],
)
async def test_a_secondary_limit_is_told_at_once_and_kept_to(
    status: int, more: dict[str, str], message: str, until: str
) -> None:
    server = GitHub()
    for name in server.known:
        server.repos[f"{name}/deployments"] = JSONResponse({"message": message}, status, headers=more)
    async with source_at(server) as source:
        with pytest.raises(SourceError, match=f"until {until} UTC .its secondary limit, against bursts") as failed:
            await source.look(asked())
        assert failed.value.reason is FailureReason.RATE_LIMITED
        server.asked.clear()
        with pytest.raises(SourceError, match=until):
            await source.look(asked())
    assert server.asked == [], "what asks to wait is not asked meanwhile"


async def test_a_limit_in_the_middle_leaves_what_was_answered() -> None:
    server = deployed()
    limited = JSONResponse({"message": "secondary rate limit"}, 403, headers={"retry-after": "30"})
    server.repos["acme/checkout/deployments/3/statuses"] = limited
    answer = await look(server)
    assert len(facts(answer)) == 2
    assert any("How deployments of checkout ended" in gap and "until 09:17:32 UTC" in gap for gap in answer.gaps)


# --- the budget by itself ---------------------------------------------------------------------------------------------


def test_requests_under_way_are_counted_before_they_are_answered() -> None:
    budget = Budget(Clock())
    budget.take(is_burning=True)
    budget.give_back(headers(2))
    budget.take(is_burning=True)
    budget.take(is_burning=True)
    with pytest.raises(Limited):
        budget.take(is_burning=True)


def test_answers_that_overtake_one_another_never_raise_what_is_left() -> None:
    budget = Budget(Clock())
    for remaining in (500, 400, 450):
        budget.take(is_burning=True)
        budget.give_back(headers(remaining))
    assert budget.left is not None
    assert budget.left.remaining == 400


def test_a_new_hour_begins_with_what_it_tells() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.take(is_burning=True)
    budget.give_back(headers(0))
    clock.at = RESET
    budget.take(is_burning=False)
    budget.give_back(headers(4999, reset=RESET + timedelta(hours=1)))
    assert budget.left is not None
    assert budget.left.remaining == 4999


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"x-ratelimit-remaining": "few", "x-ratelimit-limit": "5000", "x-ratelimit-reset": "1"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "nan", "x-ratelimit-reset": "inf"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "0", "x-ratelimit-reset": "0"},
        {**headers(0), "x-ratelimit-resource": "search"},
    ],
)
def test_a_server_that_tells_no_limit_is_asked(told: dict[str, str]) -> None:
    budget = Budget(Clock())
    for _ in range(3):
        budget.take(is_burning=False)
        budget.give_back(told)
    assert budget.left is None


def test_a_small_limit_keeps_a_small_reserve() -> None:
    budget = Budget(Clock())
    budget.take(is_burning=True)
    budget.give_back(headers(6, limit=60))
    with pytest.raises(Limited):
        budget.take(is_burning=False)
    budget.take(is_burning=True)


def test_a_time_far_away_is_no_reason_to_wait_longer_than_an_hour() -> None:
    budget = Budget(Clock())
    budget.take(is_burning=True)
    budget.give_back(headers(0, reset=datetime(2286, 1, 1, tzinfo=UTC)))
    with pytest.raises(Limited, match="until 10:17:02 UTC"):
        budget.take(is_burning=True)


# --- answers that did not change --------------------------------------------------------------------------------------


async def test_what_did_not_change_costs_nothing_the_second_time() -> None:
    moment = datetime.fromtimestamp(THEN, UTC)
    request = replace(asked(neighbours=()), onset=moment, now=moment)
    async with (
        serving(create_app(small(), clock=lambda: THEN)) as url,
        aiohttp.ClientSession(url) as http,
    ):
        with tools() as lent:
            source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, "GITHUB_TOKEN": KEY}), lent)
            answers, used = [], []
            for _ in range(3):
                answers.append(await source.look(request))
                async with http.get("/rate_limit") as told:
                    used.append((await told.json())["rate"]["used"])
    assert answers[0] == answers[1] == answers[2]
    assert used[0] == 4  # the list, two outcomes, one comparison
    assert (used[1] - used[0], used[2] - used[1]) == (1, 1), "only the comparison is asked for again"


async def test_a_neighbour_is_looked_at_more_deeply_where_the_first_answers_are_known() -> None:
    server = GitHub()
    for path in ("deployments", "releases"):
        server.repos[f"acme/payments/{path}"] = JSONResponse([], headers={"etag": 'W/"1"'})

    async def know(request: Request) -> None:
        if request.headers.get("if-none-match") == 'W/"1"':
            path = request.path_params["path"].removeprefix("repos/")
            server.repos[path] = JSONResponse(None, 304)
            server.repos[path].body = b""

    server.before = know
    async with source_at(server) as source:
        await source.look(asked())
        assert server.count("acme/payments") == 2
        server.asked.clear()
        await source.look(asked())
    assert [path.rpartition("/")[2] for path in server.asked if "payments" in path] == [
        "deployments",
        "releases",
        "pulls",
    ]


# --- in time ----------------------------------------------------------------------------------------------------------


async def test_what_was_answered_by_the_deadline_is_told_with_what_is_missing() -> None:
    server = deployed()
    free = asyncio.Event()

    async def hang(request: Request) -> None:
        if "compare" in request.url.path or "payments" in request.url.path:
            await free.wait()

    server.before = hang
    async with source_at(server, deadline=3.0) as source:
        started = asyncio.get_running_loop().time()
        answer = await source.look(asked())
        took = asyncio.get_running_loop().time() - started
        free.set()
    assert took < 30, "what hangs would hang for ever"
    assert [fact.version for fact in facts(answer)] == ["v3", "v2"]
    assert all(fact.succeeded and not fact.files for fact in facts(answer))
    late = " ".join(answer.gaps)
    for words in ("what v3 of checkout changed", "what v2 of checkout changed", "payments"):
        assert words in late.lower()


async def test_where_what_burns_was_not_answered_in_time_it_could_not_look() -> None:
    server = GitHub()
    free = asyncio.Event()

    async def hang(request: Request) -> None:
        if "checkout" in request.url.path:
            await free.wait()

    server.before = hang
    async with source_at(server, deadline=1.0) as source:
        with pytest.raises(SourceError) as failed:
            await source.look(asked())
        free.set()
    assert failed.value.reason is FailureReason.TOO_SLOW


async def test_releases_are_told_though_the_runs_hang() -> None:
    server = GitHub()
    server.repos["acme/checkout/releases"] = [release("v3", -20)]
    free = asyncio.Event()

    async def hang(request: Request) -> None:
        if "actions" in request.url.path:
            await free.wait()

    server.before = hang
    async with source_at(server, deadline=3.0) as source:
        answer = await source.look(asked(neighbours=()))
        free.set()
    assert [fact.version for fact in facts(answer)] == ["v3"]
    assert "workflow runs of checkout" in answer.gaps[0].lower()
