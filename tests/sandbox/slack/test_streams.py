"""Messages written while people read them, and what the agent says it is doing."""

from __future__ import annotations

import pytest

from tests.sandbox.slack.conftest import World


async def test_a_stream_grows_and_ends_as_one_message(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    question = await world.control.say("ana", channel, "why?")
    stream = await world.client.chat_stream(
        channel=channel,
        thread_ts=question,
        recipient_user_id=world.id("ana"),
        recipient_team_id=world.workspace.team_id,
        buffer_size=1,
    )
    await stream.append(markdown_text="Because ")
    reply = (await world.control.messages("ana", channel, question))[1]
    assert (reply["text"], reply["streaming"]) == ("Because ", True)
    await stream.append(markdown_text="of *E1*.")
    await stream.stop(blocks=[{"type": "divider"}])
    reply = (await world.control.messages("ana", channel, question))[1]
    assert (reply["text"], reply["streaming"]) == ("Because of *E1*.", False)
    assert [block["type"] for block in reply["blocks"]] == ["markdown", "divider"]


async def test_tasks_are_shown_as_a_plan_or_a_timeline(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    question = await world.control.say("ana", channel, "why?")
    who = {"recipient_user_id": world.id("ana"), "recipient_team_id": world.workspace.team_id}
    started = await world.client.chat_startStream(
        channel=channel,
        thread_ts=question,
        task_display_mode="plan",
        chunks=[
            {"type": "plan_update", "title": "Looking"},
            {"type": "task_update", "id": "1", "title": "Logs", "status": "in_progress"},
        ],
        **who,
    )
    await world.client.chat_appendStream(
        channel=channel,
        ts=started["ts"],
        chunks=[{"type": "task_update", "id": "1", "title": "Logs", "status": "complete", "output": "3 patterns"}],
    )
    plan = (await world.control.messages("ana", channel, question))[1]["blocks"][0]
    assert (plan["type"], plan["title"], plan["tasks"][0]["status"]) == ("plan", "Looking", "complete")


async def test_a_stream_in_a_channel_names_who_it_is_for(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    question = await world.control.say("ana", channel, "why?")
    start = world.client.chat_startStream
    assert await world.refused(start(channel=channel, thread_ts=question)) == "missing_recipient_user_id"
    half = start(channel=channel, thread_ts=question, recipient_user_id=world.id("ana"))
    assert await world.refused(half) == "missing_recipient_team_id"


async def test_a_stream_ends_once_and_is_not_edited_meanwhile(world: World) -> None:
    direct = (await world.client.conversations_open(users=[world.id("ana")]))["channel"]["id"]
    question = await world.control.say("ana", direct, "why?")
    client = world.client
    ts = (await client.chat_startStream(channel=direct, thread_ts=question, markdown_text="a"))["ts"]
    assert await world.refused(client.chat_update(channel=direct, ts=ts, text="x")) == "streaming_state_conflict"
    assert await world.refused(client.chat_appendStream(channel=direct, ts=ts, markdown_text="")) == "no_text"
    await client.chat_stopStream(channel=direct, ts=ts)
    again = client.chat_appendStream(channel=direct, ts=ts, markdown_text="b")
    assert await world.refused(again) == "message_not_in_streaming_state"
    assert (await client.chat_update(channel=direct, ts=ts, text="x"))["ok"]


@pytest.mark.parametrize(
    "chunk", [{"type": "poem"}, {"type": "task_update", "id": "1"}, {"type": "plan_update", "title": ""}]
)
async def test_unknown_or_empty_chunks_are_refused(world: World, chunk: dict[str, str]) -> None:
    direct = (await world.client.conversations_open(users=[world.id("ana")]))["channel"]["id"]
    question = await world.control.say("ana", direct, "why?")
    start = world.client.chat_startStream(channel=direct, thread_ts=question, chunks=[chunk])
    assert await world.refused(start) == "invalid_chunks"


async def test_a_status_stands_until_the_answer_comes(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    question = await world.control.say("ana", channel, "why?")
    await world.client.assistant_threads_setStatus(channel_id=channel, thread_ts=question, status="is thinking...")
    assert (await world.control.state("ana"))["agent_status"][0]["status"] == "is thinking..."
    await world.post(channel, "done", thread_ts=question)
    assert (await world.control.state("ana"))["agent_status"][0]["status"] == ""


async def test_prompts_and_titles_are_kept(world: World) -> None:
    direct = (await world.client.conversations_open(users=[world.id("ana")]))["channel"]["id"]
    question = await world.control.say("ana", direct, "why?")
    prompts = [{"title": "Active", "message": "Which incidents are active?"}]
    client = world.client
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct, thread_ts=question, prompts=prompts)
    await client.assistant_threads_setTitle(channel_id=direct, thread_ts=question, title="A question")
    kept = (await world.control.state("ana"))["agent_status"][0]
    assert (kept["prompts"], kept["title"]) == (prompts, "A question")
    none = client.assistant_threads_setSuggestedPrompts(channel_id=direct, thread_ts=question, prompts=[])
    assert await world.refused(none) == "invalid_arguments"
