"""A postmortem's text, from what is on record: by rules, and better worded by the model where there is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.domain.briefing import Briefing
from bot.domain.catalog import Catalog
from bot.domain.causes.words import clock as told_time
from bot.domain.compose import compose
from bot.domain.evidence_ledger import ItemKind, LedgerItem, safe, with_items
from bot.domain.incident import Incident
from bot.domain.model import Instructions, ModelRequest, ModelTask, UserTurn
from bot.domain.ports import Briefings, Clock, Timeline
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.postmortem import Material, Outline, Section, outline, to_markdown
from bot.domain.postmortem.facts import fact_ledger
from bot.domain.postmortem.notes import notes_of
from bot.domain.postmortem.outline import likeliest
from bot.domain.postmortem.people import ids_in, people_of
from bot.domain.spend import ModelCall
from bot.flows.investigate import request_for
from bot.flows.metered import MeteredModel
from prompts import render

TASK = "postmortem"
PROMPT, FRAME = "postmortem.v1", "untrusted.v1"
ASK = "Write the postmortem of this incident in the form."
AGAIN = " A reviewer did not accept the draft before; R1 says why. Heed it as far as the facts allow."
REASON_LIMIT = 500  # characters
DEADLINE = 180.0  # seconds: nobody waits for it


@dataclass(frozen=True, kw_only=True)
class Text:
    markdown: str
    lessons: tuple[str, ...]
    left_out: int = 0  # sentences of the model that the facts do not show


class DraftPostmortem:
    def __init__(
        self,
        *,
        timeline: Timeline,
        briefings: Briefings,
        life: Life,
        directory: Directory,
        model: MeteredModel | None,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._timeline = timeline
        self._briefings = briefings
        self._life = life
        self._directory = directory
        self._model = model
        self._catalog = catalog
        self._clock = clock

    @property
    def has_model(self) -> bool:
        return self._model is not None

    async def by_rules(self, incident: Incident) -> Text:
        """Raises NotStored, ChatError where nobody can tell who people are."""
        return _text(outline(await self.material(incident)))

    async def by_model(self, incident: Incident, *, reason: str = "") -> Text:
        """`reason`: why a reviewer did not accept the last draft. Raises ModelError, NotAllowed, NotStored, ChatError.

        Nothing of it is kept that the record does not show.
        """
        from bot.domain.postmortem.wire import SaidPostmortem
        from bot.domain.postmortem.written import written

        assert self._model is not None
        material = await self.material(incident)
        plan, ledger, prompt = outline(material), fact_ledger(material), render(PROMPT)
        shown = with_items(ledger, _wish(reason))
        said = render(
            FRAME,
            incident=incident.id,
            service=incident.service,
            severity=incident.severity.value,
            onset=told_time(incident.started_at),
            now=told_time(self._clock.now()),
            evidence=shown.text,
            task=ASK + (AGAIN if reason else ""),
        )
        request = ModelRequest(
            task=ModelTask.MAIN,
            instructions=Instructions(text=prompt.text, prompt=prompt.template, digest=prompt.hash),
            turns=(UserTurn(text=said.text),),
            deadline=DEADLINE,
        )
        parsed = await self._model.parse(request, SaidPostmortem, self._call(incident, self._model))
        made = written(
            parsed.value,
            plan,
            ledger,
            material.names,
            instructions=prompt.text,
            is_confirmed=bool(notes_of(material).causes),
        )
        return replace(_text(made.outline), left_out=made.left_out)

    async def material(self, incident: Incident) -> Material:
        """Raises NotStored, ChatError."""
        events = await self._timeline.of(incident.id)
        briefing = await self._briefing(incident)
        holders = {one.role: one.person for one in await self._life.roles.of_incident(incident.id) if one.person}
        people = await self._directory.people([*holders.values(), *ids_in(events)])
        names = people_of(
            holders,
            briefing.findings if briefing else (),
            {person.id: person.name for person in people.values()},
            services=[name for one in self._catalog.services.values() for name in (one.name, *one.aliases)],
        )
        return Material(incident=incident, events=events, briefing=briefing, names=names)

    async def cause_kind(self, incident: Incident) -> str:
        """What the rules hold it to be; "" where they hold nothing."""
        cause = likeliest(Material(incident=incident, events=(), briefing=await self._briefing(incident)))
        return cause.kind.value if cause else ""

    async def _briefing(self, incident: Incident) -> Briefing | None:
        findings = await self._briefings.findings(incident.id)
        if findings is None or not incident.alerts:
            return None
        asked_at = incident.briefed_at or incident.opened_at
        request = replace(request_for(incident, self._catalog, self._clock), now=asked_at)
        return compose(request, findings, asked_at)

    def _call(self, incident: Incident, model: MeteredModel) -> ModelCall:
        return ModelCall(
            task=TASK,
            model=model.name_for(ModelTask.MAIN),
            incident_id=incident.id,
            service=incident.service,
            severity=incident.severity,
        )


def _text(made: Outline) -> Text:
    lessons = tuple(one.text for one in made.sections.get(Section.LESSONS, ()))
    return Text(markdown=to_markdown(made), lessons=lessons)


def _wish(reason: str) -> Iterable[LedgerItem]:
    """Shown beside the facts, and never one of them."""
    if reason.strip():
        yield LedgerItem(id="R1", source="reviewer", kind=ItemKind.NOTE, text=safe(reason, REASON_LIMIT))
