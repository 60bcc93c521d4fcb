"""The live overview of an incident, as the Markdown of a canvas. Pure.

Canvases know no ages and no reader's time zone, so all times are UTC and nothing changes by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.domain.alert import Link
from bot.domain.life.role import Role
from bot.domain.life.role_words import CALLED
from bot.domain.life.situation import ACTION, Situation
from bot.domain.life.update_drafts import cause_sentence
from bot.domain.life.wording import clock, counted
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.redact import redact

LINE_LIMIT = 300  # characters
MOST_IMPACT, MOST_REASONS, MOST_ACTIONS, MOST_EVENTS, MOST_LINKS, MOST_FOLLOW_UPS = 3, 3, 8, 12, 8, 15
_MARKUP = re.compile(r"([\\`*_\[\]<>|~#])")
_MENTION = re.compile(r"<@([UW][A-Z0-9]{2,})>")
_URL = re.compile(r"https?://[^\s<>\"]+", re.ASCII)


def overview(situation: Situation, links: Iterable[Link] = ()) -> str:
    """`links`: of the service, after those of the first alert."""
    parts = (
        ("", _head(situation)),
        ("Who", _who(situation)),
        ("Impact", _impact(situation)),
        ("Cause", _cause(situation)),
        ("What was done", _done(situation)),
        ("Newest on the timeline", _newest(situation)),
        ("Follow-ups", _follow_ups(situation)),
        ("Links", _links(situation, links)),
    )
    return "\n\n".join(_part(name, list(lines)) for name, lines in parts) + "\n"


def _part(name: str, lines: list[str]) -> str:
    return f"## {name}\n\n" + "\n".join(f"- {line}" for line in lines) if name else "\n\n".join(lines)


def _head(situation: Situation) -> Iterator[str]:
    incident = situation.incident
    yield f"# {incident.id}: {_shown(bare_title(incident.title))}"
    since = f"since {incident.started_at:%Y-%m-%d} {clock(incident.started_at)}"
    over = f" until {clock(incident.resolved_at)}" if incident.resolved_at and not incident.status.is_open else ""
    service = f" · {_shown(incident.service)}" if incident.service else ""
    yield f"**{incident.severity} · {incident.status.capitalize()}**{service} · {since}{over}"


def _who(situation: Situation) -> Iterator[str]:
    for role in Role:
        holder = situation.holders.get(role)
        yield f"{CALLED[role].capitalize()}: {_person(holder) if holder else 'nobody yet'}"


def _impact(situation: Situation) -> Iterator[str]:
    claims = (situation.briefing.impact if situation.briefing else ())[:MOST_IMPACT]
    yield from (_shown(claim.text) for claim in claims)
    firing = situation.incident.firing_count
    yield (
        f"{counted(firing, 'alert')} of {situation.incident.alert_count} still firing." if firing else "No alert fires."
    )


def _cause(situation: Situation) -> Iterator[str]:
    yield _shown(cause_sentence(situation), 2 * LINE_LIMIT)
    likeliest = situation.likeliest
    if likeliest is None or situation.briefing is None:
        return
    known = {item.id: item for item in situation.briefing.evidence}
    for reason in likeliest.reasons_for[:MOST_REASONS]:
        cited = [known[id_] for id_ in reason.evidence if id_ in known]
        shown = ", ".join(_linked(item.id, item.link) for item in cited)
        yield f"{_shown(reason.text)}{f' ({shown})' if shown else ''}"


def _done(situation: Situation) -> Iterator[str]:
    actions = situation.newest(ACTION, MOST_ACTIONS)
    yield from (f"{clock(event.at)} {_shown(event.text)}" for event in actions)
    for run in [run for run in situation.runs if not run.state.is_over]:
        yield f"Runbook {_shown(run.runbook)} is {run.state}."
    if not actions and all(run.state.is_over for run in situation.runs):
        yield "No action is on record."
    if situation.requests:
        yield f"**{counted(len(situation.requests), 'approval')} waited for.**"


def _newest(situation: Situation) -> Iterator[str]:
    events = list(situation.events[-MOST_EVENTS:])
    for event in reversed(events):
        text = _linked(_shown(event.text), event.link, is_shown=True)
        yield f"{clock(event.at)} {text}{_actor(event.actor)}"
    if not events:
        yield "Nothing yet."


def _follow_ups(situation: Situation) -> Iterator[str]:
    for one in situation.follow_ups[:MOST_FOLLOW_UPS]:
        owner = f" ({_person(one.owner)})" if one.owner else ""
        due = f", due {one.due_on:%Y-%m-%d}" if one.due_on else ""
        yield f"{one.priority} {_shown(one.text)}{owner}{due}: {one.state}"
    if not situation.follow_ups:
        yield "None yet."


def _links(situation: Situation, links: Iterable[Link]) -> Iterator[str]:
    alerts = situation.incident.alerts
    own = alerts[0].alert.links if alerts else ()
    by_url = {link.url: link.title for link in reversed([*own, *links])}
    shown = [_linked(title, url) for url, title in reversed(by_url.items()) if _URL.fullmatch(url)][:MOST_LINKS]
    yield from shown or ["None on record."]


def _actor(actor: str) -> str:
    return f" ({_person(actor)})" if actor else ""


def _person(user: str) -> str:
    """Canvases write a mention as an image without a text."""
    return f"![](@{user})" if _MENTION.fullmatch(f"<@{user}>") else _shown(user)


def _shown(text: str, limit: int = LINE_LIMIT) -> str:
    """Foreign words: nothing in them is markup; people in them are mentioned."""
    parts = _MENTION.split(plain(redact(text), limit))
    return "".join(_person(part) if at % 2 else _MARKUP.sub(r"\\\1", part) for at, part in enumerate(parts))


def _linked(text: str, url: str | None, *, is_shown: bool = False) -> str:
    label = text if is_shown else _shown(text)
    if not url or not _URL.fullmatch(url) or "![](" in label:
        return label
    return f"[{label}]({url.replace('(', '%28').replace(')', '%29')})"
