"""The Elasticsearch source against the replay server, with documents made for each question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason, LogFact
from bot.domain.setting import read
from integrations.descriptor import CheckResult, CheckState
from integrations.elasticsearch import INTEGRATION
from integrations.elasticsearch.followed import PATTERNS_SHOWN
from integrations.elasticsearch.questions import LEAD, SIZES, windows_of
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.source import ElasticsearchSource
from sandbox.elasticsearch.server import create_app
from sandbox.scenario.model import LogLine, Scenario, Webhook
from sandbox.serve import serving
from tests.integrations.asking import KEY, NOW, ONSET, REQUEST, asked, tools


def scenario(logs: Iterable[LogLine]) -> Scenario:
    return Scenario(
        name="made",
        title="made for a test",
        folder=Path(),
        loaded_at=NOW.timestamp(),
        onset=ONSET.timestamp(),
        people=(),
        webhook=Webhook(source="generic", payload={}),
        distractors=(),
        series=(),
        logs=tuple(sorted(logs, key=lambda line: line.at)),
        rules=(),
        commits={},
        deployments=(),
        pulls=(),
        oncalls=(),
    )


def said(
    text: Callable[[int], str] | str,
    count: int,
    *,
    since: datetime = ONSET,
    every: float = 1.0,
    service: str = "checkout",
    level: str = "error",
    **fields: Any,
) -> list[LogLine]:
    return [
        LogLine(
            at=(since + timedelta(seconds=every * index)).timestamp(),
            service=service,
            level=level,
            message=text(index) if callable(text) else text,
            host="h-1",
            fields=fields,
        )
        for index in range(count)
    ]


async def look(
    logs: Sequence[LogLine], request: ContextRequest = REQUEST, *, environ: Mapping[str, str] | None = None
) -> Answer:
    app = create_app(scenario(logs), clock=lambda: max(request.now, NOW).timestamp())
    async with serving(app) as url:
        settings = read(ElasticsearchSettings, {"ELASTICSEARCH_URL": url, **(environ or {})})
        with tools() as lent:
            return await ElasticsearchSource(settings, lent).look(request)


def facts(answer: Answer) -> list[LogFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, LogFact)]


EARLIER = ONSET - timedelta(minutes=35)


async def test_what_is_new_since_the_onset_comes_first() -> None:
    answer = await look(
        [
            *said(lambda n: f"no loyalty tier for customer {n}", 40, since=ONSET - timedelta(seconds=90)),
            *said(lambda n: f"card {n} declined", 60, since=ONSET - timedelta(seconds=90)),
            *said(lambda n: f"card {n} declined", 200, since=EARLIER, every=7),
        ]
    )
    new, old = facts(answer)
    assert (new.pattern, new.count, new.baseline, new.is_new) == ("no loyalty tier for customer <*>", 40, 0, True)
    assert new.first_seen == ONSET - timedelta(seconds=90)
    assert new.sample == "no loyalty tier for customer 39"
    assert new.query == 'service.name : "checkout" and log.level : "error" and message : "no loyalty tier for customer"'
    assert (old.pattern, old.is_new) == ("card <*> declined", False)
    assert answer.evidence[0].text == (
        "new in the logs of checkout: “no loyalty tier for customer <*>”, 40 times (error) since 09:11:32 UTC, "
        "not once in 30 min before"
    )
    assert "errors and warnings of checkout, payments in logs-*" in answer.checked


async def test_counts_of_the_longer_earlier_window_are_made_comparable() -> None:
    answer = await look(
        [
            *said("steady failure", 14, since=ONSET - LEAD, every=60),
            *said("steady failure", 30, since=EARLIER, every=50),
        ]
    )
    windows = windows_of(REQUEST)
    assert windows.start - windows.before_start == timedelta(minutes=30)
    (fact,) = facts(answer)
    assert fact.count == 14
    assert fact.baseline == round(30 * windows.scale)


async def test_what_occurred_once_before_is_never_called_new() -> None:
    answer = await look([*said("rare failure", 9), *said("rare failure", 1, since=EARLIER)])
    (fact,) = facts(answer)
    assert (fact.baseline, fact.is_new) == (1, False)


async def test_neighbours_are_read_by_their_name_in_the_logs() -> None:
    answer = await look(
        [*said("acquirer is gone", 5, service="payments-api"), *said("not asked for", 5, service="web")]
    )
    assert [(fact.service, fact.pattern) for fact in facts(answer)] == [("payments", "acquirer is gone")]
    assert 'service.name : "payments-api"' in facts(answer)[0].query


async def test_levels_are_read_whatever_their_case_and_can_be_left_out() -> None:
    logs = [*said("shouted", 2, level="ERROR"), *said("whispered", 2, level="warn"), *said("chatted", 9, level="info")]
    assert {fact.pattern for fact in facts(await look(logs))} == {"shouted", "whispered"}
    only_errors = await look(logs, environ={"ELASTICSEARCH_LEVELS": "error,fatal"})
    assert {fact.pattern for fact in facts(only_errors)} == {"shouted"}


async def test_more_documents_than_are_fetched_are_counted_truly() -> None:
    most = SIZES["own", "errors"]
    flood = said(lambda n: f"flooded {n}", 3 * most, since=ONSET, every=0.05)
    answer = await look(flood)
    (fact,) = facts(answer)
    assert fact.count == 3 * most
    assert "about 3,000 times" in answer.evidence[0].text
    assert "1,000 of them were read, counts of patterns are scaled" in answer.checked


async def test_a_pattern_hidden_in_a_flood_of_earlier_documents_is_not_called_new() -> None:
    most = SIZES["own", "errors"]
    logs = [
        *said("a rare old failure", 3, since=EARLIER),
        *said(lambda n: f"flooded {n}", 2 * most, since=ONSET - timedelta(minutes=25), every=0.4),
        *said("a rare old failure", 5),
        *said("a true new failure", 5),
    ]
    found = {fact.pattern: fact for fact in facts(await look(logs))}
    assert not found["a rare old failure"].is_new
    assert found["a true new failure"].is_new


async def test_no_more_patterns_than_can_be_read() -> None:
    words = [f"{chr(97 + n)}{chr(98 + n)} broke{' again' * n}" for n in range(20)]
    answer = await look([line for word in words for line in said(word, 3)])
    assert len(facts(answer)) == PATTERNS_SHOWN


async def test_text_from_logs_is_data() -> None:
    secret = "z9" * 10
    hostile = f"<!channel> \u202ereversed\u200b\x1b[31m password={secret} " + "x" * 5000
    answer = await look(said(hostile, 2))
    (fact,) = facts(answer)
    assert secret not in repr(answer)
    assert "\u202e" not in repr(fact).encode().decode("unicode_escape") or "\u202e" not in fact.sample
    assert len(fact.sample) <= 300
    assert len(answer.evidence[0].text) < 400


async def test_nothing_in_the_logs_is_an_answer() -> None:
    answer = await look(said("all well", 50, level="info"))
    assert answer.evidence == ()
    assert "0 from 09:03 to 09:17 UTC, 0 from 08:33 to 09:03 UTC" in answer.checked


async def test_an_alert_without_a_service_is_not_asked_about() -> None:
    request = asked(service=None, neighbours=(), alerts=(replace(REQUEST.alert, service=None),))
    answer = await look([], request)
    assert "names no service" in answer.skipped


async def test_a_service_the_catalog_does_not_know_is_searched_by_its_own_name() -> None:
    request = asked(service=None, neighbours=(), alerts=(replace(REQUEST.alert, service="legacy"),))
    answer = await look(said("down", 3, service="legacy"), request)
    assert [fact.service for fact in facts(answer)] == ["legacy"]


async def test_an_index_that_is_not_there_is_no_empty_answer() -> None:
    with pytest.raises(SourceError) as failed:
        await look(said("x", 1), environ={"ELASTICSEARCH_INDEX": "elsewhere-*"})
    assert failed.value.reason is FailureReason.REFUSED
    assert "ELASTICSEARCH_INDEX" in failed.value.detail


async def test_another_version_or_product_is_said() -> None:
    async def version_8(request: Request) -> Response:
        error = {"type": "media_type_header_exception", "reason": "Invalid media-type value on headers"}
        body = {"error": {**error, "root_cause": [error]}, "status": 400}
        return JSONResponse(body, 400, headers={"X-Elastic-Product": "Elasticsearch"})

    async def opensearch(request: Request) -> Response:
        return JSONResponse({"responses": []})

    for handler, words in (
        (version_8, "Elasticsearch 8 or 9 is needed"),
        (opensearch, "OpenSearch is another product"),
    ):
        async with serving(Starlette(routes=[Route("/{path:path}", handler, methods=["POST"])])) as url:
            with tools() as lent:
                source = ElasticsearchSource(read(ElasticsearchSettings, {"ELASTICSEARCH_URL": url}), lent)
                with pytest.raises(SourceError, match=words):
                    await source.look(REQUEST)


async def check(environ: Mapping[str, str], **server: Any) -> CheckResult:
    async with serving(create_app(scenario(said("x", 3)), clock=NOW.timestamp, **server)) as url:
        assert INTEGRATION.check is not None
        with tools() as lent:
            settings = read(ElasticsearchSettings, {"ELASTICSEARCH_URL": url, **environ})
            (result,) = await INTEGRATION.check(settings, lent)
    return result


async def test_check_tells_a_wrong_key_from_a_wrong_field() -> None:
    assert (await check({})).state is CheckState.OK
    assert (await check({"ELASTICSEARCH_API_KEY": KEY}, api_key=KEY)).state is CheckState.OK
    wrong_key = await check({"ELASTICSEARCH_API_KEY": KEY}, api_key=KEY + "x")
    assert "ELASTICSEARCH_API_KEY" in wrong_key.remedy
    no_field = await check({"ELASTICSEARCH_SERVICE_FIELD": "app"})
    assert "no field 'app'" in no_field.detail
    assert no_field.remedy == "set ELASTICSEARCH_SERVICE_FIELD"
    not_countable = await check({"ELASTICSEARCH_LEVEL_FIELD": "message"})
    assert "message.keyword" in not_countable.remedy
    no_index = await check({"ELASTICSEARCH_INDEX": "elsewhere-*"})
    assert "ELASTICSEARCH_INDEX" in no_index.remedy
    no_privilege = await check({"ELASTICSEARCH_API_KEY": KEY}, api_key=KEY, privileges=frozenset())
    assert no_privilege.state is CheckState.PROBLEM
