"""Look-ups in the record of the incident itself: its evidence, its timeline, who is on call."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.catalog import Catalog
from bot.domain.compose import compose
from bot.domain.evidence_ledger import ItemKind, LedgerItem
from bot.domain.model import Tool
from bot.domain.ports import Clock, Timeline
from bot.domain.terms import wording
from bot.flows.investigate import request_for
from bot.flows.tools.read_only import WORDS, Fact, Given, Looked, Scene

MOST_ITEMS = 30
MOST_EVENTS = 40


class EvidenceTool:
    """Also what there was no room for before."""

    doing = "is reading the evidence"
    needs_incident = True
    tool = Tool(
        name="evidence",
        description="Evidence of this incident by kind or by words, also such as was left out above for want of room.",
        schema={
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": [kind.value for kind in ItemKind]},
                "words": {**WORDS, "description": "what it has to speak of"},
            },
            "additionalProperties": False,
        },
    )

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        kind = given.one_of("kind", [kind.value for kind in ItemKind])
        every = [*scene.ledger.items, *scene.ledger.unshown]
        unique = {item.id: item for item in every if not kind or item.kind == kind}
        found = _fitting(given.words("words"), list(unique.values()))
        return Looked(known=tuple(found[:MOST_ITEMS]), nothing="No evidence of this incident is like that.")


class TimelineTool:
    doing = "is reading the timeline"
    needs_incident = True
    tool = Tool(
        name="timeline",
        description="What happened in this incident so far and what people did or wrote down, oldest first.",
        schema={
            "type": "object",
            "properties": {"words": {**WORDS, "description": "only events that speak of this"}},
            "additionalProperties": False,
        },
    )

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        assert scene.incident is not None
        wanted = set(wording(given.words("words")).terms)
        events = [
            event
            for event in await self._timeline.of(scene.incident.id)
            if not wanted or wanted & set(wording(event.text).terms)
        ]
        facts = tuple(
            Fact(
                source="timeline",
                text=f"at {event.at:%Y-%m-%d %H:%M:%S} UTC ({event.kind}"
                f"{f', by {scene.names.get(event.actor, event.actor)}' if event.actor else ''}): {event.text}",
                link=event.link,
            )
            for event in events[-MOST_EVENTS:]
        )
        return Looked(facts=facts, nothing="The timeline holds nothing like that.", changes=True)


class OnCallTool:
    doing = "is looking who is on call"
    needs_incident = True
    tool = Tool(
        name="on_call",
        description="Who is on call for the service of this incident, as its sources said.",
        schema={"type": "object", "properties": {}, "additionalProperties": False},
    )

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        assert scene.incident is not None
        request = request_for(scene.incident, self._catalog, self._clock)
        briefing = compose(request, scene.findings, self._clock.now())
        facts = tuple(Fact(source="on call", text=claim.text) for claim in briefing.on_call)
        return Looked(facts=facts, nothing="No source could tell who is on call.", changes=True)


def _fitting(words: str, items: Sequence[LedgerItem]) -> list[LedgerItem]:
    """Those that share a word, the most first; all where no word is given."""
    wanted = set(wording(words).terms)
    if not wanted:
        return list(items)
    shared = [(len(wanted & set(wording(f"{i.text} {' '.join(i.services)}").terms)), i) for i in items]
    return [item for count, item in sorted(shared, key=lambda pair: -pair[0]) if count]
