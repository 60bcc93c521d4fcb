"""What is left of a card whose incident goes on elsewhere."""

from __future__ import annotations

from bot.domain.incident import Incident, Place
from bot.slack.blocks import heading
from bot.slack.blocks.limits import Message, section
from bot.slack.mrkdwn import escape


def moved(incident: Incident, place: Place) -> Message:
    """One line."""
    what = f"{incident.id} {incident.severity} {escape(heading.name(incident))}"
    where = f"goes on in <#{place.channel}>."
    return Message(text=f"{what} {where}", blocks=[section(f":arrow_right: *{what}* {where}")])
