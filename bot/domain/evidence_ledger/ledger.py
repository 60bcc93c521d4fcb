"""The evidence of an incident as numbered data for a model, within a budget of characters.

What is told is decided by worth: a source's own sentence (with its exact values and error texts) before details, what
moved before what did not. What is left out is said.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.alert import Alert
from bot.domain.evidence import Finding
from bot.domain.evidence_ledger.budget import fit, line
from bot.domain.evidence_ledger.entries import entries
from bot.domain.evidence_ledger.item import ItemKind, LedgerItem
from bot.domain.evidence_ledger.safe import FRAME, safe
from bot.domain.redact import HIDDEN

BUDGET = 24_000  # characters, some 7,000 tokens: a whole incident with 50 signals; a call then costs a few cents
ROOM_FOR_FRAME = 600  # characters kept for the markers and for saying what was left out
# The word that a secret belongs to, and the one before it.
_BEFORE_HIDDEN = re.compile(rf"((?:\S{{1,80}} )?\S{{0,80}}){re.escape(HIDDEN)}")


@dataclass(frozen=True, kw_only=True)
class EvidenceLedger:
    items: tuple[LedgerItem, ...]  # what is shown and may be cited
    unshown: tuple[LedgerItem, ...]  # what there was no room for: nothing may be denied that stands here
    cuts: tuple[str, ...]  # "12 of 40 log samples shown"
    services: frozenset[str]  # every service that any of it is about or names
    runbooks: tuple[str, ...]  # ids that may be proposed
    text: str  # what a model is shown: framed, untrusted
    digest: str  # SHA-256 of `text`, for keeping answers

    def find(self, item_id: str) -> LedgerItem | None:
        return next((item for item in self.items if item.id == item_id), None)


def evidence_ledger(
    findings: Sequence[Finding], *, alerts: Sequence[Alert] = (), budget: int = BUDGET
) -> EvidenceLedger:
    """`findings` must be numbered (`bot.domain.compose.number`). The same input gives the same ledger.

    The text is at most `budget` characters long, or `ROOM_FOR_FRAME` where that is more.
    """
    every = entries(findings, alerts)
    shown, cuts = fit(every, budget - ROOM_FOR_FRAME)
    kept = {item.id for item in shown}
    services = frozenset(name for entry in every for name in (*entry.item.services, *entry.mentions))
    return _ledger(shown, tuple(e.item for e in every if e.item.id not in kept), cuts, services)


def with_items(ledger: EvidenceLedger, more: Iterable[LedgerItem]) -> EvidenceLedger:
    """With what was looked up since, such as answers of tools; the budget of those is the caller's."""
    added = tuple(more)
    services = ledger.services | {name for item in added for name in item.services}
    return _ledger((*ledger.items, *added), ledger.unshown, ledger.cuts, services)


def tool_item(number: int, source: str, text: str, *, services: Iterable[str] = (), limit: int = 4000) -> LedgerItem:
    """A tool's answer as something to cite, "T1". Its text is redacted, on one line and cut to `limit`."""
    return LedgerItem(
        id=f"T{number}", source=source, kind=ItemKind.OTHER, text=safe(text, limit), services=tuple(services)
    )


def redactions(ledger: EvidenceLedger) -> int:
    """In how many places of the evidence a secret stood.

    A log line is told more than once in its item, as pattern and as sample: the same words before it are one place.
    """
    return sum(len(set(_BEFORE_HIDDEN.findall(item.text.lower()))) for item in (*ledger.items, *ledger.unshown))


def _ledger(
    shown: Sequence[LedgerItem], unshown: Sequence[LedgerItem], cuts: Sequence[str], services: frozenset[str]
) -> EvidenceLedger:
    text = _framed([line(item) for item in shown], cuts)
    return EvidenceLedger(
        items=tuple(shown),
        unshown=tuple(unshown),
        cuts=tuple(cuts),
        services=services,
        runbooks=tuple(item.runbook for item in shown if item.runbook),
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _framed(lines: Sequence[str], cuts: Sequence[str]) -> str:
    inside = [*lines, f"(left out for want of room: {', '.join(cuts)})"] if cuts else list(lines)
    # The nonce is of all that stands inside, so nothing inside can have been written to hold it.
    nonce = hashlib.sha256("\n".join(inside).encode()).hexdigest()[:16]
    return "\n".join([f"BEGIN {FRAME} {nonce}", *inside, f"END {FRAME} {nonce}"])
