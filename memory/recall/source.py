"""Past incidents as a context source."""

from __future__ import annotations

from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, PastIncidentFact
from memory.recall.incidents import Recall
from memory.recall.likeness import Memory
from memory.recall.question import question_about


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
    )
    cause = f" Cause: {past.cause}." if past.cause else ""
    fix = f" Fixed by: {past.fix}." if past.fix else ""
    text = f"{past.id} was like this: {past.title}.{cause}{fix}"
    return Evidence(source=RecallSource.name, text=text, fact=fact, link=past.link, at=past.started_at)
