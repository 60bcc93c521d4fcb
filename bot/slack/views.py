"""Answers, the declare form and the App Home: pure, values in, Block Kit out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.alert import Severity
from bot.domain.incident import Incident, PlaceKind
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports import TimelineEvent
from bot.domain.spend import CostReport, dollars
from bot.slack.blocks.limits import SECTION_LIMIT, fitted
from bot.slack.grammar import WORDS, Command, nearest
from bot.slack.inbound import DECLARE_FORM
from bot.slack.inputs import modal, select_input, text_input
from bot.slack.mrkdwn import escape, link, mentioned
from bot.slack.vocabulary import BY_NAME, IN_TWO
from prompts import render

Block = dict[str, Any]

MOST_LISTED = 20
PAGE_EVENTS = 30  # of the timeline
TIMELINE_ROOM = 3800  # characters: Slack wants 4000 at the most in a message's text, and there is a heading
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


def word_help(command: str, typed: str) -> str:
    """One word with an example; of a wrong one the nearest."""
    first = typed.split()[0].lower() if typed.split() else ""
    word = BY_NAME.get(first) or BY_NAME.get(IN_TWO.get(" ".join(typed.lower().split()[:2]), ""))
    if word is None:
        near = nearest(first)
        meant = f" Did you mean *{near}*? `{command} help {near}` tells more." if near else ""
        return f"I don't know \u201c{escape(plain(typed, TYPED_SHOWN))}\u201d.{meant} `{command} help` lists all words."
    return render("help_word.v1", command=command, word=word).text.strip()


def where(incident: Incident) -> str:
    """A link to the place, as mrkdwn."""
    if incident.card and incident.card.permalink:
        return f"<{incident.card.permalink}|the card>"
    return f"<#{incident.place.channel}>" if incident.place else "its place is being opened"


def incident_line(incident: Incident, now: datetime) -> str:
    service = f" \u00b7 {escape(plain(incident.service, SERVICE_SHOWN))}" if incident.service else ""
    title = escape(plain(bare_title(incident.title), TITLE_SHOWN))
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


def list_text(incidents: Sequence[Incident], now: datetime, what: str = "open incident") -> str:
    """`what`: one of them, in words: its first "incident" is put in the plural."""
    several = what.replace("incident", "incidents", 1)
    if not incidents:
        return f":large_green_circle: No {several}."
    order = ", worst first" if what.startswith("open") else ", newest first"
    heading = f"{len(incidents)} {several if len(incidents) > 1 else what}{order}:"
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


def timeline_text(
    incident: Incident, events: Sequence[TimelineEvent], names: Mapping[str, str], number: int = 1, command: str = ""
) -> str:
    """One page, of which the first has the newest entries; a number past the end is the last page's.

    `names` tells what people are called by their user ids.
    """
    pages = _pages([_event_line(event, names) for event in events])
    number = min(max(number, 1), len(pages))
    lines = pages[number - 1]
    if len(pages) == 1:
        return "\n".join([f"*Timeline of {incident.id}* (UTC)", *lines])
    which = f"the newest {len(lines)} of {len(events)}" if number == 1 else f"page {number} of {len(pages)}"
    older = f"; `{command} timeline page {number + 1}` is older" if command and number < len(pages) else ""
    return "\n".join([f"*Timeline of {incident.id}* (UTC, {which}{older})", *lines])


def _pages(lines: Sequence[str]) -> Sequence[Sequence[str]]:
    """Whole lines, cut from the end: each page is in order of time. At least one page."""
    pages: list[list[str]] = [[]]
    room = TIMELINE_ROOM
    for line in reversed(lines):
        if pages[-1] and (len(line) + 1 > room or len(pages[-1]) >= PAGE_EVENTS):
            pages.append([])
            room = TIMELINE_ROOM
        pages[-1].insert(0, line)
        room -= len(line) + 1
    return pages


def people_in(events: Sequence[TimelineEvent]) -> tuple[str, ...]:
    """Ids of all who did something or are spoken of."""
    found = (id for event in events for id in (event.actor, *mentioned(event.text)))
    return tuple(dict.fromkeys(id for id in found if id))


def _named(text: str, names: Mapping[str, str]) -> str:
    for id in mentioned(text):
        text = text.replace(f"<@{id}>", f"@{names.get(id, id)}")
    return text


def _event_line(event: TimelineEvent, names: Mapping[str, str]) -> str:
    """People are named, not mentioned: reading the timeline must not ping everybody on it."""
    who = f" ({escape(plain(names.get(event.actor, event.actor), NAME_SHOWN))})" if event.actor else ""
    shown = f" {link(event.link, LINK_SIGN)}" if event.link else ""
    return f"`{event.at:%H:%M:%S}` {escape(plain(_named(event.text, names), EVENT_SHOWN))}{who}{shown}"


def declare_form(services: Sequence[str], title: str = "") -> Mapping[str, Any]:
    """The modal. Severities carry their plain meaning."""
    known = ", ".join(list(services)[:20])
    blocks = [
        text_input("title", "What is wrong?", value=title, most=140),
        select_input(
            "severity",
            "How bad is it for users?",
            [(severity.value, f"{severity}: {SEVERITY_MEANING[severity]}") for severity in Severity],
            first=Severity.SEV2.value,
        ),
        text_input("service", "Service", hint=f"Known services: {known}" if known else "", optional=True),
        text_input("description", "What do you see?", optional=True, multiline=True, most=2000),
        select_input(
            "private",
            "Who may see it?",
            (("no", "Everybody: a public channel or thread"), ("yes", "Only those invited: a private channel")),
            first="no",
            hint="Nothing of a private incident is told to people who are not in its channel.",
        ),
    ]
    return modal(DECLARE_FORM, "Declare incident", "Declare", blocks)


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
