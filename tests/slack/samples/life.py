"""An incident's life: roles, updates, handoffs, follow-ups, the postmortem, the watch, forms, the App Home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from bot.domain.action import Risk
from bot.domain.alert import Link, Severity
from bot.domain.approval import PersonKind, State
from bot.domain.incident import GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from bot.domain.life import (
    Audience,
    Draft,
    DraftState,
    FollowUp,
    FollowUpState,
    Priority,
    Revision,
    Role,
    StatusUpdate,
    Watch,
    WatchState,
    announcement_text,
    handoff_note,
    nudge_words,
    overview_text,
    presses,
    role_words,
    update_drafts,
)
from bot.domain.life.situation import Situation
from bot.domain.life.stats import Numbers
from bot.domain.life.tallies import Decisions, FeedbackTally, Judged
from bot.domain.ports.life import Choice
from bot.domain.run import RunState
from bot.flows.life import digest, recovery_words
from bot.slack import home, inputs, life_after, life_reading, life_said, life_views, long_text, telling, views
from bot.slack.blocks import follow_up_list, moved
from bot.slack.blocks.postmortem_card import PostmortemWords
from tests.slack.samples.acting import NAMES, request
from tests.slack.samples.cards import briefing_of, stormy
from tests.slack.samples.made_of import (
    ANA,
    BO,
    COMMAND,
    HOSTILE,
    ID,
    LONG,
    NOW,
    UNICODE,
    event,
    incident,
    many_incidents,
)
from tests.slack.samples.registry import of, of_file

TODAY = date(2026, 11, 20)
THREAD = Place(kind=PlaceKind.THREAD, channel="C0TRIAGE000", name="incident-triage")
RESOLVED: dict[str, Any] = {"status": IncidentStatus.RESOLVED, "resolved_at": NOW}


def hostile() -> Incident:
    return incident(title=HOSTILE, service=HOSTILE)


# --- roles -----------------------------------------------------------------------------------------------------------

of(
    role_words.not_for,
    **{kind.value: partial(role_words.not_for, BO, kind) for kind in PersonKind if kind is not PersonKind.MEMBER},
)
of(
    role_words.is_now,
    normal=lambda: role_words.is_now(incident(), Role.LEAD, ANA),
    empty=lambda: role_words.is_now(incident(), Role.SCRIBE, ""),
)
of(
    role_words.is_already,
    normal=lambda: role_words.is_already(incident(), Role.COMMUNICATIONS, ANA),
    empty=lambda: role_words.is_already(incident(), Role.LEAD, ""),
)
of(
    role_words.told_holder,
    normal=lambda: role_words.told_holder(incident(), Role.LEAD, BO),
    nowhere=lambda: role_words.told_holder(incident(place=None, card=None), Role.SCRIBE, ""),
    extreme=lambda: role_words.told_holder(incident(title=LONG), Role.COMMUNICATIONS, BO),
    hostile=lambda: role_words.told_holder(hostile(), Role.LEAD, BO),
)
of(role_words.offered, normal=lambda: role_words.offered(ID, ANA, "*Known:* the pool is full"))
of(
    role_words.proposed,
    normal=lambda: role_words.proposed(incident(), ANA, BO),
    on_call=lambda: role_words.proposed(incident(), ANA, ANA),
    declared=lambda: role_words.proposed(incident(), "", BO),
    empty=lambda: role_words.proposed(incident(), "", ""),
)


# --- how it stands ---------------------------------------------------------------------------------------------------


def _follow_up(text: str = "Alert on pool use", number: int = 1, **changes: Any) -> FollowUp:
    made: dict[str, Any] = {
        "id": f"{ID}/{number}",
        "incident": ID,
        "text": text,
        "priority": Priority.P1,
        "created_at": NOW,
        "created_by": ANA,
        "owner": BO,
        "due_on": date(2026, 11, 27),
        "link": "https://shop.slack.example/archives/C0/p3",
    }
    return FollowUp(**(made | changes))


def _update(text: str, **changes: Any) -> StatusUpdate:
    made: dict[str, Any] = {"id": "o1", "incident": ID, "audience": Audience.INTERNAL, "by": ANA, "at": NOW}
    return StatusUpdate(text=text, **(made | changes))


def _situation(text: str = "the pool is full", times: int = 1, **changes: Any) -> Situation:
    about = changes.pop("incident", None) or (incident(title=text, service=text) if times > 1 else incident())
    kinds = ("note", "action", "status")
    made: dict[str, Any] = {
        "holders": {Role.LEAD: ANA, Role.COMMUNICATIONS: BO},
        "briefing": briefing_of(text[:1000], 1),
        "events": [event(f"{n} {text}"[:500], n, kind=kinds[n % 3]) for n in range(3 * times)],
        "follow_ups": [_follow_up(text[:500], n) for n in range(times)],
        "updates": [_update(text[:3000])],
        "requests": [request()],
        "next_update_at": NOW + timedelta(minutes=30),
    }
    return Situation(incident=about, now=NOW, **(made | changes))


def _bare(**changes: Any) -> Situation:
    return Situation(incident=incident(service=None, alerts=(), place=None, card=None, **changes), now=NOW)


def _hostile_situation() -> Situation:
    return _situation(HOSTILE, incident=hostile())


def _extreme_situation() -> Situation:
    return _situation(LONG, 20)


of(
    announcement_text.announcement_text,
    normal=lambda: announcement_text.announcement_text(_situation()),
    empty=lambda: announcement_text.announcement_text(_bare()),
    resolved=lambda: announcement_text.announcement_text(_situation(incident=incident(**RESOLVED))),
    extreme=lambda: announcement_text.announcement_text(_extreme_situation()),
    hostile=lambda: announcement_text.announcement_text(_hostile_situation()),
)
of(
    announcement_text.hidden_text,
    normal=lambda: announcement_text.hidden_text(incident(is_private=True)),
    merged=lambda: announcement_text.hidden_text(incident(merged_into="INC-2026-0041")),
)
of(handoff_note.duties, **{role.value: partial(handoff_note.duties, role) for role in Role})
of(
    handoff_note.handoff_note,
    normal=lambda: handoff_note.handoff_note(_situation()),
    empty=lambda: handoff_note.handoff_note(_bare()),
    extreme=lambda: handoff_note.handoff_note(_extreme_situation()),
    hostile=lambda: handoff_note.handoff_note(_hostile_situation()),
    unicode=lambda: handoff_note.handoff_note(_situation(UNICODE)),
)
of_file(overview_text.overview, "normal", lambda: overview_text.overview(_situation(), incident().first_alert.links))
of_file(overview_text.overview, "empty", lambda: overview_text.overview(_bare()))
of_file(
    overview_text.overview,
    "hostile",
    lambda: overview_text.overview(_hostile_situation(), [Link(title=HOSTILE, url="https://x.example/")]),
)
of_file(overview_text.overview, "extreme", lambda: overview_text.overview(_extreme_situation()))

# --- updates ---------------------------------------------------------------------------------------------------------

of(
    nudge_words.nudge_text,
    normal=lambda: nudge_words.nudge_text(incident(), NOW - timedelta(minutes=31), NOW),
    empty=lambda: nudge_words.nudge_text(incident(), None, NOW),
    hostile=lambda: nudge_words.nudge_text(hostile(), None, NOW),
)
of(
    nudge_words.posted_text,
    normal=lambda: nudge_words.posted_text(_update("We go back to v2.30.4.")),
    public=lambda: nudge_words.posted_text(_update("Some orders fail.", audience=Audience.PUBLIC)),
    extreme=lambda: nudge_words.posted_text(_update(LONG[:3000])),
    hostile=lambda: nudge_words.posted_text(_update(HOSTILE)),
)
of(
    nudge_words.sent_sentence,
    normal=lambda: nudge_words.sent_sentence(incident(), Audience.INTERNAL, "incidents", NOW),
    empty=lambda: nudge_words.sent_sentence(incident(), Audience.INTERNAL, "", None),
    public=lambda: nudge_words.sent_sentence(incident(), Audience.PUBLIC, "incidents", NOW),
)
of(
    update_drafts.internal_draft,
    normal=lambda: update_drafts.internal_draft(_situation()),
    empty=lambda: update_drafts.internal_draft(_bare()),
    extreme=lambda: update_drafts.internal_draft(_extreme_situation()),
    plain=lambda: update_drafts.internal_draft(_hostile_situation()),
)
of(
    update_drafts.public_draft,
    **{
        status.value: partial(update_drafts.public_draft, incident(status=status, resolved_at=NOW), NOW, "Checkout")
        for status in IncidentStatus
    },
    empty=lambda: update_drafts.public_draft(incident(), NOW, ""),
)
of(
    update_drafts.cause_sentence,
    normal=lambda: update_drafts.cause_sentence(_situation()),
    empty=lambda: update_drafts.cause_sentence(_bare()),
)


# --- the watch -------------------------------------------------------------------------------------------------------


def _watch(state: WatchState, text: str = "error ratio is 12 %, the alert's threshold is 5 %", **changes: Any) -> Watch:
    made: dict[str, Any] = {
        "id": f"{ID}:3",
        "incident": ID,
        "since": NOW,
        "until": NOW + timedelta(hours=24),
        "next_at": None,
        "looks": 7,
        "sentence": f"{text}\nhttps://prom.example/g?x=1",
    }
    return Watch(state=state, **(made | changes))


def _came_back(text: str, **changes: Any) -> str:
    told = [event(text, n, kind="action") for n in range(30)]
    return recovery_words.came_back_text(_watch(WatchState.CAME_BACK, text), hostile(), told, **changes)


of(
    recovery_words.fact_text,
    **{state.value: partial(recovery_words.fact_text, _watch(state, blind=2)) for state in WatchState},
)
of(
    recovery_words.ended_text,
    held=lambda: recovery_words.ended_text(_watch(WatchState.HELD)),
    blind=lambda: recovery_words.ended_text(_watch(WatchState.ENDED, blind=7)),
    hostile=lambda: recovery_words.ended_text(_watch(WatchState.HELD, HOSTILE)),
)
of(
    recovery_words.came_back_text,
    normal=lambda: recovery_words.came_back_text(
        _watch(WatchState.CAME_BACK), incident(), [event("Went back to v2.30.4", kind="action")]
    ),
    empty=lambda: recovery_words.came_back_text(_watch(WatchState.CAME_BACK), incident(), []),
    extreme=lambda: _came_back(LONG),
    hostile=lambda: _came_back(HOSTILE),
    elsewhere=lambda: _came_back("it is there", successor=incident(id="INC-2026-0043"), is_there=True),
)
of(
    recovery_words.linked,
    normal=lambda: recovery_words.linked("https://prom.example/g?x=1&y=2", "the graph", 40),
    hostile=lambda: recovery_words.linked(f"https://{HOSTILE}", HOSTILE, 200),
)

# --- follow-ups ------------------------------------------------------------------------------------------------------

LATE = date(2026, 12, 24)


def _many(text: str, count: int = 50) -> list[FollowUp]:
    return [_follow_up(text, number) for number in range(1, count + 1)]


of(
    follow_up_list.line,
    normal=lambda: follow_up_list.line(_follow_up(), TODAY),
    bare=lambda: follow_up_list.line(_follow_up(owner="", due_on=None, link=None, priority=Priority.P2), TODAY),
    late=lambda: follow_up_list.line(_follow_up(priority=Priority.P0), LATE),
    done=lambda: follow_up_list.line(_follow_up(state=FollowUpState.DONE, word="in v2.32.0"), TODAY),
    issue=lambda: follow_up_list.line(_follow_up(issue="https://github.example/o/r/issues/1"), TODAY),
    hostile=lambda: follow_up_list.line(_follow_up(HOSTILE, state=FollowUpState.DROPPED, word=HOSTILE), TODAY),
)
of(
    follow_up_list.listed,
    empty=lambda: follow_up_list.listed([], TODAY),
    extreme=lambda: follow_up_list.listed(_many(LONG), TODAY),
)
of(
    follow_up_list.reminder,
    normal=lambda: follow_up_list.reminder(_follow_up(), incident(), NOW),
    empty=lambda: follow_up_list.reminder(_follow_up(due_on=None), None, NOW),
    hostile=lambda: follow_up_list.reminder(_follow_up(HOSTILE), hostile(), NOW),
)
of(
    follow_up_list.blocks,
    normal=lambda: follow_up_list.blocks([_follow_up(), _follow_up(number=2, state=FollowUpState.DONE)], TODAY),
    empty=lambda: follow_up_list.blocks([], TODAY),
    extreme=lambda: follow_up_list.blocks(_many(LONG), TODAY),
    hostile=lambda: follow_up_list.blocks(_many(HOSTILE, 3), TODAY),
)
of(
    life_after.follow_up_line,
    normal=lambda: life_after.follow_up_line(_follow_up(), "Bo Chen"),
    hostile=lambda: life_after.follow_up_line(_follow_up(HOSTILE), HOSTILE.replace("<", "(")),
)
of(
    life_after.follow_ups_text,
    normal=lambda: life_after.follow_ups_text(incident(), [_follow_up()], NAMES, COMMAND),
    empty=lambda: life_after.follow_ups_text(incident(), [], NAMES, COMMAND),
    extreme=lambda: life_after.follow_ups_text(incident(), _many(LONG), NAMES, COMMAND),
    hostile=lambda: life_after.follow_ups_text(hostile(), _many(HOSTILE, 2), NAMES, COMMAND),
)

# --- the week --------------------------------------------------------------------------------------------------------


def _numbers(about: Sequence[Incident]) -> Numbers:
    decisions = Decisions(
        approvals={State.CONSUMED: 3, State.DENIED: 1},
        escalated=1,
        runs={RunState.SUCCEEDED: 2, RunState.FAILED: 1},
        steps={Risk.READ: 4, Risk.CHANGE: 3},
        unasked=4,
    )
    feedback = FeedbackTally(answers=Judged(helped=5, not_helped=1), memories=Judged(helped=0, not_helped=0))
    return Numbers(incidents=about, decisions=decisions, feedback=feedback, again=frozenset({ID}))


def _week(about: Sequence[Incident], late: Sequence[FollowUp]) -> str:
    return digest.digest_text(date(2026, 11, 16), _numbers(about), _numbers(about[:1]), about[:3], late)


of(
    digest.digest_text,
    normal=lambda: _week([incident(**RESOLVED), incident(id="INC-2026-0043")], [_follow_up()]),
    empty=lambda: _week([], []),
    extreme=lambda: _week([replace(one, **RESOLVED) for one in many_incidents()], _many(LONG)),
    hostile=lambda: _week([replace(hostile(), **RESOLVED)], _many(HOSTILE, 2)),
)

# --- the postmortem --------------------------------------------------------------------------------------------------

WORDS = PostmortemWords()
HISTORY = ("drafted from facts", "edited", "rejected", "approved", "published")


def _draft(state: DraftState = DraftState.DRAFT, text: str = "It lasted 18 minutes.", **changes: Any) -> Draft:
    markdown = f"# Postmortem\n\n## Executive summary\n\n- {text}\n\n## Impact\n\n- {text}\n"
    last = {DraftState.DRAFT: 1, DraftState.REJECTED: 3, DraftState.APPROVED: 4, DraftState.PUBLISHED: 5}[state]
    history = [
        Revision(at=NOW, by=ANA if n else "", what=what, markdown=markdown, reason=text if what == "rejected" else "")
        for n, what in enumerate(HISTORY[:last])
    ]
    made: dict[str, Any] = {"lessons": [text] * 3, "canvas": "F1", "version": 3}
    return Draft(incident=ID, state=state, history=history, **(made | changes))


def _review(draft: Draft, trouble: str = "") -> str:
    return WORDS.review(incident(), draft, trouble)


of(
    PostmortemWords.review,
    **{state.value: partial(_review, _draft(state)) for state in DraftState},
    trouble=lambda: _review(_draft(DraftState.APPROVED), "canvas_disabled_user_team"),
    extreme=lambda: _review(_draft(text=LONG, lessons=[LONG] * 50), LONG),
    hostile=lambda: WORDS.review(hostile(), _draft(DraftState.REJECTED, HOSTILE), HOSTILE),
)
of(PostmortemWords.replaced, normal=lambda: WORDS.replaced(incident()))
of(
    PostmortemWords.published,
    normal=lambda: WORDS.published(
        incident(), _draft(DraftState.PUBLISHED), ["https://shop.slack.example/docs/T1/F1", "/var/x.md"]
    ),
    private=lambda: WORDS.published(incident(is_private=True), _draft(DraftState.PUBLISHED), []),
)

# --- forms -----------------------------------------------------------------------------------------------------------


def _parts(text: str) -> long_text.Parts:
    found = long_text.split(text)
    assert found is not None
    return found


MESSAGE = {"channel": "C0INC000000", "ts": "1.000002", "thread": ""}

of(
    life_views.update_view,
    normal=lambda: life_views.update_view(incident(), "We go back to v2.30.4."),
    empty=lambda: life_views.update_view(incident(), ""),
    extreme=lambda: life_views.update_view(incident(title=LONG), LONG),
    hostile=lambda: life_views.update_view(hostile(), HOSTILE),
)
of(
    life_views.resolve_view,
    normal=lambda: life_views.resolve_view(incident()),
    hostile=lambda: life_views.resolve_view(hostile()),
)
of(
    life_views.follow_up_view,
    normal=lambda: life_views.follow_up_view(incident(), text="Alert on pool use", source=MESSAGE),
    empty=lambda: life_views.follow_up_view(incident()),
    extreme=lambda: life_views.follow_up_view(incident(), text=LONG, source=MESSAGE),
    hostile=lambda: life_views.follow_up_view(hostile(), text=HOSTILE),
)
of(
    life_views.follow_up_edit_view,
    normal=lambda: life_views.follow_up_edit_view(incident(), _follow_up()),
    bare=lambda: life_views.follow_up_edit_view(incident(), _follow_up(owner="", due_on=None)),
)
of(
    life_views.postmortem_view,
    normal=lambda: life_views.postmortem_view(incident(), _draft(), _parts(_draft().markdown)),
    published=lambda: life_views.postmortem_view(
        incident(), _draft(DraftState.PUBLISHED), _parts(_draft(DraftState.PUBLISHED).markdown)
    ),
    extreme=lambda: life_views.postmortem_view(incident(), _draft(), _parts(f"{LONG[:2000]}\n\n" * 9)),
    hostile=lambda: life_views.postmortem_view(hostile(), _draft(), _parts(HOSTILE)),
)
of(life_views.reject_view, normal=lambda: life_views.reject_view(incident()))
of(
    life_views.ask_view,
    normal=lambda: life_views.ask_view("Only customers without a loyalty card fail.", MESSAGE),
    empty=lambda: life_views.ask_view("", MESSAGE),
    extreme=lambda: life_views.ask_view(LONG, MESSAGE),
    hostile=lambda: life_views.ask_view(HOSTILE, MESSAGE),
)
of(inputs.modal, normal=lambda: inputs.modal("c", LONG, "Send", [inputs.text_input("text", "What?")], LONG))
of(
    inputs.text_input,
    normal=lambda: inputs.text_input("text", "What?", value="x", hint="y", optional=True, multiline=True),
    extreme=lambda: inputs.text_input("text", "What?", value=LONG, hint=LONG, most=3000),
)
of(
    inputs.select_input,
    normal=lambda: inputs.select_input("which", "Which?", [("a", "A"), ("b", LONG)], first="b", hint="one"),
)
of(
    inputs.person_input,
    normal=lambda: inputs.person_input("owner", "Who?", user=ANA),
    empty=lambda: inputs.person_input("owner", "Who?"),
)
of(
    inputs.date_input,
    normal=lambda: inputs.date_input("due", "When?", day="2026-11-27"),
    empty=lambda: inputs.date_input("due", "When?"),
)

# --- messages and the home tab ---------------------------------------------------------------------------------------

MANY_CHOICES = [Choice(action=presses.FOLLOW_UP_DONE, text=LONG, value=f"{ID}/{n}", is_danger=True) for n in range(50)]

of(
    life_said.button,
    normal=lambda: life_said.button(Choice(action=presses.PAGE, text="Page them", value=ID, is_danger=True)),
    extreme=lambda: life_said.button(Choice(action=presses.PAGE, text=LONG, value=ID)),
)
of(
    telling.content,
    normal=lambda: telling.content("*Is it over?*", [Choice(action=presses.RESOLVE, text="Resolve", value=ID)]),
    empty=lambda: telling.content(""),
    extreme=lambda: telling.content(f"{LONG}\n" * 5, MANY_CHOICES),
)
of(
    moved.moved,
    normal=lambda: moved.moved(incident(), THREAD),
    extreme=lambda: moved.moved(incident(title=LONG, service=LONG), THREAD),
    hostile=lambda: moved.moved(hostile(), THREAD),
)
of(
    life_reading.alerts_text,
    normal=lambda: life_reading.alerts_text(incident(), COMMAND),
    over=lambda: life_reading.alerts_text(
        incident(alerts=(replace(incident().alerts[0], resolved_at=NOW, reason=GroupingReason.SAME_SERVICE),)), COMMAND
    ),
    extreme=lambda: life_reading.alerts_text(stormy(), COMMAND),
    hostile=lambda: life_reading.alerts_text(hostile(), COMMAND),
)
of(
    views.word_help,
    normal=lambda: views.word_help(COMMAND, "sev"),
    near=lambda: views.word_help(COMMAND, "servity"),
    unknown=lambda: views.word_help(COMMAND, "zzzz"),
    hostile=lambda: views.word_help(COMMAND, HOSTILE),
)


def _home(incidents: Sequence[Incident], **facts: Any) -> object:
    return home.home_view(home.HomeFacts(incidents=incidents, **facts), NOW, COMMAND)


def _full_home(text: str) -> object:
    about = [incident(id=f"INC-2026-{n:04d}", title=text, severity=Severity.SEV1) for n in range(15)]
    return _home(
        about,
        roles={one.id: "lead, scribe" for one in about},
        approvals=[(request(id=f"A-{n}"), about[0]) for n in range(30)],
        follow_ups=_many(text, 50),
        left_out=35,
    )


of(
    home.home_view,
    normal=lambda: _home(
        many_incidents(2),
        roles={"INC-2026-0001": "lead"},
        approvals=[(request(), incident())],
        follow_ups=[_follow_up()],
    ),
    private=lambda: _home([incident(is_private=True)]),
    empty=lambda: _home([]),
    extreme=lambda: _full_home(LONG),
    hostile=lambda: _full_home(HOSTILE),
)
