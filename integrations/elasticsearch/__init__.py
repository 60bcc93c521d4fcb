"""Elasticsearch 9: what is new in the logs. https://www.elastic.co/docs/api/doc/elasticsearch"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.elasticsearch.client import ElasticsearchClient
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.source import ElasticsearchSource
from integrations.failure import as_check

SUBJECT = "Elasticsearch"


def _sources(settings: ElasticsearchSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (ElasticsearchSource(settings, tools),) if settings.url else ()


async def _check(settings: ElasticsearchSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.url:
        detail = "ELASTICSEARCH_URL is not set: briefings come without logs"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    names = (settings.time_field, settings.service_field, settings.level_field, settings.message_field)
    try:
        async with ElasticsearchClient(settings, tools.threads, deadline=tools.source_deadline) as client:
            kinds = await client.field_kinds(names)
            await client.search([{"size": 0, "query": {"match_all": {}}}])
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    return (_fields(settings, kinds),)


def _fields(settings: ElasticsearchSettings, kinds: Mapping[str, tuple[str, bool]]) -> CheckResult:
    """Whether the documents name things as the settings say."""
    wanted = (
        ("ELASTICSEARCH_TIME_FIELD", settings.time_field, False),
        ("ELASTICSEARCH_SERVICE_FIELD", settings.service_field, True),
        ("ELASTICSEARCH_LEVEL_FIELD", settings.level_field, True),
        ("ELASTICSEARCH_MESSAGE_FIELD", settings.message_field, False),
    )
    for env, name, countable in wanted:
        kind, aggregatable = kinds.get(name, ("", False))
        if not kind:
            detail = f"documents of {settings.index} have no field {name!r}"
            return CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=f"set {env}")
        if countable and not aggregatable:
            detail = f"the field {name!r} of {settings.index} is of type {kind} and cannot be counted by value"
            remedy = f"set {env} to its keyword field, often {name}.keyword"
            return CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=remedy)
    return CheckResult(
        subject=SUBJECT, state=CheckState.OK, detail=f"answers at {settings.url}, {settings.index} can be searched"
    )


INTEGRATION = Integration(
    name="elasticsearch",
    title="Elasticsearch",
    settings=ElasticsearchSettings,
    sources=_sources,
    check=_check,
)
