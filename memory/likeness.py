"""How alike a past incident is to what hurts now: words, vectors and the service, weighed into one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.terms import spelled, terms
from memory.lexical import Hit
from memory.store.past import PastIncident

SHOWN_WORDS = 5  # for each field
# What a score is made of; each part is brought to 0 to 1 first.
BY_WORDS, BY_VECTOR, BY_SERVICE = 0.7, 0.3, 0.2
HALF = 6.0  # a lexical score that counts half: two or three rare words in a title or in symptoms
STRANGER, TWIN = 0.15, 0.65  # cosine of texts with nothing in common, and of two accounts of one incident
ENOUGH = 0.3  # below it "nothing fits": a stray word, or only the same service
SERVICE_WEIGHT = 0.4  # of the service's name within the question: it is in the texts of all its incidents


@dataclass(frozen=True, kw_only=True)
class Question:
    """`text` is what hurts, in the monitors' words."""

    text: str
    service: str | None

    @property
    def weights(self) -> dict[str, float]:
        said = dict.fromkeys(terms(self.text), 1.0)
        return said | dict.fromkeys(terms(self.service or ""), SERVICE_WEIGHT)


@dataclass(frozen=True, kw_only=True)
class Memory:
    past: PastIncident
    score: float  # 0 to 1
    why: tuple[str, ...]


def weigh(past: PastIncident, question: Question, hit: Hit | None, near: Mapping[str, float]) -> Memory:
    """`near`: cosine similarity by id; empty where there are no vectors."""
    words = hit.score / (hit.score + HALF) if hit else 0.0
    score = words
    if near:
        similar = min(1.0, max(0.0, (near.get(past.id, 0.0) - STRANGER) / (TWIN - STRANGER)))
        score = BY_WORDS * words + BY_VECTOR * similar
    same_service = question.service is not None and past.service == question.service
    if same_service:
        score += BY_SERVICE * min(1.0, 2 * score)  # it supports a likeness, it is none by itself
    return Memory(past=past, score=round(min(score, 1.0), 3), why=_why(question, past, hit, same_service))


def _why(question: Question, past: PastIncident, hit: Hit | None, same_service: bool) -> tuple[str, ...]:
    written = spelled(f"{question.text}\n{question.service or ''}")
    why = [f"same service: {past.service}"] if same_service else []
    for field, found in (hit.matched if hit else {}).items():
        if field != "service":
            why.append(f"{field}: {', '.join(written.get(term, term) for term in found[:SHOWN_WORDS])}")
    return tuple(why) or ("similar wording",)
