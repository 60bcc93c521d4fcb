"""The facts of a postmortem as numbered data for a model. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.domain.evidence_ledger import EvidenceLedger, ItemKind, LedgerItem, evidence_ledger, safe, with_items
from bot.domain.ports.record import TimelineEvent
from bot.domain.postmortem.blameless import without_names
from bot.domain.postmortem.material import ALERTS, DURATION, Material

EVENTS_ROOM = 12_000  # characters: with the evidence's 24,000 some 10,000 tokens
EVENT_LIMIT = 400  # characters of one entry
ITEM_LIMIT = 1400  # of a piece of evidence with its details
# What tells most comes first: what people wrote and did, then what the bot noted, then the alerts.
_WORTH = {"follow-up": 0, "note": 0, "postmortem": 0, "action": 1, "status": 1, "belief": 2, "update": 2, "alert": 4}
_OTHER_WORTH = 3
OURS = ItemKind.CONCLUSION  # of the record itself: to say it again in the same words is no echo of a stranger


def fact_ledger(material: Material) -> EvidenceLedger:
    """Evidence, timeline and the incident's own moments, people by their roles. Its ids are those of `facts()`."""
    base = evidence_ledger(material.briefing.findings if material.briefing else ())
    clean = [_cleaned(item, material) for item in base.items if item.id.startswith("E")]
    services = base.services | ({material.incident.service} if material.incident.service else set())
    empty = replace(base, items=(), unshown=base.unshown, runbooks=(), services=frozenset(services))
    return with_items(empty, [*_moments(material), *_told(material), *clean])


def _cleaned(item: LedgerItem, material: Material) -> LedgerItem:
    return replace(item, text=safe(without_names(item.text, material.names), ITEM_LIMIT))


def _moments(material: Material) -> Iterator[LedgerItem]:
    for name, (at, text) in material.times.items():
        told = f"{at:%Y-%m-%d %H:%M:%S} UTC: {text}"
        yield LedgerItem(id=name, source="record", kind=OURS, text=safe(told, EVENT_LIMIT), times=(at,))
    facts = material.facts()
    for name in (DURATION, ALERTS):
        if name in facts:
            yield LedgerItem(id=name, source="record", kind=OURS, text=safe(facts[name].text, EVENT_LIMIT))
    for name, text in material.gaps().items():
        yield LedgerItem(id=name, source="record", kind=ItemKind.GAP, text=safe(text, EVENT_LIMIT))


def _told(material: Material) -> Sequence[LedgerItem]:
    by_worth = sorted(material.told(), key=lambda pair: _WORTH.get(pair[1].kind, _OTHER_WORTH))
    kept: dict[str, LedgerItem] = {}
    room = EVENTS_ROOM
    for name, event in by_worth:
        item = _event(name, event, material)
        room -= len(item.text)
        if room < 0:
            break
        kept[name] = item
    return [kept[name] for name, _ in material.told() if name in kept]


def _event(name: str, event: TimelineEvent, material: Material) -> LedgerItem:
    kind = ItemKind.ALERT if event.kind == "alert" else OURS
    text = f"{event.at:%H:%M:%S} UTC, {event.kind}: {material.words_of(event)}"
    return LedgerItem(id=name, source="timeline", kind=kind, text=safe(text, EVENT_LIMIT), times=(event.at,))
