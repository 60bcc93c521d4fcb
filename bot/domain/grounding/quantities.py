"""Numbers with their unit in a text, brought to one unit for each dimension."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.grounding.span import Span, is_free


class Dimension(StrEnum):
    COUNT = "count"
    SHARE = "share"  # 1.0 is 100 %
    TIME = "time"  # seconds
    BYTES = "bytes"
    RATE = "rate"  # each second
    FACTOR = "factor"  # times as much


class Sense(StrEnum):
    EXACT = "exact"
    ABOUT = "about"
    OVER = "over"
    UNDER = "under"


class Role(StrEnum):
    ANY = "any"
    BEFORE = "before"
    NOW = "now"
    LIMIT = "limit"


@dataclass(frozen=True, kw_only=True)
class Quantity(Span):
    value: float  # in the dimension's unit
    step: float  # half a unit of its last digit, in the dimension's unit
    dimension: Dimension
    noun: str = ""  # what is counted: the word behind the number, lower case
    others: tuple[float, ...] = ()  # what it may mean besides: GB is 1000^3 or 1024^3 bytes
    sense: Sense = Sense.EXACT
    role: Role = Role.ANY
    quantile: str = ""  # "p95"
    is_word: bool = False
    figure: str = ""  # the digits as they are written, without commas; "" for words

    @property
    def values(self) -> tuple[float, ...]:
        return (self.value, *self.others)


ROUND_WORD = 20
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60,
}  # fmt: skip
_FRACTIONS = {"half": 0.5, "a third": 1 / 3, "two thirds": 2 / 3, "a quarter": 0.25, "three quarters": 0.75}
_FACTORS: dict[str, float] = {
    "double": 2,
    "doubled": 2,
    "doubling": 2,
    "twice": 2,
    "twofold": 2,
    "triple": 3,
    "tripled": 3,
}
_FACTORS |= {"thrice": 3, "threefold": 3, "quadruple": 4, "quadrupled": 4, "fourfold": 4, "fivefold": 5}
_FACTORS |= {"tenfold": 10.0, "halved": 0.5}
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "mn": 1e6, "billion": 1e9}

_TIMES = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "microsecond": 1e-6, "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3}
_TIMES |= {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hr": 3600.0}
_TIMES |= {"hour": 3600.0, "d": 86400.0, "day": 86400.0, "week": 604800.0}
_BYTES = {"b": 1, "byte": 1} | {
    f"{prefix}{ending}": 1024 ** (n + 1) for n, prefix in enumerate("kmgtp") for ending in ("ib", "b")
}

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
_FIGURE = re.compile(
    rf"(?P<x>[x×])?(?<![\w.,#])(?P<n>{_NUMBER})(?P<scale>[kK]\b|M\b(?!i)| (?:thousand|million|billion)\b)?"
    rf"|(?<!\w)[x×](?P<xn>{_NUMBER})",
)
_WORD = re.compile(
    r"\b(?P<frac>half|a third|two thirds|a quarter|three quarters)\b(?! an?\b)"
    r"|\b(?P<fact>" + "|".join(_FACTORS) + r")\b"
    r"|\b(?P<oneof>one|1) (?:in|out of) (?:every )?(?P<of>" + "|".join(_WORDS) + r"|\d+)\b"
    r"|\b(?P<and>" + "|".join(_WORDS) + r") and a half\b"
    r"|\b(?P<w>" + "|".join(_WORDS) + r")\b(?=[ -])",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\s*(?P<noun>[a-z]{3,12} )?(?:/|per |a |each )(?P<per>s|sec|second|m|min|minute|h|hour)\b(?!\.\d)"
    r"|\s*(?:(?:req|requests|queries|transactions)/s|rps|qps|tps)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[ -]?(?P<u>%|percentage points?\b|percent\b|per cent\b|pct\b|µs\b|[A-Za-z]+)")
_TIMES_AS = re.compile(
    r"\s*(?:x\b|×|-?fold\b|times (?:as|its|their|the|what|more|higher|slower|larger|over|normal|usual)\b)",
    re.IGNORECASE,
)
_NOUN = re.compile(r"\s+(?:[a-z-]+ ){0,2}?(?P<noun>[a-z]{3,})\b", re.IGNORECASE)
_SENSES = (
    (Sense.OVER, r"more than|over|above|at least|exceed(?:s|ed|ing)|beyond|>=?|≥"),
    (Sense.UNDER, r"less than|under|below|fewer than|at most|<=?|≤"),
    (
        Sense.ABOUT,
        r"about|around|roughly|approximately|approx\.?|circa|ca\.?|some|nearly|almost|close to|~|≈|just (?:over|under)",
    ),
)
_SENSE = [(sense, re.compile(rf"(?:(?<!\w)(?:{words}))\s*$", re.IGNORECASE)) for sense, words in _SENSES]
_QUANTILE = re.compile(r"\bp(\d{2}(?:\.\d+)?)\b|\b(\d{2}(?:\.\d+)?)th[ -]percentile|\b(median)\b", re.IGNORECASE)
_NO_COUNT = re.compile(
    r"\b(?:tier|level|sev|line|step|place|suspect|attempt|http|status|code|port)[ -]?$", re.IGNORECASE
)


def quantities(text: str, taken: Sequence[Span]) -> tuple[Quantity, ...]:
    """In the order of the text, without what stands in `taken`: times, versions, names."""
    found = [_figure(text, m) for m in _FIGURE.finditer(text) if is_free(m.start(), m.end(), taken)]
    words = [_word(text, m) for m in _WORD.finditer(text) if is_free(m.start(), m.end(), taken)]
    spelled = [q for q in words if q is not None and is_free(q.start, q.end, [f for f in found if q.start > f.start])]
    kept = [q for q in found if is_free(q.start, q.end, [w for w in spelled if w.end - w.start > 4])]
    return _joined(text, sorted([*kept, *spelled], key=lambda q: q.start))


def _joined(text: str, found: Sequence[Quantity]) -> tuple[Quantity, ...]:
    """ "3 h 39 min" is one length of time."""
    joined: list[Quantity] = []
    for quantity in found:
        last = joined[-1] if joined else None
        if (
            last
            and last.dimension is quantity.dimension is Dimension.TIME
            and last.value > quantity.value
            and text[last.end : quantity.start] in (" ", ", ", " and ")
            and last.step > quantity.step
        ):
            value = last.value + quantity.value
            joined[-1] = replace(last, end=quantity.end, value=value, step=quantity.step, figure="")
        else:
            joined.append(quantity)
    return tuple(joined)


def quantile_marks(text: str) -> tuple[tuple[int, int, str], ...]:
    """(start, end, "p95") of each quantile that is named."""
    return tuple((m.start(), m.end(), "p50" if m[3] else f"p{m[1] or m[2]}") for m in _QUANTILE.finditer(text))


def _figure(text: str, m: re.Match[str]) -> Quantity:
    digits = m["n"] or m["xn"]
    scale = _SCALES[(m["scale"] or "").strip().lower()] if m["scale"] else 1.0
    value = float(digits.replace(",", "")) * scale
    step = _half_step(digits) * scale
    if m["x"] or m["xn"]:
        return _made(text, m.start(), m.end(), value, step, Dimension.FACTOR)
    return _with_unit(text, m.start(), m.end(), value, step)


def _half_step(digits: str) -> float:
    mantissa, _, power = digits.replace(",", "").lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (-decimals + int(power or 0)))


def _with_unit(text: str, start: int, end: int, value: float, step: float, *, is_word: bool = False) -> Quantity:
    rest = text[end:]
    if per := _PER.match(rest):
        factor = _TIMES.get((per["per"] or "s").lower(), 1.0)
        return _made(text, start, end + per.end(), value / factor, step / factor, Dimension.RATE)
    if times := _TIMES_AS.match(rest):
        return _made(text, start, end + times.end(), value, step, Dimension.FACTOR, is_word=is_word)
    if (unit := _UNIT.match(rest)) and (known := _unit(unit["u"], value, step, is_spaced=rest[:1] == " ")):
        dimension, factor, others = known
        return _made(
            text,
            start,
            end + unit.end(),
            value * factor,
            step * factor,
            dimension,
            others=tuple(value * o for o in others),
            is_word=is_word,
        )
    noun = _NOUN.match(rest)
    return _made(
        text, start, end, value, step, Dimension.COUNT, noun=noun["noun"].lower() if noun else "", is_word=is_word
    )


def _unit(
    word: str, value: float, step: float, *, is_spaced: bool
) -> tuple[Dimension, float, tuple[float, ...]] | None:
    name = word.lower()
    if name in ("%", "percent", "per cent", "pct", "percentage point", "percentage points"):
        return Dimension.SHARE, 0.01, ()
    if name == "m" and is_spaced:
        return None
    singular = name[:-1] if len(name) > 3 and name.endswith("s") else name
    singular = {"mins": "min", "secs": "sec", "hrs": "hr"}.get(name, singular)
    if singular in _TIMES:
        return Dimension.TIME, _TIMES[singular], ()
    if singular in _BYTES and not (name == "b" and is_spaced):
        is_decimal = name.endswith("b") and not name.endswith("ib") and len(name) == 2
        power = "kmgtp".find(name[0]) + 1
        return Dimension.BYTES, float(_BYTES[singular]), ((1000.0**power,) if is_decimal else ())
    return None


def _word(text: str, m: re.Match[str]) -> Quantity | None:
    if m["frac"]:
        return _made(text, m.start(), m.end(), _FRACTIONS[m["frac"].lower()], 0.02, Dimension.SHARE, is_word=True)
    if m["fact"]:
        value = float(_FACTORS[m["fact"].lower()])
        return _made(text, m.start(), m.end(), value, 0.15 * value, Dimension.FACTOR, is_word=True)
    if m["and"]:
        return _with_unit(text, m.start(), m.end(), _WORDS[m["and"].lower()] + 0.5, 0.05, is_word=True)
    if m["oneof"]:
        return _ratio(text, m)
    value = float(_WORDS[m["w"].lower()])
    made = _with_unit(text, m.start(), m.end(), value, 0.5, is_word=True)
    # "one of them", "the one before": no count.
    return None if value == 1 and made.dimension is Dimension.COUNT else made


def _ratio(text: str, m: re.Match[str]) -> Quantity | None:
    whole = float(_WORDS.get(m["of"].lower()) or m["of"])
    return _made(text, m.start(), m.end(), 1 / whole, 0.01, Dimension.SHARE, is_word=True) if whole else None


def _made(
    text: str,
    start: int,
    end: int,
    value: float,
    step: float,
    dimension: Dimension,
    *,
    noun: str = "",
    others: tuple[float, ...] = (),
    is_word: bool = False,
) -> Quantity:
    ahead = text[max(0, start - 24) : start]
    sense = next((sense for sense, words in _SENSE if words.search(ahead)), Sense.EXACT)
    if is_word and value >= ROUND_WORD and dimension is Dimension.FACTOR:
        sense = Sense.ABOUT  # nobody writes "thirty-one times" out
    return Quantity(
        start=start,
        end=end,
        value=value,
        step=step,
        dimension=dimension,
        noun=noun,
        others=others,
        sense=sense,
        is_word=is_word,
        figure="" if is_word else _digits(text[start:end]),
    )


def _digits(written: str) -> str:
    found = re.search(_NUMBER, written)
    return found[0].replace(",", "") if found else ""
