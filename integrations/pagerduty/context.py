"""Asks PagerDuty who is on call for the burning service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, OnCallFact
from bot.domain.plaintext import plain
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.failure import as_check
from integrations.pagerduty.client import Duty, PagerDutyClient
from integrations.pagerduty.settings import PagerDutySettings

SOURCE = "pagerduty"
SUBJECT = "PagerDuty REST key"
NAME_LIMIT = 100


class PagerDutySource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: PagerDutySettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a while, so on a thread."""
        with PagerDutyClient(self._settings, deadline=self._deadline):
            pass

    async def look(self, request: ContextRequest) -> Answer:
        policy, service = _policy(request), request.service.pagerduty_service if request.service else None
        service = service or request.alert.labels.get("pagerduty_service")
        if not policy and not service:
            return Answer(skipped="no escalation_policy and no pagerduty_service in the catalog for this service")
        try:
            duties = await self._threads.run(partial(self._ask, policy, service))
        except SourceError as error:
            if error.reason is FailureReason.NOT_ON_PLAN:
                return Answer(skipped=error.detail)
            raise
        current = _current(duties, request.now)
        named = current[0].policy if current else policy or f"of service {service}"
        return Answer(
            evidence=tuple(_evidence(duty) for duty in current),
            checked=f"who is on call in the escalation policy {plain(named, NAME_LIMIT)} at {request.now:%H:%M} UTC",
        )

    def _ask(self, policy: str | None, service: str | None) -> tuple[Duty, ...]:
        with PagerDutyClient(self._settings, deadline=self._deadline) as client:
            return client.on_call(policy or client.policy_of(service or ""))


def _policy(request: ContextRequest) -> str | None:
    """The catalog's word counts; PagerDuty's own alerts carry theirs."""
    known = request.service.escalation_policy if request.service else None
    return known or request.alert.labels.get("escalation_policy")


def _current(duties: Iterable[Duty], now: datetime) -> list[Duty]:
    """On call at this moment; a person once a level."""
    on_call = [d for d in duties if (d.start is None or d.start <= now) and (d.end is None or d.end > now)]
    return list({(duty.level, duty.email or duty.person): duty for duty in on_call}.values())


def _evidence(duty: Duty) -> Evidence:
    fact = OnCallFact(
        person=plain(duty.person, NAME_LIMIT),
        email=plain(duty.email, NAME_LIMIT),
        level=duty.level,
        policy=plain(duty.policy, NAME_LIMIT),
        until=duty.end,
    )
    until = f" until {duty.end:%d %b %H:%M} UTC" if duty.end else ""
    text = f"{fact.person} is on call at level {fact.level} of {fact.policy}{until}"
    return Evidence(source=SOURCE, text=text, fact=fact, link=duty.link)


async def check(settings: PagerDutySettings, tools: Tools) -> tuple[CheckResult, ...]:
    """Asks for the account's abilities."""
    if not settings.api_key:
        detail = "PAGERDUTY_API_KEY is not set: briefings do not say who is on call"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)

    def ask() -> int:
        with PagerDutyClient(settings, deadline=tools.source_deadline) as client:
            return len(client.abilities())

    try:
        abilities = await tools.threads.run(ask)
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    detail = f"accepted by {settings.url}; the account's plan has {abilities} abilities"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)
