"""A postmortem from its first draft to its publication, and every turn that people can give it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import ChatError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.incident import IncidentStatus
from bot.domain.life import DraftState, Priority, Role, presses
from bot.domain.ports.following import Follower
from bot.domain.ports.life import PostmortemDesk
from bot.domain.postmortem import Section, blame
from bot.domain.postmortem.people import people_of
from bot.flows.learn import REVIEWED
from tests.domain.grounding_world import shop
from tests.flows.life.hour import ANA, BO, CY, GUEST, INC, Crash
from tests.flows.life.postmortem_world import EVENTS, MINUTE, NAMES, World, event, order

SECTIONS = [section.value for section in Section]


def headings(markdown: str) -> list[str]:
    return [line[3:] for line in markdown.splitlines() if line.startswith("## ")]


def values(world: World) -> list[str]:
    return [f"{choice.action} {choice.value}" for choice in world.card.choices]


def test_it_is_what_slack_and_the_reconciler_call() -> None:
    world = World()
    _: tuple[PostmortemDesk, Follower] = (world.desk, world.desk)


# --- drafting --------------------------------------------------------------------------------------------------------


async def test_an_incident_that_is_resolved_gets_a_draft_with_all_sections_and_one_card() -> None:
    world = World()
    draft = await world.settled()
    assert (draft.state, [one.what for one in draft.history]) == (DraftState.DRAFT, ["drafted from facts"])
    assert headings(draft.markdown) == [*SECTIONS, "Facts"]
    assert await world.settled() == draft
    assert len(world.telling.sent) == 1
    assert f"Postmortem of {INC}" in world.card.text
    assert "V2.31.0 reads a column that is gone" in world.card.text


@pytest.mark.parametrize(
    "details",
    [
        {"status": IncidentStatus.CANCELLED},
        {"merged_into": "INC-2026-0009"},
        {"status": IncidentStatus.MONITORING, "resolved_at": None},
    ],
)
async def test_what_is_cancelled_merged_or_still_open_gets_none_by_itself(details: dict[str, object]) -> None:
    world = World()
    world.change(**details)
    await world.desk.follow(world.incident)
    await world.desk.tick(world.clock.now())
    assert await world.desk.get(INC) is None
    assert not world.telling.sent


async def test_people_are_named_by_their_roles_and_sentences_that_judge_them_are_left_out() -> None:
    world = World()
    await world.role(Role.LEAD, ANA)
    await world.role(Role.SCRIBE, CY)
    text = (await world.settled()).markdown
    names = people_of({}, shop(), NAMES)
    assert blame(text, {**names, **dict.fromkeys(NAMES, "")}) == ()
    assert not [name for whole in NAMES.values() for name in whole.split() if name in text]
    assert "An engineer rolled back to v2.30.4" in text
    assert "The canary watches latency alone" in text
    assert "should have tested" not in text


async def test_belief_updates_and_what_did_not_help_are_taken_in() -> None:
    text = (await World().settled()).markdown
    assert "Held likeliest from here on: checkout v2.31.0 raises KeyErrors" in text
    assert "One update was sent 12 min after it was opened." in text
    assert "Tried without success: Restarted the pods, that did not help." in text
    assert "Somebody took it on 2 min after it was opened." in text
    assert "**P1** Let the canary watch errors, too" in text


async def test_a_command_drafts_one_of_an_incident_that_is_still_open_and_none_of_what_is_not_there() -> None:
    world = World()
    world.change(status=IncidentStatus.MONITORING, resolved_at=None)
    made = await world.desk.draft(order())
    assert made is not None
    assert "is not over yet" in made.markdown
    assert await world.desk.draft(replace(order(), incident="INC-2026-0404")) is None


async def test_drafted_afresh_it_takes_in_what_came_since_once_for_each_order_and_keeps_its_history() -> None:
    world = World()
    before = await world.settled()
    world.timeline.events["late"] = event(41, "note", "Fix: the column was put back")
    made = await world.desk.draft(order(id="afresh"), afresh=True)
    assert made is not None
    assert "The column was put back" in made.markdown
    again = await world.desk.draft(order(id="afresh"), afresh=True)
    assert again == made
    assert made.history[0].markdown == before.markdown
    assert len(made.history) == 2
    await world.settled()
    first, second = [sent for sent in world.telling.sent if sent.key.startswith("postmortem-card")]
    assert "newer draft" in first.text
    assert not first.choices
    assert second.choices


async def test_opened_again_it_stays_and_is_drafted_afresh_at_the_next_resolve() -> None:
    world = World()
    before = await world.settled()
    world.change(status=IncidentStatus.INVESTIGATING, resolved_at=None)
    assert await world.settled() == before
    world.clock.go_on(timedelta(hours=1))
    world.change(status=IncidentStatus.RESOLVED, resolved_at=world.clock.now())
    world.clock.go_on(MINUTE)
    after = await world.settled()
    assert [one.what for one in after.history] == ["drafted from facts"] * 2
    assert "It lasted 1 h 43 min" in after.markdown


# --- review ----------------------------------------------------------------------------------------------------------


async def test_the_card_s_button_approves_the_version_that_is_there() -> None:
    world = World()
    draft = await world.settled()
    assert f"{presses.APPROVE_POSTMORTEM} {INC} {draft.version}" in values(world)
    await world.desk.edit(order(), f"{draft.markdown}\nMore.\n")
    after = await world.settled()
    assert f"{presses.APPROVE_POSTMORTEM} {INC} {after.version}" in values(world)
    assert after.version != draft.version
    assert len([sent for sent in world.telling.sent if sent.key.startswith("postmortem-card")]) == 1


async def test_an_approval_of_an_older_version_is_refused() -> None:
    world = World()
    read = await world.settled()
    await world.desk.edit(order(person=BO), f"{read.markdown}\nMore.\n")
    said = await world.desk.approve(order(), version=read.version)
    assert "has changed since you read it" in said
    assert (await world.draft()).state is DraftState.DRAFT


@pytest.mark.parametrize("person", [GUEST, "UNOBODY", ""])
async def test_only_full_members_review(person: str) -> None:
    world = World()
    draft = await world.settled()
    for said in (
        await world.desk.approve(order(person=person)),
        await world.desk.reject(order("no", person=person)),
        await world.desk.edit(order(person=person), "# mine"),
    ):
        assert said == "Only full members of this workspace review postmortems."
    assert await world.draft() == draft


async def test_an_edit_stays_as_it_was_written_and_sentences_that_blame_are_named() -> None:
    world = World()
    draft = await world.settled()
    text = f"{draft.markdown}\nBoris Kahn was careless. The database was full.\n"
    said = await world.desk.edit(order(), text)
    assert "“Boris Kahn was careless.”" in said
    assert "The database was full" not in said
    after = await world.draft()
    assert after.markdown == text
    assert (after.history[-1].what, after.history[-1].by) == ("edited", ANA)
    assert await world.desk.edit(order(), text) == "Nothing has changed."


async def test_an_edit_that_drops_a_section_is_told_which() -> None:
    world = World()
    draft = await world.settled()
    said = await world.desk.edit(order(), draft.markdown.replace("## Root cause", "## Why"))
    assert "Without a heading now: Root cause." in said


async def test_a_rejection_wants_a_reason_and_shows_it_until_somebody_edits() -> None:
    world = World()
    draft = await world.settled()
    assert "Say what is wrong" in await world.desk.reject(order())
    said = await world.desk.reject(order("The impact is not *told*"))
    assert "Edit it" in said
    after = await world.settled()
    assert (after.state, after.history[-1].reason) == (DraftState.REJECTED, "The impact is not *told*")
    assert "The impact is not \u2217told\u2217" in world.card.text
    assert [choice.action for choice in world.card.choices] == [presses.SHOW_POSTMORTEM]
    assert "It was rejected" in await world.desk.approve(order())
    await world.desk.edit(order(), f"{draft.markdown}\nOrders of 12 min were lost.\n")
    assert (await world.draft()).state is DraftState.DRAFT


async def test_before_there_is_one_nothing_can_be_done_with_it() -> None:
    world = World()
    for said in (
        await world.desk.approve(order()),
        await world.desk.reject(order("no")),
        await world.desk.edit(order(), "x"),
    ):
        assert said == f"There is no postmortem of {INC} yet."


# --- publication -----------------------------------------------------------------------------------------------------


async def published(world: World) -> None:
    await world.settled()
    said = await world.desk.approve(order())
    assert "is being published" in said
    await world.settled()


async def test_what_is_approved_is_published_everywhere_and_remembered() -> None:
    world = World()
    await published(world)
    draft = await world.draft()
    assert draft.state is DraftState.PUBLISHED
    assert [one.what for one in draft.history] == ["drafted from facts", "approved", "published"]
    assert (draft.canvas, draft.file) == ("F1", f"https://files.example/{INC}.md")
    assert list(world.outside.files) == [f"{INC}.md"]
    assert "<a id" not in world.outside.canvases["F1"]
    assert [link.url for link in world.outside.bookmarks] == ["https://shop.slack.example/docs/T1/F1"]
    (told,) = [sent for sent in world.telling.sent if sent.key.endswith(":told")]
    assert f"https://files.example/{INC}.md" in told.text
    assert f"<@{ANA}>" in told.text
    past = world.memory.past[INC]
    assert (past.cause, past.minutes) == ("V2.31.0 reads a column that is gone.", 42)
    assert past.fix == "An engineer rolled back to v2.30.4."
    assert past.unhelpful == "Restarted the pods, that did not help."
    assert (past.cause_kind, past.trust, past.origin) == ("deployment", REVIEWED, "postmortem")
    assert past.alerts == ("High error ratio",)
    assert world.memory.postmortems[0].accepted_by == ANA
    (entry,) = [one for one in world.timeline.events.values() if one.kind == "review"]
    assert entry.link == f"https://files.example/{INC}.md"


async def test_action_items_become_follow_ups_once_and_those_that_are_noted_already_do_not() -> None:
    world = World()
    await world.settled()
    await world.follow_ups.add(order("Let the canary watch errors, too", id="by-hand"))
    await published(world)
    made = await world.follow_ups.of_incident(INC)
    assert [one.text for one in made].count("Let the canary watch errors, too") == 1
    (lasting,) = [one for one in made if one.priority is Priority.P0]
    assert "add one that it fails" in lasting.text
    assert lasting.due_on == (world.clock.now() + timedelta(days=7)).date()
    assert len({one.id for one in made}) == len(made) > 1


async def test_only_the_lessons_that_the_reviewer_keeps_are_remembered() -> None:
    world = World()
    draft = await world.settled()
    assert len(draft.lessons) == 2
    await world.desk.approve(order(), [draft.lessons[1]])
    await world.settled()
    assert [lesson.text for lesson in world.memory.lessons.values()] == [draft.lessons[1]]


async def test_approved_twice_it_is_published_once() -> None:
    world = World()
    await published(world)
    sent = len(world.telling.sent)
    assert f"was approved by <@{ANA}> already" in await world.desk.approve(order(person=BO))
    assert f"was approved by <@{ANA}> already" in await world.desk.reject(order("no", person=BO))
    await world.settled()
    assert len(world.telling.sent) == sent
    assert len(world.outside.canvases) == 1


async def test_nothing_of_a_private_incident_leaves_its_place() -> None:
    world = World()
    world.change(is_private=True)
    await published(world)
    assert (await world.draft()).state is DraftState.PUBLISHED
    assert world.outside.canvases
    assert not world.outside.files
    assert not world.memory.past
    assert not world.memory.postmortems


async def test_a_plan_without_canvases_keeps_nothing_else_back() -> None:
    world = World()
    world.outside.broken["canvas"] = ChatError("canvas_disabled_user_team", is_final=True)
    await published(world)
    draft = await world.draft()
    assert (draft.state, draft.canvas) == (DraftState.PUBLISHED, "")
    assert [link.url for link in world.outside.bookmarks] == [f"https://files.example/{INC}.md"]


async def test_a_library_that_does_not_answer_is_asked_again_after_a_while_and_the_card_says_why() -> None:
    world = World()
    await world.settled()
    world.outside.broken["file"] = SourceError(FailureReason.FORBIDDEN, "the key may not write")
    await world.desk.approve(order())
    with pytest.raises(SourceError):
        await world.desk.tick(world.clock.now())
    await world.desk.tick(world.clock.now())  # not at once: nothing is raised, and nothing asked
    assert len(world.outside.canvases) == 1
    world.clock.go_on(timedelta(minutes=6))
    with pytest.raises(SourceError):
        await world.desk.tick(world.clock.now())
    assert "the key may not write" in world.card.text
    world.outside.broken.clear()
    world.clock.go_on(timedelta(minutes=6))
    await world.desk.tick(world.clock.now())
    assert (await world.draft()).state is DraftState.PUBLISHED
    assert len(world.outside.canvases) == 1


async def test_an_edit_after_publication_is_reviewed_and_published_again_in_the_same_canvas() -> None:
    world = World()
    await published(world)
    draft = await world.draft()
    await world.desk.edit(order(id="later"), f"{draft.markdown}\nIt was the pool.\n")
    assert (await world.draft()).state is DraftState.DRAFT
    await world.settled()
    await world.desk.approve(order(id="again", person=BO))
    await world.settled()
    assert (await world.draft()).state is DraftState.PUBLISHED
    (canvas,) = world.outside.canvases.values()
    assert "It was the pool." in canvas
    assert world.memory.postmortems[0].accepted_by == BO


def texts(world: World) -> list[str]:
    """Whether a crash came between a canvas and the word of its id, so that there are two, is not told."""
    return [re.sub(r"/docs/T1/F\d", "/docs/T1/F", sent.text) for sent in world.telling.sent]


async def tasks(world: World) -> list[str]:
    return [f"{one.id} {one.text}" for one in await world.follow_ups.of_incident(INC)]


async def test_a_crash_at_any_moment_between_approval_and_publication_does_everything_once() -> None:
    async def done(world: World) -> None:
        await world.desk.approve(order())
        await world.settled()

    async def made() -> World:
        world = World()
        await world.settled()
        return world

    calm = await made()
    began = calm.steps.taken
    await done(calm)
    assert calm.steps.taken - began > 20
    for at in range(began + 1, calm.steps.taken + 1):
        world = await made()
        world.steps.crash_at = at
        with pytest.raises(Crash):
            await done(world)
        world.restarted()
        await done(world)
        draft = await world.draft()
        assert draft.state is DraftState.PUBLISHED, at
        assert [one.what for one in draft.history] == ["drafted from facts", "approved", "published"], at
        assert [sent.key for sent in world.telling.sent] == [sent.key for sent in calm.telling.sent], at
        assert texts(world) == texts(calm), at
        assert replace(world.memory.past[INC], link=None) == replace(calm.memory.past[INC], link=None), at
        assert world.memory.lessons.keys() == calm.memory.lessons.keys(), at
        assert world.outside.files == calm.outside.files, at
        assert world.outside.bookmarks[-1].url == f"https://shop.slack.example/docs/T1/{draft.canvas}", at
        assert await tasks(world) == await tasks(calm), at
        assert world.timeline.events.keys() == calm.timeline.events.keys(), at


async def test_a_crash_at_any_moment_of_drafting_leaves_one_draft_and_one_card() -> None:
    calm = World()
    await calm.settled()
    for at in range(1, calm.steps.taken + 1):
        world = World()
        world.steps.crash_at = at
        with pytest.raises(Crash):
            await world.settled()
        world.restarted()
        draft = await world.settled()
        assert len(draft.history) == 1
        assert len(world.telling.sent) == 1, at
        assert f"{presses.APPROVE_POSTMORTEM} {INC} {draft.version}" in values(world), at


def test_the_world_is_one_in_which_something_happened() -> None:
    assert {one.kind for one in EVENTS} >= {"alert", "note", "belief", "update", "follow-up"}
