"""A model's text on its way into a message that Slack shows as Markdown: made harmless, piece by piece.

What Slack gives a meaning in such messages is a mention (`<@U1>`, `<!channel>`, `@here`, `![](@U1)`), a link
(`[a](b)`, `<b|a>`, a bare address) and an image (`![a](b)`). All of these become what they look like; formatting stays,
it is what makes an answer readable.
"""

from __future__ import annotations

import re

from bot.domain.plaintext import visible

LONGEST_WORD = 400  # characters that wait for a blank; nothing that people read is longer
_LOOK_ALIKES = str.maketrans({"<": "\u2039", "@": "\uff20"})
_LINK = re.compile(r"\](?=[(\[:])")  # inline, by reference, and the definition of one
_IMAGE = re.compile(r"!(?=\[)")
_ADDRESS = re.compile(r":(?=//)")
_BARE = re.compile(r"\b(www|mailto|tel)(?=[.:])", re.IGNORECASE)
_LAST_WORD = re.compile(r"\S*\Z")


class Harmless:
    """Feed it all pieces in order, then `finish`. Nothing it looks for holds a blank: it gives out whole words."""

    def __init__(self) -> None:
        self._waits = ""

    def feed(self, piece: str) -> str:
        text = self._waits + piece
        last = _LAST_WORD.search(text)
        cut = last.start() if last else len(text)
        if len(text) - cut > LONGEST_WORD:
            text, cut = f"{text} ", len(text) + 1
        self._waits = text[cut:]
        return _made_harmless(text[:cut])

    def finish(self) -> str:
        rest, self._waits = self._waits, ""
        return _made_harmless(rest)


def harmless(text: str) -> str:
    """All at once."""
    return _made_harmless(text)


def _made_harmless(text: str) -> str:
    text = visible(text).translate(_LOOK_ALIKES)
    text = _IMAGE.sub("! ", _LINK.sub("] ", text))
    return _BARE.sub(r"\1 ", _ADDRESS.sub(": ", text))
