from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.domain.action import Action, ActionRefused, Ending, Refusal, Reversibility, Risk
from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.http_action.action import Get, Request
from integrations.http_action.address import why_not
from integrations.http_action.settings import HttpActionSettings
from sandbox.serve import serving
from tests.integrations.actions.bench import WebService, call, done, lent, refusal
from tests.integrations.asking import dead_port


@dataclass(frozen=True, kw_only=True)
class Bench:
    service: WebService
    url: str
    get: Action
    request: Action


@asynccontextmanager
async def bench(resolve: Any = None, **environ: str) -> AsyncIterator[Bench]:
    service = WebService()
    async with serving(service.app()) as url:
        place = url.removeprefix("http://")
        settings = read(HttpActionSettings, {"HTTP_ACTION_HOSTS": f"{place}=private", **environ})
        more = {"resolve": resolve} if resolve else {}
        with lent() as tools:
            yield Bench(
                service=service, url=url, get=Get(settings, tools, **more), request=Request(settings, tools, **more)
            )


async def test_an_answer_is_told_whatever_it_is() -> None:
    async with bench() as web:
        told = await done(web.get, call("http.get", url=f"{web.url}/health?x=1"))
        assert (told.ending, told.values["status"]) == (Ending.SUCCEEDED, 200)
        assert '"ok":true' in told.output
        assert told.seconds > 0
        bad = await done(web.get, call("http.get", url=f"{web.url}/status/503"))
        assert (bad.ending, bad.values["status"]) == (Ending.SUCCEEDED, 503)


async def test_nobody_there_is_a_failure_of_a_read_and_nothing_done_of_a_change() -> None:
    dead = dead_port()
    async with bench(HTTP_ACTION_HOSTS=f"{dead.removeprefix('http://')}=private") as web:
        told = await done(web.get, call("http.get", url=f"{dead}/"))
        assert told.ending is Ending.FAILED
        assert "connection refused" in told.summary
        told = await done(web.request, call("http.request", method="POST", url=f"{dead}/"))
        assert told.ending is Ending.FAILED, "nothing was ever sent"


@pytest.mark.parametrize(
    ("status", "ending"),
    [(200, Ending.SUCCEEDED), (204, Ending.SUCCEEDED), (404, Ending.FAILED), (409, Ending.FAILED),
     (408, Ending.UNKNOWN), (500, Ending.UNKNOWN), (504, Ending.UNKNOWN), (302, Ending.UNKNOWN)],
)  # fmt: skip
async def test_how_a_change_ends(status: int, ending: Ending) -> None:
    async with bench() as web:
        asked = call("http.request", method="POST", url=f"{web.url}/status/{status}", body="{}")
        assert (await done(web.request, asked)).ending is ending
        assert len(web.service.asked) == 1, "it is never sent again"


async def test_a_change_carries_its_key_and_the_same_one_when_it_is_the_same_execution() -> None:
    async with bench() as web:
        asked = call("http.request", method="POST", url=f"{web.url}/jobs", body='{"a": 1}')
        for key in ("R-1:a:0:act", "R-1:a:0:act", "R-1:b:0:act"):
            await done(web.request, asked, key)
        keys = [headers["idempotency-key"] for _, _, headers, _ in web.service.asked]
        assert keys[0] == keys[1] != keys[2]
        method, path, headers, body = web.service.asked[0]
        assert (method, path, body) == ("POST", "/jobs", b'{"a": 1}')
        assert headers["content-type"] == "application/json; charset=utf-8"
        await done(web.get, call("http.get", url=f"{web.url}/jobs"))
        assert "idempotency-key" not in web.service.asked[-1][2]


async def test_risk_goes_by_the_method() -> None:
    async with bench() as web:
        risks = {}
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            plan = await web.request.plan(call("http.request", method=method, url=f"{web.url}/a"))
            risks[method] = plan.risk
            assert (plan.reversibility is Reversibility.IRREVERSIBLE) == (plan.risk is not Risk.READ)
        assert risks == {
            "GET": Risk.READ, "HEAD": Risk.READ, "POST": Risk.CHANGE, "PUT": Risk.CHANGE, "PATCH": Risk.CHANGE,
            "DELETE": Risk.DESTROY,
        }  # fmt: skip


async def test_a_change_that_is_not_answered_in_time_may_have_happened() -> None:
    async with bench() as web:
        web.service.before = asyncio.Event().wait
        told = await done(web.request, call("http.request", timeout=1.0, method="POST", url=f"{web.url}/a"))
        assert (told.ending, len(web.service.asked)) == (Ending.UNKNOWN, 1)
        told = await done(web.get, call("http.get", timeout=1.0, url=f"{web.url}/a"))
        assert told.ending is Ending.TIMED_OUT


async def test_a_change_that_is_cancelled_ends_as_unknown() -> None:
    async with bench() as web:
        arrived = asyncio.Event()

        async def hang() -> None:
            arrived.set()
            await asyncio.Event().wait()

        web.service.before = hang
        plan = await web.request.plan(call("http.request", method="PUT", url=f"{web.url}/a"))
        task = asyncio.create_task(web.request.run(plan, key="k"))
        await asyncio.wait_for(arrived.wait(), 60)
        task.cancel()
        assert (await task).ending is Ending.UNKNOWN


async def test_secrets_are_sent_and_never_shown_and_stay_at_their_host() -> None:
    value = f"Bearer {'s' * 32}"
    async with bench() as first:
        place = first.url.removeprefix("http://")
        more = {"HTTP_ACTION_HOSTS": f"{place}=private, localhost=private"}
        async with bench(**more, HTTP_ACTION_SECRETS=f"key@{place}={value}") as web:
            asked = call("http.get", url=f"{first.url}/a", secret_headers={"Authorization": "key"})
            plan = await web.get.plan(asked)
            assert plan.lines[1] == "Authorization: the secret key"
            assert value not in repr(plan)
            assert (await web.get.run(plan, key="k")).ending is Ending.SUCCEEDED
            assert first.service.asked[-1][2]["authorization"] == value
            elsewhere = call("http.get", url="http://localhost/a", secret_headers={"Authorization": "key"})
            refused = await refusal(web.get, elsewhere)
            assert (refused.reason, "another host" in refused.detail) == (Refusal.NOT_ALLOWED, True)


async def test_a_secret_is_not_taken_along_to_another_host() -> None:
    async with bench() as second, bench() as first:
        places = [web.url.removeprefix("http://") for web in (first, second)]
        hosts = ", ".join(f"{place}=private" for place in places)
        async with bench(HTTP_ACTION_HOSTS=hosts, HTTP_ACTION_SECRETS=f"key@{places[0]}=Basic {'s' * 20}") as web:
            first.service.moved_to = f"{second.url}/there"
            asked = call("http.get", url=f"{first.url}/moved", secret_headers={"Authorization": "key"})
            assert (await done(web.get, asked)).ending is Ending.SUCCEEDED
            assert "authorization" in first.service.asked[-1][2]
            assert "authorization" not in second.service.asked[-1][2]


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://evil.example/", "//evil.example/", "ftp://x/", "http://0x7f.1/",
     "http://user@127.0.0.1/"],
)  # fmt: skip
async def test_a_redirect_off_the_list_is_not_followed(target: str) -> None:
    async with bench() as web:
        web.service.moved_to = target
        told = await done(web.get, call("http.get", url=f"{web.url}/moved"))
        assert (told.ending, len(web.service.asked)) == (Ending.FAILED, 1)
        assert "sends one on to" in told.summary


async def test_redirects_in_a_circle_end() -> None:
    async with bench() as web:
        web.service.moved_to = "/moved"
        assert (await done(web.get, call("http.get", url=f"{web.url}/moved"))).ending is Ending.FAILED
        assert len(web.service.asked) == 4


async def test_a_name_that_leads_inside_is_refused_unless_it_is_said_to_be_ours() -> None:
    async def inside(host: str, port: int) -> tuple[str, ...]:
        return ("93.184.216.34", "10.0.0.8")

    async with bench(resolve=inside, HTTP_ACTION_HOSTS="shop.example") as web:
        refused = await refusal(web.get, call("http.get", url="https://shop.example/"))
        assert (refused.reason, refused.parameter) == (Refusal.NOT_ALLOWED, "url")
        assert "10.0.0.8" in refused.detail


async def test_a_name_that_is_answered_differently_the_second_time_does_not_get_in() -> None:
    """DNS rebinding: what is checked is what is connected to, and it is checked each time."""
    answers = [("93.184.216.34",), ("93.184.216.34",), ("127.0.0.1",)]

    async def rebinding(host: str, port: int) -> tuple[str, ...]:
        return answers.pop(0)

    async with bench(resolve=rebinding, HTTP_ACTION_HOSTS="shop.example") as web:
        plan = await web.get.plan(call("http.get", url="http://shop.example/"))
        told = await web.get.run(plan, key="k")
        assert (told.ending, web.service.asked) == (Ending.FAILED, [])
        assert "127.0.0.1" in told.summary


async def test_it_connects_to_the_address_that_was_checked() -> None:
    async def ours(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async with bench() as web:
        port = web.url.rpartition(":")[2]
        async with bench(resolve=ours, HTTP_ACTION_HOSTS=f"shop.invalid:{port}=private") as named:
            told = await done(named.get, call("http.get", url=f"http://shop.invalid:{port}/a"))
            assert told.ending is Ending.SUCCEEDED
            assert web.service.asked[-1][2]["host"] == f"shop.invalid:{port}"


async def test_output_is_cut_and_without_secrets() -> None:
    async with bench() as web:
        long = await done(web.get, call("http.get", url=f"{web.url}/long"))
        assert long.is_cut
        assert len(long.output) < 20_000
        told = await done(web.get, call("http.get", url=f"{web.url}/secret"))
        assert "s" * 20 not in told.output
        assert "[hidden]" in told.output


@pytest.mark.parametrize(
    ("address", "is_own", "is_refused"),
    [("8.8.8.8", False, False), ("2606:4700::1111", False, False), ("10.1.2.3", False, True), ("10.1.2.3", True, False),
     ("127.0.0.1", False, True), ("127.0.0.1", True, False), ("169.254.169.254", True, True), ("fe80::1", True, True),
     ("::ffff:169.254.169.254", True, True), ("::ffff:10.0.0.1", False, True), ("64:ff9b::a9fe:a9fe", True, True),
     ("2002:7f00:1::", False, True), ("::1", False, True), ("0.0.0.0", True, True), ("224.0.0.1", True, True),
     ("255.255.255.255", True, True), ("100.64.0.1", False, True), ("fd00:ec2::254", False, True), ("::", True, True),
     ("192.0.2.1", False, True), ("::7f00:1", False, True)],
)  # fmt: skip
def test_which_addresses_are_ever_connected_to(address: str, is_own: bool, is_refused: bool) -> None:
    assert bool(why_not(address, is_own=is_own)) is is_refused


@pytest.mark.parametrize(
    "environ",
    [{"HTTP_ACTION_HOSTS": "http://x"}, {"HTTP_ACTION_HOSTS": "*.example"}, {"HTTP_ACTION_HOSTS": "a.example=public"},
     {"HTTP_ACTION_HOSTS": "a.example:0"}, {"HTTP_ACTION_HOSTS": "127.1"},
     {"HTTP_ACTION_HOSTS": "a.example", "HTTP_ACTION_SECRETS": "key=x"},
     {"HTTP_ACTION_HOSTS": "a.example", "HTTP_ACTION_SECRETS": f"key@b.example={'s' * 9}"},
     {"HTTP_ACTION_HOSTS": "a.example", "HTTP_ACTION_SECRETS": f"key@a.example:8443={'s' * 9}"}],
)  # fmt: skip
def test_settings_that_cannot_be_meant_stop_the_start_and_show_no_secret(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as error:
        read(HttpActionSettings, environ)
    assert "HTTP_ACTION_" in str(error.value)
    assert "s" * 9 not in str(error.value)


async def test_planning_a_request_sends_nothing() -> None:
    async with bench() as web:
        plan = await web.request.plan(call("http.request", method="DELETE", url=f"{web.url}/a"))
        assert await web.request.preview(plan) == ""
        assert web.service.asked == []
        with pytest.raises(ActionRefused):
            await web.request.plan(call("http.get", method="DELETE", url=f"{web.url}/a"))
