"""`list`, `status`, `timeline` and `alerts`: how things stand, told to who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.incident import GroupedAlert, GroupingReason, Incident
from bot.domain.life import presses
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports import Timeline, TimelineEvent
from bot.domain.ports.life import Choice
from bot.slack import views
from bot.slack.blocks import heading
from bot.slack.blocks.limits import SECTION_LIMIT, fitted
from bot.slack.inbound import Asked
from bot.slack.life_around import Around
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant
from bot.slack.life_words import ListWords, read_list, read_page_number
from bot.slack.mrkdwn import escape

NOTE_LIMIT = 500  # characters of what the timeline keeps
MOST_BUTTONS = 5  # more would be a wall
SERVICE_LIMIT = 50  # characters of its name on a button
# What rests on what the bot knows, and not on the alert itself: people may know better.
_BY_ITSELF = frozenset({GroupingReason.DEPENDENCY, GroupingReason.TOGETHER, GroupingReason.STORM})
RECENTLY = timedelta(days=14)  # how far `list all` and `list closed` look back


class Reading:
    def __init__(self, around: Around, timeline: Timeline) -> None:
        self._around = around
        self._timeline = timeline
        self.words = frozenset({"status", "timeline", "alerts"})

    async def answer(self, asked: Asked, meant: Meant) -> Told:
        match asked.command.name:
            case "timeline":
                return await self._timeline_answer(asked, meant)
            case "alerts":
                text = alerts_text(meant.incident, self._around.command)
                return Told(text=text, buttons=not_related(meant.incident), is_secret=meant.is_secret)
        merged = f"{meant.merged} was merged into {meant.incident.id}.\n" if meant.merged else ""
        holders = await self._around.desks.roles.holders(meant.incident.id)
        names = await self._around.people.names_of(holders.values())
        who = [f"{role}: {escape(plain(names.get(user, user), 60))}" for role, user in holders.items()]
        text = views.status_text(meant.incident, self._around.clock.now())
        return Told(text="\n".join(filter(None, (merged + text, ", ".join(who)))), is_secret=meant.is_secret)

    async def list(self, asked: Asked) -> Told:
        words = read_list(asked.command.argument)
        if words.trouble:
            return self._around.usage(words.trouble, "list", "mine")
        found = await self._around.scope.visible(asked.user, await self._wanted(words, asked.user))
        now = self._around.clock.now()
        if words.which in ("open", "mine") and words.severity is None:
            what = "open incident" if words.which == "open" else "open incident where you have a role"
        else:
            kind = f"open {words.severity}" if words.severity else words.which
            what = {"all": "incident of the last 14 days", "closed": "incident closed in the last 14 days"}.get(
                kind, f"{kind} incident"
            )
        # Slack shows one answer to all who read the channel: private ones are for who asked alone.
        is_secret = any(one.is_private for one in found)
        return Told(text=views.list_text(found, now, what), is_secret=is_secret)

    async def _wanted(self, words: ListWords, user: str) -> Sequence[Incident]:
        incidents = self._around.incidents
        if words.which in ("all", "closed"):
            recent = await incidents.list_recent(self._around.clock.now() - RECENTLY)
            return [one for one in recent if words.which == "all" or not one.status.is_open]
        found = await incidents.list_open()
        if words.which == "mine":
            held = {holding.incident for holding in await self._around.desks.roles.of_person(user)}
            return [one for one in found if one.id in held]
        return [one for one in found if words.severity in (None, one.severity)]

    async def _timeline_answer(self, asked: Asked, meant: Meant) -> Told:
        incident = meant.incident
        page = read_page_number(meant.rest) if meant.rest else 1
        if page is not None:
            events = await self._timeline.of(incident.id)
            names = await self._around.people.names_of(views.people_in(events))
            text = views.timeline_text(incident, events, names, page, self._around.command)
            return Told(text=text, is_secret=meant.is_secret)
        if refused := await self._around.scope.may_not_change(asked.user):
            return Told(text=refused)
        event = TimelineEvent(
            incident_id=incident.id,
            at=self._around.clock.now(),
            kind="note",
            text=await self._around.word(meant.rest, NOTE_LIMIT),
            actor=asked.user,
        )
        await self._timeline.add(event, key=f"note:{asked.id}")
        return Told(text=f"Added to the timeline of {incident.id}.", is_secret=meant.is_secret)


def alerts_text(incident: Incident, command: str) -> str:
    """Numbered from 1 in order of arrival; of a large incident the first and the newest."""
    heading = f"*Alerts of {incident.id}*, {incident.firing_count} of {incident.alert_count} still firing"
    room = SECTION_LIMIT - len(heading) - 120
    lines = (_alert_line(number, grouped) for number, grouped in numbered(incident))
    listed = fitted(lines, room, total=incident.alert_count, most=len(incident.alerts))
    how = f"`{command} split 2` makes one of them an incident of its own, `split checkout` those of a service."
    how = how if incident.alert_count > 1 else ""
    return "\n".join(filter(None, (heading, listed, how)))


def not_related(incident: Incident) -> Sequence[Choice]:
    """For each of the services that the bot put here by itself, the newest first: they leave by one press.

    By service and not by number: after a split the numbers are others.
    """
    if not incident.status.is_open:
        return ()
    near = [grouped.alert.service for grouped in reversed(incident.alerts) if grouped.reason in _BY_ITSELF]
    names = [name for name in dict.fromkeys(near) if name and name != incident.service and not name.isdecimal()]
    return [
        Choice(
            action=presses.NOT_RELATED,
            text=f"{plain(name, SERVICE_LIMIT)} is not related",
            value=f"{incident.id} {name}",
        )
        for name in names[:MOST_BUTTONS]
    ]


def numbered(incident: Incident) -> Sequence[tuple[int, GroupedAlert]]:
    """Those in between may be left out: the first half stands at the beginning, the other at the end."""
    half = len(incident.alerts) // 2 if incident.alerts_left_out else len(incident.alerts)
    return [
        (place + 1 + (incident.alerts_left_out if place >= half else 0), grouped)
        for place, grouped in enumerate(incident.alerts)
    ]


def _alert_line(number: int, grouped: GroupedAlert) -> str:
    alert = grouped.alert
    service = f" \u00b7 {escape(plain(alert.service, 60))}" if alert.service else ""
    state = "firing" if grouped.is_firing else f"over since {grouped.resolved_at:%H:%M} UTC"
    title = escape(plain(bare_title(alert.title), 120))
    since = f"since {alert.started_at:%H:%M} UTC, {state}"
    source, why = escape(plain(alert.source, 30)), heading.why_here(grouped)
    return f"{number}. *{alert.severity}* {title}{service} \u00b7 {source} \u00b7 {since} \u00b7 {why}"
