"""Whether a word was drawn by a machine or chosen by a person."""

from __future__ import annotations

import base64
import binascii
import re

_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_THREE_CLASSES = re.compile(r"(?=[^A-Z]*+[A-Z])(?=[^a-z]*+[a-z])(?=[^0-9]*+[0-9])")
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_RUNS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_LETTER_RUNS = re.compile(r"[a-z]+|[0-9]+")
_LOWER_ONLY = re.compile(r"[a-z0-9]+")
# Of neighbours drawn evenly from A-Z, a-z, 0-9, 62 % are of another class; in names such as CheckoutServiceV2 a fifth
# to a third are. 40 % is two standard deviations below the first at 20 characters.
_MIXED_SHARE = 0.40
# Of neighbours drawn from a-z, 0-9, 40 % are letter beside digit; in names with a number or two fewer than a tenth.
_LOWER_SHARE = 0.22
MIXED_LENGTH = 20  # below it, chance makes names look drawn
LOWER_LENGTH = 20
LETTERS_LENGTH = 16
_LETTERS_SHARE = 0.36  # half of the neighbours differ where both cases are drawn
_TEXT_SHARE = 0.9  # of the bytes behind base64 that are printable, so that it carries text


def is_hex(value: str) -> bool:
    return _HEX.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def has_three_classes(value: str) -> bool:
    return _THREE_CLASSES.match(value) is not None


def is_drawn(value: str, least: int = MIXED_LENGTH) -> bool:
    """Upper and lower case and digits in the disorder of a generator; hexadecimal and UUIDs are not meant."""
    if len(value) < least or not has_three_classes(value):
        return False
    bare = _SIGNS.sub("", value)
    return len(_RUNS.findall(bare)) >= _MIXED_SHARE * len(bare)


def is_drawn_lower(value: str, least: int = LOWER_LENGTH) -> bool:
    """Lower case and digits in the disorder of a generator, and not hexadecimal."""
    if len(value) < least or not _LOWER_ONLY.fullmatch(value) or is_hex(value) or value.isalpha():
        return False
    return len(_LETTER_RUNS.findall(value)) >= _LOWER_SHARE * len(value)


def is_drawn_letters(value: str) -> bool:
    """Upper and lower case in the disorder of a generator, without a digit."""
    bare = _SIGNS.sub("", value)
    if len(bare) < LETTERS_LENGTH or not bare.isalpha() or bare.islower() or bare.isupper():
        return False
    return len(_RUNS.findall(bare)) >= _LETTERS_SHARE * len(bare)


def carries_text(value: str) -> bool:
    """It is base64 of readable text, such as a message's body or a cursor."""
    try:
        raw = base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    readable = sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in raw)
    return bool(raw) and readable >= _TEXT_SHARE * len(raw)
