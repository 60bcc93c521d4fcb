"""Of some passages, those that share a question's words."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.answers import Quote
from bot.domain.terms import wording
from memory.lexical import LexicalIndex

MOST = 4
SHARED = 0.5  # of the best one's score: what is further behind shares a stray word
FEWEST_WORDS = 2  # of the question's own that a passage must share, where the question has as many
# Words of questions themselves; what they ask about is in the others.
_ASKING_WORDS = """
    a an the is are was were be been do does did has have had can could should would will what which who whom whose
    when where why how i we you they he she it this that these those there here my our your their of in on at to for
    from by with about and or not no any some tell show me us please know there's what's
"""
ASKING = frozenset(_ASKING_WORDS.split())


def nearest(question: str, quotes: Sequence[Quote]) -> Sequence[Quote]:
    """Best first; none where nothing shares what the question is about."""
    terms = dict.fromkeys(wording(" ".join(w for w in question.lower().split() if w not in ASKING)).terms, 1.0)
    if not terms or not quotes:
        return ()
    index = LexicalIndex({str(at): {"text": quote.text} for at, quote in enumerate(quotes)}, {"text": 1.0})
    hits = index.search(terms, MOST)
    needed = min(FEWEST_WORDS, len(terms))
    good = [hit for hit in hits if len(hit.matched.get("text", ())) >= needed and hit.score >= SHARED * hits[0].score]
    return tuple(quotes[int(hit.id)] for hit in good)
