"""What is told within so many characters, and how it is said that something is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from bot.domain.evidence_ledger.entries import Entry
from bot.domain.evidence_ledger.item import ItemKind, LedgerItem
from bot.domain.evidence_ledger.safe import safe

DETAIL_LIMIT = 500
_GROUPS = {ItemKind.LOG: "log patterns", ItemKind.SERVICE: "catalog entries"}
_ORDER = "AELGT"  # alerts, evidence, looks, gaps, tools


def fit(entries: Sequence[Entry], room: int) -> tuple[tuple[LedgerItem, ...], tuple[str, ...]]:
    """Sentences by worth, then details of what is shown by worth. What is too long for the room makes way."""
    by_worth = sorted(entries, key=lambda entry: -entry.worth)
    kept: dict[str, LedgerItem] = {}
    for entry in by_worth:
        cost = len(line(entry.item)) + 1
        if cost <= room:
            kept[entry.item.id] = entry.item
            room -= cost
    told: Counter[str] = Counter()
    for entry in by_worth:
        for detail in entry.details if entry.item.id in kept else ():
            text = f"; {safe(detail.text, DETAIL_LIMIT)}"
            if len(text) <= room:
                item = kept[entry.item.id]
                kept[item.id] = replace(item, text=item.text + text)
                room -= len(text)
                told[detail.group] += 1
    return tuple(sorted(kept.values(), key=_place)), (*_items_cut(entries, kept), *_details_cut(entries, told))


def line(item: LedgerItem) -> str:
    whose = f", {safe(', '.join(item.services), 120)}" if item.services else ""
    return f"{item.id} [{item.kind} from {item.source}{whose}] {item.text}"


def _place(item: LedgerItem) -> tuple[int, int]:
    return _ORDER.find(item.id[:1]), int(item.id[1:]) if item.id[1:].isdigit() else 0


def _items_cut(entries: Sequence[Entry], kept: Container[str]) -> Iterable[str]:
    of = Counter(entry.item.kind for entry in entries)
    left = Counter(entry.item.kind for entry in entries if entry.item.id in kept)
    for kind, count in of.items():
        if left[kind] < count:
            yield f"{left[kind]} of {count} {_GROUPS.get(kind, f'{kind}s')} shown"


def _details_cut(entries: Sequence[Entry], told: Counter[str]) -> Iterable[str]:
    of = Counter(detail.group for entry in entries for detail in entry.details)
    for group, count in of.items():
        if told[group] < count:
            yield f"{told[group]} of {count} {group} shown"
