"""Whether the numbers of a sentence stand in what it cites: right unit, right metric, right service, right side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.evidence_ledger import ItemKind
from bot.domain.grounding.moments import apart
from bot.domain.grounding.quantities import Dimension, Quantity, Role, Sense
from bot.domain.grounding.sentence import Sentence
from bot.domain.grounding.shown import Shown
from bot.domain.grounding.verdict import Fault, FaultKind
from bot.domain.grounding.words import NOUN_ROW, families

ABOUT = 0.1  # "about 40 %" is said of 36 % to 44 %
BOUND = 2.0  # "more than 200" is said of up to twice as much
COARSE = 0.12  # "1 GiB" is not said of 1.25 GiB, though it is the nearest whole number
ROUNDED = 0.02  # "1,200" is said of 1,204: zeros at the end may be rounding, up to this much
DERIVED = 0.02  # what a reader works out (a factor, a difference) is rounded on the way
_COUNTED = re.compile(
    r"services?|metrics?|signals?|patterns?|sources?|alerts?|deployments?|changes?|incidents?|runbooks?"
)
_TOTAL = re.compile(r"\b(?:total|together|altogether|in all|combined|sum)\b", re.IGNORECASE)
_DIFFERENCE = re.compile(
    r"\b(?:by|up|down|more|less|fewer|additional|extra|another|(?:increase|rise|drop|growth) of|"
    r"difference|free|left|remain\w*|"
    r"headroom|available|succeed\w*|success\w*|higher|lower)\b",
    re.IGNORECASE,
)
_ONSET = re.compile(r"\b(?:before|after|ahead of) (?:the|this) (?:onset|alert)\b", re.IGNORECASE)
_ELAPSED = re.compile(
    r"\b(?:after|before|later|earlier|within|for|since|ago|last(?:s|ed)?|took|apart|until|ahead|prior|preced\w+|follow\w+|"
    r"between|by then|long)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class _Hit:
    shown: Shown
    quantity: Quantity


def number_faults(sentence: Sentence) -> tuple[list[Fault], int]:
    """The faults, and how many numbers were found in the evidence."""
    faults: list[Fault] = []
    right = 0
    for quantity in sentence.quantities:
        fault = _fault(sentence, quantity)
        if fault:
            said = sentence.text[quantity.start : quantity.end]
            faults.append(Fault(kind=fault, said=said, start=quantity.start, end=quantity.end))
        else:
            right += 1
    return faults, right


def _fault(sentence: Sentence, said: Quantity) -> FaultKind | None:
    readings = (said, *_with_units_beside(sentence, said))
    found = next((hits for one in readings if (hits := _hits(sentence, one))), [])
    if not found:
        if _follows(sentence, said):
            return None
        return FaultKind.WRONG_UNIT if _other_unit(said, sentence.cited) else FaultKind.NUMBER_NOT_FOUND
    services = sentence.services_at(said)
    if services and not (found := [hit for hit in found if _is_about(hit.shown, services)]):
        return None if _follows(sentence, said) else FaultKind.WRONG_SERVICE
    if not (found := [hit for hit in found if _same_noun(said, hit)]):
        return FaultKind.WRONG_UNIT
    if not (found := [hit for hit in found if _same_metric(sentence, said, hit)]):
        return FaultKind.WRONG_METRIC
    if said.role is not Role.ANY and all(_other_side(said.role, hit.quantity.role) for hit in found):
        return FaultKind.DIRECTION
    return None


def _hits(sentence: Sentence, said: Quantity) -> list[_Hit]:
    is_difference = bool(_DIFFERENCE.search(sentence.words_of(sentence.clause_of(said))))
    return [
        _Hit(shown=shown, quantity=quantity)
        for shown in sentence.cited
        for quantity in (*shown.quantities, *shown.derived, *(shown.differences if is_difference else ()))
        if _same(said, quantity, is_derived=quantity.start == quantity.end)
    ]


def _with_units_beside(sentence: Sentence, said: Quantity) -> Iterator[Quantity]:
    """ "466 of 466 GiB", "from 213 to 9,080 ms": a bare number may have the unit of another in its sentence."""
    if said.dimension is not Dimension.COUNT or said.noun in NOUN_ROW or said.is_word:
        return
    for other in sentence.quantities:
        if other.figure and other.dimension is not Dimension.COUNT and float(other.figure):
            unit = other.value / float(other.figure)
            others = tuple(value / float(other.figure) * said.value for value in other.others)
            yield replace(
                said, value=said.value * unit, step=said.step * unit, dimension=other.dimension, others=others
            )


def _same(said: Quantity, shown: Quantity, *, is_derived: bool) -> bool:
    if said.dimension is not shown.dimension and not _may_stand_for(said, shown):
        return False
    return any(_close(said, value, other, is_derived) for value in said.values for other in shown.values)


def _may_stand_for(said: Quantity, shown: Quantity) -> bool:
    """0.42 and 42 %; "x2.4" and "2.4"; a bare number of what has a unit in the evidence."""
    pair = {said.dimension, shown.dimension}
    if pair == {Dimension.SHARE, Dimension.COUNT}:
        bare = said if said.dimension is Dimension.COUNT else shown
        return 0 < bare.value < 1 and bare.noun not in NOUN_ROW  # a bare 0 stands for anything
    if pair == {Dimension.FACTOR, Dimension.COUNT}:
        return said.dimension is Dimension.FACTOR and not said.is_word
    return said.dimension is Dimension.COUNT and not said.noun and shown.dimension is Dimension.RATE


def _close(said: Quantity, value: float, shown: float, is_derived: bool) -> bool:
    if said.sense is Sense.OVER:
        return shown * (1 + 1e-9) >= value and shown <= value * BOUND
    if said.sense is Sense.UNDER:
        return shown <= value * (1 + 1e-9) and shown >= value / BOUND
    off = abs(value - shown)
    if off <= 1e-9 * max(abs(value), abs(shown)):
        return True
    if said.sense is Sense.ABOUT:
        return off <= max(ABOUT * abs(shown), said.step if not _is_counted(said) else 0.0)
    if said.is_word and said.dimension in {Dimension.FACTOR, Dimension.SHARE}:
        return off <= said.step
    if is_derived:
        return off <= max(said.step, DERIVED * abs(shown)) if said.dimension is not Dimension.COUNT else off < said.step
    if _is_counted(said):
        return off < said.step or (value >= 100 and value % 10 == 0 and off <= _place(value) and off <= ROUNDED * shown)
    return off <= min(said.step, COARSE * abs(shown)) * 1.0001


def _is_counted(said: Quantity) -> bool:
    return said.dimension is Dimension.COUNT and said.step == 0.5


def _place(value: float) -> float:
    """Half of the unit of the last digit that is not zero: 5 for 1,230, 50 for 1,200."""
    place = 1.0
    while value % (place * 10) == 0:
        place *= 10
    return place / 2


def _is_about(shown: Shown, services: Iterable[str]) -> bool:
    """Metrics are their service's alone; other evidence is also about whom it names. Of no service: about all."""
    if shown.item.kind in {ItemKind.METRIC, ItemKind.FORECAST}:
        own = {name.lower() for name in shown.item.services}
        return not own or bool(own & set(services))
    return not shown.item.services or any(shown.names_service(service) for service in services)


def _same_noun(said: Quantity, hit: _Hit) -> bool:
    """Lines of a log are also counted as what they tell of: "121 requests waited" of lines "request <*> waited"."""
    if said.dimension is not Dimension.COUNT or hit.quantity.dimension is not Dimension.COUNT:
        return True
    rows = NOUN_ROW.get(said.noun), NOUN_ROW.get(hit.quantity.noun)
    if None in rows or rows[0] == rows[1]:
        return True
    return hit.shown.item.kind is not ItemKind.METRIC and said.noun.removesuffix("s") in hit.shown.words


def _same_metric(sentence: Sentence, said: Quantity, hit: _Hit) -> bool:
    if said.quantile and hit.quantity.quantile and said.quantile != hit.quantity.quantile:
        return False
    told = families(sentence.words_of(sentence.clause_of(said)))
    known = hit.shown.families
    return len(told) != 1 or not known or bool(told & known)


def _other_side(said: Role, shown: Role) -> bool:
    return shown is not Role.ANY and shown is not said


def _other_unit(said: Quantity, cited: Sequence[Shown]) -> bool:
    """The same figure stands there with another unit."""
    return any(
        quantity.dimension is not said.dimension or quantity.value != said.value
        for shown in cited
        for quantity in shown.quantities
        if said.figure and said.figure == quantity.figure
    )


# --- what follows from several items ----------------------------------------------------------------------------------


def _follows(sentence: Sentence, said: Quantity) -> bool:
    if said.dimension is Dimension.TIME:
        return _is_elapsed(sentence, said)
    if said.dimension is not Dimension.COUNT or said.step != 0.5:
        return False
    if _COUNTED.fullmatch(said.noun) and said.value in _sizes(sentence.cited):
        return True
    if not _TOTAL.search(sentence.text):
        return False
    counts = [shown.item.reading.now for shown in sentence.cited if shown.item.reading and shown.item.reading.now]
    return bool(counts) and abs(sum(counts) - said.value) < 0.5


def _sizes(cited: Sequence[Shown]) -> set[int]:
    return {len(cited), len({service for shown in cited for service in shown.item.services})}


def _is_elapsed(sentence: Sentence, said: Quantity) -> bool:
    """The time between two moments of the cited evidence, where the sentence speaks of such a time."""
    around = sentence.words_of(sentence.clause_of(said))
    if not _ELAPSED.search(around):
        return False
    if _ONSET.search(around) and any(_ONSET.search(shown.words) for shown in sentence.cited):
        return False  # how long before the onset is told, and it is not that
    moments = sorted({seconds for shown in sentence.cited for seconds, _ in shown.times})
    slack = said.step * 1.2  # moments are themselves cut to the second or minute
    return any(
        abs(gap - said.value) <= max(slack, ABOUT * gap if said.sense is Sense.ABOUT else 0.0) for gap in apart(moments)
    )
