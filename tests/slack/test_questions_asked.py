"""What counts as a question to the bot, and where: mentions, conversations, cards, direct messages."""

from __future__ import annotations

import json
from pathlib import Path

from bot.domain.incident import PlaceKind
from sandbox.anthropic import Asked, Say, Turn
from tests.scene import until
from tests.slack.speaking import Speaking, body, speaking

UNKNOWN = "I do not know."


def unknowing(_: Asked) -> Turn:
    return Say(UNKNOWN)


def count(s: Speaking) -> int:
    return len(s.api.requests)


async def test_in_a_conversation_every_message_that_speaks_to_nobody_else_is_answered(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        thread = await s.ask(incident, "why?  why now?")
        assert count(s) == 1
        await s.say(incident, "and the database", thread=thread, who="bo")
        assert count(s) == 2
        for passed_over in ("@bo can you look?", "thanks!", ":tada: :+1:", "ok great", "<!here> look"):
            await s.say(incident, passed_over, thread=thread)
        assert count(s) == 2
        await s.say(incident, "@first-responder and now?", thread=thread)
        assert count(s) == 3, "a mention is an event of its own, and the same post is answered once"
        assert len(s.answers(incident, thread)) == 3


async def test_elsewhere_people_talk_without_the_bot(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        root = await s.say(incident, "what is going on?")
        await s.say(incident, "why did it fail?", thread=root)
        listed = await s.ask(incident, "status")
        await s.say(incident, "and what now?", thread=listed)
        assert count(s) == 0, "a command's answer begins no conversation"


async def test_under_a_card_only_what_asks_is_answered(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident(kind=PlaceKind.THREAD)
        assert incident.card is not None
        card = incident.card.ts
        await s.say(incident, "I am looking at the pods", thread=card)
        assert count(s) == 0
        await s.say(incident, "what changed before it?", thread=card)
        assert count(s) == 1
        assert incident.id in s.api.last.said, "it is about the card's incident"
        await s.say(incident, "restarting the pods now", thread=card)
        assert count(s) == 1, "people go on talking there, although the bot has answered"
        await s.say(incident, "did that help?", thread=card)
        assert count(s) == 2


async def test_edits_deletions_and_other_bots_ask_nothing(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        thread = await s.ask(incident, "why is it down?")
        ts = await s.say(incident, "and now, what?", thread=thread)
        before = count(s)
        await s.here.control.edit("ana", s.name(incident), ts, "and now, what about payments?")
        await s.here.control.edit("ana", s.name(incident), thread, "@first-responder why is payments down?")
        await s.here.control.delete("ana", s.name(incident), ts)
        await s.here.quiet()
        assert count(s) == before


async def test_one_post_that_comes_as_several_events_is_answered_once(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        assert incident.place is not None
        thread = await s.ask(incident, "why is it down?")
        event = {"type": "app_mention", "user": s.here.workspace.member("ana").id, "text": "<@UBOT> why is it down?"}
        event |= {"channel": incident.place.channel, "ts": thread}
        for number in range(3):
            await s.here.store.slack_events.record(f"again{number}", json.dumps({"event": event}).encode())
        s.here.worker.wake()
        await s.here.quiet()
        assert count(s) == 1
        assert body(s.answer(incident, thread)) == UNKNOWN
        assert set(s.here.outcomes[-3:]) <= {"answered before", "ignored: it is being answered"}


async def test_two_questions_in_one_thread_are_answered_one_after_the_other(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        thread = await s.ask(incident, "why is it down?")
        for words in ("and what about payments?", "and what about the database?"):
            await s.here.control.say("ana", s.name(incident), words, thread)
        await until(lambda: len(s.answers(incident, thread)) == 3)
        await s.here.quiet()
        assert len(s.answers(incident, thread)) == 3
        assert "payments" in str(s.api.last.messages[:-1]), "the later one knows the earlier one"


async def test_a_direct_message_goes_on_in_its_thread(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        place = s.here.workspace.im_with(s.here.workspace.member("ana").id).id
        first = await s.here.control.say("ana", place, "who owns checkout?")
        await s.here.quiet()
        await s.here.control.say("ana", place, "payments too", first)
        await s.here.quiet()
        assert count(s) == 2
        assert "who owns checkout?" in str(s.api.last.messages[0])
        await s.here.control.say("ana", place, "payments too")
        await s.here.quiet()
        assert count(s) == 2, "alone it is no question: the bot tells what it understands"


async def test_questions_without_blanks_and_in_other_languages_are_questions(tmp_path: Path) -> None:
    async with speaking(tmp_path, unknowing) as s:
        incident = await s.incident()
        for words in ("何が変わりましたか？", "was hat sich geändert?", "¿qué cambió?"):
            await s.ask(incident, words)
            assert words in s.api.last.said
