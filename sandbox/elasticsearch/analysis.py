"""The standard analyzer: words by the boundaries of Unicode's annex 29 (closely), in lower case."""

from __future__ import annotations

import re

_LETTER = r"[^\W\d_]"
# A dot, colon or apostrophe joins two letters, a dot, comma or semicolon two digits: "db.pool", "10.0.1.7", "v2.31.0".
_WORD = re.compile(rf"(?:\w|(?<={_LETTER})[.:'’](?={_LETTER})|(?<=\d)[.,;'](?=\d))+")
_LONGEST = 255  # the tokenizer's max_token_length: longer words are cut into pieces of it


def tokens(text: str) -> list[str]:
    found = _WORD.findall(text.lower())
    if any(len(word) > _LONGEST for word in found):
        return [word[i : i + _LONGEST] for word in found for i in range(0, len(word), _LONGEST)]
    return found
