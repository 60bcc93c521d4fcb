"""Wording that looks for somebody to blame, and names that do not belong into a postmortem.

What is asked is how the system made an error easy, not who made it: people are named by their role, and words that
judge them are pointed out. Pure, by words alone: it finds how blame is usually put, not every way to put it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class BlameKind(StrEnum):
    NAME = "name"  # a person by name
    JUDGEMENT = "judgement"  # careless, negligent, incompetent
    HINDSIGHT = "hindsight"  # should have, could have, failed to
    HUMAN_ERROR = "human_error"  # as if that explained anything


@dataclass(frozen=True, kw_only=True)
class Blame:
    kind: BlameKind
    words: str  # as they stand in the text
    remedy: str


_ACTOR = (
    r"(?:he|she|they|I|we|you|somebody|someone|nobody|no one|who(?:ever)?"
    r"|(?:the |an? |our )?(?:[\w-]+ )?(?:engineer|developer|operator|admin(?:istrator)?|author|team|lead|person|people"
    r"|colleague|contractor|intern|user|responder|on-call(?: person| engineer)?|SRE|DBA|scribe)s?)"
)
_RULES = (
    (
        BlameKind.HUMAN_ERROR,
        re.compile(
            r"\b(?:human|operator|user|pilot|engineer|developer)(?:'s)?[ -]error\b|\bfat[- ]finger(?:ed|ing)?\b",
            re.I,
        ),
        "Say what made the slip easy and what would have caught it.",
    ),
    (
        BlameKind.JUDGEMENT,
        re.compile(
            r"\b(?:careless(?:ly|ness)?|neglig(?:ent|ently|ence)|incompeten(?:t|ce)|stupid(?:ly|ity)?|sloppy|sloppiness"
            r"|lazy(?! (?:load|eval|init|connect|pull|fetch|creat))|laziness"
            r"|reckless(?:ly|ness)?|irresponsib(?:le|ly)|thoughtless(?:ly)?|foolish(?:ly)?|dumb|idiot(?:ic)?"
            r"|blunder(?:ed|s)?|screw(?:ed)?[- ]up|messed up|to blame|at fault|(?:is|was|were) guilty"
            r"|(?:his|her|their|my|your|[A-Z]\w+'s) (?:own )?(?:fault|mistake|failure|negligence))\b"
        ),
        "Describe what happened and what led to it, without judging anybody.",
    ),
    (
        BlameKind.HINDSIGHT,
        re.compile(
            rf"\b{_ACTOR} (?:(?:really|clearly|obviously|simply|just) )?"
            r"(?:should(?: not|n't)? have|ought(?: not)? to have"
            r"|could have (?:easily )?(?:prevented|avoided|noticed|caught|known)|failed to|forgot(?: to)?|neglected to"
            r"|did(?: not|n't) bother|did(?: not|n't) (?:think|care)|ignored|overlooked|missed the obvious)\b",
            re.I,
        ),
        "Say what was known at that moment, and what would have made the better way the obvious one.",
    ),
)
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_NAMED = "Name the role, not the person."
A_RESPONDER = "a responder"
_SAME = re.compile(r"\b((?:an?|the) [a-z-]+(?: [a-z]+)?)(?:,? (?:and )?\1)+\b")  # "an engineer, an engineer"


def blame(text: str, names: Mapping[str, str] | None = None) -> tuple[Blame, ...]:
    """In the order of the text. `names`: of people, with the role of each ("" where they have none)."""
    found = [(at, one) for kind, rule, remedy in _RULES for at, one in _found(text, kind, rule, remedy)]
    for pattern in (MENTION, _pattern(names or {})):
        if pattern is not None:
            found += _found(text, BlameKind.NAME, pattern, _NAMED)
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def without_names(text: str, names: Mapping[str, str]) -> str:
    """With the role in place of each name and mention. `names`: also by Slack's user id, as mentions have them."""

    def role(found: re.Match[str]) -> str:
        name = found[1] if found.re is MENTION else found[0].removeprefix("@")
        return names.get(name, "") or next((r for n, r in names.items() if n.casefold() == name.casefold() and r), "")

    said = MENTION.sub(lambda found: role(found) or A_RESPONDER, text)
    pattern = _pattern(names)
    said = pattern.sub(lambda found: role(found) or A_RESPONDER, said) if pattern else said
    said = _SAME.sub(r"\1", said) if said != text else said
    return said[:1].upper() + said[1:] if said != text and text[:1].isupper() else said


def _found(text: str, kind: BlameKind, rule: re.Pattern[str], remedy: str) -> Iterator[tuple[int, Blame]]:
    for match in rule.finditer(text):
        yield match.start(), Blame(kind=kind, words=match[0], remedy=remedy)


def _pattern(names: Mapping[str, str]) -> re.Pattern[str] | None:
    """The longest first, as whole words. A name of one word may be a word, too: it counts as names are written."""
    known = sorted((name for name in names if len(name) >= 2), key=len, reverse=True)
    if not known:
        return None
    words = "|".join(_spelled(name) for name in known)
    return re.compile(rf"(?<![\w@])@?(?:{words})(?![\w-])")


def _spelled(name: str) -> str:
    if " " in name:
        return f"(?i:{re.escape(name)})"
    written = (name,) if len(name) < 4 else dict.fromkeys((name, name[:1].upper() + name[1:], name.upper()))
    return "|".join(map(re.escape, written))
