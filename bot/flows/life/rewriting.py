"""The model's better wording of a draft, in the background: people read what the rules made meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import Incident
from bot.domain.life import Draft, DraftState, Revision
from bot.domain.model import ModelError
from bot.domain.ports import Clock
from bot.domain.ports.kept import Kept
from bot.domain.postmortem.review import BY_MODEL, NOT_AGAIN, wants_model
from bot.flows.life.drafting_postmortem import DraftPostmortem, Text
from bot.flows.life.review_card import ReviewCard
from bot.flows.metered import NotAllowed

log = logging.getLogger(__name__)

MOST_TRIES = 3  # of a model that is busy or out of reach, minutes apart: then the review begins without it


class Rewriting:
    def __init__(
        self,
        *,
        drafts: Kept[Draft],
        write: DraftPostmortem,
        card: ReviewCard,
        clock: Clock,
        on_change: Callable[[str], None],
        try_again: timedelta,
    ) -> None:
        """`try_again`: how long it waits where the store or Slack did not take what the model wrote."""
        self._drafts = drafts
        self._write = write
        self._card = card
        self._clock = clock
        self._on_change = on_change
        self._try_again = try_again
        self._write_at: dict[str, datetime] = {}  # by incident: when the model is asked again
        self._tries: dict[str, int] = {}  # by incident: how often it was out of reach
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        for task in self._writing.values():
            task.cancel()
        await asyncio.gather(*self._writing.values(), return_exceptions=True)

    async def over(self) -> None:
        """Returns once nothing is written any more."""
        while self._writing:
            await asyncio.gather(*self._writing.values(), return_exceptions=True)

    def begin(self, incident: Incident, draft: Draft) -> None:
        """Nothing where the model is not wanted, writes already, or is to be asked again only later."""
        if not wants_model(draft) or not self._write.has_model or incident.id in self._writing:
            return
        if (at := self._write_at.pop(incident.id, None)) is not None and self._clock.now() < at:
            self._write_at[incident.id] = at
            return
        task = asyncio.create_task(self._rewrite(incident, draft))
        self._writing[incident.id] = task
        task.add_done_callback(lambda _: self._writing.pop(incident.id, None))

    async def _rewrite(self, incident: Incident, draft: Draft) -> None:
        """What the model cannot do is said, and it is not asked again about the same draft."""
        reason = draft.history[-1].reason if draft.state is DraftState.REJECTED else ""
        try:
            try:
                text = await self._write.by_model(incident, reason=reason)
            except (ModelError, NotAllowed) as error:
                log.warning("the postmortem of %s is not written by the model: %s", incident.id, error)
                if not self._may_pass(incident, error):
                    await self._without_model(draft, str(error))
            else:
                await self._with_model(incident, draft, text)
        except (NotStored, ChatError) as error:
            log.warning("the postmortem of %s is written later: %s", incident.id, error)
            self._write_at[incident.id] = self._clock.now() + self._try_again
        self._on_change(incident.id)

    def _may_pass(self, incident: Incident, error: ModelError | NotAllowed) -> bool:
        """The model was busy or out of reach: it is asked again some times before people are told to do without."""
        tries = self._tries.get(incident.id, 0) + 1
        if not isinstance(error, ModelError) or not error.reason.may_pass or tries >= MOST_TRIES:
            self._tries.pop(incident.id, None)
            return False
        self._tries[incident.id] = tries
        self._write_at[incident.id] = self._clock.now() + self._try_again
        return True

    async def _with_model(self, incident: Incident, draft: Draft, text: Text) -> None:
        now = self._clock.now()
        change = Revision(at=now, by="", what=BY_MODEL, markdown=text.markdown, reason=_left_out(text.left_out))
        while (there := await self._untouched(draft)) is not None:
            after = replace(there, state=DraftState.DRAFT, lessons=text.lessons)
            if draft.state is DraftState.REJECTED:
                await self._card.retire(incident, there)
                after = replace(after, card=None)
            if await self._drafts.put(replace(after, history=(*there.history, change))) is not None:
                return

    async def _without_model(self, draft: Draft, why: str) -> None:
        last = draft.history[-1]
        if draft.state is DraftState.REJECTED:
            reason = f"{last.reason} (not drafted anew: {why})"
            history = (*draft.history, replace(last, at=self._clock.now(), by="", what=NOT_AGAIN, reason=reason))
        else:
            history = (*draft.history[:-1], replace(last, reason=f"without the model: {why}"))
        while (there := await self._untouched(draft)) is not None:
            if await self._drafts.put(replace(there, history=history)) is not None:
                return

    async def _untouched(self, draft: Draft) -> Draft | None:
        """As it is now, where people have left it as it was: only its card may have come since."""
        now = await self._drafts.get(draft.incident)
        return now if now and (now.state, tuple(now.history)) == (draft.state, tuple(draft.history)) else None


def _left_out(count: int) -> str:
    if not count:
        return ""
    what = "1 sentence of the model was" if count == 1 else f"{count} sentences of the model were"
    return f"{what} left out: not shown by the facts, or blaming"
