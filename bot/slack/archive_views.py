"""What memory answers, as mrkdwn: pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.plaintext import plain
from bot.domain.remembered import Held, Note, PastIncident, Recalled
from bot.slack.blocks.limits import SECTION_LIMIT, fitted
from bot.slack.mrkdwn import escape, link

OUTCOMES = {Held.HELD: "the fix held", Held.CAME_BACK: "it came back", Held.UNKNOWN: "not known whether it held"}
TITLE_SHOWN, TEXT_SHOWN, WHY_SHOWN, NAME_SHOWN = 150, 300, 160, 60  # characters


def similar_text(found: Sequence[Recalled], what: str, command: str) -> str:
    if not found:
        return f"Nothing in memory fits {what}."
    heading = f"*{len(found)} past incident{'s' if len(found) > 1 else ''} {what}*"
    parts = [_past(one) for one in found]
    tail = f"Did one help? `{command} memory helped {escape(found[0].past.id)}` or `unhelpful`; `held` or `came-back`."
    return "\n".join([heading, fitted(parts, SECTION_LIMIT - len(heading) - len(tail) - 2, total=len(parts)), tail])


def _past(found: Recalled) -> str:
    past = found.past
    name = link(past.link, past.id) if past.link else f"*{escape(past.id)}*"
    where = f" · {escape(plain(past.service, NAME_SHOWN))}" if past.service else ""
    took = f" · {past.minutes} min" if past.minutes is not None else ""
    lines = [f"{name} {escape(plain(past.title, TITLE_SHOWN))}{where} · {past.started_at:%Y-%m-%d}{took}"]
    if past.fix:
        lines.append(f"    Fixed by: {escape(plain(past.fix, TEXT_SHOWN))} ({OUTCOMES[past.outcome]})")
    lines.append(
        f"    Cause: {escape(plain(past.cause, TEXT_SHOWN))}" if past.cause else "    Its cause was never settled"
    )
    if past.unhelpful:
        lines.append(f"    Did not help: {escape(plain(past.unhelpful, TEXT_SHOWN))}")
    lines.append(f"    Why: {escape(plain('; '.join(found.why), WHY_SHOWN))}")
    return "\n".join(lines)


def heard_text(past: PastIncident | None, name: str, thanks: str) -> str:
    if past is None:
        return f"Memory holds no incident {escape(plain(name, NAME_SHOWN))}."
    return f"{thanks} Trust in {escape(past.id)} is now {round(100 * past.trust)} of 100."


def notes_text(service: str, notes: Sequence[Note], command: str) -> str:
    named = escape(plain(service, NAME_SHOWN))
    if not notes:
        return f"No notes about {named} yet: `{command} note {named}: text` adds one."
    lines = [
        f"• {note.at:%Y-%m-%d} {escape(plain(note.author, NAME_SHOWN))}: "
        f"{escape(plain(note.text, TEXT_SHOWN))} (#{note.id})"
        for note in notes
    ]
    heading = f"*Notes about {named}*, newest first; `{command} note remove 12` removes one"
    return f"{heading}\n{fitted(lines, SECTION_LIMIT - len(heading) - 1, total=len(lines))}"


def memory_help(command: str) -> str:
    return "\n".join(
        [
            "*Memory*",
            f"`{command} similar` past incidents like the one of this channel",
            f"`{command} memory search words` past incidents by words",
            f"`{command} memory helped INC-...` or `unhelpful INC-...` whether one was of use to you",
            f"`{command} memory held INC-...` or `came-back INC-...` what became of its fix",
            f"`{command} note service: text`, `{command} notes service`, `{command} note remove 12` about a service",
        ]
    )
