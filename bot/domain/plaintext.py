"""Text from outside made fit to show: one line, bounded, without characters that mislead the eye."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
# Cc control, Cf format (zero-width, bidirectional overrides and isolates, tags), Cs surrogates, Co private use, Cn
# unassigned: none of them has a look of its own, so none can be checked by a reader.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u2800")  # blank, though their category says letter
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")  # colours, titles, links of terminals
_BLANKS = re.compile(r"\s+")
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5,}")


def plain(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters; what is cut ends in "…".

    Line breaks and other blanks become one space; control, zero-width, bidirectional and other invisible characters,
    terminal escapes and stacks of combining marks are taken out. It stays data: markup is escaped where it is shown.
    """
    if limit < 1:
        return ""
    # Twice the room is plenty for what is taken out, and bounds the work on a line of a megabyte.
    window = text[: limit * 4 + 200]
    line = _BLANKS.sub(" ", window if _is_harmless(window) else _seen(_BLANKS.sub(" ", _ANSI.sub("", window)))).strip()
    if len(line) <= limit and len(window) == len(text):
        return line
    return line[: limit - 1].rstrip() + ELLIPSIS


def visible(text: str) -> str:
    """`text` without what cannot be seen; its lines stay."""
    return _seen(_ANSI.sub("", text))


def _is_harmless(text: str) -> bool:
    """Nearly all text is: nothing to take out of it."""
    return text.isascii() and text.isprintable()


def _seen(text: str) -> str:
    """Without what cannot be seen, but for line breaks."""
    hidden = {char for char in set(text) if char != "\n" and _is_invisible(char)}
    seen = "".join(char for char in text if char not in hidden) if hidden else text
    return _MARKS.sub("", _VARIATIONS.sub("", seen))


def _is_invisible(char: str) -> bool:
    if char.isascii():
        return char < " " or char == "\x7f"
    return char in _FILLERS or unicodedata.category(char) in _INVISIBLE
