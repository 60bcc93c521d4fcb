"""All that people steer: the `SteerDesk`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain.alert import Severity
from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.incident import Incident, PlaceKind
from bot.domain.life import Order, Tie, TieKind
from bot.domain.lifecycle import Move, Regraded, Step
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Incidents, Said, TriageDesk, TriageTransaction
from bot.domain.ports.kept import Kept
from bot.domain.redact import redact
from bot.domain.service_names import normal
from bot.flows.life.linking import INCIDENT_ID, Linking, unknown
from bot.flows.life.promote import Promotion
from bot.flows.life.steer import WORD_LIMIT, Steer
from bot.flows.place import deserves_channel, existing

MOST_NAMED = 30  # services in a refusal: a storm may have hundreds
SHOWN_LIMIT = 60  # characters of what a person wrote, in a refusal


class Steering:
    """Everything raises NotStored, ChatError, and FirstResponderError where there is no such incident."""

    def __init__(
        self,
        *,
        desk: TriageDesk,
        incidents: Incidents,
        ties: Kept[Tie],
        linking: Linking,
        promotion: Promotion,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        """`on_change`: what is kept has changed: the card must show it, and whoever follows incidents look."""
        self._steer = Steer(desk=desk, clock=clock, on_change=on_change)
        self._desk = desk
        self._incidents = incidents
        self._ties = ties
        self._linking = linking
        self._promotion = promotion
        self._clock = clock
        self._on_change = on_change

    async def move(self, order: Order, step: Step) -> Move:
        return await self._steer.move(order, step)

    async def regrade(self, order: Order, severity: Severity) -> Regraded:
        made = await self._steer.regrade(order, severity)
        incident = await existing(self._incidents, order.incident)
        in_thread = incident.place is not None and incident.place.kind is PlaceKind.THREAD
        if in_thread and incident.status.is_open and deserves_channel(incident):
            return replace(made, sentence=f"{made.sentence} It gets a channel of its own.")
        return made

    async def rename(self, order: Order, title: str) -> str:
        return await self._steer.rename(order, title)

    async def privacy(self, order: Order, *, is_private: bool) -> str:
        """Always a refusal, or that it is so already."""
        incident = await existing(self._incidents, order.incident)
        if incident.is_private is is_private:
            return f"{incident.id} is {'private' if is_private else 'public'} already."
        if is_private:
            return (
                f"{incident.id} stays public: Slack lets no bot make a channel private, and what was said so far was "
                "seen. Declare a new incident as private and go on there."
            )
        return (
            f"{incident.id} stays private: Slack lets no bot open a private channel to everybody, and people spoke "
            "there in confidence. Declare a new incident and tell there what all may know."
        )

    # --- place -------------------------------------------------------------------------------------------------------

    async def promote(self, order: Order) -> str:
        incident = await existing(self._incidents, order.incident)
        if refusal := _why_not_promoted(incident):
            return refusal
        await self._promotion.order(incident)
        if incident.briefed_at is None:
            return f"{incident.id} gets a channel of its own as soon as its first briefing is there."
        try:
            place = await self._promotion.promote(incident.id)
        except ChatError as error:
            if not error.is_final:
                raise
            return f"{incident.id} stays in its thread: Slack lets me make no channel for it ({error.code})."
        self._on_change()
        return f"{incident.id} goes on in #{place.name}; whoever wrote in the thread is invited."

    # --- what belongs together ---------------------------------------------------------------------------------------

    async def merge(self, order: Order, into: str) -> str:
        incident = await existing(self._incidents, order.incident)
        if not INCIDENT_ID.fullmatch(into.strip()):
            return "Say into which incident, by its number: INC-2026-0042, for example."
        other = await self._linking.other(order, into)
        if other is None:
            return unknown(into)
        said = self._said(order, f"{incident.id} was merged into {other.id}")
        try:
            gone, _ = await self._desk.transact(lambda transaction: transaction.merge(incident.id, other.id, said))
        except NotStored:
            raise
        except FirstResponderError as refusal:
            return str(refusal)
        # Of a repeated word: where it went then.
        await self._add_tie(order, gone.id, gone.merged_into or other.id, TieKind.MERGED)
        self._on_change()
        return (
            f"{gone.id} goes on in {gone.merged_into}: its alerts are there now, and what comes of it goes there too."
        )

    async def split(self, order: Order, which: str) -> str:
        incident = await existing(self._incidents, order.incident)
        said = self._said(order, f"Split off: {_named(which)}")
        refused = ""

        def part(transaction: TriageTransaction) -> Incident | None:
            nonlocal refused
            chosen, refused = _chosen(incident, which, transaction.alert_services(incident.id))
            # Also where nothing fits: after a split that was made before, numbers are others.
            return transaction.split(incident.id, chosen, said)

        try:
            new = await self._desk.transact(part)
        except NotStored:
            raise
        except FirstResponderError as refusal:
            return refused or str(refusal)
        if new is None:
            return f"{incident.id} was split already; the new incident is in the list of open ones."
        await self._add_tie(order, incident.id, new.id, TieKind.SPLIT)
        self._on_change()
        alerts = "1 alert is" if new.alert_count == 1 else f"{new.alert_count} alerts are"
        return f"{alerts} {new.id} now; what comes of them goes there, not to {incident.id}."

    async def link(self, order: Order, other: str) -> str:
        return await self._linking.link(order, other)

    async def ties(self, incident_id: str) -> Sequence[Tie]:
        return await self._linking.ties(incident_id)

    async def _add_tie(self, order: Order, incident_id: str, other: str, kind: TieKind) -> None:
        now = self._clock.now()
        await self._ties.add(Tie(incident=incident_id, other=other, kind=kind, by=order.person, at=now))

    def _said(self, order: Order, what: str) -> Said:
        word = plain(redact(order.word), WORD_LIMIT)
        text = f"{what}: {word}" if word else what
        return Said(key=order.id, text=text, at=self._clock.now(), who=order.person)


def _why_not_promoted(incident: Incident) -> str:
    if not incident.status.is_open:
        return f"{incident.id} is {incident.status}; open it again first."
    if incident.place is None or incident.card is None:
        return f"{incident.id} has no place yet; try again in a minute."
    if incident.place.kind is PlaceKind.CHANNEL:
        return f"{incident.id} has a channel of its own already: #{incident.place.name}."
    return ""


def _chosen(incident: Incident, which: str, services: Sequence[str]) -> tuple[Sequence[int], str]:
    """Positions of alerts, from 0; or none, and a sentence that says why. `services`: of each alert, in order."""
    wanted = which.strip()
    if wanted.isdecimal():
        number = int(wanted)
        if 1 <= number <= incident.alert_count:
            return (number - 1,), ""
        return (), f"{incident.id} has no alert {number}: they are numbered from 1 to {incident.alert_count}."
    if not wanted:
        return (), "Say which: an alert's number as `alerts` shows it, or a service."
    found = tuple(place for place, name in enumerate(services) if name and normal(name) == normal(wanted))
    named = sorted({plain(name, SHOWN_LIMIT) for name in services if name})
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    known = ", ".join(named[:MOST_NAMED]) + more or "none"
    none = f"No alert of {incident.id} is about “{plain(wanted, SHOWN_LIMIT)}”. Its services: {known}."
    return found, "" if found else none


def _named(which: str) -> str:
    shown = plain(redact(which), SHOWN_LIMIT)
    return f"alert {shown}" if shown.isdecimal() else shown
