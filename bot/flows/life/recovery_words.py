"""What people read of a recovery's watch: mrkdwn for Slack, plain text for the timeline. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.causes.words import clock, span
from bot.domain.incident import Incident
from bot.domain.life import Watch, WatchState
from bot.domain.life.recovery import link_of, saw_it, seen
from bot.domain.life.wording import said
from bot.domain.ports import TimelineEvent

DONE = frozenset({"action", "status"})  # kinds of facts on the timeline that tell what was done
MOST_DONE = 4  # the newest; the timeline has the rest
LINE = 200  # characters of one of them
SENTENCE = 300
_SAFE_URL = re.compile(r"https?://[^\s<>|\"`]+")


def fact_text(watch: Watch) -> str:
    """Plain text."""
    if watch.state is WatchState.CAME_BACK:
        return f"It came back. {seen(watch.sentence)}"
    if watch.state is WatchState.HELD:
        return f"It held for {span(watch.until - watch.since)}: {_looks(watch)}. {seen(watch.sentence)}".rstrip()
    return f"Whether it held is not known: {_looks(watch)}."


def ended_text(watch: Watch) -> str:
    if watch.state is WatchState.HELD:
        return f":white_check_mark: {said(fact_text(watch), SENTENCE)}"
    what = f" Last seen: {said(seen(watch.sentence), SENTENCE)}" if saw_it(watch.sentence) else ""
    return f":grey_question: {said(fact_text(watch), SENTENCE)}{what} Please look yourselves."


def came_back_text(
    watch: Watch,
    incident: Incident,
    events: Sequence[TimelineEvent],
    *,
    successor: Incident | None = None,
    is_there: bool = False,
) -> str:
    """`incident` is the one that was over. `is_there`: said in the place of the `successor`."""
    was = f"{incident.id} was resolved at {clock(watch.since)} on {watch.since:%Y-%m-%d}"
    card = incident.card.permalink if incident.card else None
    head = f"*It came back.* {linked(card, was, LINE) if is_there else was}."
    now = f"Now: {linked(link_of(watch.sentence), seen(watch.sentence), SENTENCE)}"
    if watch.looks:
        now += f" ({_looks(watch)} since then)"
    lines = [head, now, *_done(events, watch)]
    if successor is None:
        lines.append("The incident is open again. What was done did not last: look for what it left in place.")
    elif is_there:
        lines.append(f"What was done in {incident.id} did not last.")
    return "\n".join(lines)


def _done(events: Sequence[TimelineEvent], watch: Watch) -> list[str]:
    """What was done up to the end, and what was said with it."""
    told = [event for event in events if event.kind in DONE and event.at <= watch.since][-MOST_DONE:]
    if not told:
        return ["Nothing that was done about it is on the timeline."]
    return ["What was done:", *(f"• {clock(event.at)} {linked(event.link, event.text, LINE)}" for event in told)]


def _looks(watch: Watch) -> str:
    looks = "1 look" if watch.looks == 1 else f"{watch.looks} looks"
    return f"{looks}, {watch.blind} of them blind" if watch.blind else looks


def linked(url: str | None, label: str, limit: int) -> str:
    """The label, as a link where `url` is a plain web address."""
    text = said(label, limit).replace("|", "\u00a6")
    return f"<{url.replace('&', '&amp;')}|{text}>" if url and _SAFE_URL.fullmatch(url) else text
