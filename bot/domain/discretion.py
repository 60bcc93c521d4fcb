"""Keeps a model from telling its own instructions: what repeats them word by word is left out as it comes."""

from __future__ import annotations

import re

RUN = 8  # words in a row that no answer shares with the instructions by chance
LEFT_OUT = "[instructions left out] "
_WORD = re.compile(r"\S*\s+")
_KEPT = re.compile(r"[^\w]+")


class Discretion:
    """Feed it all pieces in order, then `finish`. It gives out whole words."""

    def __init__(self, instructions: str) -> None:
        words = [_bare(word) for word in instructions.split()]
        words = [word for word in words if word]
        self._runs = frozenset(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
        self._last: tuple[str, ...] = ()
        self._waits = ""
        self._leaves_out = False

    def feed(self, piece: str) -> str:
        text = self._waits + piece
        out, end = [], 0
        for match in _WORD.finditer(text):
            out.append(self._passed(match[0]))
            end = match.end()
        self._waits = text[end:]
        return "".join(out)

    def finish(self) -> str:
        rest, self._waits = self._waits, ""
        return self._passed(rest) if rest else ""

    def _passed(self, word: str) -> str:
        bare = _bare(word)
        if not bare:
            return "" if self._leaves_out else word
        self._last = (*self._last, bare)[-RUN:]
        was, self._leaves_out = self._leaves_out, self._last in self._runs
        if not self._leaves_out:
            return word
        return "" if was else LEFT_OUT


def discreet(text: str, instructions: str) -> str:
    """All at once."""
    if not instructions:
        return text
    keeping = Discretion(instructions)
    return (keeping.feed(text) + keeping.finish()).strip()


def _bare(word: str) -> str:
    return _KEPT.sub("", word).casefold()
