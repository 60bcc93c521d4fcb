"""The scripted hour, end to end through Slack's protocol, and what is kept of it: state, timeline, postmortem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.life import DraftState, presses
from bot.slack import life_ids
from bot.slack.acting_ids import APPROVE
from sandbox.until import until
from sandbox.world import world
from tests.scenarios.conftest import Start, hurried
from tests.scenarios.hour import (
    RECOVERED,
    SOON,
    Hour,
    Kept,
    bare,
    begun,
    cited,
    differences,
    fits,
    kept,
    milder,
    missing,
    moves_to,
    ordered,
)

ANNOUNCEMENTS = "incidents"  # the workspace has this channel; the bot is told to announce there
UPDATE = "Checkout fails for customers without a loyalty card. We go back to the version before."
FIX = "went back to v2.30.4"
ADDED = "A smoke test of the guest checkout would have caught it."

LESSONS = "## Lessons\n\n"

# --- what each stage shows: `*` stands for anything, other lines may stand between -----------------------------------

BRIEFED = [
    "*SEV1*checkout*",
    "Most likely: *v2.31.0*",
    "*INC-*Investigating*",
]
ANSWERED = ["*v2.31.0*"]
LOWERED = ["*INC-* was lowered from SEV1 to SEV2*"]
RAISED = ["*INC-* was raised from SEV2 to SEV1*"]
LED = ["*@{leads} is lead of INC-* now.*"]
DUTIES = ["You are the lead of INC-*", "*Decide what is done next and who does it*", "*Set the severity*"]
OFFERED = ["*@{leads} asks you to take over the lead of INC-*"]
HANDED_OFF = ["*@{takes_over} is lead of INC-* now.*"]
IDENTIFIED = ["*INC-* is identified now.*"]
REQUESTED = ["*Approval needed*", "*Exactly this is done:*"]
WENT_BACK = ["*went back to v2.30.4*"]
RUN_OVER = ["*Done*asked for by @{leads}*"]
SENT = [f"*{UPDATE[:30]}*"]
ANNOUNCED = ["*SEV1*INC-*", f"*{UPDATE[:30]}*"]
MITIGATED = ["*INC-* is monitoring now.*"]
RESOLVED = ["*INC-* is resolved now.*"]
REVIEWED = ["*Postmortem of INC-*", "*Draft *It waits for a review.*"]
PUBLISHED = ["*The postmortem of INC-* is published*approved by @{takes_over}*"]
REVIEW_OVER = ["*Published by @{takes_over}*"]
SECTIONS = [
    "*Executive summary*",
    "*Impact*",
    "*Timeline*",
    "*Root cause*",
    "*Contributing factors*",
    "*Resolution*",
    "*What went well*",
    "*What went badly*",
    "*Action items*",
    "*Lessons*",
]
BACK = ["*came back*"]

# --- what is kept in the end -----------------------------------------------------------------------------------------

STATE = {
    "severity": "SEV1",
    "status": "investigating",  # it came back
    "place": "channel",
    "acknowledged": True,
    "identified": True,
    "mitigated": True,
    "resolved": False,
}
# In this order. What people did is all there is of it; of the machine other lines may stand between.
TIMELINE = [
    "alert: Alert: *HighErrorRatio checkout* (pagerduty)",
    "status: Incident opened, SEV1*",
    "briefing: First briefing posted",
    "status: Severity set to SEV2: only some customers are hurt ({leads})",
    "role: @{leads} is lead of INC-* now. ({leads})",
    "note: Only customers without a loyalty card fail, and we know why. ({writes})",  # as it was edited
    "note: The pool is fine, I looked. ({takes_over})",
    "postmortem: The canary had no such customer. ({writes})",
    "follow-up: Test checkout without a loyalty card ({leads})",
    "role: @{takes_over} is lead of INC-* now. ({takes_over})",
    "status: Severity set to SEV1: orders are lost ({takes_over})",
    "status: Identified: the deployment of v2.31.0 ({takes_over})",
    "action: Asked for approval: Go back ({leads})",
    "action: Approved by a reaction: * ({takes_over})",
    "action: Began: Go back",
    "action: Go back to an earlier version *succeeded*",
    f"update: *{UPDATE}* ({{takes_over}})",
    "status: Monitoring: the rollback is out ({takes_over})",
    f"status: Resolved: {FIX} ({{takes_over}})",
    "follow-up: Find out why the change to checkout passed its checks, and add one that it fails. ({takes_over})",
    "follow-up: See to it that * sources can be looked at the next time. ({takes_over})",
    "review: Postmortem published, approved by @{takes_over}",
    "alert: Alert: *HighErrorRatio checkout* (pagerduty)",
    "status: Open again",
    "watch: It came back.*",
]
FOLLOW_UPS = [
    "P1 Test checkout without a loyalty card (nobody, open)",
    "P0 Find out why the change to checkout passed its checks, and add one that it fails. (*, open)",
    "P2 See to it that * sources can be looked at the next time. (*, open)",
]
# By section; each line as it stands, without what it cites. "..." at the end: more may follow.
POSTMORTEM = {
    "Executive summary": [
        "HighErrorRatio checkout (production critical) (SEV1) began at DATE TIME UTC and ended after SPAN, *",
        "*v2.31.0*",
        "...",
    ],
    "Impact": ["It lasted SPAN.", "error ratio: * at TIME UTC, normal *", "..."],
    "Timeline": [
        "TIME UTC checkout v2.31.0 deployed to production by an engineer",
        "TIME UTC The first alert dates the onset.",
        "TIME UTC Alert: *HighErrorRatio checkout (production critical)",
        "TIME UTC Incident opened, SEV1",
        "TIME UTC First briefing posted",
        "TIME UTC Severity set to SEV2: only some customers are hurt",
        "TIME UTC * lead of INC-* now.",
        "TIME UTC Only customers without a loyalty card fail, and we know why.",
        "TIME UTC The pool is fine, I looked.",
        "TIME UTC The canary had no such customer.",
        "TIME UTC Test checkout without a loyalty card",
        "TIME UTC * lead of INC-* now.",
        "TIME UTC Severity set to SEV1: orders are lost",
        "TIME UTC Identified: the deployment of v2.31.0",
        "TIME UTC Asked for approval: Go back",
        "TIME UTC Approved by a reaction: *",
        "TIME UTC Began: Go back",
        "TIME UTC Go back: The workflow ended with success: *",
        "TIME UTC Go back: It holds: The error ratio is well again.",
        "TIME UTC Began: Tell the channel",
        "TIME UTC Tell the channel: The message was posted.",
        "TIME UTC Go back to an earlier version by a GitHub workflow (*) succeeded: All steps are done.",
        f"TIME UTC Update: {UPDATE}",
        "TIME UTC Monitoring: the rollback is out",
        "TIME UTC Resolved: went back to v2.30.4",
    ],
    "Root cause": ["*v2.31.0*", "..."],
    "Contributing factors": ["..."],
    "Resolution": ["The rollback is out.", "Went back to v2.30.4.", "..."],
    "What went well": ["It was noticed SPAN after it began.", "The first briefing stood SPAN after *", "..."],
    "What went badly": ["Could not be looked at: *", "..."],
    "Action items": [
        "**P0** Find out why the change to checkout passed its checks, and add one that it fails. *",
        "**P1** Test checkout without a loyalty card",
        "**P2** See to it that * sources can be looked at the next time.",
    ],
    "Lessons": [
        ADDED,
        "When HighErrorRatio * comes again for checkout: The deployment of v2.31.0. The rollback is out.",
        "...",
    ],
}


async def test_a_line_fits_its_pattern_as_it_stands() -> None:
    assert fits("a [1]? b", "a [1]? *")
    assert not fits("a 1? b", "a [1]? *")
    assert missing(["one", "two", "three"], ["o*", "th*"]) == []
    assert missing(["one", "two", "three"], ["th*", "o*"]) == ["o*"]
    assert differences(["one"], ["o*", "two"]) == ["line 2: missing\n   wanted: two"]


def named(hour: Hour, patterns: list[str]) -> list[str]:
    return [p.format(leads=hour.leads, takes_over=hour.takes_over, writes=hour.writes) for p in patterns]


# --- the stages ------------------------------------------------------------------------------------------------------


async def is_asked_and_graded(hour: Hour) -> None:
    assert not missing(await hour.asks(hour.writes, "what changed?"), ANSWERED)
    assert not missing(await hour.commands(hour.leads, "sev 2 because only some customers are hurt"), LOWERED)
    await until(lambda: hour.topic.startswith("SEV2 | "), within=SOON)
    assert hour.topic.startswith("SEV2 | "), hour.topic


async def is_led(hour: Hour) -> None:
    await hour.commands(hour.leads, "lead me")
    await hour.sees(hour.said, named(hour, LED))
    await hour.sees(lambda: hour.direct(hour.leads), DUTIES)


async def is_noted(hour: Hour) -> None:
    """By pushpin, by Slack's own pin, for the postmortem and as a follow-up; edited, deleted, taken back."""
    await hour.says(hour.writes, "Only customers without a loyalty card fail.", name="who")
    await hour.says(hour.takes_over, "The pool is fine, I looked.", name="pool")
    await hour.says(hour.writes, "The canary had no such customer.", name="canary")
    await hour.says(hour.writes, "Test checkout without a loyalty card", name="test")
    await hour.says(hour.writes, "lunch?", name="lunch")
    await hour.says(hour.writes, "nonsense", name="nonsense")
    await hour.reacts(hour.leads, "who", "pushpin")
    await hour.control.pin(hour.leads, hour.channel, hour.notes["pool"])
    await hour.reacts(hour.leads, "canary", "memo")
    await hour.reacts(hour.leads, "test", "ballot_box_with_check")
    await hour.reacts(hour.leads, "lunch", "pushpin")
    await hour.reacts(hour.leads, "nonsense", "pushpin")
    await hour.control.quiet(idle=0.5)
    await hour.control.edit(
        hour.writes, hour.channel, hour.notes["who"], "Only customers without a loyalty card fail, and we know why."
    )
    await hour.reacts(hour.leads, "lunch", "pushpin", remove=True)
    await hour.control.delete(hour.writes, hour.channel, hour.notes["nonsense"])
    await hour.control.quiet(idle=0.5)
    told = "\n".join(await hour.commands(hour.writes, "timeline"))
    assert "and we know why" in told
    assert "The pool is fine" in told
    assert "lunch" not in told
    assert "nonsense" not in told


async def is_handed_off(hour: Hour) -> None:
    await hour.commands(hour.leads, f"handoff @{hour.takes_over}")
    await hour.sees(lambda: hour.direct(hour.takes_over), named(hour, OFFERED))
    assert (await hour.presses(hour.takes_over, presses.ACCEPT_HANDOFF)).ok
    await hour.sees(hour.said, named(hour, HANDED_OFF))
    name = hour.world.workspace.member(hour.takes_over).name
    await until(lambda: f"Lead @{name}" in hour.topic or f"Lead @{hour.takes_over}" in hour.topic, within=SOON)
    assert "Lead @" in hour.topic, hour.topic


async def is_worse_and_understood(hour: Hour) -> None:
    assert not missing(await hour.commands(hour.takes_over, "sev 1 because orders are lost"), RAISED)
    assert not missing(await hour.commands(hour.takes_over, "identified the deployment of v2.31.0"), IDENTIFIED)


async def is_rolled_back(hour: Hour) -> None:
    wanted = hour.world.playing.rollback()
    assert wanted is not None
    if hour.thread:
        await hour.asks(hour.leads, ordered(wanted))
    else:
        await hour.control.command(hour.leads, hour.channel, "/inc", ordered(wanted))
    await hour.sees(hour.said, REQUESTED)
    found = hour.button(hour.takes_over, APPROVE)
    assert found is not None
    await hour.control.react(hour.takes_over, found[0], found[1], "white_check_mark")
    await hour.sees(hour.said, WENT_BACK, within=RECOVERED)
    await hour.sees(hour.said, named(hour, RUN_OVER))
    await hour.control.quiet(idle=1.0)


async def is_told(hour: Hour) -> None:
    await hour.commands(hour.takes_over, f"update {UPDATE}")
    await hour.sees(hour.said, SENT)
    await hour.sees(lambda: hour.said(ANNOUNCEMENTS), ANNOUNCED)
    posts = [m for m in hour.messages(ANNOUNCEMENTS) if m.get("user") == hour.world.workspace.bot.id]
    assert len([m for m in posts if not m.get("subtype") and not m.get("thread_ts")]) == 1, "one post, edited"


async def is_over(hour: Hour) -> None:
    assert not missing(await hour.commands(hour.takes_over, "mitigated the rollback is out"), MITIGATED)
    assert not missing(await hour.commands(hour.takes_over, f"resolve {FIX}"), RESOLVED)
    await hour.alert_ends()
    await until(lambda: "Resolved" in hour.topic, within=SOON)
    assert "Resolved" in hour.topic, hour.topic


async def is_reviewed_and_published(hour: Hour) -> None:
    await hour.sees(hour.said, REVIEWED, within=RECOVERED)
    assert (await hour.presses(hour.takes_over, presses.SHOW_POSTMORTEM)).ok
    await until(lambda: bool(hour.world.workspace.modals), within=SOON)
    view = await hour.form(hour.takes_over)
    fields = {b["block_id"]: b["element"].get("initial_value", "") for b in view["blocks"] if b["type"] == "input"}
    part = next(block for block, text in fields.items() if LESSONS in text)
    edited = {part: fields[part].replace(LESSONS, f"{LESSONS}- {ADDED}\n")}
    assert (await hour.fills_in(hour.takes_over, life_ids.POSTMORTEM_MODAL, **edited)).ok
    await hour.sees(hour.said, ["*edited by @*"], within=SOON)
    assert (await hour.presses(hour.takes_over, presses.APPROVE_POSTMORTEM)).ok
    await hour.sees(hour.said, named(hour, PUBLISHED), within=RECOVERED)
    await hour.sees(hour.said, named(hour, REVIEW_OVER))
    pages = [lines for lines in hour.canvases().values() if not missing(lines, SECTIONS)]
    assert pages, f"no canvas holds the postmortem: {hour.canvases()}"
    assert any(ADDED in line for line in pages[0])


async def comes_back(hour: Hour) -> None:
    await hour.alert_comes_back()
    await hour.sees(lambda: [hour.topic], ["*Investigating*"])
    await hour.sees(hour.said, BACK)


def assert_is_postmortem(found: Kept) -> None:
    """Its sections line by line, and under each line the facts that it cites."""
    sections = found.sections
    assert list(sections) == [*POSTMORTEM, "Facts"]
    for name, expected in POSTMORTEM.items():
        wanted, is_open = (expected[:-1], True) if expected[-1] == "..." else (expected, False)
        said = [bare(line) for line in sections[name]]
        assert differences(said[: len(wanted)] if is_open else said, wanted) == [], f"{name}:\n" + "\n".join(said)
    known = {match for line in sections["Facts"] for match in re.findall(r"\*\*([A-Z]\d+)\*\*", line)}
    for name in POSTMORTEM:
        for line in sections[name]:
            assert set(cited(line)) <= known, line
            assert cited(line) or line in (f"- {ADDED}", "Nothing on record."), f"it rests on nothing: {line}"


# --- the hour --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_hour_of_an_incident_from_its_alert_to_its_recurrence(start_bot: Start, tmp_path: Path) -> None:
    async with world("bad-deployment") as sandbox:
        hurried(sandbox)
        async with start_bot(sandbox, ANNOUNCEMENT_CHANNEL=ANNOUNCEMENTS) as bot:
            hour = await begun(sandbox, bot)
            await hour.sees(hour.card, BRIEFED)
            await is_asked_and_graded(hour)
            await is_led(hour)
            await is_noted(hour)
            await is_handed_off(hour)
            await is_worse_and_understood(hour)
            await is_rolled_back(hour)
            await is_told(hour)
            await is_over(hour)
            await is_reviewed_and_published(hour)
            await comes_back(hour)
            await hour.control.quiet(idle=2.0)
        found = await kept(sandbox, tmp_path / "data")
    assert found.state == STATE
    by_people = tuple(f"({who})" for who in (hour.leads, hour.takes_over, hour.writes))
    done = [line for line in found.timeline if line.endswith(by_people)]
    expected = [line for line in named(hour, TIMELINE) if line.endswith(by_people)]
    assert differences(done, expected) == [], "what people did, line by line:\n" + "\n".join(found.timeline)
    assert missing(found.timeline, named(hour, TIMELINE)) == [], "\n".join(found.timeline)
    assert found.roles == {"lead": hour.takes_over}
    assert found.updates == [f"internal: {UPDATE}"]
    assert differences(found.follow_ups, FOLLOW_UPS) == [], found.follow_ups
    assert found.draft is not None
    assert found.draft.state is DraftState.PUBLISHED
    assert_is_postmortem(found)
    people_named = [p.name for p in sandbox.scenario.people if any(p.name in line for line in found.postmortem)]
    assert people_named == [], "a postmortem names roles, not people"


def own_channels(hour: Hour) -> list[Mapping[str, Any]]:
    """Cards in channels of their own."""
    named = hour.world.workspace.channels
    return [card for card in hour.world.cards("briefing") if named[card["channel"]].name.startswith("inc-")]


@pytest.mark.slow
async def test_an_incident_in_a_thread_gets_a_channel_of_its_own_when_it_gets_worse(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox, start_bot(sandbox, ANNOUNCEMENT_CHANNEL=ANNOUNCEMENTS) as bot:
        hour = await begun(sandbox, bot, milder(sandbox.scenario.webhook))
        assert hour.thread, "a mild one begins in a thread"
        told = await hour.asks(hour.leads, "sev 1 because orders are lost")
        assert not missing(told, ["*INC-* was raised from SEV* to SEV1*"]), told
        assert await until(lambda: own_channels(hour), within=SOON), hour.said()
        await hour.sees(hour.said, ["*goes on in *"])
        await moves_to(hour, own_channels(hour)[0])
        members = sandbox.workspace.channel(hour.channel).members
        assert sandbox.workspace.member(hour.leads).id in members, "who wrote in the thread is invited"
        assert not missing(await hour.commands(hour.leads, "status"), ["*INC-*"])
        assert hour.topic.startswith("SEV1 | "), hour.topic
