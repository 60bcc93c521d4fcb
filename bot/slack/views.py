"""Answers, the declare form and the App Home: pure, values in, Block Kit out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.alert import Severity
from bot.domain.incident import Incident, PlaceKind
from bot.domain.plaintext import plain
from bot.domain.ports import TimelineEvent
from bot.domain.spend import CostReport, dollars
from bot.slack.blocks.limits import NOTICE_ROOM, SECTION_LIMIT, fitted
from bot.slack.grammar import WORDS, Command
from bot.slack.inbound import DECLARE_FORM
from bot.slack.mrkdwn import escape, link
from prompts import render

Block = dict[str, Any]

MOST_LISTED = 20
MOST_EVENTS = 30
TITLE_SHOWN, SERVICE_SHOWN, EVENT_SHOWN, NAME_SHOWN, TYPED_SHOWN = 150, 80, 500, 60, 40  # characters
LINK_SIGN = "\u2197"
SEVERITY_MEANING = {
    Severity.SEV1: "users cannot use something they need, now",
    Severity.SEV2: "users are hurt, or will be soon",
    Severity.SEV3: "something is wrong, users hardly notice",
    Severity.SEV4: "to be looked at in working hours",
}


def help_text(command: str, unknown: Command | None = None) -> str:
    return render(
        "help.v1",
        command=command,
        words=WORDS,
        unknown=escape(plain(unknown.typed, TYPED_SHOWN)) if unknown else "",
        nearest=unknown.nearest if unknown else None,
    ).text


def where(incident: Incident) -> str:
    """A link to the place, as mrkdwn."""
    if incident.card and incident.card.permalink:
        return f"<{incident.card.permalink}|the card>"
    return f"<#{incident.place.channel}>" if incident.place else "its place is being opened"


def incident_line(incident: Incident, now: datetime) -> str:
    service = f" \u00b7 {escape(plain(incident.service, SERVICE_SHOWN))}" if incident.service else ""
    title = escape(plain(incident.title, TITLE_SHOWN))
    return (
        f"*{incident.severity}* {incident.id} {title}{service} \u00b7 {incident.status} \u00b7 "
        f"{age(now, incident.opened_at)} \u00b7 {where(incident)}"
    )


def age(now: datetime, since: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if hours < 48 else f"{hours // 24} days"


def list_text(incidents: Sequence[Incident], now: datetime) -> str:
    if not incidents:
        return ":large_green_circle: No open incidents."
    heading = f"{len(incidents)} open incident{'s' if len(incidents) > 1 else ''}, worst first:"
    lines = (f"\u2022 {incident_line(incident, now)}" for incident in incidents)
    room = SECTION_LIMIT - len(heading) - 1  # App Home shows it in a section
    return f"{heading}\n{fitted(lines, room, total=len(incidents), most=MOST_LISTED)}"


def status_text(incident: Incident, now: datetime) -> str:
    firing = f"{incident.firing_count} of {incident.alert_count} alerts still firing"
    lines = [
        incident_line(incident, now),
        f"Started {incident.started_at:%Y-%m-%d %H:%M} UTC; {firing}.",
    ]
    lines.append("The briefing is posted." if incident.briefed_at else "The sources are still being asked.")
    if incident.place and incident.place.kind is PlaceKind.CHANNEL:
        lines.append(f"Work goes on in <#{incident.place.channel}>.")
    return "\n".join(lines)


def cost_text(reports: Sequence[CostReport]) -> str:
    """One line for each, and what the first one went to."""
    lines = ["*What the model cost*"]
    for report in reports:
        lines.append(f"\u2022 {escape(report.sentence)}")
    by_task = [f"{escape(line.task)} {dollars(line.micro_dollars)}" for line in reports[0].by_task] if reports else []
    return "\n".join([*lines, *([f"Of the first: {', '.join(by_task)}"] if by_task else [])])


def timeline_text(incident: Incident, events: Sequence[TimelineEvent], names: Mapping[str, str]) -> str:
    """The newest entries that fit; `names` tells what people are called by their user ids."""
    lines: list[str] = []
    room = SECTION_LIMIT
    for event in reversed(newest(events)):
        line = _event_line(event, names)
        room -= len(line) + 1
        if room < NOTICE_ROOM:
            break
        lines.insert(0, line)
    left_out = f", the newest {len(lines)} of {len(events)}" if len(lines) < len(events) else ""
    return "\n".join([f"*Timeline of {incident.id}* (UTC{left_out})", *lines])


def newest(events: Sequence[TimelineEvent]) -> Sequence[TimelineEvent]:
    return events[-MOST_EVENTS:]


def _event_line(event: TimelineEvent, names: Mapping[str, str]) -> str:
    """People are named, not mentioned: reading the timeline must not ping everybody on it."""
    who = f" ({escape(plain(names.get(event.actor, event.actor), NAME_SHOWN))})" if event.actor else ""
    shown = f" {link(event.link, LINK_SIGN)}" if event.link else ""
    return f"`{event.at:%H:%M:%S}` {escape(plain(event.text, EVENT_SHOWN))}{who}{shown}"


def declare_form(services: Sequence[str], title: str = "") -> Mapping[str, Any]:
    """The modal. Severities carry their plain meaning."""
    options = [
        {"text": {"type": "plain_text", "text": f"{s}: {SEVERITY_MEANING[s]}"[:75]}, "value": s.value} for s in Severity
    ]
    known = ", ".join(list(services)[:20])
    return {
        "type": "modal",
        "callback_id": DECLARE_FORM,
        "title": {"type": "plain_text", "text": "Declare incident"},
        "submit": {"type": "plain_text", "text": "Declare"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            _text_input("title", "What is wrong?", value=title, most=140),
            {
                "type": "input",
                "block_id": "severity",
                "label": {"type": "plain_text", "text": "How bad is it for users?"},
                "element": {
                    "type": "static_select",
                    "action_id": "value",
                    "options": options,
                    "initial_option": options[1],
                },
            },
            _text_input("service", "Service", hint=f"Known services: {known}"[:300] if known else "", optional=True),
            _text_input("description", "What do you see?", optional=True, multiline=True, most=2000),
        ],
    }


def _text_input(
    block: str,
    label: str,
    *,
    value: str = "",
    hint: str = "",
    optional: bool = False,
    multiline: bool = False,
    most: int = 150,
) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": "value", "multiline": multiline, "max_length": most}
    if value:
        element["initial_value"] = value
    made: Block = {
        "type": "input",
        "block_id": block,
        "optional": optional,
        "label": {"type": "plain_text", "text": label},
        "element": element,
    }
    if hint:
        made["hint"] = {"type": "plain_text", "text": hint}
    return made


def home(incidents: Sequence[Incident], now: datetime, command: str) -> Mapping[str, Any]:
    """The App Home: open incidents and the declare button."""
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Open incidents"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": list_text(incidents, now)}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": DECLARE_FORM,
                    "style": "danger",
                    "text": {"type": "plain_text", "text": "Declare incident"},
                }
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"`{command} help` tells what I understand."}]},
    ]
    return {"type": "home", "blocks": blocks}
