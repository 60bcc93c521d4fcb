"""What people decide about an incident: how it stands, how bad it is, what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.life import Order
from bot.domain.lifecycle import Move, Regraded, Step, move, regrade, regraded_before, repeated
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Said, TriageDesk
from bot.domain.redact import redact

_WORDS = {Step.REOPEN: "Opened again"}
WORD_LIMIT = 500  # characters of what a person says with it
TITLE_LIMIT = 140  # characters: as in the form that declares one


class Steer:
    def __init__(self, *, desk: TriageDesk, clock: Clock, on_change: Callable[[], None]) -> None:
        """`on_change`: what is kept has changed, and the card must show it."""
        self._desk = desk
        self._clock = clock
        self._on_change = on_change

    async def move(self, order: Order, step: Step) -> Move:
        """Raises NotStored, and FirstResponderError where there is no such incident."""
        now = self._clock.now()
        made: list[Move] = []

        def decide(before: Incident) -> Incident:
            made.append(move(before, step, now))
            return made[-1].after

        after = await self._steer(order, decide, _WORDS.get(step, step.leads_to.capitalize()))
        return made[-1] if made else repeated(after)

    async def regrade(self, order: Order, severity: Severity) -> Regraded:
        """Raises NotStored, and FirstResponderError where there is no such incident."""
        made: list[Regraded] = []

        def decide(before: Incident) -> Incident:
            made.append(regrade(before, severity))
            return made[-1].after

        after = await self._steer(order, decide, f"Severity set to {severity}")
        return made[-1] if made else regraded_before(after)

    async def rename(self, order: Order, title: str) -> str:
        """Raises NotStored, and FirstResponderError where there is no such incident."""
        title = redact(" ".join(title.split()))
        shown = plain(title, TITLE_LIMIT + 1)
        if not shown:
            return "Say what it is to be called: a few words on what is wrong."
        if len(shown) > TITLE_LIMIT:
            return f"That title has {len(title)} characters and at most {TITLE_LIMIT} fit: say it shorter."
        before: list[str] = []

        def decide(incident: Incident) -> Incident:
            before.append(incident.title)
            if incident.title == shown:
                return incident
            return replace(incident, title=shown, revision=incident.revision + 1)

        after = await self._steer(order, decide, f"Renamed to {shown}")
        if before == [shown]:
            return f"{after.id} is called that already."
        return f"{after.id} is called “{plain(after.title, TITLE_LIMIT)}” now; its channel keeps its name."

    async def _steer(self, order: Order, decide: Callable[[Incident], Incident], what: str) -> Incident:
        word = plain(redact(order.word), WORD_LIMIT)
        text = f"{what}: {word}" if word else what
        said = Said(key=order.id, text=text, at=self._clock.now(), who=order.person)
        after = await self._desk.transact(lambda transaction: transaction.steer(order.incident, decide, said))
        self._on_change()
        return after
