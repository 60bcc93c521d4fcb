"""Whether what is said to rise rose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.domain.evidence_ledger import ItemKind, Trend
from bot.domain.grounding.sentence import Sentence
from bot.domain.grounding.shown import Shown
from bot.domain.grounding.span import Span
from bot.domain.grounding.verdict import Fault, FaultKind
from bot.domain.grounding.words import families

_UP = (
    r"rose|risen|ris(?:e|es|ing)|increas(?:e|ed|es|ing)|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?|grew|grow(?:s|n|ing|th)?|"
    r"spik(?:e|ed|es|ing)|surg(?:e|ed|es|ing)|went up|goes up|up from|higher|elevated|soared|shot up|doubled|tripled|"
    r"worsened|gone up|going up"
)
_DOWN = (
    r"fell|fallen|fall(?:s|ing)?|drop(?:s|ped|ping)?|decreas(?:e|ed|es|ing)|declin(?:e|ed|es|ing)|went down|goes down|"
    r"down from|lower(?:ed)?|halved|shrank|sank|plunged|collapsed|gone down|going down|dipped"
)
_STEADY = (
    r"unchanged|stable|steady|flat|constant|(?:stay|remain)(?:s|ed) (?:normal|the same|at|about|level)|"
    r"(?:did|has|does) not (?:move|change)d?|"
    r"(?:is|was|are|were) normal|unaffected|no (?:change|increase|rise|drop|spike|growth)|"
    r"(?:did|has|have|does|do) ?n[o']t (?:rise|increase|grow|climb|drop|fall|jump|spike|risen|increased)"
)
_BACK = r"recover(?:ed|s|ing)?|back to normal|returned to normal|is normal again|subsided|went back to normal"
_WORDS = re.compile(rf"\b(?:(?P<steady>{_STEADY})|(?P<back>{_BACK})|(?P<up>{_UP})|(?P<down>{_DOWN}))\b", re.IGNORECASE)
_OF = re.compile(r"\s+(?:in|of)\s+(?:the )?\w+(?: \w+)?", re.IGNORECASE)  # "a surge in traffic": of that alone
_LITTLE = re.compile(r"slight|a little|somewhat|marginal|minor|barely|a bit", re.IGNORECASE)
_FITS = {
    "up": {Trend.ROSE, Trend.RECOVERED},
    "down": {Trend.FELL, Trend.RECOVERED},
    "steady": {Trend.STEADY},
    "back": {Trend.RECOVERED, Trend.STEADY},
}
_SWAP = re.compile(r"\bfrom (?P<a>v?\d[\w.]*\w) to (?P<b>v?\d[\w.]*\w)", re.IGNORECASE)
_BROUGHT_OUT = re.compile(
    r"(?:deployment of|deployed|released|rolled out|shipped|rollout of|release of) (?:[a-z][\w-]* )?(?P<a>v\d[\w.]*\w)"
    r"|(?P<b>v\d[\w.]*\w) (?:of [\w-]+ )?(?:was|has been|is being|got|went) "
    r"(?:deployed|released|rolled out|shipped|live|out|to production)",
    re.IGNORECASE,
)


def direction_faults(sentence: Sentence) -> list[Fault]:
    if not sentence.is_english:
        return []
    return [*_moves(sentence), *_versions(sentence)]


def _moves(sentence: Sentence) -> Iterator[Fault]:
    for m in _WORDS.finditer(sentence.text):
        place = Span(start=m.start(), end=m.end())
        said = m.lastgroup or ""
        about = _about(sentence, place)
        trends = {shown.item.trend for shown in about}
        if not about or trends & _FITS[said]:
            continue
        if Trend.STEADY in trends and said in {"up", "down"} and _slightly(sentence, place, said, about):
            continue
        yield Fault(kind=FaultKind.DIRECTION, said=m[0], start=m.start(), end=m.end())


def _about(sentence: Sentence, place: Span) -> list[Shown]:
    """The cited items that the clause is about: of its service, and of its kind of metric where it names one."""
    moving = [shown for shown in sentence.cited if shown.item.trend is not None]
    if services := sentence.services_at(place):
        moving = [s for s in moving if services & {name.lower() for name in s.item.services}]
    clause = sentence.words_of(sentence.clause_of(place))
    of = _OF.match(sentence.text, place.end)
    told = (families(of[0]) if of else frozenset()) or families(clause)
    if told:
        metrics = [s for s in moving if s.item.kind is not ItemKind.LOG and s.families & told]
        logs = [s for s in moving if s.item.kind is ItemKind.LOG] if "errors" in told else []
        return metrics + logs or ([] if any(s.families for s in moving) else moving)
    return moving


def _slightly(sentence: Sentence, place: Span, said: str, about: Sequence[Shown]) -> bool:
    """A small move within what is normal may be told as such, or with its numbers."""
    clause = sentence.words_of(sentence.clause_of(place))
    numbers = [q for q in sentence.quantities if sentence.clause_of(q) == sentence.clause_of(place)]
    readings = [s.item.reading for s in about if s.item.reading]
    right = any(
        r.now is not None and r.before is not None and (r.now > r.before if said == "up" else r.now < r.before)
        for r in readings
    )
    return right and bool(_LITTLE.search(clause) or len(numbers) > 1)


def _versions(sentence: Sentence) -> Iterator[Fault]:
    changes = [s.item for s in sentence.cited if s.item.kind is ItemKind.CHANGE]
    for m in _SWAP.finditer(sentence.text):
        old, new = m["a"].lower().removeprefix("v"), m["b"].lower().removeprefix("v")
        for change in changes:
            was, became = change.previous.lower().removeprefix("v"), change.version.lower().removeprefix("v")
            if was and (old, new) == (became, was):
                yield Fault(kind=FaultKind.DIRECTION, said=m[0], start=m.start(), end=m.end())
    for m in _BROUGHT_OUT.finditer(sentence.text):
        group = "a" if m["a"] else "b"
        said = m[group].lower().removeprefix("v")
        brought = {change.version.lower().removeprefix("v") for change in changes}
        if said not in brought and said in {change.previous.lower().removeprefix("v") for change in changes}:
            yield Fault(kind=FaultKind.DIRECTION, said=m[group], start=m.start(group), end=m.end(group))
