"""Ask one source again, as it is now: within its own deadline, breaker and rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.catalog import Catalog
from bot.domain.compose import number
from bot.domain.evidence import Finding
from bot.domain.evidence_ledger import ItemKind, evidence_ledger
from bot.domain.model import Tool
from bot.domain.ports import Clock
from bot.flows.guard import Guard
from bot.flows.investigate import request_for
from bot.flows.tools.read_only import Fact, Given, Looked, Scene

BUDGET = 6_000  # characters of what one source says


class LookAgainTool:
    """What is asked is what was asked when the incident opened: the model chooses the source and nothing else."""

    doing = "is looking at the sources again"
    needs_incident = True

    def __init__(self, guards: Sequence[Guard], catalog: Catalog, clock: Clock) -> None:
        self._guards: Mapping[str, Guard] = {guard.name: guard for guard in guards}
        self._catalog = catalog
        self._clock = clock
        self.tool = Tool(
            name="look_again",
            description="Asks one source (metrics, logs, changes, the platform ...) about this incident again, as of "
            "now. The evidence above is from when the incident opened.",
            schema={
                "type": "object",
                "properties": {"source": {"type": "string", "enum": sorted(self._guards)}},
                "required": ["source"],
                "additionalProperties": False,
            },
        )

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        assert scene.incident is not None
        given.needed("source")
        guard = self._guards[given.one_of("source", sorted(self._guards))]
        finding = await guard.ask(request_for(scene.incident, self._catalog, self._clock))
        return Looked(facts=_facts(finding), nothing=f"{guard.name} has nothing to say here.", changes=True)


def _facts(finding: Finding) -> tuple[Fact, ...]:
    """With all that is known of them, so that what is said of them can be checked."""
    (numbered,) = number([finding])
    links = {evidence.id: evidence.link for evidence in numbered.evidence}
    ledger = evidence_ledger([numbered], budget=BUDGET)
    items = sorted(ledger.items, key=lambda item: item.kind not in (ItemKind.LOOK, ItemKind.GAP))
    facts = [Fact(source=item.source, text=item.text, link=links.get(item.id), item=item) for item in items]
    if ledger.cuts:
        facts.append(Fact(source=finding.source, text=f"left out for want of room: {', '.join(ledger.cuts)}"))
    return tuple(facts)
