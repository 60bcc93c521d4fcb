"""Hand the lead to somebody: they are asked with all they need to know, and it changes hands once they accept."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Handoff, HandoffState, Holding, Order, Role
from bot.domain.life.handoff_note import handoff_note
from bot.domain.life.presses import ACCEPT_HANDOFF, DECLINE_HANDOFF
from bot.domain.life.role_words import CALLED, offered
from bot.domain.life.wording import person as mention
from bot.domain.ports import Clock, Effects, Incidents
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Choice, Telling
from bot.flows.life.assigning import Assigning
from bot.flows.life.situations import Situations

log = logging.getLogger(__name__)

GONE = "There is no such offer."


class HandingOver:
    """Also a `Follower`: what was accepted before a crash is carried out, and what no longer stands is withdrawn."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        telling: Telling,
        assigning: Assigning,
        situations: Situations,
        effects: Effects,
        clock: Clock,
    ) -> None:
        self._life = life
        self._incidents = incidents
        self._telling = telling
        self._assigning = assigning
        self._situations = situations
        self._effects = effects
        self._clock = clock

    async def offer(self, order: Order, incident: Incident, taker: str) -> str:
        """The lead, to `taker`. Raises NotStored, ChatError."""
        handoff = await self._life.handoffs.get(order.id) or await self._made(order, incident, taker)
        if handoff.state is not HandoffState.OFFERED:
            return _stands(handoff)
        for other in await self._life.handoffs.of_incident(incident.id):
            if other.id != handoff.id and other.role is handoff.role and other.state is HandoffState.OFFERED:
                await self._end(other, HandoffState.WITHDRAWN)
        try:
            await self._ask(handoff)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s could not be asked to take over: %s", handoff.taker, error)
            await self._life.handoffs.put(replace(handoff, state=HandoffState.WITHDRAWN))
            return f"Slack takes no direct message to {mention(handoff.taker)}. Choose another person."
        return (
            f"{mention(handoff.taker)} was asked to take over the lead of {incident.id}, with a note on how it stands."
        )

    async def answer(self, handoff_id: str, person: str, *, accepted: bool, at: datetime) -> str:
        handoff = await self._life.handoffs.get(handoff_id)
        incident = await self._incidents.get(handoff.incident) if handoff else None
        if handoff is None or incident is None:
            return GONE
        if person != handoff.taker:
            return f"Only {mention(handoff.taker)} can answer this offer."
        if accepted and (refused := await self._assigning.may_not(person)):
            return refused
        if handoff.state is HandoffState.OFFERED:
            handoff = await self._answered(handoff, incident, accepted=accepted, at=at)
        await self._carry_out(handoff, incident)
        return _stands(handoff)

    async def follow(self, incident: Incident) -> None:
        holding = await self._life.roles.get(f"{incident.id}:{Role.LEAD}")
        for handoff in await self._life.handoffs.of_incident(incident.id):
            if handoff.state is not HandoffState.OFFERED:
                await self._carry_out(handoff, incident)
            elif _has_lapsed(handoff, holding, incident):
                await self._end(handoff, HandoffState.WITHDRAWN)

    async def tick(self, now: datetime) -> None:
        pass

    async def _made(self, order: Order, incident: Incident, taker: str) -> Handoff:
        made = Handoff(
            id=order.id,
            incident=incident.id,
            role=Role.LEAD,
            giver=order.person,
            taker=taker,
            offered_at=self._clock.now(),
            note=handoff_note(await self._situations.of(incident)),
        )
        await self._life.handoffs.add(made)
        return await self._life.handoffs.get(order.id) or made

    async def _answered(self, handoff: Handoff, incident: Incident, *, accepted: bool, at: datetime) -> Handoff:
        """As it is kept afterwards, whoever was faster."""
        holding = await self._life.roles.get(f"{incident.id}:{handoff.role}")
        state = HandoffState.ACCEPTED if accepted else HandoffState.DECLINED
        if _has_lapsed(handoff, holding, incident):
            state = HandoffState.WITHDRAWN
        kept = await self._life.handoffs.put(replace(handoff, state=state, answered_at=at))
        return kept or await self._life.handoffs.get(handoff.id) or handoff

    async def _carry_out(self, handoff: Handoff, incident: Incident) -> None:
        """What follows from the answer, once."""
        key = f"{_key(handoff)}/carried-out"
        if (await self._effects.begin(key)).result:
            return
        if handoff.state is HandoffState.ACCEPTED:
            order = Order(id=f"{handoff.id}/accepted", incident=incident.id, person=handoff.taker)
            await self._assigning(order, incident, handoff.role, handoff.taker)
        if handoff.state is HandoffState.DECLINED:
            await self._tell_giver(handoff)
        await self._close(handoff)
        await self._effects.finish(key, handoff.state)

    async def _end(self, handoff: Handoff, state: HandoffState) -> None:
        kept = await self._life.handoffs.put(replace(handoff, state=state, answered_at=self._clock.now()))
        if kept is not None:
            await self._close(kept)

    async def _ask(self, handoff: Handoff) -> Message:
        """The message that was sent before, where there is one."""
        choices = (
            Choice(action=ACCEPT_HANDOFF, text="Accept", value=handoff.id),
            Choice(action=DECLINE_HANDOFF, text="Decline", value=handoff.id),
        )
        text = offered(handoff.incident, handoff.giver, handoff.note)
        return await self._telling.direct(handoff.taker, text, key=_key(handoff), choices=choices)

    async def _close(self, handoff: Handoff) -> None:
        """Takes the buttons away; whoever accepted keeps the note."""
        note = f"\n\n{handoff.note}" if handoff.state is HandoffState.ACCEPTED else ""
        try:
            await self._telling.change(await self._ask(handoff), f"{_stands(handoff)}{note}")
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("the offer %s keeps its buttons: %s", handoff.id, error)

    async def _tell_giver(self, handoff: Handoff) -> None:
        if not handoff.giver:
            return
        text = f"{mention(handoff.taker)} cannot take over the lead of {handoff.incident}. Ask somebody else."
        try:
            await self._telling.direct(handoff.giver, text, key=f"{_key(handoff)}/declined")
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s was not told that their offer was declined: %s", handoff.giver, error)


def _has_lapsed(handoff: Handoff, holding: Holding | None, incident: Incident) -> bool:
    """The role was given to somebody since, or it is over."""
    return not incident.status.is_open or (holding is not None and holding.since > handoff.offered_at)


def _stands(handoff: Handoff) -> str:
    taker, what = mention(handoff.taker), f"{CALLED[handoff.role]} of {handoff.incident}"
    match handoff.state:
        case HandoffState.OFFERED:
            return f"{taker} was asked to be {what} and has not answered yet."
        case HandoffState.ACCEPTED:
            return f"{taker} has taken over as {what}."
        case HandoffState.DECLINED:
            return f"{taker} has declined to be {what}."
        case HandoffState.WITHDRAWN:
            return (
                f"This offer to be {what} does not stand any more: it went to somebody else, or the incident is over."
            )


def _key(handoff: Handoff) -> str:
    return f"life/handoff/{handoff.id}"
