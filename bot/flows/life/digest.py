"""Once a week, in the announcement channel: how it went against the week before, and what is left to do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.causes.words import span
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import FollowUp, FollowUpState, Watch
from bot.domain.life.measures import Measure, durations, group, monday_of, reopened
from bot.domain.life.stats import Numbers, count_line, decision_lines, feedback_line, reopen_line, versus
from bot.domain.life.wording import counted, person, said, title_of
from bot.domain.ports import Effects, Incidents
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Telling
from bot.flows.life.measuring import MeasuredReads, numbers_of

log = logging.getLogger(__name__)

AT = time(9, tzinfo=UTC)  # on Mondays
LATEST = timedelta(days=2)  # after that: a bot that was away then says nothing of the week before last
TAKE_OVER = timedelta(minutes=2)  # one post takes seconds; whoever began it and has not ended by then has died
WEEK = timedelta(days=7)
MOST_TOLD = 5  # incidents or follow-ups in one list
TEXT_LIMIT = 120
TOLD = (Measure.ACKNOWLEDGE, Measure.MITIGATE, Measure.RESOLVE)

Overdue = Callable[[date], Awaitable[Sequence[FollowUp]]]


class Digest:
    """A `Follower` of time alone."""

    def __init__(
        self,
        *,
        channel: str,
        measured: MeasuredReads,
        watches: Kept[Watch],
        incidents: Incidents,
        effects: Effects,
        telling: Telling,
        overdue: Overdue,
    ) -> None:
        """`channel`: its name; "" for none. `overdue`: open follow-ups whose day was before the one given."""
        self._channel = channel
        self._measured = measured
        self._watches = watches
        self._incidents = incidents
        self._effects = effects
        self._telling = telling
        self._overdue = overdue
        self._done: date | None = None  # the Monday that was seen to
        self._begun: dict[str, datetime] = {}  # by key: since when it is known that another process is at it

    async def follow(self, incident: Incident) -> None:
        """No single incident changes a week."""

    async def tick(self, now: datetime) -> None:
        monday = monday_of(now)
        due = datetime.combine(monday, AT)
        if not self._channel or self._done == monday or not due <= now < due + LATEST:
            return
        key = f"digest:{monday:%G-W%V}"
        effect = await self._effects.begin(key)
        if effect.result is None:
            if effect.begun and now - self._begun.setdefault(key, now) < TAKE_OVER:
                return
            await self._post(monday, key)
        self._done = monday

    async def _post(self, monday: date, key: str) -> None:
        text = await self.text(monday)
        if text:
            await self._telling.in_channel(self._channel, text, key=key)
        await self._effects.finish(key, "told" if text else "nothing to tell")

    async def text(self, monday: date) -> str:
        """Of the week before `monday`, as mrkdwn; "" where there is nothing to tell."""
        until = datetime.combine(monday, time(), tzinfo=UTC)
        numbers, came_back = await numbers_of(self._measured, self._watches, until - WEEK, until)
        before, _ = await numbers_of(self._measured, self._watches, until - 2 * WEEK, until - WEEK)
        public = {one.id: one for one in numbers.incidents}
        for watch in came_back:
            if watch.incident not in public and (one := await self._public(watch.incident)):
                public[one.id] = one
        late = [one for one in await self._overdue(monday) if await self._public(one.incident)]
        if not numbers.incidents and not before.incidents and not late:
            return ""
        back = [public[id] for id in dict.fromkeys(watch.incident for watch in came_back) if id in public]
        return digest_text(monday - WEEK, numbers, before, back, late)

    async def _public(self, incident_id: str) -> Incident | None:
        found = await self._incidents.get(incident_id)
        return found if found is not None and not found.is_private else None


def overdue_of(follow_ups: Kept[FollowUp]) -> Overdue:
    """As `Digest` asks for them."""

    async def overdue(day: date) -> Sequence[FollowUp]:
        still = await follow_ups.in_state(FollowUpState.OPEN)
        return [one for one in still if one.due_on is not None and one.due_on < day]

    return overdue


def digest_text(
    monday: date, now: Numbers, before: Numbers, came_back: Sequence[Incident], late: Sequence[FollowUp]
) -> str:
    """`monday` began the week. All of it is public."""
    sunday = monday + timedelta(days=6)
    lines = [f"*Incidents in week {monday:%V}* ({monday.day} {monday:%b} to {sunday.day} {sunday:%b})"]
    lines += _counts(now, before) + _times(now, before)
    lines += [said(line, 300) for line in (*decision_lines(now.decisions), feedback_line(now.feedback)) if line]
    if again := reopen_line(reopened(now.incidents, now.again)):
        lines.append(again)
    lines += _listed("Longest", [_longest(one, took) for one, took in _by_length(now.incidents)], MOST_TOLD)
    lines += _listed("Came back after it was over", [_named(one) for one in came_back], MOST_TOLD)
    lines += _listed(
        f"{counted(len(late), 'follow-up')} overdue", [_follow_up(one) for one in _oldest(late)], MOST_TOLD
    )
    return "\n".join(lines)


def _counts(now: Numbers, before: Numbers) -> list[str]:
    were = f"The week before: {len(before.incidents)}."
    return [f"{count_line(now.incidents)} {were}" if now.incidents else f"No incidents. {were}"]


def _times(now: Numbers, before: Numbers) -> list[str]:
    whole, earlier = group(now.incidents), group(before.incidents)
    told = [(measure, versus(whole.median(measure), earlier.median(measure))) for measure in TOLD]
    return [f"Time to {measure}: half within {words}." for measure, words in told if words]


def _by_length(incidents: Sequence[Incident]) -> list[tuple[Incident, timedelta]]:
    took = [(one, durations(one).get(Measure.RESOLVE)) for one in incidents if one.status is IncidentStatus.RESOLVED]
    known = [(one, length) for one, length in took if length is not None]
    return sorted(known, key=lambda pair: pair[1], reverse=True)[:3]


def _longest(incident: Incident, took: timedelta) -> str:
    return f"{_named(incident)}: {span(took)}"


def _named(incident: Incident) -> str:
    link = incident.card.permalink if incident.card else None
    name = f"<{link}|{incident.id}>" if link else incident.id
    return f"{name} {title_of(incident)} ({incident.severity})"


def _oldest(late: Sequence[FollowUp]) -> list[FollowUp]:
    return sorted(late, key=lambda one: (one.due_on or date.max, one.id))


def _follow_up(one: FollowUp) -> str:
    who = person(one.owner) if one.owner else "nobody"
    due = f", due {one.due_on:%Y-%m-%d}" if one.due_on else ""
    return f"{one.priority} {said(one.text, TEXT_LIMIT)} ({who}{due}, {one.id})"


def _listed(head: str, entries: Sequence[str], most: int) -> list[str]:
    if not entries:
        return []
    more = [f"• and {len(entries) - most} more"] if len(entries) > most else []
    return [f"{head}:", *(f"• {entry}" for entry in entries[:most]), *more]
