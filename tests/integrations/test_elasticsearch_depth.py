"""What Elasticsearch is asked beyond counts: courses, samples, differences, new words; and what it cannot answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, FailureReason, LogFact
from bot.domain.setting import read
from integrations.descriptor import CheckState
from integrations.elasticsearch import INTEGRATION, versions
from integrations.elasticsearch.questions import LEAD, SIZES, SLICES
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.source import ElasticsearchSource
from sandbox.elasticsearch.server import VERSION_8, create_app
from sandbox.elasticsearch.shards import Shards
from sandbox.scenario.model import LogLine
from sandbox.serve import serving
from tests.integrations.asking import KEY, NOW, ONSET, REQUEST, tools
from tests.integrations.test_elasticsearch_source import EARLIER, facts, look, said, scenario

MOST = SIZES["own", "errors"]


class Overheard:
    """Passes requests on and keeps what was asked and said."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.paths: list[str] = []
        self.accepted: list[str] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.paths.append(scope["path"])
        self.accepted.append(headers.get("accept", ""))
        parts: list[bytes] = []

        async def heard() -> Any:
            message = await receive()
            parts.append(message.get("body", b""))
            return message

        await self._app(scope, heard, send)
        body = b"".join(parts)
        self.bodies.append(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)

    @property
    def searches(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.bodies for line in body.split(b"\n")[1::2] if line]


@asynccontextmanager
async def replaying(logs: Sequence[LogLine], **server: Any) -> AsyncIterator[tuple[str, Overheard]]:
    app = Overheard(create_app(scenario(logs), clock=NOW.timestamp, **server))
    async with serving(app) as url:
        yield url, app


async def ask(url: str, environ: Mapping[str, str] | None = None, *, deadline: float = 60.0) -> Answer:
    settings = read(ElasticsearchSettings, {"ELASTICSEARCH_URL": url, **(environ or {})})
    with tools(deadline=deadline) as lent:
        return await ElasticsearchSource(settings, lent).look(REQUEST)


@pytest.fixture(autouse=True)
def _unknown_servers() -> Iterator[None]:
    """Ports are used again: what was learned of one server is not true of the next."""
    yield
    versions._earlier.clear()


def traced(trace: str) -> dict[str, Any]:
    return {"trace.id": trace}


def of_version(version: str) -> dict[str, Any]:
    return {"service.version": version}


def by_pattern(answer: Answer) -> dict[str, LogFact]:
    return {fact.pattern: fact for fact in facts(answer)}


async def test_the_course_since_the_onset_is_told_in_equal_slices() -> None:
    (fact,) = facts(await look([*said("early failure", 5, since=ONSET - LEAD), *said("early failure", 20)]))
    assert len(fact.over_time) == SLICES
    assert fact.over_time[0] == 5
    assert sum(fact.over_time) == fact.count == 25
    assert fact.slice_seconds * SLICES == (NOW - ONSET + LEAD).total_seconds()


async def test_the_first_and_the_newest_line_come_with_their_traces() -> None:
    first, last = "a" * 32, "b" * 32
    answer = await look(
        [
            *said("no tier for customer 1", 1, **traced(first)),
            *said("no tier for customer 5", 1, since=ONSET + timedelta(seconds=9), **traced(last)),
        ],
        environ={"ELASTICSEARCH_TRACE_URL": "https://apm.example/trace/{trace}?from=bot"},
    )
    (fact,) = facts(answer)
    assert fact.first is not None
    assert fact.last is not None
    assert (fact.first.at, fact.first.text, fact.first.trace) == (ONSET, "no tier for customer 1", first)
    assert fact.first.link == f"https://apm.example/trace/{first}?from=bot"
    assert (fact.last.text, fact.last.trace) == ("no tier for customer 5", last)


async def test_a_single_line_is_the_first_and_there_is_no_last() -> None:
    (fact,) = facts(await look(said("once", 1)))
    assert fact.first is not None
    assert (fact.first.trace, fact.first.link, fact.last) == ("", None, None)


async def test_what_lines_share_and_others_do_not_is_told() -> None:
    new: dict[str, Any] = {"service.version": "2.31.0", "url.path": "/checkout", "cloud.availability_zone": "b"}
    old: dict[str, Any] = {"service.version": "2.30.4", "url.path": "/cart", "cloud.availability_zone": "b"}
    answer = await look(
        [
            *said("no tier", 30, **new),
            *said("all well", 30, level="info", **new),
            *said("all well", 60, level="info", **old),
        ]
    )
    (fact,) = facts(answer)
    assert fact.differs == (
        "version 2.31.0: 100% here, 50% of all its lines",
        "endpoint /checkout: 100% here, 50% of all its lines",
    )


async def test_two_lines_share_nothing_that_means_anything() -> None:
    answer = await look([*said("no tier", 2, **of_version("2")), *said("well", 50, level="info")])
    assert facts(answer)[0].differs == ()


async def test_patterns_link_to_their_search_in_kibana() -> None:
    environ = {
        "ELASTICSEARCH_KIBANA_URL": "https://kibana.example/s/ops/",
        "ELASTICSEARCH_KIBANA_DATA_VIEW": "logs",
    }
    answer = await look(said("can't find 'tier'!", 3), environ=environ)
    link = answer.evidence[0].link
    assert link is not None
    assert link.startswith("https://kibana.example/s/ops/app/discover#/?_g=(time:(from:'2026-03-04T09:03:02.000Z',to:")
    assert " " not in link
    assert "index:'logs',query:(language:kuery,query:'service.name : \"checkout\"" in unquote(link)
    assert (await look(said("x y", 3))).evidence[0].link is None


async def test_custom_fields_are_read_nested_and_dotted() -> None:
    environ = {
        "ELASTICSEARCH_SERVICE_FIELD": "kubernetes.labels.app",
        "ELASTICSEARCH_LEVEL_FIELD": "@l",
        "ELASTICSEARCH_TRACE_FIELD": "TraceId",
        "ELASTICSEARCH_VERSION_FIELD": "kubernetes.labels.version",
    }
    own: dict[str, Any] = {
        "kubernetes.labels.app": "checkout",
        "@l": "Error",
        "TraceId": "t" * 32,
        "kubernetes.labels.version": "7",
    }
    others: dict[str, Any] = {**own, "@l": "Information", "kubernetes.labels.version": "6"}
    logs = [*said("no tier", 5, service="x", level="x", **own), *said("well", 20, service="x", level="x", **others)]
    (fact,) = facts(await look(logs, environ=environ))
    assert (fact.service, fact.level, fact.count) == ("checkout", "error", 5)
    assert fact.first is not None
    assert fact.first.trace == "t" * 32
    assert fact.differs[0].startswith("version 7: 100% here, 20%")


async def test_all_is_asked_in_one_request_where_every_line_can_be_fetched() -> None:
    async with replaying([*said("no tier", 40), *said("declined", 30, since=EARLIER)]) as (url, overheard):
        answer = await ask(url)
    assert overheard.paths == ["/_msearch"]
    assert answer.gaps == ()
    assert "categorize_text" not in json.dumps(overheard.searches)


async def test_a_flood_takes_a_second_request_and_says_that_it_was_sampled() -> None:
    flood = said(lambda n: f"flooded {n}", 3 * MOST, every=0.05)
    late = said("flooded 9", 1, since=ONSET + timedelta(seconds=200), **traced("e" * 32))
    async with replaying([*flood, *late]) as (url, overheard):
        answer = await ask(url)
    assert overheard.paths == ["/_msearch", "/_msearch"]
    (fact,) = facts(answer)
    assert fact.is_sampled
    assert fact.count == sum(fact.over_time) == 3 * MOST + 1
    assert fact.over_time[-1] > 0, "the end of the flood was not fetched, and is counted all the same"
    assert fact.last is not None
    assert fact.last.trace == "e" * 32
    assert "about 3,001 times" in answer.evidence[0].text
    assert "counts of patterns are scaled" in answer.checked


async def test_a_rare_new_failure_that_was_not_fetched_is_found_by_its_words() -> None:
    flood = said(lambda n: f"flooded {n}", 2 * MOST, since=ONSET - LEAD, every=0.2)
    rare = said("replication halted unexpectedly", 4, since=ONSET + timedelta(seconds=200))
    found = by_pattern(await look([*flood, *rare, *said("flooded 1", 90, since=EARLIER)]))
    assert found["replication halted unexpectedly"].is_new
    assert found["replication halted unexpectedly"].count == 4


@pytest.mark.parametrize("is_known", [False, True])
async def test_an_8x_server_is_spoken_with_in_its_own_version(is_known: bool) -> None:
    async with replaying(said("no tier", 3), version=VERSION_8, api_key=KEY) as (url, overheard):
        environ = {"ELASTICSEARCH_API_KEY": KEY}
        if is_known:
            await ask(url, environ)
            overheard.accepted.clear()
        answer = await ask(url, environ)
    assert [fact.pattern for fact in facts(answer)] == ["no tier"]
    said_versions = [accept.partition("compatible-with=")[2] for accept in overheard.accepted]
    assert said_versions == (["8"] if is_known else ["9", "8"]), "it finds out once for a process"


async def test_an_upgraded_server_is_spoken_with_again() -> None:
    async with replaying(said("no tier", 3)) as (url, overheard):
        versions._earlier.add(url)
        assert facts(await ask(url))
    assert overheard.accepted[0].endswith("8")  # 9.x understands the version before


async def test_check_knows_an_8x_server_and_names_fields_that_are_missing() -> None:
    assert INTEGRATION.check is not None
    async with replaying(said("x", 3, **traced("a" * 32)), version=VERSION_8) as (url, _):
        with tools() as lent:
            (result,) = await INTEGRATION.check(read(ElasticsearchSettings, {"ELASTICSEARCH_URL": url}), lent)
            wrong = {"ELASTICSEARCH_URL": url, "ELASTICSEARCH_ENDPOINT_FIELD": "message"}
            (text,) = await INTEGRATION.check(read(ElasticsearchSettings, wrong), lent)
    assert result.state is CheckState.OK
    assert "(8.x)" in result.detail
    assert "cloud.availability_zone (ELASTICSEARCH_ZONE_FIELD)" in result.detail
    assert "trace.id" not in result.detail
    assert text.state is CheckState.PROBLEM
    assert "ELASTICSEARCH_ENDPOINT_FIELD" in text.remedy


async def test_shards_that_do_not_answer_are_a_gap_and_the_rest_is_told() -> None:
    lost = Shards(total=4, failed=1, reason="node left")
    async with replaying(said("no tier", 40), shards=lost) as (url, _):
        answer = await ask(url)
    assert facts(answer)[0].count == 30
    assert answer.gaps == ("Elasticsearch: 1 of 4 shards did not answer (“node left”): there may be more in the logs.",)


async def test_a_search_that_ran_out_of_time_is_a_gap() -> None:
    async with replaying(said("no tier", 4), shards=Shards(timed_out=True)) as (url, _):
        answer = await ask(url)
    assert facts(answer)
    assert answer.gaps == ("Elasticsearch ran out of time for a search: there may be more in the logs.",)


async def test_a_field_that_cannot_be_counted_costs_only_the_comparison() -> None:
    answer = await look(said("no tier", 5), environ={"ELASTICSEARCH_VERSION_FIELD": "message"})
    assert [fact.pattern for fact in facts(answer)] == ["no tier"]
    (gap,) = answer.gaps
    assert gap.startswith("what the new log lines have in common was not compared with other lines: Elasticsearch")
    assert "Fielddata is disabled on [message]" in gap


async def test_no_permission_is_said_with_the_reason_of_the_server() -> None:
    with pytest.raises(SourceError) as failed:
        async with replaying(said("x", 1), api_key=KEY, privileges=frozenset({"monitor"})) as (url, _):
            await ask(url, {"ELASTICSEARCH_API_KEY": KEY})
    assert failed.value.reason is FailureReason.FORBIDDEN
    assert "action [indices:data/read/search] is unauthorized" in failed.value.detail


def answering(*rounds: Any) -> Starlette:
    """Answers the first, the second ... request with these; a number is a status."""
    left = list(rounds)

    async def answer(request: Request) -> Response:
        await request.body()
        given = left.pop(0)
        headers = {"X-Elastic-Product": "Elasticsearch"}
        if isinstance(given, int):
            return JSONResponse({"error": {"reason": "no"}, "status": given}, given, headers=headers)
        return JSONResponse(given, headers=headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


def found(*documents: Any, total: int = 0) -> dict[str, Any]:
    levels = {"levels": {"buckets": [{"key": "error", "doc_count": total or len(documents)}]}}
    counts = {"services": {"buckets": [{"key": "checkout", "doc_count": total, **levels}]}}
    return {
        "hits": {"hits": [{"_source": document} for document in documents]},
        "_shards": {"total": 1, "failed": 0},
        "aggregations": counts,
        "status": 200,
    }


def refused(status: int, reason: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": "security_exception", "reason": reason}}


LINE = {"@timestamp": ONSET.isoformat(), "service.name": "checkout", "log.level": "error", "message": "no tier"}
NOTHING = found()


async def test_a_missing_licence_is_said_and_costs_only_what_needs_it() -> None:
    unlicensed = refused(403, "current license is non-compliant for [ml]")
    everything = [found(LINE, total=9), NOTHING, *[NOTHING] * 6, NOTHING, unlicensed]
    counted = {"hits": {"total": {"value": 0}}, "_shards": {"total": 1}}
    async with serving(answering({"responses": everything}, {"responses": [counted] * 3})) as url:
        answer = await ask(url)
    assert facts(answer)
    (gap,) = answer.gaps
    assert gap == (
        "rare new words in the logs were not looked for: Elasticsearch has no licence for what was asked (ml)."
    )
    async with serving(answering({"responses": [unlicensed] * 10})) as url:
        with pytest.raises(SourceError) as failed:
            await ask(url)
    assert failed.value.reason is FailureReason.NOT_ON_PLAN


async def test_where_the_second_request_fails_the_first_is_told_with_a_warning() -> None:
    everything = [found(LINE, total=9), found(total=5), *[NOTHING] * 8]
    async with serving(answering({"responses": everything}, 503)) as url:
        answer = await ask(url)
    assert facts(answer)[0].is_new
    assert "what is called new may be old" in answer.gaps[0]


async def test_earlier_lines_that_may_not_be_read_are_a_gap() -> None:
    everything = [found(LINE), refused(403, "not that index"), *[NOTHING] * 8]
    async with serving(answering({"responses": everything})) as url:
        answer = await ask(url)
    assert facts(answer)
    assert answer.gaps[0].startswith("earlier log lines could not be read, so what is called new may be old: ")


@pytest.mark.parametrize(
    "odd",
    [
        {**LINE, "message": ["no tier", "second"]},
        {**LINE, "message": {"nested": 1}},
        {**LINE, "message": None},
        {**LINE, "@timestamp": "not a time"},
        {**LINE, "trace.id": {"x": 1}, "host": "a", "host.name": 7, "cloud": []},
        {},
    ],
)
async def test_documents_of_any_shape_are_read_as_far_as_they_can_be(odd: Any) -> None:
    async with serving(answering({"responses": [found(LINE, odd), *[NOTHING] * 9]})) as url:
        answer = await ask(url)
    assert {fact.pattern for fact in facts(answer)} == {"no tier"}


async def test_text_and_fields_from_logs_are_data() -> None:
    secret = "z9" * 10
    hostile: dict[str, Any] = {
        "trace.id": "<!here>\u202e" + "x" * 500,
        "service.version": "<https://evil.example|click> \u200b" + "v" * 300,
    }
    text = f"password={secret} *bold* <@U123> \x1b[31m\u202e" + "y" * 1_000_000
    environ = {"ELASTICSEARCH_TRACE_URL": "https://apm.example/{trace}"}
    logs = [*said(text, 5, **hostile), *said("well", 50, level="info", **of_version("1"))]
    answer = await look(logs, environ=environ)
    (fact,) = facts(answer)
    assert secret not in repr(answer)
    told = repr((answer.evidence[0].text, fact.first, fact.last, fact.differs, fact.pattern))
    for character in ("\u202e", "\u200b", "\x1b", "\\u202e", "\\u200b", "\\x1b"):
        assert character not in told
    assert len(told) < 3_000
    assert fact.first is not None
    assert fact.first.link is not None
    assert "<" not in fact.first.link
    assert "|" not in fact.first.link


def test_settings_that_cannot_work_are_refused() -> None:
    for name, value in (
        ("ELASTICSEARCH_TRACE_URL", "https://apm.example/traces"),
        ("ELASTICSEARCH_TRACE_URL", "javascript:{trace}"),
        ("ELASTICSEARCH_KIBANA_URL", "kibana"),
    ):
        with pytest.raises(SettingsError, match=name):
            read(ElasticsearchSettings, {name: value})
