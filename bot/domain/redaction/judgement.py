"""Whether a value beside a secret's name is one."""

from __future__ import annotations

import re
from enum import Enum, auto

from bot.domain.redaction.names import Trust
from bot.domain.redaction.ordinary import is_code, is_no_word, is_placeholder, is_plain_words, is_quantity, is_reference
from bot.domain.redaction.randomness import is_drawn, is_drawn_letters, is_drawn_lower, is_hex, is_uuid


class Place(Enum):
    QUOTED = auto()
    ELEMENT = auto()  # <name>value</name>
    ASSIGNED = auto()  # name=value
    LINE = auto()  # "name: value", and nothing else on the line
    SENTENCE = auto()  # "name: value" among other words
    FLAG = auto()  # --name value
    SPOKEN = auto()  # password value, setPassword("value")
    PAIRED = auto()  # "name", "value" or | name | value |


_LEAST_PASSWORD = 4
_LEAST_SPOKEN = 8  # drawn characters; plain words follow the word far more often
_LEAST_TOKEN = 8
_LEAST_HEX = 16  # of a token; shorter ones are counters and offsets
_LEAST_NO_NAME = 36  # characters; names of things, such as "checkout-db-7f9c", are shorter
_LEAST_KEY = 24  # drawn characters beside a bare "key"
_LEAST_KEY_HEX = 32  # beside a variable in capitals: MAIL_KEY=...
_REGION = 8  # characters of a data centre's name after it: "-us12"
_KEBAB = re.compile(r"[a-z0-9]+(?:[-./_][a-z0-9]+)+")
_WORD_IN_NAME = re.compile(r"(?<![a-z0-9])[a-z]{4,}(?![a-z0-9])")
_PLACE_OR_TIME = re.compile(
    r"\d[\d.:TZ+\-/]*|[A-Za-z][\w.\-]*:\d+|(?:[a-z0-9\-]+\.)+[a-z]{2,10}(?:[:/].*)?|v?\d+(?:\.\d+)+[\w.\-]*|[\w.+\-]+@[\w.\-]+"
    r"|\w+=[^=]+|0x[0-9a-fA-F]{1,12}"
)
_ALNUM_RUNS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_ENVIRONMENT = re.compile(r"(?<![A-Z0-9_])[A-Z][A-Z0-9]*_[A-Z0-9_]+\Z")


def is_secret(value: str, name: str, trust: Trust, place: Place) -> bool:
    if len(value) < _LEAST_PASSWORD or is_placeholder(value) or is_reference(value):
        return False
    if place not in (Place.QUOTED, Place.ELEMENT) and is_code(value):
        return False
    if trust is Trust.PASSWORD:
        return _is_password(value, name, place)
    if trust is Trust.TOKEN:
        return _is_token(value)
    return _is_key(value, name)


def _is_password(value: str, name: str, place: Place) -> bool:
    if " " in value and is_plain_words(value):
        return "phrase" in name.lower()
    if place is Place.FLAG:
        return not value.startswith("-")
    if place is Place.SPOKEN:
        return is_drawn(value, _LEAST_SPOKEN)
    if place in (Place.SENTENCE, Place.PAIRED):
        return not is_plain_words(value) and not is_quantity(value)
    return True


def _is_token(value: str) -> bool:
    if is_no_word(value):
        return True
    if len(value) < _LEAST_TOKEN or is_plain_words(value) or is_quantity(value) or _PLACE_OR_TIME.fullmatch(value):
        return False
    if is_uuid(value) or is_drawn(value, 12) or is_drawn_lower(value, 10) or is_drawn_letters(value):
        return True
    if is_hex(value):
        return len(value) >= _LEAST_HEX
    if len(value) < _LEAST_NO_NAME and _KEBAB.fullmatch(value) and _WORD_IN_NAME.search(value):
        return max(map(len, re.split("[-./_]", value))) >= _LEAST_HEX
    return _is_chosen(value)


def _is_chosen(value: str) -> bool:
    """Letters and digits change often enough for a secret, even one that somebody typed."""
    runs = _ALNUM_RUNS.findall(value)
    return any(char.isdigit() for char in value) and len(runs) >= max(3, len(value) // 6) and " " not in value


def _is_key(value: str, name: str) -> bool:
    if is_drawn(value, _LEAST_KEY):
        return True
    in_capitals = _ENVIRONMENT.search(name) is not None
    whole = value.partition("-")[0] if len(value) < _LEAST_KEY_HEX + _REGION else value
    return in_capitals and len(value) >= _LEAST_KEY_HEX and (is_hex(whole) or is_uuid(value) or is_drawn_lower(value))
