"""Asks PagerDuty about the burning service: who is on call and who is next, what happened to it, what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason
from bot.domain.plaintext import plain
from integrations.descriptor import Tools
from integrations.pagerduty.client import VENDOR, Clients, NotThere, PagerDutyClient
from integrations.pagerduty.look import (
    ALL_CHANGES,
    CHANGES,
    DUTY,
    FEATURES,
    OPEN,
    ORDER,
    RECENT,
    RECENTS,
    SERVICE,
    Look,
    Memory,
)
from integrations.pagerduty.settings import PagerDutySettings
from integrations.pagerduty.webhook import SOURCE as WEBHOOK
from integrations.pagerduty.wording import NAME_LIMIT, SOURCE, evidence
from integrations.threads import run_until

BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
MOST_LIKE = 3  # names that are suggested


class PagerDutySource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: PagerDutySettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline
        self._memory = Memory()

    def warm(self) -> None:
        """Import the client library; takes a while, so on a thread."""
        with PagerDutyClient(self._settings, deadline=self._deadline):
            pass

    async def look(self, request: ContextRequest) -> Answer:
        began = asyncio.get_running_loop().time()
        clients = Clients(self._settings, deadline=self._deadline)
        look = self._look(request, clients)
        if not (look.service_id or look.policy or request.service_name):
            return Answer(skipped="the alert names no service, no pagerduty_service and no escalation_policy")
        try:
            await run_until(began + self._deadline * BUDGET_SHARE, look.questions())
        finally:
            clients.close()
        if not any(is_answered for what, is_answered in look.asked.items() if what != SERVICE):
            return self._without_answer(look)
        return Answer(evidence=tuple(evidence(look)), gaps=tuple(_gaps(look)), checked=_checked(look))

    def _look(self, request: ContextRequest, clients: Clients) -> Look:
        """The catalog's word counts; PagerDuty's own alerts carry theirs."""
        service, labels = request.service, request.alert.labels
        own = next((alert for alert in request.alerts if alert.source == WEBHOOK), None)
        return Look(
            request=request,
            threads=self._threads,
            clients=clients,
            memory=self._memory,
            service_id=(service.pagerduty_service if service else None) or labels.get("pagerduty_service", ""),
            policy=(service.escalation_policy if service else None) or labels.get("escalation_policy", ""),
            incident=own.labels.get("pagerduty_incident", "") if own else "",
        )

    def _without_answer(self, look: Look) -> Answer:
        """Raises SourceError unless the plan is the only reason."""
        errors = [look.errors[what] for what in ORDER if what in look.errors]
        others = [error for error in errors if error.reason is not FailureReason.NOT_ON_PLAN]
        if others:
            raise others[0]
        if errors:
            return Answer(skipped=errors[0].detail)
        if not all(look.asked.values()):
            raise VENDOR.too_slow(self._deadline * BUDGET_SHARE)
        return Answer(skipped=_not_found(look))


def _checked(look: Look) -> str:
    """What was answered, for "ruled out"."""
    request = look.request
    own = plain(request.service_name or "the service", NAME_LIMIT)
    named = look.duties[0].policy if look.duties else look.policy or (look.known.policy if look.known else "")
    policy = plain(named, NAME_LIMIT)
    window = f"from {request.changes_since:%H:%M} to {request.now:%H:%M} UTC"
    told = {
        DUTY: f"who is on call in the escalation policy {policy} at {request.now:%H:%M} UTC and next",
        RECENTS: f"incidents of {own} in the last {RECENT.days} days",
        OPEN: "open ones of what it depends on" if look.dependencies else "",
        CHANGES: f"change events of {own} {window}",
        ALL_CHANGES: f"change events of its neighbours {window}",
    }
    parts = [text for what, text in told.items() if text and look.asked.get(what)]
    if look.known and look.is_by_name:
        parts.append(
            f"PagerDuty's service {plain(look.known.name, NAME_LIMIT)} ({look.known.id}) was found by its name"
        )
    return ", ".join(parts)


# --- what could not be looked at -----------------------------------------------------------------------------------


def _gaps(look: Look) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for what, error in sorted(look.errors.items(), key=lambda pair: ORDER.index(pair[0])):
        if not (what == SERVICE and look.is_stale):
            by_reason.setdefault(_reason(what, error, look), []).append(what)
    for reason, names in by_reason.items():
        yield f"{_sentence(names)}: {reason}"
    late = [what for what in ORDER if what in look.asked and not look.asked[what] and what not in look.errors]
    if late:
        yield f"{_sentence(late)}: PagerDuty did not answer in time"
    if look.is_stale:
        now = f"; it is {plain(look.known.id, NAME_LIMIT)}" if look.known else ""
        id = plain(look.service_id, NAME_LIMIT)
        yield f"PagerDuty has no service {id}: mend pagerduty_service in the catalog{now}"
    elif look.known is None and SERVICE not in look.errors and SERVICE not in late:
        yield _not_found(look)
    yield from _cut(look)


def _reason(what: str, error: SourceError, look: Look) -> str:
    if error.reason is FailureReason.NOT_ON_PLAN:
        return "not on your PagerDuty plan"
    if isinstance(error, NotThere) and what in FEATURES:
        return "not on your PagerDuty plan (it does not know this question)"
    if isinstance(error, NotThere) and what == CHANGES:
        id = plain(look.own, NAME_LIMIT)
        return f"not on your PagerDuty plan, or it has no service {id}: check pagerduty_service in the catalog"
    return error.detail.rstrip(".")


def _sentence(names: list[str]) -> str:
    told = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return told[:1].upper() + told[1:]


def _not_found(look: Look) -> str:
    name = plain(look.request.service_name or "", NAME_LIMIT)
    if not name:
        return "Incidents and changes: the alert names no service to look for in PagerDuty"
    like = ", ".join(plain(item, NAME_LIMIT) for item in look.like[:MOST_LIKE])
    near = f"; it has {like}" if like else ""
    return f"PagerDuty has no service called {name}{near}: set pagerduty_service in the catalog"


def _cut(look: Look) -> Iterator[str]:
    for what, page in ((OPEN, look.open), (CHANGES, look.changes), (ALL_CHANGES, look.all_changes)):
        if page is not None and not page.is_all:
            yield f"Of {what} only the newest {len(page.items)} were read"
