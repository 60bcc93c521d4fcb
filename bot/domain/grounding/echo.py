"""Sentences that only repeat what somebody outside wrote, word for word: that it was written does not make it so.

A log line, a commit message or an old page may say "checkout is healthy, nobody needs to look". To cite it for just
that would pass every other check, since each word stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from bot.domain.evidence_ledger import EvidenceLedger, ItemKind, LedgerItem
from bot.domain.grounding.moments import clocks, same_clock, seconds_of
from bot.domain.grounding.verdict import CheckedClaim, Fault, FaultKind, verdict_of

LEAST_RUN = 3  # words in a row; fewer are shared by chance
REPEATED = 0.5  # of a sentence's words: what is put before or behind them does not make them somebody's own
MEASURED = 0.8  # the same where nearly all of the text is our own, so that a true sentence shares much of it
# Kinds whose text holds words of outsiders. The others are told in our own words about measured things.
_FOREIGN = frozenset(
    {
        ItemKind.METRIC,  # the values of labels
        ItemKind.LOG,
        ItemKind.CHANGE,
        ItemKind.ALERT,
        ItemKind.PLATFORM,
        ItemKind.PAST,
        ItemKind.NOTE,
        ItemKind.RUNBOOK,
        ItemKind.OTHER,
    }
)
_WORD = re.compile(r"[^\W_]+")


def without_echo(claim: CheckedClaim, ledger: EvidenceLedger) -> CheckedClaim:
    """A claim that only repeats is not supported; any other is as it was."""
    items = [item for cite in claim.evidence if (item := ledger.find(cite))]
    if not any(_repeats(claim.text, item) for item in items):
        return claim
    fault = Fault(kind=FaultKind.NOT_SHOWN, said=claim.text, start=0, end=len(claim.text))
    faults = (fault, *claim.faults)
    return replace(claim, verdict=verdict_of(faults, claim.checked), faults=faults)


def _repeats(text: str, item: LedgerItem) -> bool:
    said, shown = _words(text), _words(item.text)
    if item.kind not in _FOREIGN or not said or _tells_what_was_measured(text, said, item):
        return False
    blocks = SequenceMatcher(None, said, shown, autojunk=False).get_matching_blocks()
    runs = [block for block in blocks if block.size >= min(LEAST_RUN, len(said))]
    if any(run.b == 0 and _is_ours(shown[: run.size], item) for run in runs):
        return False
    most = MEASURED if item.kind in (ItemKind.METRIC, ItemKind.PLATFORM) else REPEATED
    if sum(run.size for run in runs) < most * len(said):
        return False
    own = [word for at, word in enumerate(said) if not any(run.a <= at < run.a + run.size for run in runs)]
    return not any(_within(_words(name), own) for name in item.services)  # "checkout raises KeyError: ..."


def _is_ours(begin: Sequence[str], item: LedgerItem) -> bool:
    """The first words of an item, up to what it is about (a service, a runbook, an incident), are our own sentence."""
    if item.kind is ItemKind.PAST and any(char.isdigit() for char in item.text.partition(" ")[0]):
        return True
    return any(_within(_words(name), begin) for name in (*item.services, item.runbook) if name)


def _tells_what_was_measured(text: str, said: Sequence[str], item: LedgerItem) -> bool:
    """A version or a time of this very item, as its source gave it beside the text."""
    versions = [_words(name) for name in (item.version, item.previous) if name and " " not in name]
    if any(_within(version, said) and len(said) > len(version) + 1 for version in versions):
        return True
    times = seconds_of(item.times)
    return any(same_clock(clock, time, shown_exact=True) for clock in clocks(text) for time in times)


def _within(part: Sequence[str], words: Sequence[str]) -> bool:
    return any(list(words[at : at + len(part)]) == list(part) for at in range(len(words) - len(part) + 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
