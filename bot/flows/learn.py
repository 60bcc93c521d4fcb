"""What people accepted, and what happened since, becomes memory: slowly, and never from text that nobody reviewed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.domain.ports import Clock
from bot.domain.redact import redact
from bot.domain.remembered import Held, Lesson, PastIncident, Postmortem, RecordKind
from bot.domain.trust import after_feedback, after_outcome

REVIEWED = 0.65  # the trust in what a person has read and accepted


class PastKeeper(Protocol):
    """Past incidents."""

    async def get(self, ids: Collection[str]) -> Mapping[str, PastIncident]: ...

    async def save(self, records: Sequence[PastIncident]) -> int: ...


class PostmortemKeeper(Protocol):
    async def save(self, records: Sequence[Postmortem]) -> int: ...


class LessonKeeper(Protocol):
    async def save(self, records: Sequence[Lesson]) -> int: ...


class FeedbackKeeper(Protocol):
    async def say(self, kind: RecordKind, owner: str, person: str, *, helped: bool, at: datetime) -> bool | None:
        """What that person had said before; None for nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A postmortem as a person accepted it."""

    past: PastIncident
    text: str  # Markdown
    by: str  # a Slack user id
    lessons: tuple[str, ...] = ()


class Learn:
    def __init__(
        self,
        *,
        past: PastKeeper,
        postmortems: PostmortemKeeper,
        lessons: LessonKeeper,
        feedback: FeedbackKeeper,
        clock: Clock,
    ) -> None:
        self._past = past
        self._postmortems = postmortems
        self._lessons = lessons
        self._feedback = feedback
        self._clock = clock

    async def accept(self, accepted: Accepted) -> None:
        """Safe to do again: the same postmortem changes nothing. Raises NotStored."""
        now = self._clock.now()
        known = (await self._past.get([accepted.past.id])).get(accepted.past.id)
        past = _clean(accepted.past)
        if known is None or known.origin != "postmortem":
            past = replace(past, trust=max(past.trust, REVIEWED))
        else:  # what happened since the first review counts on
            past = replace(past, trust=known.trust, outcome=known.outcome)
        await self._past.save([replace(past, origin="postmortem")])
        text = redact(accepted.text)
        await self._postmortems.save(
            [Postmortem(incident=past.id, title=past.title, text=text, accepted_by=accepted.by, accepted_at=now)]
        )
        await self._lessons.save(
            [
                Lesson(
                    id=f"{past.id}/{number}",
                    text=redact(lesson),
                    service=past.service,
                    at=past.started_at,
                    author=accepted.by,
                    incident=past.id,
                    trust=REVIEWED,
                )
                for number, lesson in enumerate(accepted.lessons, start=1)
                if lesson.strip()
            ]
        )

    async def hear(self, incident: str, person: str, *, helped: bool) -> PastIncident | None:
        """A person's word on whether it was of use. The incident as it is now; None where it is not kept."""
        past = (await self._past.get([incident])).get(incident)
        if past is None:
            return None
        before = await self._feedback.say(RecordKind.INCIDENT, incident, person, helped=helped, at=self._clock.now())
        if before is helped:
            return past
        trust = after_feedback(past.trust, helped=helped)
        if before is not None:  # the word before is taken back
            trust = after_feedback(trust, helped=helped)
        changed = replace(past, trust=trust)
        await self._past.save([changed])
        return changed

    async def conclude(self, incident: str, outcome: Held) -> PastIncident | None:
        """What became of the fix. Unknown changes nothing; the same outcome counts once."""
        past = (await self._past.get([incident])).get(incident)
        if past is None or outcome in (Held.UNKNOWN, past.outcome):
            return past
        changed = replace(past, outcome=outcome, trust=after_outcome(past.trust, outcome))
        await self._past.save([changed])
        return changed


def _clean(past: PastIncident) -> PastIncident:
    """Without what looks like a secret: memory is read out to many."""
    return replace(
        past,
        title=redact(past.title),
        symptoms=redact(past.symptoms),
        cause=redact(past.cause),
        fix=redact(past.fix),
        unhelpful=redact(past.unhelpful),
        labels={name: redact(value) for name, value in past.labels.items()},
    )
