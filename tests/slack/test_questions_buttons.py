"""Answers are stopped and judged by their buttons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.slack.inbound import Judged, Stopped
from bot.slack.replies import DID_NOT_HELP, HELPED, STOP_ANSWER
from sandbox.anthropic import CallTools, Say, Slow, Turn, Use
from tests.scene import until
from tests.slack.speaking import Speaking, actions, body, speaking, whole

LONG = Say("The error ratio of checkout rose from 1 % to 23 % [E1]. " + "And so on and on it goes. " * 60)


async def begun(s: Speaking, incident: Any) -> str:
    """The id of a question whose answer is being written."""
    ts = await s.here.control.say("ana", s.name(incident), "@first-responder what happened?")
    await until(lambda: bool(s.answers(incident, ts)))
    return ts


async def private(s: Speaking, incident: Any, who: str) -> list[str]:
    told = await s.here.control.messages(who, s.name(incident))
    threads = {m["ts"] for m in told if m.get("reply_count") or m.get("thread_ts")} | {m["ts"] for m in told}
    for ts in threads:
        told += await s.here.control.messages(who, s.name(incident), ts)
    return [m["text"] for m in told if m.get("ephemeral")]


async def test_anybody_there_stops_it_and_the_model_is_left_at_once(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Slow(LONG, per_token=0.01)]) as s:
        incident = await s.incident()
        ts = await begun(s, incident)
        message = s.answer(incident, ts)
        assert actions(message) == [STOP_ANSWER]
        await s.here.control.click("bo", STOP_ANSWER, channel=s.name(incident), ts=message["ts"])
        await s.here.quiet()
        message = s.answer(incident, ts)
        assert "Stopped." in whole(message)
        assert STOP_ANSWER not in actions(message)
        assert len(body(message)) < len(LONG.text)
        await until(lambda: s.api.last.gone.is_set())
        (kept,) = await s.here.store.answers.all(incident.id)
        assert not kept.is_reusable
        again = await s.here.questions.stop(Stopped(key=f"x:{ts}", user="U1", team=s.here.workspace.team_id))
        assert again.value == "That answer has ended already."


async def test_it_is_stopped_while_it_looks_things_up(tmp_path: Path) -> None:
    script: list[Turn] = [
        CallTools([Use("timeline")], text="I look at the timeline first. "),
        Slow(LONG, first_token_after=30),
    ]
    async with speaking(tmp_path, script) as s:
        incident = await s.incident()
        ts = await begun(s, incident)
        await until(lambda: len(s.api.requests) == 2)
        message = s.answer(incident, ts)
        await s.here.control.click("ana", STOP_ANSWER, channel=s.name(incident), ts=message["ts"])
        await s.here.quiet()
        assert "Stopped." in whole(s.answer(incident, ts))
        await until(lambda: s.api.last.gone.is_set())


async def test_a_word_about_an_answer_counts_once_for_a_person(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say("checkout v2.31.0 was deployed by mei [E2].")]) as s:
        incident = await s.incident()
        ts = await s.ask(incident, "what changed?")
        message = s.answer(incident, ts)
        (kept,) = await s.here.store.answers.all(incident.id)

        async def press(who: str, action: str) -> None:
            await s.here.control.click(who, action, channel=s.name(incident), ts=message["ts"])
            await s.here.quiet()

        for who, action in (("ana", HELPED), ("ana", HELPED), ("bo", DID_NOT_HELP), ("ana", DID_NOT_HELP)):
            await press(who, action)
        assert await s.here.store.answers.judgements(kept.id) == (0, 2)
        told = await private(s, incident, "ana")
        assert sorted(set(told)) == [
            "Thank you: noted.",
            "Thank you: your word is changed.",
            "You said so before; it counts once.",
        ]
        assert set(await private(s, incident, "bo")) == {"Thank you: noted."}
        assert body(s.answer(incident, ts)) == body(message), "the answer stands as it was"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"team": "T0STRANGER"}, "Only people of this workspace are counted; nothing was noted."),
        ({"answer": "0" * 32}, "That answer is no longer kept, so nothing was noted."),
        ({"channel": "C0ELSEWHERE"}, "That answer is no longer kept, so nothing was noted."),
    ],
    ids=["stranger", "no such answer", "from elsewhere"],
)
async def test_a_stranger_or_a_button_without_its_answer_changes_nothing(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    async with speaking(tmp_path, [Say("checkout v2.31.0 was deployed by mei [E2].")]) as s:
        incident = await s.incident()
        assert incident.place is not None
        await s.ask(incident, "what changed?")
        (kept,) = await s.here.store.answers.all(incident.id)
        right = {"answer": kept.id, "channel": incident.place.channel, "team": s.here.workspace.team_id, "user": "U1"}
        assert await s.here.questions.judge(Judged(**{**right, **change}, helped=True)) == told
        assert await s.here.store.answers.judgements(kept.id) == (0, 0)


async def test_a_stranger_stops_nothing(tmp_path: Path) -> None:
    async with speaking(tmp_path, []) as s:
        outcome = await s.here.questions.stop(Stopped(key="k", user="U1", team="T0STRANGER"))
        assert outcome.value == "Only people of this workspace can stop it."
