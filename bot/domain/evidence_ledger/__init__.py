"""Evidence as numbered, bounded, untrusted data that a model may cite."""

from __future__ import annotations

from bot.domain.evidence_ledger.item import ItemKind, LedgerItem, Reading, Trend
from bot.domain.evidence_ledger.ledger import (
    BUDGET,
    EvidenceLedger,
    evidence_ledger,
    redactions,
    tool_item,
    with_items,
)
from bot.domain.evidence_ledger.safe import safe

__all__ = [
    "BUDGET",
    "EvidenceLedger",
    "ItemKind",
    "LedgerItem",
    "Reading",
    "Trend",
    "evidence_ledger",
    "redactions",
    "safe",
    "tool_item",
    "with_items",
]
