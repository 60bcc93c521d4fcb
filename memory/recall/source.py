"""Past incidents as a context source."""

from __future__ import annotations

from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, PastIncidentFact
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.remembered import Held, PastIncident
from memory.recall.incidents import Recall
from memory.recall.likeness import Memory
from memory.recall.question import question_about

TEXT_LIMIT = 500  # of each part: the whole of it is behind the link
_LASTED = {Held.HELD: "The fix held.", Held.CAME_BACK: "It came back."}


class RecallSource:
    """The `ContextSource` of past incidents."""

    name = "memory"

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    async def look(self, request: ContextRequest) -> Answer:
        try:
            found = await self._recall.find(question_about(request))
        except NotStored as error:
            raise SourceError(FailureReason.UNREACHABLE, f"Past incidents cannot be read: {error}.") from error
        if not found.searched:
            return Answer(skipped="there are no past incidents yet")
        without = f" ({found.without_vectors})" if found.without_vectors else ""
        checked = f"{found.searched} past incidents{without}"
        return Answer(evidence=tuple(_evidence(memory) for memory in found.memories), checked=checked)


def _evidence(memory: Memory) -> Evidence:
    past = memory.past
    fact = PastIncidentFact(
        incident=past.id,
        title=past.title,
        service=past.service,
        cause=past.cause,
        cause_kind=past.cause_kind,
        fix=past.fix,
        at=past.started_at,
        minutes=past.minutes,
        score=memory.score,
        why=memory.why,
        outcome=past.outcome.value,
        unhelpful=past.unhelpful,
    )
    return Evidence(source=RecallSource.name, text=_sentences(past), fact=fact, link=past.link, at=past.started_at)


def _sentences(past: PastIncident) -> str:
    """What it was, what fixed it, how long it took and whether it lasted; what is not known is left out."""
    parts = (
        f"{past.id} was like this: {_line(past.title)}.",
        f"Cause: {_line(past.cause)}." if past.cause else "",
        f"Fixed by: {_line(past.fix)}." if past.fix else "",
        f"It took {past.minutes} min." if past.minutes is not None else "",
        _LASTED.get(past.outcome, ""),
        f"Did not help: {_line(past.unhelpful)}." if past.unhelpful else "",
    )
    return " ".join(part for part in parts if part)


def _line(text: str) -> str:
    return plain(redact(text), TEXT_LIMIT).rstrip(".")
