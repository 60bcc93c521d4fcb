"""Past incidents in any number, and questions to them, from the recorded alerts and pages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bench.retrieval_sets import load_sets
from bot.domain.remembered import PastIncident
from memory.recall import Question

QUESTIONS = 200
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def sentences() -> list[str]:
    pages = load_sets()[-1].pages
    return [line.strip() for page in pages for line in page.text.splitlines() if 40 < len(line) < 300]


def questions() -> list[Question]:
    """Of real alerts of both projects, each text once."""
    asked = {alert.question.text: alert.question for given in load_sets() for alert in given.alerts}
    return random.Random(1).sample(list(asked.values()), QUESTIONS)


def incidents(size: int, some_sentences: Sequence[str]) -> list[PastIncident]:
    """Recombined from sentences of real pages: as long as what people write, with their words."""
    some = random.Random(size)
    return [
        PastIncident(
            id=f"INC-{number:06d}",
            title=some.choice(some_sentences)[:80],
            service=f"service-{some.randrange(200)}",
            started_at=NOW - timedelta(hours=number),
            minutes=some.randrange(5, 300),
            cause=some.choice(some_sentences),
            cause_kind="",
            fix=some.choice(some_sentences),
            symptoms=" ".join(some.choices(some_sentences, k=2)),
        )
        for number in range(size)
    ]
