"""The postmortem of an incident, from its first draft to its publication.

    resolved -> drafted from facts -> (drafted by the model) -> read, edited, rejected -> approved -> published

What people decide is kept at once; what follows from it (the card, the model's text, publication) is brought about by
`follow` and `tick`, which look at what is kept and do what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.approval import PersonKind
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Draft, DraftState, Order, Revision
from bot.domain.plaintext import plain, visible
from bot.domain.ports import Clock, Effects, Incidents, Timeline, TimelineEvent
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Telling
from bot.domain.postmortem.reading import blaming, missing, read_back
from bot.domain.postmortem.review import (
    APPROVED,
    EDITED,
    FROM_FACTS,
    PUBLISHED,
    REJECTED,
    drafted_at,
)
from bot.flows.life.drafting_postmortem import DraftPostmortem
from bot.flows.life.publishing import PublishPostmortem, approver
from bot.flows.life.review_card import CardWords, ReviewCard
from bot.flows.life.rewriting import Rewriting

log = logging.getLogger(__name__)

SCAN_EVERY = timedelta(minutes=5)  # all drafts that are not published; those that changed here are looked at at once
TRY_AGAIN = timedelta(minutes=5)  # after something failed outside: what refuses us now is rarely mended in seconds
REASON_LIMIT = 500  # characters
MARKDOWN_LIMIT = 200_000  # characters: a postmortem of a hundred pages
MOST_NAMED = 5  # sentences that may read as blame, in one answer
SENTENCE_LIMIT = 200


class Postmortems:
    """The `PostmortemDesk` and `Follower` ports."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        directory: Directory,
        telling: Telling,
        write: DraftPostmortem,
        publish: PublishPostmortem,
        words: CardWords,
        clock: Clock,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_change` is told the incident's id: what follows from it is to be done soon."""
        self._kept = life.drafts
        self._incidents = incidents
        self._timeline = timeline
        self._effects = effects
        self._directory = directory
        self._card = ReviewCard(drafts=life.drafts, telling=telling, words=words)
        self._rewriting = Rewriting(
            drafts=life.drafts, write=write, card=self._card, clock=clock, on_change=self._touch, try_again=TRY_AGAIN
        )
        self._write = write
        self._publish = publish
        self._clock = clock
        self._on_change = on_change
        self._changed: set[str] = set()
        self._next_scan: datetime | None = None
        self._retry_at: dict[str, datetime] = {}  # by incident: when its publication is tried again
        self._troubles: dict[str, str] = {}  # by incident: why its publication waits

    # --- what people do ----------------------------------------------------------------------------------------------

    async def draft(self, order: Order, *, afresh: bool = False) -> Draft | None:
        there = await self._kept.get(order.incident)
        if there is not None and not (afresh and await self._is_first(order, there)):
            return there
        incident = await self._incidents.get(order.incident)
        if incident is None:
            return None
        made = await self._draft_afresh(incident, there, order.person)
        self._touch(order.incident)
        return made

    async def get(self, incident_id: str) -> Draft | None:
        return await self._kept.get(incident_id)

    async def edit(self, order: Order, markdown: str) -> str:
        text = visible(markdown.replace("\r\n", "\n")).strip()[:MARKDOWN_LIMIT]
        draft = await self._kept.get(order.incident)
        if draft is None:
            return _none(order)
        if refusal := await self._not_a_member(order.person):
            return refusal
        if draft.state is DraftState.APPROVED:
            return f"The postmortem of {order.incident} is being published: edit it once it is."
        if not text:
            return "An empty text was not kept."
        if text == draft.markdown.strip():
            return "Nothing has changed."
        change = Revision(at=self._clock.now(), by=order.person, what=EDITED, markdown=f"{text}\n")
        after = replace(draft, state=DraftState.DRAFT, lessons=read_back(text).lessons)
        if await self._moved(after, change) is None:
            return _faster(order)
        return await self._kept_as_written(order, text)

    async def approve(self, order: Order, lessons: Sequence[str] | None = None, *, version: int | None = None) -> str:
        """`version`: the one that was read; a changed draft refuses it. None: the one that is there now."""
        draft = await self._kept.get(order.incident)
        if draft is None:
            return _none(order)
        if draft.state in (DraftState.APPROVED, DraftState.PUBLISHED):
            return f"The postmortem of {order.incident} was approved by <@{approver(draft)}> already."
        if refusal := await self._not_a_member(order.person):
            return refusal
        if draft.state is DraftState.REJECTED:
            return f"It was rejected: edit it, or wait for a new draft ({draft.history[-1].reason})."
        if version is not None and version != draft.version:
            return _faster(order)
        kept = draft.lessons if lessons is None else tuple(one for one in lessons if one.strip())
        change = Revision(at=self._clock.now(), by=order.person, what=APPROVED, markdown=draft.markdown)
        after = replace(draft, state=DraftState.APPROVED, lessons=kept)
        if await self._moved(after, change) is None:
            return _faster(order)
        self._retry_at.pop(order.incident, None)
        return f"The postmortem of {order.incident} is approved; it is being published."

    async def reject(self, order: Order) -> str:
        reason = plain(order.word, REASON_LIMIT)
        draft = await self._kept.get(order.incident)
        if draft is None:
            return _none(order)
        if not reason:
            return "Say what is wrong with it: whoever writes it anew needs to know."
        if refusal := await self._not_a_member(order.person):
            return refusal
        if draft.state in (DraftState.APPROVED, DraftState.PUBLISHED):
            return f"The postmortem of {order.incident} was approved by <@{approver(draft)}> already: edit it instead."
        if draft.state is DraftState.REJECTED:
            return "It was rejected already."
        change = Revision(at=self._clock.now(), by=order.person, what=REJECTED, markdown=draft.markdown, reason=reason)
        if await self._moved(replace(draft, state=DraftState.REJECTED), change) is None:
            return _faster(order)
        anew = "The model drafts it anew." if self._write.has_model else "Edit it, or have it drafted afresh."
        return f"The draft of {order.incident} is rejected. {anew}"

    async def _kept_as_written(self, order: Order, text: str) -> str:
        """What may read as blame is named, and stays: people own their words."""
        said = ["Kept as you wrote it."]
        if gone := missing(text):
            said.append(f"Without a heading now: {', '.join(gone)}.")
        incident = await self._incidents.get(order.incident)
        names = (await self._write.material(incident)).names if incident else {}
        if found := blaming(text, names):
            said.append("This may read as blame:")
            said += [f"“{plain(one, SENTENCE_LIMIT)}” {why.remedy}" for one, why in found[:MOST_NAMED]]
            said += [f"And {len(found) - MOST_NAMED} more."] if len(found) > MOST_NAMED else []
        return " ".join(said)

    async def _not_a_member(self, person: str) -> str:
        found = (await self._directory.people([person], afresh=True)).get(person)
        if found is not None and found.kind is PersonKind.MEMBER:
            return ""
        return "Only full members of this workspace review postmortems."

    async def _is_first(self, order: Order, there: Draft) -> bool:
        """The same word twice drafts once; what is being published is not drafted over."""
        if there.state is DraftState.APPROVED:
            return False
        key = f"postmortem-afresh:{order.id}"
        if (await self._effects.begin(key)).begun:
            return False
        await self._effects.finish(key, "drafted")
        return True

    # --- what follows ------------------------------------------------------------------------------------------------

    async def follow(self, incident: Incident) -> None:
        if incident.status is IncidentStatus.RESOLVED and incident.merged_into is None:
            await self._drafted(incident)
        await self._settle(incident.id)

    async def tick(self, now: datetime) -> None:
        wanted, self._changed = self._changed, set()
        if self._next_scan is None or now >= self._next_scan:
            waiting = await self._kept.in_state(DraftState.DRAFT, DraftState.REJECTED, DraftState.APPROVED)
            wanted |= {one.incident for one in waiting}
            self._next_scan = now + SCAN_EVERY
        failed: FirstResponderError | None = None
        for incident_id in sorted(wanted):
            try:
                await self._settle(incident_id)
            except FirstResponderError as error:
                self._changed.add(incident_id)
                failed = error
        if failed is not None:
            raise failed

    async def close(self) -> None:
        await self._rewriting.close()

    async def written(self) -> None:
        """Returns once the model writes nothing any more."""
        await self._rewriting.over()

    async def _drafted(self, incident: Incident) -> None:
        """A first draft; another one where it was opened again since, and is over again."""
        there = await self._kept.get(incident.id)
        if there is None:
            await self._draft_afresh(incident, None, "")
            return
        is_of_before = incident.resolved_at is not None and drafted_at(there) < incident.resolved_at
        if is_of_before and there.state is not DraftState.APPROVED:
            await self._draft_afresh(incident, there, "")

    async def _draft_afresh(self, incident: Incident, there: Draft | None, by: str) -> Draft | None:
        text = await self._write.by_rules(incident)
        change = Revision(at=self._clock.now(), by=by, what=FROM_FACTS, markdown=text.markdown)
        if there is None:
            first = Draft(incident=incident.id, state=DraftState.DRAFT, history=(change,), lessons=text.lessons)
            await self._kept.add(first)
            return await self._kept.get(incident.id)
        await self._card.retire(incident, there)
        after = replace(there, state=DraftState.DRAFT, lessons=text.lessons, file="", card=None)
        return await self._moved(after, change) or await self._kept.get(incident.id)

    async def _settle(self, incident_id: str) -> None:
        draft, incident = await self._kept.get(incident_id), await self._incidents.get(incident_id)
        if draft is None or incident is None:
            return
        if draft.state is DraftState.APPROVED:
            await self._published(incident, draft)
            return
        self._rewriting.begin(incident, draft)
        await self._card.show(incident, draft)

    # --- publication -------------------------------------------------------------------------------------------------

    async def _published(self, incident: Incident, draft: Draft) -> None:
        if (at := self._retry_at.get(incident.id)) is not None and self._clock.now() < at:
            return
        try:
            await self._card.show(incident, draft, self._troubles.get(incident.id, ""))
            done = await self._publish(incident, draft)
        except FirstResponderError as error:
            self._retry_at[incident.id] = self._clock.now() + TRY_AGAIN
            self._troubles[incident.id] = str(error)
            raise
        self._retry_at.pop(incident.id, None)
        self._troubles.pop(incident.id, None)
        now = self._clock.now()
        text = f"Postmortem published, approved by <@{approver(draft)}>"
        event = TimelineEvent(incident_id=incident.id, at=now, kind="review", text=text, link=_page(done.file))
        await self._timeline.add(event, key=f"postmortem-published:{incident.id}:{len(draft.history)}")
        kept = await self._kept.get(incident.id)
        if kept is None or kept.state is not DraftState.APPROVED:
            return  # another process was faster
        change = Revision(at=now, by="", what=PUBLISHED, markdown=kept.markdown)
        after = replace(kept, state=DraftState.PUBLISHED, canvas=done.canvas, file=done.file)
        if (shown := await self._moved(after, change)) is not None:
            await self._card.show(incident, shown)

    async def _moved(self, draft: Draft, change: Revision) -> Draft | None:
        """With one more entry in its history. None: somebody else was faster."""
        after = await self._kept.put(replace(draft, history=(*draft.history, change)))
        if after is not None:
            self._touch(draft.incident)
        return after

    def _touch(self, incident_id: str) -> None:
        self._changed.add(incident_id)
        self._on_change(incident_id)


def _none(order: Order) -> str:
    return f"There is no postmortem of {order.incident} yet."


def _faster(order: Order) -> str:
    return f"The draft of {order.incident} has changed since you read it: read it again, then decide."


def _page(address: str) -> str | None:
    return address if address.startswith(("https://", "http://")) else None
