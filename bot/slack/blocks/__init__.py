"""The card as Block Kit: pure, values in, dicts out."""

from __future__ import annotations

from bot.domain.card import CardView
from bot.slack.blocks import briefing, gathering
from bot.slack.blocks.limits import Message


def card(view: CardView) -> Message:
    """The gathering card, or the briefing once there is one. Within Slack's limits whatever the view holds."""
    return briefing.render(view, view.briefing) if view.briefing else gathering.render(view)


__all__ = ["Message", "card"]
