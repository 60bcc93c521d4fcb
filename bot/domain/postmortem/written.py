"""From what a model wrote to a postmortem: what the facts do not show, and what blames, never gets in. Pure.

A sentence of the model stands where every number, name and time of it is in the facts that it cites, where it speaks of
what they speak of, and where it names and judges nobody. What the outline says and no such sentence covers stays as the
outline has it: nothing gets lost, and no section is empty that the record could fill.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain.discretion import LEFT_OUT, discreet
from bot.domain.evidence_ledger import EvidenceLedger, safe
from bot.domain.grounding import Verdict, ground, without_echo
from bot.domain.grounding.words import content_words, is_english
from bot.domain.life.follow_up import Priority
from bot.domain.postmortem.blameless import blame
from bot.domain.postmortem.openings import is_opening, is_order
from bot.domain.postmortem.statement import ActionItem, Outline, Section, Statement

if TYPE_CHECKING:
    from bot.domain.postmortem.wire import SaidAction, SaidPostmortem, SaidSentence

TEXT_LIMIT = 500  # characters of a sentence
MOST_ACTIONS = 12
LEAST_SHARED = 0.4  # of a sentence's words that carry meaning: so many stand in the facts that it cites
# What the outline says first stays first: what happened and for how long, and that nobody confirmed a cause.
_LEADING = frozenset({Section.SUMMARY, Section.IMPACT, Section.ROOT_CAUSE})
_SHELL = re.compile(r"^[-/]|[$|&<>`\\=]|\.\./")
_TOKEN = re.compile(r"[^\W_][\w'’-]*")
_AGENT = re.compile(
    r"\b(?:by|because of|due to|thanks to|of|from) (?P<who>[a-z][\w-]+)(?=\s*(?:[.,;:!?]|and\b|who\b|$))"
)
_ORDINARY = re.compile(r"(?:ing|ion|ness|ment|ity|ance|ence|ure|age|s)$")


@dataclass(frozen=True, kw_only=True)
class Writing:
    """`left_out`: how many of the model's sentences did not stand."""

    outline: Outline
    left_out: int
    kept: int


def written(
    said: SaidPostmortem,
    outline: Outline,
    ledger: EvidenceLedger,
    names: Mapping[str, str],
    *,
    instructions: str = "",
    is_confirmed: bool,
) -> Writing:
    """`ledger`: the facts as the model was shown them. `is_confirmed`: people settled the cause."""
    checking = _Checking(ledger=ledger, names=names, instructions=instructions, facts=frozenset(outline.facts))
    by_section = {
        Section.SUMMARY: said.summary,
        Section.IMPACT: said.impact,
        Section.ROOT_CAUSE: said.root_cause,
        Section.CONTRIBUTING: said.contributing,
        Section.RESOLUTION: said.resolution,
        Section.WENT_WELL: said.went_well,
        Section.WENT_BADLY: said.went_badly,
        Section.LESSONS: said.lessons,
    }
    sections = dict(outline.sections)
    wanted = kept = 0
    for section, sentences in by_section.items():
        stood = [one for sentence in sentences if (one := checking.sentence(sentence))]
        wanted, kept = wanted + len(sentences), kept + len(stood)
        must = () if is_confirmed or section is not Section.ROOT_CAUSE else outline.sections.get(section, ())[:1]
        sections[section] = _merged(section, stood, outline.sections.get(section, ()), must)
    actions = [made for item in said.action_items if (made := checking.action(item))]
    wanted, kept = wanted + len(said.action_items), kept + len(actions)
    whole = replace(outline, sections=sections, actions=_joined(outline.actions, actions))
    return Writing(outline=whole, left_out=wanted - kept, kept=kept)


@dataclass(frozen=True, kw_only=True)
class _Checking:
    ledger: EvidenceLedger
    names: Mapping[str, str]
    instructions: str
    facts: frozenset[str]

    def sentence(self, said: SaidSentence) -> Statement | None:
        found = self._grounded(said.text, said.facts)
        if found is None or not is_opening(_first(found.text), self._known()):
            return None
        return found

    def action(self, said: SaidAction) -> ActionItem | None:
        if not is_order(_first(said.text)):
            return None
        found = self._grounded(said.text, said.facts)
        if found is None:
            return None
        return ActionItem(text=found.text, priority=Priority(said.priority), facts=found.facts)

    def _grounded(self, text: str, cites: Sequence[str]) -> Statement | None:
        text = safe(discreet(text, self.instructions), TEXT_LIMIT)
        if not text or LEFT_OUT.strip() in text or not is_english(text) or blame(text, self.names):
            return None
        claim = without_echo(ground(text, cites, self.ledger), self.ledger)
        if claim.verdict is not Verdict.SUPPORTED or not set(claim.evidence) <= self.facts:
            return None
        shown = " ".join(item.text for cite in claim.evidence if (item := self.ledger.find(cite)))
        if _is_of_other_things(text, shown) or _names_a_stranger(text, shown) or _commands(text, shown):
            return None
        return Statement(text=text, facts=claim.evidence)

    def _known(self) -> Collection[str]:
        """Words of the facts: a sentence may begin with any of them."""
        return {word.casefold() for item in self.ledger.items for word in _TOKEN.findall(item.text)}


def _first(text: str) -> str:
    found = _TOKEN.search(text)
    return found[0] if found else ""


def _is_of_other_things(text: str, shown: str) -> bool:
    words = content_words(text)
    return len(words & content_words(shown)) < max(1, LEAST_SHARED * len(words))


def _commands(text: str, shown: str) -> bool:
    """Options, paths and signs of a shell that no cited fact has: nobody is told to run what a model made up."""
    odd = [part.strip(".,:;()\"'“”") for part in text.split() if _SHELL.search(part)]
    return any(part not in shown for part in odd)


def _names_a_stranger(text: str, shown: str) -> bool:
    """A word written as a name, or put where an agent stands, that no cited fact has."""
    known = {word.casefold() for word in _TOKEN.findall(shown)}
    for found in list(_TOKEN.finditer(text))[1:]:
        word = found[0]
        if word[:1].isupper() and word[1:2].islower() and word.casefold() not in known:
            return True
    return any(
        word.casefold() not in known and not _ORDINARY.search(word)
        for word in (found["who"] for found in _AGENT.finditer(text))
    )


def _merged(
    section: Section, stood: Sequence[Statement], own: Sequence[Statement], must: Sequence[Statement]
) -> tuple[Statement, ...]:
    """The model's sentences, and those of the outline whose facts none of them names."""
    if not stood:
        return tuple(own)
    covered = {name for one in stood for name in one.facts}
    rest = [one for one in own if one in must or not set(one.facts) <= covered]
    return (*rest, *stood) if section in _LEADING else (*stood, *rest)


def _joined(own: Iterable[ActionItem], more: Iterable[ActionItem]) -> tuple[ActionItem, ...]:
    found: dict[str, ActionItem] = {}
    for item in (*own, *more):
        found.setdefault(item.text.casefold().rstrip(". "), item)
    return tuple(found.values())[:MOST_ACTIONS]
