"""A question and what is known: the passages that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain.answers import told
from bot.domain.answers.material import Material
from bot.domain.answers.quotes import Answer, Part, Quote
from bot.domain.answers.topics import Topic, topics

MOST_TOPICS = 3  # of one question: more is a wish for the whole briefing, which stands above

PARTS: Mapping[Topic, Callable[[Material], Part]] = {
    Topic.CHANGES: told.changes,
    Topic.BEFORE: told.before,
    Topic.OWNER: told.owner,
    Topic.ON_CALL: told.on_call,
    Topic.TRIED: told.tried,
    Topic.CAUSE: told.causes,
    Topic.IMPACT: told.impact,
    Topic.NEXT: told.next_steps,
    Topic.RULED_OUT: told.ruled_out,
    Topic.GAPS: told.gaps,
    Topic.LOGS: told.logs,
    Topic.NEIGHBOURS: told.neighbours,
    Topic.BEGAN: told.began,
}

# Of all passages, those that share the question's words, best first; empty where none does.
Nearest = Callable[[str, Sequence[Quote]], Sequence[Quote]]


def answer(question: str, material: Material, nearest: Nearest) -> Answer:
    """The same question and material give the same answer."""
    meant = topics(question)[:MOST_TOPICS]
    if meant:
        return Answer(parts=tuple(_without_repeats(PARTS[topic](material) for topic in meant)))
    found = tuple(nearest(question, passages(material)))
    return Answer(parts=(Part(heading="What comes nearest", quotes=found),), is_guess=True)


def catch_up(material: Material) -> Answer:
    """What somebody needs who joins late, in the order in which they would ask; what is empty is left out."""
    parts = (
        replace(part, quotes=part.quotes[-most:] if newest else part.quotes[:most])
        for part, most, newest in (
            (told.impact(material), 1, False),
            (told.began(material), 1, False),
            (told.causes(material), 1, False),
            (told.changes(material), 2, False),
            (told.tried(material), 6, True),
            (told.next_steps(material), 1, False),
            (told.gaps(material), 2, False),
        )
    )
    return Answer(parts=tuple(part for part in _without_repeats(parts) if part.quotes))


def passages(material: Material) -> tuple[Quote, ...]:
    """Everything that could be quoted, each once."""
    every = (quote for part in PARTS.values() for quote in part(material).quotes)
    seen = told.evidence(material)
    return tuple({(quote.text, quote.link): quote for quote in (*every, *seen)}.values())


def _without_repeats(parts: Iterable[Part]) -> Iterable[Part]:
    """A passage that answers two things is quoted once."""
    seen: set[str] = set()
    for part in parts:
        new = tuple(quote for quote in part.quotes if quote.text not in seen)
        seen.update(quote.text for quote in new)
        if new or not part.quotes:
            yield Part(heading=part.heading, quotes=new, nothing=part.nothing)
