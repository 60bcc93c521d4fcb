"""`runbook`: what people want to be carried out becomes an order, or a form to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Incidents
from bot.domain.ports.deciding import Offer, Order, OrderAnswer, RunDesk
from bot.domain.redact import redact
from bot.slack import acting_views as views
from bot.slack.acting_people import ActingPeople
from bot.slack.acting_views import Said
from bot.slack.acting_words import RunWords, read_run
from bot.slack.inbound import Asked

REASON_LIMIT = 300  # characters
START_RUNS = "start runs"


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form to be shown: of one runbook, or to pick one."""

    incident: str
    offers: Sequence[Offer]
    offer: Offer | None = None


class Ordering:
    def __init__(self, *, runs: RunDesk, incidents: Incidents, people: ActingPeople, command: str) -> None:
        self._runs = runs
        self._incidents = incidents
        self._people = people
        self._command = command

    async def asked(self, asked: Asked, *, with_form: bool) -> Said | Form:
        """`with_form`: one can be shown where the words do not say it all."""
        words = read_run(await self._people.typed(asked.command.argument))
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        if incident is None:
            return Said(text=views.outside(self._command))
        if refused := await self._people.may_not_act(asked.user, START_RUNS):
            return Said(text=refused)
        offers = await self._runs.offers(incident)
        if not words.runbook and not words.trouble:
            return self._all(incident, offers, with_form=with_form)
        offer = views.find_offer(offers, words.runbook)
        if offer is None and words.runbook:
            return Said(text=views.unknown_runbook(words.runbook, offers, self._command))
        if words.trouble or offer is None:
            return Said(text=views.trouble_text(words.trouble, self._command))
        if with_form and not words.says_how:
            return Form(incident=incident.id, offers=offers, offer=offer)
        return Said(text=self.told(await self.start(_order(asked, incident, offer, words)), offer.runbook.id))

    def _all(self, incident: Incident, offers: Sequence[Offer], *, with_form: bool) -> Said | Form:
        if offers and with_form:
            return Form(incident=incident.id, offers=offers)
        return Said(text=views.offers_text(offers, incident.id, self._command))

    async def form_for(self, incident_id: str, runbook_id: str, user: str) -> Said | Form:
        """As a button says: "" for the runbook where it is still to be picked."""
        incident = await self._incidents.get(incident_id)
        if incident is None:
            return Said(text=f"There is no incident {plain(incident_id, views.NAME_SHOWN)} any more.")
        if refused := await self._people.may_not_act(user, START_RUNS):
            return Said(text=refused)
        offers = await self._runs.offers(incident)
        offer = views.find_offer(offers, runbook_id) if runbook_id else None
        if (runbook_id and offer is None) or not offers:
            unknown = views.unknown_runbook(runbook_id, offers, self._command) if runbook_id else ""
            return Said(text=unknown or views.offers_text(offers, incident.id, self._command))
        return Form(incident=incident.id, offers=offers, offer=offer)

    async def start(self, order: Order) -> OrderAnswer:
        """The answer with names in place of user ids."""
        answer = await self._runs.start(order)
        return replace(answer, sentence=await self._people.named(answer.sentence))

    def told(self, answer: OrderAnswer, runbook_id: str) -> str:
        return views.order_text(answer, runbook_id, self._command)


def _order(asked: Asked, incident: Incident, offer: Offer, words: RunWords) -> Order:
    return Order(
        id=f"run:{asked.id}",
        incident=incident.id,
        runbook=offer.runbook.id,
        parameters=words.parameters,
        requester=asked.user,
        author=asked.user if asked.thread else "",  # a mention is a message; a command is none
        reason=reason_of(words.reason),
        is_dry=words.is_dry,
    )


def reason_of(text: str) -> str:
    return redact(plain(text, REASON_LIMIT))
