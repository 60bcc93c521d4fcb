"""Each emoji means one thing."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.errors import SettingsError
from bot.slack.inbound import Noted, event_intent
from bot.slack.life_inbound import Mark, MarkedMessage, Reactions
from bot.slack.settings import SlackSettings


def settings(**given: Any) -> SlackSettings:
    return SlackSettings(bot_token="t", app_token="a", **given)


def reaction(name: str, user: str = "U1") -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "5.5"}
    event = {"type": "reaction_added", "user": user, "reaction": name, "item": item, "event_ts": "6.6"}
    return {"type": "event_callback", "event_id": "E1", "event": event,
            "authorizations": [{"user_id": "UBOT", "is_bot": True}]}  # fmt: skip


def test_the_usual_ones() -> None:
    assert settings().reactions == Reactions()


def test_another_emoji_with_or_without_colons() -> None:
    assert settings(timeline_reaction=":Stopwatch:").reactions.timeline == "stopwatch"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"timeline_reaction": "memo"}, "SLACK_REACTION_POSTMORTEM is memo, which is SLACK_REACTION_TIMELINE already"),
        ({"on_it_reaction": "white_check_mark"}, "decides on approvals already"),
        ({"follow_up_reaction": ":x:"}, "decides on approvals already"),
        ({"postmortem_reaction": "two words"}, "takes an emoji's name"),
        ({"postmortem_reaction": ""}, "takes an emoji's name"),
    ],
)
def test_an_emoji_that_means_two_things_is_refused(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        settings(**given)


def test_reactions_are_read_as_they_are_set() -> None:
    chosen = Reactions(timeline="stopwatch", follow_up="bookmark")
    assert isinstance(event_intent(reaction("stopwatch"), chosen), Noted)
    found = event_intent(reaction("bookmark::skin-tone-2"), chosen)
    assert isinstance(found, MarkedMessage)
    assert (found.mark, found.reaction) == (Mark.FOLLOW_UP, "bookmark")
    assert not isinstance(event_intent(reaction("pushpin"), chosen), Noted)


def test_the_bots_own_reaction_marks_nothing() -> None:
    assert not isinstance(event_intent(reaction("memo", user="UBOT")), MarkedMessage)
