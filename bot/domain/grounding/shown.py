"""What one cited item shows, made comparable: its words, numbers and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from bot.domain.evidence_ledger import ItemKind, LedgerItem, Reading
from bot.domain.grounding.moments import Clock, Day, clocks, days, seconds_of
from bot.domain.grounding.names import Name, NameKind, names
from bot.domain.grounding.quantities import Dimension, Quantity, Role, quantile_marks, quantities
from bot.domain.grounding.words import families, flat

LONG_ENOUGH = 4  # characters of a name whose plural is told by an "s"
LONGEST_VALUE = 60  # characters that stand for one <*> of a pattern
COVERED = 0.5  # of a quotation that are the pattern's own words; the rest are values
_ROLED = frozenset({ItemKind.METRIC, ItemKind.LOG})
_BEFORE = re.compile(r"\s*(?:\w+ )?before\b(?! (?:the|this|it))|\s*in an equally long time before", re.IGNORECASE)
_NOW = re.compile(
    r"\s*(?:of [\d.,]+ \w+ |\w+ )?now\b|\s*\((?:error|warn|fatal|critical)|\s*at its worst", re.IGNORECASE
)
_LIMIT = re.compile(r"(?:threshold is|limit is|\d \w{1,12} of|\d of|usually) $", re.IGNORECASE)
_OF = (" of ", " out of ", "/", " / ")  # "17 of 60" is a share
_SHAPES = (NameKind.VERSION, NameKind.INCIDENT, NameKind.COMMIT)
_UNITS = {"ratio": Dimension.SHARE, "%": Dimension.SHARE, "s": Dimension.TIME, "bytes": Dimension.BYTES}
_UNITS |= {"1/s": Dimension.RATE}


@dataclass(frozen=True, kw_only=True)
class Shown:
    item: LedgerItem
    words: str  # lower case, blanks made one
    flat: str  # as `flat` makes it: for finding names and quotations however they are written
    quantities: tuple[Quantity, ...]
    derived: tuple[Quantity, ...]  # what follows from its reading: factors and shares
    differences: tuple[Quantity, ...]
    clocks: tuple[Clock, ...]
    days: tuple[Day, ...]
    families: frozenset[str]  # of metrics: "latency", "memory"

    @property
    def times(self) -> tuple[tuple[int, bool], ...]:
        """(second of the day, whether its seconds are told)."""
        told = tuple((clock.seconds, clock.is_exact) for clock in self.clocks)
        return told + tuple((seconds, True) for seconds in seconds_of(self.item.times))

    def names_service(self, service: str) -> bool:
        return service in {name.lower() for name in self.item.services} or names_in(self.words, service)


def names_in(words: str, service: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(service)}(?![a-z0-9]|-[a-z0-9])", words) is not None


@lru_cache(maxsize=4096)
def shown(item: LedgerItem) -> Shown:
    text = item.text
    moments = (*clocks(text), *days(text))
    shapes = [name for name in names(text, (), is_english=False) if name.kind in _SHAPES]
    found = quantities(text, [*moments, *shapes])
    if item.kind in _ROLED:
        found = tuple(_roled(text, quantity, item) for quantity in found)
    return Shown(
        item=item,
        words=" ".join(text.lower().split()),
        flat=flat(text),
        quantities=found,
        derived=_derived(item.reading, found, text),
        differences=_differences(item.reading),
        clocks=clocks(text),
        days=days(text),
        families=families(_subject(item)) if item.kind in {ItemKind.METRIC, ItemKind.FORECAST} else frozenset(),
    )


def _subject(item: LedgerItem) -> str:
    """The metric's own name: what stands before "of SERVICE"."""
    whose = item.services[0] if item.services else ""
    return item.text.partition(f" of {whose} ")[0] if whose else item.text


def _roled(text: str, quantity: Quantity, item: LedgerItem) -> Quantity:
    rest = text[quantity.end :]
    role = Role.BEFORE if _BEFORE.match(rest) else Role.NOW if _NOW.match(rest) else Role.ANY
    role = Role.LIMIT if _LIMIT.search(text[: quantity.start]) else role
    marks = quantile_marks(text)
    near = [mark for mark in marks if 0 <= quantity.start - mark[1] <= 2]
    main = marks[0][2] if marks and marks[0][0] == 0 else ""
    quantile = near[-1][2] if near else main
    return replace(quantity, role=role, quantile=quantile if item.kind is ItemKind.METRIC else "")


def _derived(reading: Reading | None, found: tuple[Quantity, ...], text: str) -> tuple[Quantity, ...]:
    """Factors, and shares of a limit; also of pairs such as "17 of 60"."""
    made: list[Quantity] = []
    if reading and reading.now is not None:
        for whole in (reading.before, reading.limit):
            made += _ratios(reading.now, whole, with_share=whole is reading.limit) if whole else []
    made += [
        _quantity(one.value / two.value, Dimension.SHARE)
        for one, two in pairwise(found)
        if text[one.end : two.start] in _OF
        and 0 < one.value <= two.value
        and (one.dimension is two.dimension or one.dimension is Dimension.COUNT)
    ]
    return tuple(quantity for quantity in made if quantity.value > 0)


def _ratios(now: float, whole: float, *, with_share: bool) -> list[Quantity]:
    made = [_quantity(now / whole, Dimension.FACTOR)] + ([_quantity(whole / now, Dimension.FACTOR)] if now else [])
    return made + ([_quantity(now / whole, Dimension.SHARE)] if with_share else [])


def _differences(reading: Reading | None) -> tuple[Quantity, ...]:
    """What is told as "by 12 %", "43 more", "43 left"."""
    if reading is None or reading.now is None:
        return ()
    dimension = _UNITS.get(reading.unit, Dimension.COUNT)
    made: list[Quantity] = []
    for other in (reading.before, reading.limit):
        if other is not None:
            made.append(_quantity(abs(reading.now - other), dimension, noun=reading.unit))
            made += [_quantity(abs(reading.now - other) / other, Dimension.SHARE)] if other else []
    if dimension is Dimension.SHARE:
        made.append(_quantity(1 - reading.now, dimension))
    return tuple(quantity for quantity in made if quantity.value > 0)


def _quantity(value: float, dimension: Dimension, noun: str = "") -> Quantity:
    return Quantity(start=0, end=0, value=value, step=abs(value) * 0.005, dimension=dimension, noun=noun)


def cited_name(name: Name, evidence: Shown) -> bool:
    """Whether the name stands in what is shown, however it is written."""
    if name.kind is NameKind.COMMIT:
        return any(
            told.startswith(name.text.lower()) or name.text.lower().startswith(told)
            for told in re.findall(r"(?<![\w-])[0-9a-f]{7,40}(?![\w-])", evidence.words)
        )
    if name.kind is NameKind.VERSION:
        bare = re.escape(name.text.lower().removeprefix("v"))
        return re.search(rf"(?<![\d.])v?{bare}(?!\d)", evidence.words) is not None
    if name.kind is NameKind.INCIDENT:
        return name.text.lower() in evidence.words
    if name.kind in {NameKind.PERSON, NameKind.SERVICE}:
        wanted = name.text.lower()
        return evidence.names_service(wanted) or names_in(evidence.words, wanted)
    wanted = flat(name.text)
    if name.kind is NameKind.IDENTIFIER:
        wanted = wanted.removesuffix("s") if len(wanted) > LONG_ENOUGH else wanted  # "KeyErrors"
    return _stands_in(wanted, evidence.flat)


def _stands_in(wanted: str, shown_words: str) -> bool:
    """`wanted` may leave words out where it says so with "…"; what varies in a log pattern may be anything."""
    parts = [part.strip() for part in re.split(r"…|\.\.\.", wanted) if part.strip()]
    if not parts:
        return True
    if all(part in shown_words for part in parts):
        return True
    if "<*>" in shown_words and not any("<*>" in part for part in parts):
        return all(_matches_pattern(part, shown_words) for part in parts)
    return False


def _matches_pattern(part: str, shown_words: str) -> bool:
    """Whether words of a real line are one of a log pattern's: its own words in order around what varies."""
    return any(
        _holds_in_order(part, [piece.strip() for piece in segment.split("<*>") if piece.strip()])
        for segment in shown_words.split(";")
        if "<*>" in segment
    )


def _holds_in_order(part: str, pieces: Sequence[str]) -> bool:
    """Most of `part` is covered by at least two neighbouring pieces; the first may begin and the last end outside."""
    covered, found, at = 0, 0, 0
    for n, piece in enumerate(pieces):
        place = part.find(piece, at)
        if place < 0 and n > 0 and found:
            break
        if place < 0 or (found and place - at > LONGEST_VALUE):
            continue
        covered, found, at = covered + len(piece), found + 1, place + len(piece)
    return found > 1 and covered >= COVERED * len(part)
