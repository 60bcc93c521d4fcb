"""Bring past incidents of another place in: once each, resumable, with an account of what was left out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot.domain.ports import Clock
from bot.domain.ports.history import HistorySource, Told
from bot.domain.redact import redact
from bot.domain.remembered import PastIncident, Postmortem, digest_of

BATCH = 50  # stored and noted together: an import that is cut off repeats at most so many


class Keeper(Protocol):
    """Where past incidents, their postmortems and what was imported are kept."""

    async def past(self) -> Mapping[str, PastIncident]: ...

    async def keep(
        self, source: str, told: Sequence[tuple[Told, str]], postmortems: Sequence[Postmortem], at: datetime
    ) -> None:
        """With the digest of each, all or nothing. Raises NotStored."""
        ...

    async def known(self, source: str) -> Mapping[str, str]:
        """Digests of what came from there before, by the source's keys."""
        ...


@dataclass(frozen=True, kw_only=True)
class Left:
    name: str
    why: str


@dataclass
class Report:
    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: list[Left] = field(default_factory=list)
    hidden: int = 0  # texts in which something that looked like a secret was taken out


OnProgress = Callable[[int], None]  # how many were seen


class ImportHistory:
    def __init__(self, keeper: Keeper, *, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock

    async def __call__(
        self, source: HistorySource, *, dry_run: bool = False, on_progress: OnProgress = lambda _: None
    ) -> Report:
        """`dry_run` stores nothing and reports the same. Raises SourceError and NotStored; goes on where it stopped."""
        known = await self._keeper.known(source.name)
        alike = {_likeness(past): past for past in (await self._keeper.past()).values()}
        report, waiting = Report(), list[tuple[Told, str]]()
        async for told, digest in self._wanted(source, known, alike, report):
            waiting.append((told, digest))
            if len(waiting) >= BATCH and not dry_run:
                await self._keep(source.name, waiting)
                waiting.clear()
            on_progress(report.seen)
        if waiting and not dry_run:
            await self._keep(source.name, waiting)
        on_progress(report.seen)
        return report

    async def _wanted(
        self, source: HistorySource, known: Mapping[str, str], alike: Mapping[str, PastIncident], report: Report
    ) -> AsyncIterator[tuple[Told, str]]:
        seen: set[str] = set()
        async for item in source.items():
            report.seen += 1
            if item.past is None or item.key in seen:
                why = item.skipped or "it came twice"
                report.skipped.append(Left(name=item.name, why=why))
                continue
            seen.add(item.key)
            told = _clean(item, report)
            assert told.past is not None
            digest = digest_of(f"{told.past!r}\n{told.text}")
            twin = alike.get(_likeness(told.past))
            if known.get(told.key) == digest:
                report.unchanged += 1
            # Within one place the same alert twice a day is two incidents; another place's account of it is one more.
            elif told.key not in known and twin is not None and twin.origin != told.past.origin:
                report.skipped.append(
                    Left(name=told.name, why=f"it tells of the same as {twin.id}: same title, day and service")
                )
            else:
                report.changed += told.key in known
                report.new += told.key not in known
                yield told, digest

    async def _keep(self, source: str, told: Sequence[tuple[Told, str]]) -> None:
        now = self._clock.now()
        postmortems = [
            Postmortem(incident=one.past.id, title=one.past.title, text=one.text, accepted_by=source, accepted_at=now)
            for one, _ in told
            if one.past is not None and one.text
        ]
        await self._keeper.keep(source, told, postmortems, now)


def _clean(told: Told, report: Report) -> Told:
    """Without what looks like a secret, before anything is stored."""
    past = told.past
    assert past is not None
    fields = ("title", "cause", "fix", "symptoms", "unhelpful")
    clean = replace(
        told,
        text=redact(told.text),
        past=replace(
            past,
            title=redact(past.title),
            cause=redact(past.cause),
            fix=redact(past.fix),
            symptoms=redact(past.symptoms),
            unhelpful=redact(past.unhelpful),
            labels={name: redact(value) for name, value in past.labels.items()},
        ),
    )
    assert clean.past is not None
    report.hidden += (clean.text != told.text) + sum(getattr(past, f) != getattr(clean.past, f) for f in fields)
    return clean


def _likeness(past: PastIncident) -> str:
    words = re.sub(r"\W+", " ", past.title.lower()).strip()
    return f"{words}|{past.service or ''}|{past.started_at:%Y-%m-%d}"
