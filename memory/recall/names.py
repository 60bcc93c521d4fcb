"""Records that are asked for by name: of an alert, of the code of an error, of what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.terms import wording
from memory.lexical import LexicalIndex
from memory.recall.entry import Entry
from memory.recall.question import Question, codes_in, comparable

HALF_NAMED = 4.0  # rarity of a name that counts half; a rare name of two words counts three quarters
COMMON_NAME = 0.02  # an alert's name that so many of the records have tells nothing by itself ...
FEW = 3  # ... unless they are so few


class Names:
    """By position in the index."""

    def __init__(self, entries: Sequence[Entry], index: LexicalIndex) -> None:
        self._index = index
        self._called: dict[tuple[str, ...], list[int]] = {}
        self._outright: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            for called in {wording(name).words for name in entry.called} - {()}:
                self._called.setdefault(called, []).append(at)
            codes = codes_in("\n".join(entry.fields.values()))
            for name in {comparable(each) for each in (*entry.exact, *codes)}:
                self._outright.setdefault(name, []).append(at)
        self._longest = max(map(len, self._called), default=0)
        self._limit = max(FEW, int(len(entries) * COMMON_NAME))

    def exact(self, question: Question) -> set[int]:
        held = (self._outright.get(name, []) for name in question.exact)
        return {at for places in held if len(places) <= self._limit for at in places}

    def said(self, question: Question) -> dict[int, float]:
        """0 to 1 by position. A name within a longer one that was said counts half: "redis" of "redis-cache"."""
        found = _spans(question.wording.words, self._longest) & self._called.keys()
        service = wording(question.service or "").words
        strength: dict[int, float] = {}
        for name in found | ({service} & self._called.keys()):
            rare = sum(self._index.rarity(word) for word in name)
            value = 1.0 if name == service else rare / (rare + HALF_NAMED)
            if any(len(other) > len(name) and name in _spans(other, len(name)) for other in found):
                value /= 2
            for at in self._called[name]:
                strength[at] = max(strength.get(at, 0.0), value)
        return strength


def _spans(words: Sequence[str], longest: int) -> set[tuple[str, ...]]:
    sizes = range(1, min(longest, len(words)) + 1)
    return {tuple(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)}
