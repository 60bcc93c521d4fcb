"""Every source against servers that fail in every way: one plain reason each, in time, and none delays the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.eight import NAMES, Eight, eight
from bot.check import check_vendor
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason, Finding, Outcome
from bot.domain.ports import Warmable
from bot.domain.setting import read
from bot.flows.gather import Gather
from bot.flows.guard import Guard, Limits
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.registry import discover
from memory.catalog import load_catalog
from sandbox.scenario.load import load
from sandbox.serve import serving
from tests.integrations import failing_servers as servers
from tests.integrations.asking import KEY, REQUEST, FixedClock, tools
from tests.integrations.failing_servers import LOGIN_PAGE, Server, hanging, nobody, resetting, saying
from tests.integrations.test_scenarios import request_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLES = {
    "argocd": "Argo CD",
    "elasticsearch": "Elasticsearch",
    "github": "GitHub",
    "kubernetes": "Kubernetes",
    "pagerduty": "PagerDuty",
    "prometheus": "Prometheus",
    "statuspage": "The status page of mail",
}
PATIENCE = 60.0  # seconds: a bad source that is waited for would be seen, however busy the machine is
BUSY = 30.0  # seconds that a busy machine adds; who waits for such a server waits for ever
DEADLINE = 1.6  # GitHub's library takes whole seconds, and less than one is not a test of waiting
LONGEST_SENTENCE = 420
INTERNALS = ("Traceback", "Error(", "Exception", "object at 0x", "HTTPConnectionPool", "<class", "errno", "urllib3")


def refusing(status: int) -> Starlette:
    """The application of `failing_servers.refusing`."""
    said = f"no, because of {status} with token={KEY}"

    async def answer(request: Request) -> Response:
        body = {"status": "error", "errorType": "x", "error": said, "message": said}
        return JSONResponse(body, status, headers=servers.PRODUCT)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def environ_of(url: str) -> dict[str, str]:
    urls = {f"{name.upper()}_URL": url for name in TITLES if name != "statuspage"}
    keys = dict.fromkeys(
        ("ARGOCD_TOKEN", "ELASTICSEARCH_API_KEY", "GITHUB_TOKEN", "KUBERNETES_TOKEN", "PAGERDUTY_API_KEY"), KEY
    )
    pages = {"STATUSPAGE_URLS": f"mail={url}", "HTTP_PROBE_URLS": f"checkout={url}/health"}
    return {**urls, **keys, **pages, "PROMETHEUS_TOKEN": KEY}


def source_of(name: str, environ: Mapping[str, str], lent: Tools) -> Any:
    integration = discover()[name]
    assert integration.sources is not None
    (source,) = integration.sources(read(integration.settings, environ), lent)
    return source


async def look(name: str, url: str, lent: Tools) -> Answer | SourceError:
    try:
        return await source_of(name, environ_of(url), lent).look(REQUEST)  # type: ignore[no-any-return]
    except SourceError as error:
        return error


async def look_at_all(url: str, deadline: float = PATIENCE) -> tuple[Mapping[str, Answer | SourceError], float]:
    """What each source says of that server, and how long the slowest took."""
    with tools(deadline=deadline, threads=64) as lent:
        began = time.perf_counter()
        answers = await asyncio.gather(*(look(name, url, lent) for name in TITLES))
    return dict(zip(TITLES, answers, strict=True)), time.perf_counter() - began


async def check_all(url: str, deadline: float = PATIENCE) -> Mapping[str, CheckResult]:
    """What `check` says of that server; of PagerDuty the part about its REST API."""

    async def check(name: str, lent: Tools) -> CheckResult:
        integration = discover()[name]
        settings = read(integration.settings, environ_of(url))
        results = await check_vendor(integration, settings, lent, deadline=deadline + 1)
        return next(result for result in results if result.state is CheckState.PROBLEM)

    with tools(deadline=deadline, threads=64) as lent:
        return dict(zip(TITLES, await asyncio.gather(*(check(name, lent) for name in TITLES)), strict=True))


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Importing the clients is no part of what is timed here."""
    with tools() as lent:
        for name in TITLES:
            source = source_of(name, environ_of("http://127.0.0.1:9"), lent)
            if isinstance(source, Warmable):
                source.warm()


def told_well(name: str, detail: str) -> None:
    """A sentence as people may read it: it names the vendor, says no secret and nothing of our inside."""
    assert detail.startswith(TITLES[name]), detail
    assert detail.endswith("."), detail
    assert detail.isprintable(), detail
    assert len(detail) < LONGEST_SENTENCE, detail
    assert KEY not in detail, f"{name} shows a secret: {detail}"
    assert not any(word in detail for word in INTERNALS), f"{name} shows its inside: {detail}"
    assert "127.0.0.1" not in detail, f"{name} shows an address that may hold a key: {detail}"


# --- the table -------------------------------------------------------------------------------------------------------

R = FailureReason
CUT = (R.NONSENSE, R.UNREACHABLE)  # the connection broke in the middle of an answer: either is true
# (the server, what it is called in the end, words of which each source says at least one)
ROWS: list[tuple[str, Callable[[], Server], tuple[FailureReason, ...], tuple[str, ...]]] = [
    ("dead port", nobody, (R.UNREACHABLE,), ("connection refused",)),
    ("reset", resetting, (R.UNREACHABLE,), ("connection reset", "closed without an answer")),
    ("reset midway", servers.resetting_midway, CUT, ("cut off", "connection reset")),
    ("cut midway", servers.stopping_midway, CUT, ("cut off",)),
    ("another protocol", servers.speaking_something_else, CUT, ("does not speak HTTP",)),
    ("strange certificate", servers.with_a_strange_certificate, (R.UNREACHABLE,), ("TLS certificate is not accepted",)),
    ("no TLS there", servers.without_tls, (R.UNREACHABLE,), ("TLS",)),
    ("hanging", hanging, (R.TOO_SLOW,), ("did not answer within",)),
    ("slow headers", servers.trickling_headers, (R.TOO_SLOW,), ("did not answer within",)),
    ("slow body", servers.trickling_body, (R.TOO_SLOW,), ("did not answer within",)),
    ("400", lambda: servers.refusing(400), (R.REFUSED,), ("400",)),
    ("401", lambda: servers.refusing(401), (R.UNAUTHORISED,), ("does not accept the credentials (401",)),
    ("403", lambda: servers.refusing(403), (R.FORBIDDEN,), ("does not allow", "403")),
    ("404", lambda: servers.refusing(404), (R.REFUSED,), ("404",)),
    ("429", lambda: servers.refusing(429), (R.RATE_LIMITED,), ("limits how often", "takes no more requests until")),
    ("500", lambda: servers.refusing(500), (R.UNREACHABLE,), ("has a failure of its own (500",)),
    ("503", lambda: servers.refusing(503), (R.UNREACHABLE,), ("has a failure of its own (503",)),
    ("proxy 502", lambda: saying(502, "<html>Bad gateway</html>"), (R.UNREACHABLE,), ("failure of its own (502",)),
    ("login page", lambda: saying(200, LOGIN_PAGE), (R.NONSENSE,), ("not what its API says", "login page")),
    ("cut JSON", lambda: saying(200, '{"data": {"resu'), (R.NONSENSE,), ("not what its API says",)),
    ("another shape", lambda: saying(200, {"data": 7}), (R.NONSENSE,), ("not what its API says",)),
    ("a list of anything", lambda: saying(200, [1, "two", None]), (R.NONSENSE,), ("not what its API says",)),
    ("null", lambda: saying(200, None), (R.NONSENSE,), ("not what its API says",)),
    ("nothing at all", lambda: saying(200, ""), (R.NONSENSE,), ("not what its API says",)),
]
TABLE = [pytest.param(server, reasons[0], id=name) for name, server, reasons, _ in ROWS if len(reasons) == 1]


@pytest.mark.parametrize(("server", "reasons", "words"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_each_source_and_its_check_say_why_it_could_not_look(
    server: Callable[[], Server], reasons: tuple[FailureReason, ...], words: tuple[str, ...]
) -> None:
    deadline = DEADLINE if FailureReason.TOO_SLOW in reasons else PATIENCE
    async with server() as url:
        (answers, seconds), checks = await asyncio.gather(look_at_all(url, deadline), check_all(url, deadline))
    for name, answer in answers.items():
        assert isinstance(answer, SourceError), f"{name} answered {answer}"
        assert answer.reason in reasons, f"{name} said {answer.reason}: {answer.detail}"
        assert any(word in answer.detail for word in words), answer.detail
        told_well(name, answer.detail)
    assert seconds < deadline + BUSY, "a source took longer than its deadline"
    for name, check in checks.items():
        assert check.state is CheckState.PROBLEM, f"{name}: {check}"
        assert check.remedy, f"{name}: {check}"
        assert KEY not in repr(check)


VARIABLES = {name: f"{name.upper()}_" for name in TITLES}


@pytest.mark.parametrize("kind", ["401", "403", "404", "dead port", "login page"])
async def test_what_can_be_mended_comes_with_what_to_do(kind: str) -> None:
    server = next(row[1] for row in ROWS if row[0] == kind)
    async with server() as url:
        answers, _ = await look_at_all(url)
    for name, answer in answers.items():
        assert isinstance(answer, SourceError)
        remedy = answer.detail.partition(": ")[2]
        assert VARIABLES[name] in answer.detail, f"no variable is named: {answer.detail}"
        assert remedy, f"nothing to do is said: {answer.detail}"


async def test_what_the_plan_lacks_is_said_and_is_no_failure_of_pagerduty() -> None:
    async with servers.refusing(402) as url:
        answers, _ = await look_at_all(url)
    others = dict(answers)
    on_call = others.pop("pagerduty")
    assert isinstance(on_call, Answer)
    assert "plan" in on_call.skipped
    for name, answer in others.items():
        assert isinstance(answer, SourceError)
        assert answer.reason is FailureReason.NOT_ON_PLAN
        assert "plan" in answer.detail
        told_well(name, answer.detail)


async def test_how_long_a_vendor_wants_to_be_left_alone_is_passed_on() -> None:
    headers = {"Retry-After": "7", "ratelimit-reset": "7"}
    async with servers.refusing(429, headers) as url:
        answers, _ = await look_at_all(url)
    told = {name: answer.retry_after for name, answer in answers.items() if isinstance(answer, SourceError)}
    # GitHub's source keeps to it itself, for all of the process; Elasticsearch sends no such header.
    assert told == {**dict.fromkeys(TITLES, 7.0), "github": None, "elasticsearch": None}


@pytest.mark.parametrize("header", ["", "soon", "-3", "nan", "1e9", "9" * 40, "Wed, 21 Oct 2026 07:28:00 GMT", "٣"])
async def test_a_pause_that_is_no_number_of_seconds_is_none(header: str) -> None:
    with tools(deadline=PATIENCE) as lent:
        async with servers.refusing(429, {"Retry-After": header.encode().decode("latin-1")}) as url:
            answer = await look("statuspage", url, lent)
    assert isinstance(answer, SourceError)
    assert (answer.reason, answer.retry_after) == (FailureReason.RATE_LIMITED, None)


async def test_a_login_page_that_one_is_sent_to_is_not_taken_for_an_answer() -> None:
    async with saying(200, LOGIN_PAGE) as login, saying(302, "", {"Location": f"{login}/sso?key={KEY}"}) as url:
        answers, _ = await look_at_all(url)
    for name, answer in answers.items():
        assert isinstance(answer, SourceError), f"{name} answered {answer}"
        assert answer.reason in (R.NONSENSE, R.UNREACHABLE, R.REFUSED), answer.detail
        assert KEY not in answer.detail
        assert not any(word in answer.detail for word in INTERNALS)


@pytest.mark.parametrize("name", TITLES)
async def test_an_answer_without_an_end_is_left_in_time(name: str) -> None:
    async with servers.huge() as url:
        with tools(deadline=DEADLINE) as lent:
            began = time.perf_counter()
            answer = await look(name, url, lent)
            seconds = time.perf_counter() - began
    assert isinstance(answer, SourceError), answer
    assert answer.reason in (FailureReason.NONSENSE, FailureReason.TOO_SLOW), answer.detail
    told_well(name, answer.detail)
    assert seconds < DEADLINE + BUSY


async def test_a_hanging_server_lets_go_of_a_cancelled_look_at_once() -> None:
    async with hanging() as url:
        with tools(deadline=PATIENCE) as lent:
            looks = [asyncio.create_task(look(name, url, lent)) for name in TITLES]
            await asyncio.wait(looks, timeout=0.2)
            for task in looks:
                task.cancel()
            began = time.perf_counter()
            done = await asyncio.gather(*looks, return_exceptions=True)
            assert time.perf_counter() - began < BUSY
            assert all(isinstance(item, asyncio.CancelledError | SourceError) for item in done), done


# --- the probe, of which a failing server is what it looks for -------------------------------------------------------

PROBED = {
    "dead port": "does not answer: connection refused",
    "reset": "does not answer: connection",
    "cut midway": "answers 200",
    "another protocol": "does not answer: it does not speak HTTP",
    "strange certificate": "does not answer: its TLS certificate is not accepted",
    "no TLS there": "does not answer: TLS failed",
    "hanging": "does not answer: no answer within 1.3 s",
    "slow headers": "does not answer: no answer within 1.3 s",
    "slow body": "then: no answer within 1.3 s",
    "401": "answers 401",
    "429": "answers 429",
    "503": "answers 503",
}


@pytest.mark.parametrize("kind", PROBED)
async def test_what_fails_under_the_probe_is_a_finding(kind: str) -> None:
    server = next(row[1] for row in ROWS if row[0] == kind)
    with tools(deadline=DEADLINE) as lent:
        async with server() as url:
            answer = await look("http_probe", url, lent)
    assert isinstance(answer, Answer)
    (evidence,) = answer.evidence
    assert evidence.text.startswith("checkout at http")
    assert PROBED[kind] in evidence.text


# --- none delays the others ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Well:
    """Eight vendors that answer, and an incident to ask them about."""

    vendors: Eight
    request: ContextRequest


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def well() -> AsyncIterator[Well]:
    now = time.time()
    scenario = load("failing-dependency", now)
    catalog = load_catalog(scenario.folder / "services.yaml")
    async with eight(scenario, KEY) as vendors:
        yield Well(vendors, request_of(scenario, catalog, datetime.fromtimestamp(now, UTC)))


def spoilt(environ: Mapping[str, str], name: str, url: str) -> Mapping[str, str]:
    """With one vendor at another address."""
    bad = environ_of(url)
    if name == "http_probe":
        bad["HTTP_PROBE_URLS"] = ",".join(
            f"{pair.partition('=')[0]}={url}/health" for pair in environ["HTTP_PROBE_URLS"].split(",")
        )
    own = {"http_probe": "HTTP_PROBE_URLS", "statuspage": "STATUSPAGE_URLS"}.get(name, f"{name.upper()}_URL")
    return {**environ, own: bad[own]}


@contextmanager
def guarded(environ: Mapping[str, str]) -> Iterator[list[Guard]]:
    """Each with threads of its own, as the bot wires them."""
    with ExitStack() as stack:
        lent = [stack.enter_context(tools(deadline=PATIENCE)) for _ in NAMES]
        limits = Limits(clock=FixedClock(), rate=120)
        yield [
            Guard(source_of(name, environ, tool), deadline=PATIENCE, limits=limits)
            for name, tool in zip(NAMES, lent, strict=True)
        ]


@pytest.mark.parametrize("bad", NAMES)
async def test_the_others_have_answered_while_a_bad_one_is_still_waited_for(well: Well, bad: str) -> None:
    found: dict[str, Finding] = {}
    told = asyncio.Event()

    def on_answer(done: Sequence[Finding], pending: Sequence[str]) -> None:
        found.update({finding.source: finding for finding in done})
        if len(found) == len(NAMES) - 1:
            told.set()

    async with servers.trickling_body() as url:
        with guarded(spoilt(well.vendors.environ, bad, url)) as guards:
            gathering = asyncio.create_task(Gather(guards, deadline=PATIENCE)(well.request, on_answer))
            async with asyncio.timeout(PATIENCE / 2):
                await told.wait()
            gathering.cancel()
            await asyncio.gather(gathering, return_exceptions=True)
    assert set(found) == set(NAMES) - {bad}
    assert not [finding for finding in found.values() if finding.outcome is Outcome.FAILED]


@pytest.mark.parametrize("bad", NAMES)
async def test_a_dead_one_costs_only_its_own_answer(well: Well, bad: str) -> None:
    async with nobody() as url:
        with guarded(spoilt(well.vendors.environ, bad, url)) as guards:
            findings = await Gather(guards, deadline=PATIENCE)(well.request, lambda *_: None)
    failed = [finding.source for finding in findings if finding.outcome is Outcome.FAILED]
    assert failed == ([] if bad == "http_probe" else [bad])  # a dead service is what the probe looks for


async def test_check_says_what_is_not_set_up() -> None:
    with tools() as lent:
        for name in NAMES:
            integration = discover()[name]
            assert integration.check is not None
            for result in await integration.check(read(integration.settings, {}), lent):
                assert result.state is CheckState.NOT_SET_UP
                assert "is not set" in result.detail


__all__ = ["TABLE", "hanging", "refusing", "serving"]  # tests of single vendors take these
