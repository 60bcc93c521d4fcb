"""Answers to commands, the declare form, the App Home, memory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from bot.domain.answers import Answer, Part, Quote
from bot.domain.incident import IncidentStatus, Place, PlaceKind
from bot.domain.remembered import Held, Note, PastIncident, Recalled
from bot.domain.spend import CostReport
from bot.domain.spend.call import Account, Scope
from bot.domain.spend.cost import CostLine
from bot.slack import answer_views, archive_views, replies, views
from bot.slack.grammar import parse
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
from tests.slack.samples.registry import of

NAMES = {ANA: "Ana Ruiz", BO: HOSTILE}
THREAD = Place(kind=PlaceKind.THREAD, channel="C0TRIAGE000", name="incident-triage")

of(
    views.help_text,
    normal=lambda: views.help_text(COMMAND),
    near=lambda: views.help_text(COMMAND, parse("statsu")),
    unknown=lambda: views.help_text(COMMAND, parse("zzzz")),
    hostile=lambda: views.help_text("/incident", parse(HOSTILE.replace(" ", ""))),
)
of(
    views.where,
    normal=lambda: views.where(incident()),
    no_card=lambda: views.where(incident(card=None)),
    empty=lambda: views.where(incident(card=None, place=None)),
)
of(
    views.incident_line,
    normal=lambda: views.incident_line(incident(), NOW),
    extreme=lambda: views.incident_line(incident(title=LONG, service=LONG), NOW),
    hostile=lambda: views.incident_line(incident(title=HOSTILE, service=HOSTILE), NOW),
)
of(
    views.list_text,
    normal=lambda: views.list_text(many_incidents(2), NOW),
    empty=lambda: views.list_text([], NOW),
    extreme=lambda: views.list_text(many_incidents(), NOW),
    hostile=lambda: views.list_text([incident(title=HOSTILE)], NOW),
)
of(
    views.status_text,
    normal=lambda: views.status_text(incident(briefed_at=NOW), NOW),
    thread=lambda: views.status_text(incident(place=THREAD), NOW),
    resolved=lambda: views.status_text(incident(status=IncidentStatus.RESOLVED, resolved_at=NOW), NOW),
    hostile=lambda: views.status_text(incident(title=HOSTILE, service=HOSTILE), NOW),
    unicode=lambda: views.status_text(incident(title=UNICODE), NOW),
)


def _cost(task: str = "analysis", lines: int = 2) -> CostReport:
    line = CostLine(
        task=task,
        model="claude-sonnet-5-5",
        calls=6,
        hits=2,
        micro_dollars=1_240_000,
        input_tokens=48_000,
        output_tokens=210,
        cache_read_tokens=0,
        cache_write_tokens=0,
    )
    account = Account(scope=Scope.INCIDENT, name=ID, day=date(2026, 11, 20))
    return CostReport(account=account, lines=[line] * lines, held=10_000, cap=5_000_000)


of(
    views.cost_text,
    normal=lambda: views.cost_text([_cost()]),
    empty=lambda: views.cost_text([]),
    hostile=lambda: views.cost_text([_cost(HOSTILE)] * 3),
)
of(
    views.timeline_text,
    normal=lambda: views.timeline_text(incident(), [event(), event("Rolled back", 4, actor="", link=None)], NAMES),
    empty=lambda: views.timeline_text(incident(), [], NAMES),
    extreme=lambda: views.timeline_text(incident(), [event(LONG, n) for n in range(50)], NAMES),
    hostile=lambda: views.timeline_text(incident(), [event(HOSTILE, actor=BO)], NAMES),
    unicode=lambda: views.timeline_text(incident(), [event(UNICODE)], NAMES),
)
of(
    views.declare_form,
    normal=lambda: views.declare_form(["checkout", "payments"], "Checkout is down"),
    empty=lambda: views.declare_form([]),
    extreme=lambda: views.declare_form([LONG[:200]] * 50, LONG[:140]),
    hostile=lambda: views.declare_form([HOSTILE], HOSTILE[:140]),
)
of(
    views.home,
    normal=lambda: views.home(many_incidents(2), NOW, COMMAND),
    empty=lambda: views.home([], NOW, COMMAND),
    extreme=lambda: views.home(many_incidents(), NOW, COMMAND),
    hostile=lambda: views.home([incident(title=HOSTILE, service=HOSTILE)], NOW, COMMAND),
)


# --- answers to questions --------------------------------------------------------------------------------------------


def _answer(text: str, parts: int = 2, quotes: int = 2, **changes: Any) -> Answer:
    quote = Quote(text=text, cites=("E3", "INC-2025-0007"), link="https://prom.example/g?x=1", command="kubectl get po")
    part = Part(heading="What changed", quotes=(quote,) * quotes, nothing="Nothing changed that I know of.")
    return Answer(parts=(part,) * parts, **changes)


def _quoted(*given: Any, **changes: Any) -> str:
    return answer_views.quoted_text(_answer(*given, **changes))


of(
    answer_views.quoted_text,
    normal=lambda: _quoted("v2.31.0 went out at 14:02"),
    guess=lambda: _quoted("v2.31.0 went out at 14:02", is_guess=True),
    empty=lambda: _quoted("", 0, is_guess=True),
    nothing=lambda: _quoted("", 1, 0),
    extreme=lambda: _quoted(LONG, 3, 50),
    hostile=lambda: _quoted(HOSTILE),
)
of(
    answer_views.catch_up_text,
    normal=lambda: answer_views.catch_up_text("*SEV2* INC-2026-0042", _answer("v2.31.0 went out at 14:02")),
    empty=lambda: answer_views.catch_up_text("*SEV2* INC-2026-0042", _answer("", 0)),
    extreme=lambda: answer_views.catch_up_text("*SEV2* INC-2026-0042", _answer(LONG, 7, 50)),
    hostile=lambda: answer_views.catch_up_text("*SEV2* INC-2026-0042", _answer(HOSTILE)),
)
of(replies.feedback_buttons, normal=lambda: replies.feedback_buttons("answer-1"))

# --- memory ----------------------------------------------------------------------------------------------------------


def _past(text: str = "", **changes: Any) -> PastIncident:
    made: dict[str, Any] = {
        "id": "INC-2025-0007",
        "title": text or "Checkout errors",
        "service": text or "checkout",
        "started_at": datetime(2025, 8, 1, tzinfo=UTC),
        "minutes": 34,
        "cause": text or "the pool was too small",
        "cause_kind": "exhaustion",
        "fix": text or "raised the limit",
        "unhelpful": text or "a restart",
        "link": "https://wiki.example/7",
        "outcome": Held.CAME_BACK,
    }
    return PastIncident(**(made | changes))


def _similar(past: PastIncident, count: int = 1) -> str:
    found = [Recalled(past=past, score=0.8, why=("title",))] * count
    return archive_views.similar_text(found, "like this one", COMMAND)


def _notes(text: str, count: int = 1) -> str:
    return archive_views.notes_text(
        text, [Note(id=12, service="checkout", text=text, author=text, at=NOW)] * count, COMMAND
    )


of(
    archive_views.similar_text,
    normal=lambda: _similar(_past()),
    bare=lambda: _similar(_past(cause="", fix="", unhelpful="", link=None, minutes=None, service=None)),
    empty=lambda: _similar(_past(), 0),
    extreme=lambda: _similar(_past(LONG), 50),
    hostile=lambda: _similar(_past(HOSTILE)),
)
of(
    archive_views.heard_text,
    normal=lambda: archive_views.heard_text(_past(), "INC-2025-0007", "Thank you."),
    hostile=lambda: archive_views.heard_text(None, HOSTILE, "Thank you."),
)
of(
    archive_views.notes_text,
    normal=lambda: _notes("checkout"),
    empty=lambda: _notes("checkout", 0),
    extreme=lambda: _notes(LONG, 50),
    hostile=lambda: _notes(HOSTILE),
)
of(archive_views.memory_help, normal=lambda: archive_views.memory_help(COMMAND))
