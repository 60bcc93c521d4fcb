"""How alike a past incident is to what hurts now, and what else speaks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.remembered import PastIncident
from bot.domain.terms import wording_as_written
from bot.domain.trust import factor
from memory.recall.entry import Entry
from memory.recall.question import Question, comparable
from memory.recall.search import Found

FIELDS = {"title": 2.0, "service": 1.0, "alerts": 1.5, "symptoms": 1.5, "cause": 1.0, "fix": 0.5}
SHOWN_WORDS = 5  # for each field
ENOUGH = 0.25  # sure by so much, or nothing fits: a stray word, or only the same service

# What supports a likeness; none of it is one by itself, so each is a share of what words and vectors give.
BY_SERVICE = 0.25
BY_NEIGHBOUR = 0.08  # it burned at something that the burning service calls, or that calls it
BY_LABELS = 0.08  # all of the telling labels are the same
BY_RECENCY = 0.04  # of today; half of it after `HALF_LIFE`
HALF_LIFE = timedelta(days=180)
_NUMBER = re.compile(r"\d+")  # of a ticket or a date: it tells two times apart, not two things
TELLING_LABELS = ("component", "team", "namespace", "cluster", "job", "environment", "region")


@dataclass(frozen=True, kw_only=True)
class Memory:
    past: PastIncident
    score: float  # 0 to 1
    why: tuple[str, ...]


def entry_of(past: PastIncident) -> Entry:
    fields = {
        "title": past.title,
        "service": past.service or "",
        "alerts": " ".join(past.alerts),
        "symptoms": past.symptoms,
        "cause": past.cause,
        "fix": past.fix,
    }
    title = comparable(_NUMBER.sub("", past.title))
    return Entry(id=past.id, fields=fields, exact=past.alerts, again=title and f"{title}|{past.service}")


def support(past: PastIncident, question: Question) -> float:
    """A factor."""
    more = _recency(past, question)
    if past.service is not None and past.service == question.service:
        more += BY_SERVICE
    elif past.service in question.neighbours:
        more += BY_NEIGHBOUR
    return factor(past.trust) * (1 + more + BY_LABELS * _shared_labels(past.labels, question.labels))


def memory_of(past: PastIncident, question: Question, found: Found) -> Memory:
    return Memory(past=past, score=found.sure, why=_why(past, question, found))


def _recency(past: PastIncident, question: Question) -> float:
    if question.now is None:
        return 0.0
    age = max(question.now - past.started_at, timedelta(0))
    return BY_RECENCY * float(0.5 ** (age / HALF_LIFE))


def _shared_labels(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    both = [name for name in TELLING_LABELS if name in one and name in other]
    return sum(one[name] == other[name] for name in both) / len(both) if both else 0.0


def _why(past: PastIncident, question: Question, found: Found) -> tuple[str, ...]:
    written = wording_as_written(f"{question.text}\n{question.service or ''}")
    why = ["the same alert or error code"] if found.parts.exact else []
    if past.service is not None and past.service == question.service:
        why.append(f"same service: {past.service}")
    elif past.service in question.neighbours:
        why.append(f"{past.service} is next to {question.service}")
    for field, words in found.matched.items():
        if field != "service":
            told = dict.fromkeys(written.get(word, word) for word in words)
            why.append(f"{field}: {', '.join(list(told)[:SHOWN_WORDS])}")
    same = [n for n in TELLING_LABELS if n in past.labels and past.labels[n] == question.labels.get(n)]
    why += [f"same {name}: {past.labels[name]}" for name in same]
    return tuple(why) or ("similar wording",)
