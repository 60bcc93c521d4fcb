"""Elasticsearch 9 and 8: what is new in the logs. https://www.elastic.co/docs/api/doc/elasticsearch"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.elasticsearch.actions import actions
from integrations.elasticsearch.client import ElasticsearchClient
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.source import ElasticsearchSource
from integrations.elasticsearch.versions import speaks_earlier
from integrations.failure import as_check

SUBJECT = "Elasticsearch"


def _sources(settings: ElasticsearchSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (ElasticsearchSource(settings, tools),) if settings.url else ()


async def _check(settings: ElasticsearchSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.url:
        detail = "ELASTICSEARCH_URL is not set: briefings come without logs"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    names = [field for _, field, _ in (*_needed(settings), *_helpful(settings))]
    try:
        async with ElasticsearchClient(settings, tools.threads, deadline=tools.source_deadline) as client:
            kinds = await client.field_kinds(names)
            (found,) = await client.search([{"size": 0, "query": {"match_all": {}}}])
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    if isinstance(found, SourceError):
        return (as_check(SUBJECT, found),)
    return (_fields(settings, kinds),)


def _needed(settings: ElasticsearchSettings) -> tuple[tuple[str, str, bool], ...]:
    """(variable, field, whether it is counted by value) without which nothing is found."""
    return (
        ("ELASTICSEARCH_TIME_FIELD", settings.time_field, False),
        ("ELASTICSEARCH_SERVICE_FIELD", settings.service_field, True),
        ("ELASTICSEARCH_LEVEL_FIELD", settings.level_field, True),
        ("ELASTICSEARCH_MESSAGE_FIELD", settings.message_field, False),
    )


def _helpful(settings: ElasticsearchSettings) -> tuple[tuple[str, str, bool], ...]:
    """Those without which less is told."""
    counted = [(f"ELASTICSEARCH_{name.upper()}_FIELD", field, True) for name, field in settings.differing.items()]
    return (*counted, ("ELASTICSEARCH_TRACE_FIELD", settings.trace_field, False))


def _fields(settings: ElasticsearchSettings, kinds: Mapping[str, tuple[str, bool]]) -> CheckResult:
    """Whether the documents name things as the settings say."""
    missing = []
    for env, name, countable in (*_needed(settings), *_helpful(settings)):
        kind, aggregatable = kinds.get(name, ("", False))
        if not kind and (env, name, countable) in _needed(settings):
            detail = f"documents of {settings.index} have no field {name!r}"
            return CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=f"set {env}")
        if not kind:
            missing.append(f"{name} ({env})")
        elif countable and not aggregatable:
            detail = f"the field {name!r} of {settings.index} is of type {kind} and cannot be counted by value"
            remedy = f"set {env} to its keyword field, often {name}.keyword"
            return CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=remedy)
    version = " (8.x)" if speaks_earlier(settings.host) else ""
    detail = f"answers at {settings.url}{version}, {settings.index} can be searched"
    if missing:
        detail += f"; no document has {', '.join(missing)}: less is told of what lines have in common"
    return CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail)


INTEGRATION = Integration(
    name="elasticsearch",
    title="Elasticsearch",
    settings=ElasticsearchSettings,
    sources=_sources,
    actions=actions,
    check=_check,
)
