"""An approved postmortem on its way out: canvas, file, bookmark, memory, follow-ups, a word in the incident's place.

Each step is kept as done before the next one begins, and may be done twice: what a crash cuts off goes on where it was.
A private incident's text goes to its own place alone: not to files that others read, nor to memory.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from bot.domain.alert import Link
from bot.domain.errors import ChatError
from bot.domain.incident import Incident, Place
from bot.domain.life import Draft, Priority
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports import Effects
from bot.domain.ports.life import Canvases, Library, Surroundings, Telling
from bot.domain.postmortem.reading import ReadBack, for_canvas, read_back
from bot.domain.remembered import PastIncident
from bot.flows.learn import Accepted, Learn

log = logging.getLogger(__name__)

TITLE_LIMIT = 140
NOTHING = "-"  # a step's result that has none

CanvasAddress = Callable[[str], Awaitable[str | None]]


class ReviewWords(Protocol):
    """mrkdwn; what comes from outside is escaped in it."""

    def published(self, incident: Incident, draft: Draft, addresses: Sequence[str]) -> str: ...


class MadeFollowUps(Protocol):
    async def make(
        self, incident: Incident, text: str, priority: Priority, *, key: str, by: str, at: datetime
    ) -> None: ...


async def no_address(canvas: str) -> str | None:
    return None


class PublishPostmortem:
    def __init__(
        self,
        *,
        canvases: Canvases,
        libraries: Sequence[Library],
        surroundings: Surroundings,
        telling: Telling,
        effects: Effects,
        learn: Learn,
        follow_ups: MadeFollowUps,
        cause_kind: Callable[[Incident], Awaitable[str]],
        words: ReviewWords,
        canvas_address: CanvasAddress = no_address,
    ) -> None:
        """`libraries`: the address of the last one that has a page is the one that is shown. `cause_kind`: what the
        rules hold the cause to be.
        """
        self._canvases = canvases
        self._libraries = tuple(libraries)
        self._surroundings = surroundings
        self._telling = telling
        self._effects = effects
        self._learn = learn
        self._follow_ups = follow_ups
        self._cause_kind = cause_kind
        self._words = words
        self._canvas_address = canvas_address

    async def __call__(self, incident: Incident, draft: Draft) -> Draft:
        """The draft with its canvas and file. Raises FirstResponderError: it is to be called again, and goes on."""
        # Made first, and shared once its id is kept: a crash in between has it looked for, and nobody sees it twice.
        made = await self._step(draft, "canvas-made", lambda: self._canvas(incident, draft, None))
        draft = replace(draft, canvas=made or draft.canvas)
        canvas = await self._step(draft, "canvas", lambda: self._canvas(incident, draft, incident.place))
        draft = replace(draft, canvas=canvas or draft.canvas)
        filed = await self._filed(incident, draft)
        draft = replace(draft, file=next((one for one in reversed(filed) if one), draft.file))
        addresses = [one for one in (await self._address(draft), *filed) if one]
        await self._step(draft, "bookmark", lambda: self._bookmark(incident, addresses))
        await self._step(draft, "memory", lambda: self._remember(incident, draft, addresses))
        await self._step(draft, "follow-ups", lambda: self._follow_up(incident, draft))
        await self._step(draft, "told", lambda: self._tell(incident, draft, addresses))
        return draft

    async def _filed(self, incident: Incident, draft: Draft) -> Sequence[str]:
        """Where each library has put it."""
        if incident.is_private:
            return ()
        name = f"{incident.id}.md"
        return [
            await self._step(draft, f"file {number}", partial(library.put, name, draft.markdown))
            for number, library in enumerate(self._libraries)
        ]

    async def _step(self, draft: Draft, name: str, work: Callable[[], Awaitable[str]]) -> str:
        """What it came to; from what is kept of it where it was done before."""
        key = f"{mark(draft)}:{name}"
        known = (await self._effects.begin(key)).result
        if known is None:
            known = await work() or NOTHING
            await self._effects.finish(key, known)
        return "" if known == NOTHING else known

    async def _canvas(self, incident: Incident, draft: Draft, place: Place | None) -> str:
        """Plans without canvases, and canvases that are too large, keep nothing else back."""
        title = f"Postmortem {incident.id}: {plain(bare_title(incident.title), TITLE_LIMIT)}"
        try:
            text = for_canvas(draft.markdown)
            return await self._canvases.page(title, text, place, known=draft.canvas)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("the postmortem of %s gets no canvas: %s", incident.id, error)
            return ""

    async def _address(self, draft: Draft) -> str:
        return (await self._canvas_address(draft.canvas) or "") if draft.canvas else ""

    async def _bookmark(self, incident: Incident, addresses: Sequence[str]) -> str:
        page = next((one for one in addresses if one.startswith(("https://", "http://"))), "")
        if page and incident.place is not None:
            await self._surroundings.add_bookmark(incident.place, Link(title="Postmortem", url=page))
        return page

    async def _remember(self, incident: Incident, draft: Draft, addresses: Sequence[str]) -> str:
        if incident.is_private:
            return ""
        link = next((one for one in addresses if one.startswith(("https://", "http://"))), None)
        past = past_incident(incident, read_back(draft.markdown), link, await self._cause_kind(incident))
        accepted = Accepted(past=past, text=draft.markdown, by=approver(draft), lessons=tuple(draft.lessons))
        await self._learn.accept(accepted)
        return past.id

    async def _follow_up(self, incident: Incident, draft: Draft) -> str:
        for item in read_back(draft.markdown).actions:
            key = f"postmortem:{incident.id}:{item.text.casefold().rstrip('. ')}"
            by, at = approver(draft), draft.history[-1].at
            await self._follow_ups.make(incident, item.text, item.priority, key=key, by=by, at=at)
        return ""

    async def _tell(self, incident: Incident, draft: Draft, addresses: Sequence[str]) -> str:
        text = self._words.published(incident, draft, addresses)
        told = await self._telling.in_place(incident, text, key=f"{mark(draft)}:told")
        return told.ts if told else ""


def mark(draft: Draft) -> str:
    """Of one approval of one text."""
    return f"postmortem:{draft.incident}:{len(draft.history)}"


def approver(draft: Draft) -> str:
    return next((one.by for one in reversed(draft.history) if one.what == "approved"), "")


def past_incident(incident: Incident, told: ReadBack, link: str | None, cause_kind: str) -> PastIncident:
    ended = incident.resolved_at
    minutes = round((ended - incident.started_at).total_seconds() / 60) if ended else None
    alerts = dict.fromkeys(bare_title(one.alert.title) for one in incident.alerts)
    labels = {"severity": incident.severity.value}
    for grouped in incident.alerts[:1]:
        labels = {**grouped.alert.labels, **labels}
    return PastIncident(
        id=incident.id,
        title=bare_title(incident.title),
        service=incident.service,
        started_at=incident.started_at,
        minutes=minutes,
        cause=told.cause,
        cause_kind=cause_kind if told.cause else "",
        fix=told.fix,
        symptoms=told.symptoms,
        link=link,
        unhelpful=told.unhelpful,
        alerts=tuple(alerts),
        labels=labels,
    )
