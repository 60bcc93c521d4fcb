"""What is kept about the burning service: how often this happened lately, and what people noted or learned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.alert import Alert
from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, NoteFact, RecurrenceFact
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from memory.mirror import Mirror
from memory.store import Store

LATELY = timedelta(days=30)
MOST_NOTES = 5
MOST_NAMED = 5
TEXT_LIMIT = 500
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


class EarlierSource:
    """A `ContextSource`."""

    name = "history"

    def __init__(self, store: Store, mirror: Mirror) -> None:
        self._store = store
        self._mirror = mirror

    async def look(self, request: ContextRequest) -> Answer:
        service = request.service_name
        if service is None:
            return Answer(skipped="the alert names no service")
        try:
            recurrence = await self._recurrence(request, service)
            noted = [*await self._notes(service)]
        except NotStored as error:
            raise SourceError(
                FailureReason.UNREACHABLE, f"What is kept of {service} cannot be read: {error}."
            ) from error
        evidence = (*([recurrence] if recurrence else []), *noted)
        return Answer(
            evidence=tuple(evidence), checked=f"incidents of {service} in the last {LATELY.days} days, and notes"
        )

    async def _recurrence(self, request: ContextRequest, service: str) -> Evidence | None:
        told = {_condition(alert) for alert in request.alerts}
        before = [
            one
            for one in await self._store.earlier_of(service, request.onset - LATELY)
            if one.id != request.incident_id and one.at < request.onset and _condition(one.alert) in told
        ]
        if not before:
            return None
        name = bare_title(request.alert.labels.get("alertname") or request.alert.title)
        fact = RecurrenceFact(
            service=service,
            alert=plain(name, TEXT_LIMIT),
            count=len(before) + 1,
            days=LATELY.days,
            incidents=tuple(one.id for one in before[:MOST_NAMED]),
            last_at=before[0].at,
        )
        return Evidence(source=self.name, text=_sentence(fact), fact=fact, at=fact.last_at)

    async def _notes(self, service: str) -> Iterator[Evidence]:
        await self._mirror.refresh()
        notes = [
            NoteFact(service=service, text=note.text, author=note.author, at=note.at)
            for note in await self._store.notes.of(service)
        ]
        lessons = sorted(self._mirror.lessons.values(), key=lambda lesson: (-lesson.trust, lesson.id))
        learned = [
            NoteFact(service=service, text=lesson.text, author=lesson.author, at=lesson.at)
            for lesson in lessons
            if lesson.service == service
        ]
        found = (*notes[:MOST_NOTES], *learned[:MOST_NOTES])
        return (
            Evidence(
                source=self.name, text=f"Noted about {service}: {plain(fact.text, TEXT_LIMIT)}", fact=fact, at=fact.at
            )
            for fact in found
        )


def _condition(alert: Alert) -> str:
    """The same alert fires again under the same name, or else with the same fingerprint."""
    return alert.labels.get("alertname") or f"{alert.source}|{alert.fingerprint}"


def _sentence(fact: RecurrenceFact) -> str:
    time = _ORDINALS.get(fact.count, f"{fact.count}th")
    return (
        f"{fact.alert} of {fact.service} for the {time} time in {fact.days} days; the last was {fact.incidents[0]} "
        f"on {fact.last_at:%-d %b at %H:%M} UTC"
    )
