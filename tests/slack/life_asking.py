"""Asks the desk behind Slack directly: what comes back is what would be posted."""

from __future__ import annotations

import re
from itertools import count

from bot.domain.incident import Incident
from bot.slack.grammar import parse
from bot.slack.inbound import Asked
from tests.slack.life_office import Life

_NUMBERS = count(1)


async def told(made: Life, words: str, channel: str, *, who: str = "ana", thread: str | None = None) -> str:
    """The answer's text. `words`: people as @handle."""
    typed = re.sub(r"@(ana|bo)\b", lambda found: f"<@{made.id(found[1])}>", words)
    asked = Asked(
        id=f"T{next(_NUMBERS)}",
        command=parse(typed),
        user=made.id(who),
        channel=made.here.workspace.channel(channel).id,
        thread=thread,
        text=typed,
    )
    desk = made.here.desk
    if asked.command.name in ("runbook", "stop", "resume"):
        assert desk.acting is not None
        said = await desk.acting.answer(asked)
        return said.text if said else ""
    return (await desk.told(asked)).text


def normal(text: str, *incidents: Incident) -> str:
    """Without what differs from run to run: ids, channels, times."""
    for name, incident in zip(("{id}", "{other}"), incidents, strict=False):
        text = text.replace(incident.id, name)
    text = re.sub(r"<#\w+>", "<#C>", text)
    text = re.sub(r"\bU[A-Z0-9]{9,}\b", "U1", text)
    text = re.sub(r"\b\w{3} \d\d \w{3} \d\d:\d\d\b", "TIME", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "TIME", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "TIME", text)
    text = re.sub(r"\b\d\d:\d\d UTC\b", "TIME UTC", text)
    text = re.sub(r"(?<=· )\d+ min\b", "AGE", text)
    return re.sub(r"\b20(?:26|27)-\d\d-\d\d\b", "DAY", text)
