"""What is going to be done, shown so that nothing can hide in it: every character is either plain to see or spelled.

A Cyrillic letter looks like a Latin one, a right-to-left mark turns a path around, a zero-width space cannot be seen at
all. Whoever approves must not be fooled by any of them, so they are shown as `\\u0430`.
"""

from __future__ import annotations

import re
import unicodedata

from bot.domain.redact import redact
from bot.slack.blocks.limits import Block

_NEWLINE = "\\n\n    "  # where a line of one argument breaks: marked, so that it is not taken for another command
_SPELLED = re.compile(r"\\(?=u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrt])")  # what would read as one of our own spellings
_WORDS = re.compile(r"[^\s]+")
_LATIN = re.compile(
    r"LATIN (SMALL|CAPITAL) LETTER [A-Z] WITH "
    r"(GRAVE|ACUTE|CIRCUMFLEX|TILDE|DIAERESIS|RING ABOVE|CEDILLA|CARON|MACRON|BREVE|OGONEK|DOUBLE ACUTE|STROKE)$"
    r"|LATIN (SMALL|CAPITAL) LETTER (SHARP S|AE)$|LATIN SMALL LIGATURE OE$|LATIN CAPITAL LIGATURE OE$"
)
_OWN_LOOK = re.compile(r"CJK UNIFIED IDEOGRAPH|HIRAGANA LETTER|KATAKANA LETTER|HANGUL SYLLABLE")
_PUNCTUATION = frozenset("\u2013\u2014\u2026\u2022\u00b7\u2192\u00d7\u20ac\u00b0\u00a7")
_ELLIPSIS = "\n\u2026"


def exact(text: str, *, is_command: bool = False) -> str:
    """`text` with every character spelled that could be taken for another one, or not be seen.

    Of a command that is every one beyond ASCII. Of other text, accented Latin letters and words wholly in a script that
    looks like no Latin stay as they are.
    """
    spelled = _SPELLED.sub(r"\\\\", text)
    return "".join(_line(part, is_command) for part in re.split(r"(\n)", spelled))


def _line(part: str, is_command: bool) -> str:
    if part == "\n":
        return _NEWLINE
    if part.isascii() and part.isprintable():
        return part
    found: list[str] = []
    last = 0
    for word in _WORDS.finditer(part):
        found.append("".join(map(_blank, part[last : word.start()])))
        found.append(_word(word[0], is_command))
        last = word.end()
    return "".join([*found, *map(_blank, part[last:])])


def _word(word: str, is_command: bool) -> str:
    if is_command:
        return "".join(char if _is_plain(char) else _spelling(char) for char in word)
    is_mixed = any(char.isascii() for char in word)
    return "".join(char if _is_seen(char, is_mixed) else _spelling(char) for char in word)


def _is_plain(char: str) -> bool:
    return char.isascii() and char.isprintable()


def _is_seen(char: str, is_mixed: bool) -> bool:
    if _is_plain(char) or _LATIN.match(name := unicodedata.name(char, "")):
        return True
    return not is_mixed and (char in _PUNCTUATION or bool(_OWN_LOOK.match(name)))


def _blank(char: str) -> str:
    return char if char == " " else _spelling(char)


def _spelling(char: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}")


def block(text: str, room: int, most_lines: int) -> tuple[Block, bool]:
    """Characters as they are, without any meaning to Slack; whether something had to be cut off at the end."""
    shown = "\n".join(text.split("\n")[:most_lines])
    if shown == text and len(text) <= room:
        return preformatted(text), False
    return preformatted(shown[: room - len(_ELLIPSIS)] + _ELLIPSIS), True


def preformatted(text: str) -> Block:
    """A rich text block: nothing in it is read as markup, a mention or an emoji."""
    inside = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text or " "}]}
    return {"type": "rich_text", "elements": [inside]}


def lines(texts: tuple[str, ...], *, is_command: bool) -> tuple[str, bool]:
    """What is done, line by line, without secrets; whether one was hidden."""
    told = "\n".join(texts)
    whole = redact(told)
    each = tuple(map(redact, texts))
    shown = each if "\n".join(each) == whole else whole.split("\n")  # a key in several lines is hidden as a whole
    return "\n".join(exact(line, is_command=is_command) for line in shown), whole != told
