"""Answers stream into a thread, can be stopped, and end with their sources and two buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.ports.reply import Source, Spot, Stopped
from bot.slack.replies import DID_NOT_HELP, HELPED, STOP_ANSWER, SlackReplies
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE, connect=False) as made:
        yield made


async def asked(here: Office) -> tuple[SlackReplies, Spot]:
    incident = await here.incident()
    assert incident.place is not None
    ts = await here.control.say("ana", incident.place.name, "why?")
    user = here.workspace.member("ana").id
    team = str((await here.api.call("auth.test"))["team_id"])
    return SlackReplies(here.api), Spot(key="q1", channel=incident.place.channel, thread=ts, user=user, team=team)


def told(here: Office, spot: Spot) -> list[dict[str, Any]]:
    return [
        dict(m) for m in here.workspace.all_messages() if m.get("thread_ts") == spot.thread and m["ts"] != spot.thread
    ]


def actions(message: dict[str, Any]) -> list[str]:
    return [e["action_id"] for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]


async def test_an_answer_ends_with_its_text_sources_and_buttons(here: Office) -> None:
    replies, spot = await asked(here)
    reply = await replies.begin(spot)
    await reply.doing("is looking at the logs")
    for piece in ("The deploy", "ment of v2.31.0 ", "[E12] <!chan", "nel> broke it."):
        await reply.write(piece)
    ts = await reply.finish(
        notice="Could not look into elasticsearch.",
        sources=[Source(mark="E12", title="checkout v2.31.0 was deployed", link="https://github.example/7")],
        answer_id="a7",
    )
    (message,) = told(here, spot)
    assert message["ts"] == ts
    assert message["blocks"][0]["text"] == "The deployment of v2.31.0 [E12] \u2039!channel> broke it."
    assert "<https://github.example/7|[E12]> checkout v2.31.0 was deployed" in str(message["blocks"])
    assert "Could not look into elasticsearch." in str(message["blocks"])
    assert actions(message) == [HELPED, DID_NOT_HELP]
    assert message["metadata"]["event_payload"]["key"] == "reply:q1"
    assert here.pings == []


async def test_while_it_is_written_it_can_be_stopped(here: Office) -> None:
    replies, spot = await asked(here)
    reply = await replies.begin(spot)
    await reply.write("A first thought ")
    (message,) = told(here, spot)
    assert actions(message) == [STOP_ANSWER]
    assert replies.stop("q1")
    with pytest.raises(Stopped):
        await reply.write("that goes on ")
    await reply.finish(notice="Stopped.")
    (message,) = told(here, spot)
    assert "that goes on" in message["blocks"][0]["text"]
    assert "Stopped." in str(message["blocks"])
    assert actions(message) == []
    assert not replies.stop("q1")


async def test_an_answer_without_words_still_ends(here: Office) -> None:
    replies, spot = await asked(here)
    reply = await replies.begin(spot)
    await reply.finish(notice="The model gave no answer.")
    (message,) = told(here, spot)
    assert "The model gave no answer." in str(message["blocks"])


async def test_a_very_long_answer_is_cut_and_says_so(here: Office) -> None:
    replies, spot = await asked(here)
    reply = await replies.begin(spot)
    for _ in range(40):
        await reply.write("word " * 100)
    await reply.finish()
    (message,) = told(here, spot)
    assert len(message["blocks"][0]["text"]) < 12_000
    assert message["blocks"][0]["text"].endswith("its end is left out._")
