"""What a briefing puts on the timeline: the likeliest cause when it changes, and the deployments that were found.

The last belief of each voice is kept beside the timeline, so that a change is told once, by whichever process sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.analysis import Belief, changed
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing, CauseKind
from bot.domain.confidence import Confidence
from bot.domain.context import CHANGE_WINDOW
from bot.domain.evidence import ChangeFact, ChangeKind
from bot.domain.incident import Incident
from bot.domain.merging import merged_changes
from bot.domain.plaintext import plain
from bot.domain.ports import Effects, Timeline, TimelineEvent
from bot.domain.ports.opinion import Opinions

STATEMENT_LIMIT = 160  # characters
NAME_LIMIT = 60
MOST_DEPLOYMENTS = 20  # of a busy platform; the newest
DEPLOYED = frozenset({ChangeKind.DEPLOYMENT, ChangeKind.RELEASE})
RULES, MODEL = "rules", "model"
_BY = {RULES: "", MODEL: " by the model"}


class LatestBriefing(Protocol):
    async def latest(self, incident_id: str) -> Briefing | None:
        """Raises NotStored."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What was held likeliest. Without a `kind`: nothing was."""

    number: int  # of the belief, from 1; a change makes the next one
    kind: str = ""
    service: str = ""
    band: str = ""
    statement: str = ""

    @property
    def belief(self) -> Belief:
        return Belief(
            kind=CauseKind(self.kind) if self.kind else None,
            service=self.service.lower(),
            band=Confidence(self.band) if self.band else None,
            gaps=frozenset(),
        )

    @property
    def words(self) -> str:
        return f"{self.statement} ({self.band})" if self.kind else "no cause that the evidence shows"


class Beliefs:
    """Called with each version of a briefing; a `Follower`, so that a crash in between loses nothing."""

    def __init__(
        self, *, briefings: LatestBriefing, timeline: Timeline, effects: Effects, opinions: Opinions | None = None
    ) -> None:
        """`opinions`: where there is a model."""
        self._briefings = briefings
        self._timeline = timeline
        self._effects = effects
        self._opinions = opinions
        # What was written by this process: in a storm cards are made anew all the time, and say the same.
        self._last: dict[str, _Told] = {}
        self._added: set[str] = set()

    async def follow(self, incident: Incident) -> None:
        briefing = await self._briefings.latest(incident.id)
        if briefing is not None:
            said = await self._opinions.of(incident, briefing) if self._opinions else None
            await self(incident, briefing, said)

    async def tick(self, now: datetime) -> None:
        """Beliefs change with briefings, not with time."""

    async def __call__(self, incident: Incident, briefing: Briefing, said: ModelOpinion | None) -> None:
        """Raises NotStored."""
        rules = _of_rules(briefing)
        await self._held(incident, RULES, rules, briefing.made_at, first=None)
        if said is not None and said.analysis is not None:
            # The model's first word is held against what people had been told until then: the rules'.
            await self._held(incident, MODEL, _of_model(said), briefing.made_at, first=rules)
        for event, key in deployments(incident, briefing):
            if key not in self._added:
                await self._timeline.add(event, key=key)
                self._added.add(key)

    async def _held(self, incident: Incident, voice: str, now: _Told, at: datetime, *, first: _Told | None) -> None:
        key = f"belief:{incident.id}:{voice}"
        last = self._last.get(key)
        if last is not None and not changed(last.belief, now.belief):
            return
        kept = (await self._effects.begin(key)).result
        before = _Told(**json.loads(kept)) if kept else first
        number = before.number + 1 if kept and before else 1
        is_change = before is not None and bool(changed(before.belief, now.belief))
        if before is not None and is_change:
            text = f"Likeliest now{_BY[voice]}: {now.words}; before: {before.words}"
            event = TimelineEvent(incident_id=incident.id, at=at, kind="belief", text=text)
            await self._timeline.add(event, key=f"{key}:{number}")
        if is_change or not kept:
            told = {**asdict(now), "number": number}
            await self._effects.finish(key, json.dumps(told))
        self._last[key] = now


def _of_rules(briefing: Briefing) -> _Told:
    top = next((cause for cause in briefing.hypotheses if cause.kind is not CauseKind.UNKNOWN), None)
    if top is None:
        return _Told(number=0)
    return _Told(
        number=0,
        kind=top.kind.value,
        service=top.service,
        band=top.confidence.value,
        statement=plain(top.statement, STATEMENT_LIMIT),
    )


def _of_model(said: ModelOpinion) -> _Told:
    top = said.analysis.top if said.analysis else None
    if top is None:
        return _Told(number=0)
    return _Told(
        number=0,
        kind=top.kind.value,
        service=top.service,
        band=top.confidence.value,
        statement=plain(top.claim.text, STATEMENT_LIMIT),
    )


# --- deployments -----------------------------------------------------------------------------------------------------


def deployments(incident: Incident, briefing: Briefing) -> list[tuple[TimelineEvent, str]]:
    """Those that could be the cause, or came while it went on, each at its own time; with its key. What several sources
    tell is told once.
    """
    onset = min(incident.started_at, incident.opened_at)
    links = {item.id: item.link for item in briefing.evidence if item.id and item.link}
    found = [
        (merged.fact, next((links[id] for id in merged.ids if id in links), None))
        for merged in merged_changes(briefing.evidence)
        if merged.fact.kind in DEPLOYED and onset - CHANGE_WINDOW <= merged.fact.at <= briefing.made_at
    ]
    found.sort(key=lambda pair: pair[0].at)
    return list(_events(incident, found[-MOST_DEPLOYMENTS:]))


def _events(incident: Incident, found: Iterable[tuple[ChangeFact, str | None]]) -> Iterable[tuple[TimelineEvent, str]]:
    for fact, link in found:
        event = TimelineEvent(incident_id=incident.id, at=fact.at, kind="deployment", text=_worded(fact), link=link)
        named = f"{fact.service}:{fact.version}" if fact.version else f"{fact.service}@{fact.at.isoformat()}"
        yield event, f"deployment:{incident.id}:{named}:{fact.environment[:4].lower()}:{fact.at:%Y%m%dT%H%M}"


def _worded(fact: ChangeFact) -> str:
    verb = "released" if fact.kind is ChangeKind.RELEASE else "deployed"
    what = plain(" ".join(part for part in (fact.service, fact.version) if part), NAME_LIMIT)
    where = f" to {plain(fact.environment, NAME_LIMIT)}" if fact.environment else ""
    who = f" by {plain(fact.author, NAME_LIMIT)}" if fact.author else ""
    back = ", back to an earlier version" if fact.is_rollback else ""
    failed = ", which failed" if fact.succeeded is False else ""
    return f"{what} {verb}{where}{who}{back}{failed}"
