"""Questions are answered by the model in the thread: streamed, cited, checked, with look-ups that only read."""

from __future__ import annotations

import re
from pathlib import Path

from bot.domain.evidence import Answer, Evidence, LogFact
from bot.domain.remembered import Lesson, Note
from bot.domain.runbook import Runbook, RunbookStep, Trigger
from bot.flows.guard import Guard
from bot.slack.replies import DID_NOT_HELP, HELPED
from bot.testing import NOON, FakeSource
from sandbox.anthropic import Asked, CallTools, Say, Turn, Use
from tests.scene import until
from tests.slack.speaking import SECRET, actions, body, speaking, whole
from tests.slack.test_questions import PAST

RIGHT = "The error ratio of checkout rose from 1 % to 23 % [E1]. checkout v2.31.0 was deployed by mei [E2]."


async def test_an_answer_stands_in_the_thread_with_sources_links_and_buttons(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say(RIGHT)]) as s:
        incident = await s.incident()
        ts = await s.ask(incident, "what happened?")
        message = s.answer(incident, ts)
        assert body(message) == RIGHT
        assert "<https://github.example/shop/checkout/deployments/7|[E2]>" in whole(message)
        assert "marked" not in whole(message)
        assert actions(message) == [HELPED, DID_NOT_HELP]
        assert s.here.outcomes[-1] == "answered ask"


async def test_what_the_model_is_given_is_framed_redacted_and_the_same_for_all_questions(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say(RIGHT), Say(RIGHT)]) as s:
        incident = await s.incident()
        await s.ask(incident, "what happened?")
        other = await s.incident(title="Other", fingerprint="f2", service="payments")
        await s.ask(other, "and what happened here?")
        first, second = s.api.requests
        assert first.prefix == second.prefix, "tools and instructions are cached"
        told = first.said
        assert told.index("BEGIN UNTRUSTED EVIDENCE") < told.index("v2.31.0") < told.index("END UNTRUSTED EVIDENCE")
        assert told.rstrip().endswith("A person asks: what happened?")
        assert SECRET not in str(first.body)
        assert f"A0 [other from incident record, checkout] {incident.id} is an incident of severity SEV1" in told


async def test_a_sentence_that_its_evidence_does_not_show_is_marked_in_its_place(tmp_path: Path) -> None:
    said = "The error ratio of checkout rose to 47 % [E1]. checkout v2.31.0 was deployed by mei [E2]. Also v9.9.9 came."
    async with speaking(tmp_path, [Say(said)]) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "how bad is it?"))
        shown = body(message)
        assert "47 % [E1]. ⚠ _not shown by its evidence_ checkout v2.31.0 was deployed by mei [E2]. Also" in shown
        assert shown.endswith("Also v9.9.9 came. ⚠ _not shown by its evidence_")
        assert "2 sentences are marked" in whole(message)


async def test_look_ups_run_at_the_same_time_and_what_they_say_can_be_cited(tmp_path: Path) -> None:
    calls = CallTools(
        [
            Use("timeline"),
            Use("past_incidents", {"words": "checkout fails for guests"}),
            Use("catalog", {"service": "payments"}),
            Use("lessons", {"words": "payments"}),
            Use("on_call"),
            Use("evidence", {"kind": "change"}),
        ],
        text="",
    )

    def script(asked: Asked) -> Turn:
        if not asked.results:
            return calls
        owner, past = (
            re.findall(rf"(T\d+) \[other from {source}", str(asked.messages))[0] for source in ("catalog", "memory")
        )
        return Say(f"payments is owned by payments-team [{owner}]. INC-2025-0007 was fixed by v2.26.3 [{past}].")

    async with speaking(tmp_path, script) as s:
        await s.here.store.past.save([PAST])
        await s.here.store.notes.add(
            Note(id=0, service="payments", text="payments restarts nightly", author="bo", at=NOON)
        )
        lesson = Lesson(id="l1", text="payments needs two pods", service="payments", at=NOON, author="ana")
        await s.here.store.lessons.save([lesson])
        incident = await s.incident()
        await s.here.command("timeline restarted two pods", s.name(incident))
        message = s.answer(incident, await s.ask(incident, "who owns payments, and has it happened before?"))
        results = [str(result["content"]) for result in s.api.last.results]
        assert "restarted two pods" in results[0]
        assert "Went back to v2.26.3" in results[1]
        assert "payments-team" in results[2]
        assert "payments restarts nightly" in results[3]
        assert "payments needs two pods" in results[3]
        assert "No source could tell" in results[4]
        assert "v2.31.0" in results[5]
        assert "E2" in results[5]
        assert all("UNTRUSTED EVIDENCE" in results[at] for at in (0, 1, 2, 3, 5))
        assert "⚠" not in body(message), body(message)
        assert "<https://wiki.example/7|[T" in whole(message)


async def test_one_source_is_asked_afresh_through_its_guard(tmp_path: Path) -> None:
    fact = LogFact(service="checkout", pattern="OutOfMemoryError", count=31, baseline=0, level="error", first_seen=NOON)
    evidence = Evidence(source="elasticsearch", text="31 new errors of checkout: OutOfMemoryError", fact=fact)
    source = FakeSource("elasticsearch", Answer(evidence=(evidence,), checked="logs of checkout"))
    script: list[Turn] = [
        CallTools([Use("look_again", {"source": "elasticsearch"}), Use("look_again", {"source": "nagios"})]),
        Say("31 errors of checkout are OutOfMemoryError now [T2]."),
    ]
    async with speaking(tmp_path, script, guards=(Guard(source, deadline=60.0),)) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "what do the logs say now?"))
        assert len(source.asked) == 1
        assert source.asked[0].incident_id == incident.id
        fresh, wrong = s.api.last.results
        assert "OutOfMemoryError" in str(fresh["content"])
        assert wrong["is_error"]
        assert "takes one of: elasticsearch" in str(wrong["content"])
        assert "⚠" not in body(message), body(message)


async def test_runbooks_are_read_and_proposed_and_nothing_runs(tmp_path: Path) -> None:
    book = Runbook(
        id="bad-deployment",
        title="Bad deployment",
        owner="sre",
        trigger=Trigger(),
        steps=(RunbookStep(title="Roll back"),),
    )
    script: list[Turn] = [
        CallTools([Use("runbooks", {"words": "deployment"})]),
        Say("The runbook Bad deployment fits [E4]."),
    ]
    async with speaking(tmp_path, script, runbooks=(book,)) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "what should we do?"))
        assert "1. Roll back" in str(s.api.last.results[0]["content"])
        assert "There is a runbook for this: Bad deployment. /inc runbook bad-deployment" in whole(message)


async def test_a_question_goes_on_with_what_was_said_before_in_its_thread(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say(RIGHT), Say("I do not know."), Say("I do not know.")]) as s:
        incident = await s.incident()
        ts = await s.ask(incident, "what happened?")
        await s.say(incident, "and payments", thread=ts, who="bo")
        roles = [message["role"] for message in s.api.last.messages]
        assert roles == ["user", "assistant", "user"]
        told = s.api.last.messages
        assert "BEGIN UNTRUSTED EVIDENCE" in str(told[0])
        assert "what happened?" in str(told[0])
        assert "23 % [E1]" in str(told[1])
        assert "and payments" in str(told[2])
        assert len(s.answers(incident, ts)) == 2
        await s.ask(incident, "what about payments?")
        assert len(s.api.last.messages) == 1, "another thread is another conversation"


async def test_the_same_question_over_the_same_evidence_is_not_paid_twice(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say(RIGHT)]) as s:
        incident = await s.incident()
        first = await s.ask(incident, "what happened?")
        second = await s.ask(incident, "What  happened?", who="bo")
        assert len(s.api.requests) == 1
        assert body(s.answer(incident, first)) == body(s.answer(incident, second))
        assert actions(s.answer(incident, second)) == [HELPED, DID_NOT_HELP]


async def test_a_loop_of_look_ups_ends_with_an_answer(tmp_path: Path) -> None:
    def round_and_round(asked: Asked) -> Turn:
        is_last = asked.body.get("tool_choice") == {"type": "none"}
        return Say("I do not know.") if is_last else CallTools([Use("timeline")])

    async with speaking(tmp_path, round_and_round) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "what did we try?"))
        assert body(message) == "I do not know."
        assert len(s.api.requests) <= 6, "two runs, one told as repeated, then the answer"


async def test_by_command_the_question_is_posted_and_answered_in_its_thread(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Say(RIGHT)]) as s:
        incident = await s.incident()
        told = await s.here.command("ask what happened?", s.name(incident))
        assert "stands in the channel" in told
        question = next(m for m in s.here.bot_messages(s.name(incident)) if "asks: what happened?" in m["text"])
        assert "Ana Ruiz" in question["text"]
        await until(lambda: any(HELPED in actions(m) for m in s.answers(incident, question["ts"])))
        assert body(s.answer(incident, question["ts"])) == RIGHT


async def test_in_a_direct_message_memory_answers(tmp_path: Path) -> None:
    script: list[Turn] = [
        CallTools([Use("past_incidents", {"words": "checkout fails"}), Use("timeline")]),
        Say("INC-2025-0007 was fixed by going back to v2.26.3 [T1]."),
    ]
    async with speaking(tmp_path, script) as s:
        await s.here.store.past.save([PAST])
        ts = await s.here.control.say(
            "ana", s.here.workspace.im_with(s.here.workspace.member("ana").id).id, "has checkout failed before?"
        )
        await s.here.quiet()
        place = s.here.workspace.im_with(s.here.workspace.member("ana").id).id
        (message,) = [m for m in s.here.bot_messages(place) if m.get("thread_ts") == ts]
        assert "⚠" not in body(message)
        assert "timeline" not in s.api.last.tools, "no incident, no record of one"
        assert "no such tool" in str(s.api.last.results[1]["content"])
