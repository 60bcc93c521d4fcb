"""The outline of a postmortem: every sentence rests on facts that are there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.briefing import CauseKind
from bot.domain.incident import Card, Incident, IncidentStatus
from bot.domain.ports import TimelineEvent
from bot.domain.postmortem import Material, Outline, Priority, Section, Statement, blame, outline, to_markdown
from tests.memory.store.samples import MINUTE, NOON, briefing

ID = "INC-2026-0042"
CARD = "https://shop.slack.example/archives/C1/p1"
NAMES = {"UANA": "the lead", "Ana": "the lead", "UBO": "", "Bo": ""}


def incident(**changes: object) -> Incident:
    found = Incident(
        id=ID,
        title="[FIRING:1] HighErrorRatio",
        severity=Severity.SEV1,
        status=IncidentStatus.RESOLVED,
        service="checkout",
        started_at=NOON,
        opened_at=NOON + 2 * MINUTE,
        briefed_at=NOON + 2 * MINUTE + timedelta(seconds=3),
        resolved_at=NOON + 42 * MINUTE,
        card=Card(channel="C1", ts="1.0", permalink=CARD),
        alerts_left_out=3,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def event(minutes: float, text: str, kind: str = "note", actor: str = "UANA", link: str | None = None) -> TimelineEvent:
    at = NOON + minutes * MINUTE
    return TimelineEvent(incident_id=ID, at=at, kind=kind, text=text, actor=actor, link=link)


EVENTS = (
    event(2, "Incident opened, SEV1", "status", ""),
    event(2.05, "First briefing posted", "briefing", ""),
    event(8, "Restarted the pods, that did not help", link="https://shop.slack.example/archives/C1/p8"),
    event(20, "Root cause: v2.31.0 reads a column that the migration drops"),
    event(25, "<@UBO> rolled back to v2.30.4"),
    event(30, "Add a check for dropped columns to the pipeline", "follow-up"),
    event(31, "Somebody should look at this dashboard", actor="UBO"),
    event(42, "Resolved: no alert fires any more", "status", ""),
)


def made(**changes: object) -> Outline:
    given = {"incident": incident(), "events": EVENTS, "briefing": briefing(ID), "names": NAMES, **changes}
    return outline(Material(**given))  # type: ignore[arg-type]


def texts(found: Outline, section: Section) -> list[str]:
    return [one.text for one in found.sections[section]]


def test_the_summary_tells_what_how_long_why_and_what_ended_it() -> None:
    assert texts(made(), Section.SUMMARY) == [
        "checkout: HighErrorRatio (SEV1) began at 2026-03-04 12:00 UTC and ended after 42 min, at 12:42 UTC.",
        "V2.31.0 reads a column that the migration drops.",
        "A responder rolled back to v2.30.4.",
    ]


def test_impact_has_duration_and_numbers_with_their_evidence() -> None:
    found = made()
    assert texts(found, Section.IMPACT) == ["It lasted 42 min.", "Errors rose from 1 % to 31 %", "3 alerts told of it."]
    assert found.sections[Section.IMPACT][1].facts == ("E1",)


def test_the_timeline_is_in_order_and_begins_with_the_onset() -> None:
    moments = made().sections[Section.TIMELINE]
    assert [one.at for one in moments] == sorted(one.at for one in moments if one.at)
    assert moments[0].text == "The first alert dates the onset."
    assert len(moments) == len(EVENTS) + 1


def test_a_person_s_word_on_the_cause_counts_before_the_rules() -> None:
    (cause,) = made().sections[Section.ROOT_CAUSE]
    assert cause.text == "V2.31.0 reads a column that the migration drops."
    assert cause.facts == ("T4",)


def test_what_was_said_with_a_move_counts_as_the_cause_and_the_fix() -> None:
    moves = (
        event(10, "Identified: the deployment of v2.31.0", "status"),
        event(42, "Resolved: traffic moved to the other region", "status"),
    )
    found = made(events=moves)
    assert texts(found, Section.ROOT_CAUSE) == ["The deployment of v2.31.0."]
    assert "Traffic moved to the other region." in texts(found, Section.RESOLUTION)


def test_what_nobody_confirmed_is_said_to_be_unconfirmed() -> None:
    silent = made(events=EVENTS[:2])
    assert texts(silent, Section.ROOT_CAUSE) == [
        "The evidence points to this, with medium confidence; nobody has confirmed it: v2 broke it",
        "For it: two minutes before",
    ]


@pytest.mark.parametrize("kind", [CauseKind.UNKNOWN, CauseKind.HEALTHY])
def test_where_nothing_points_anywhere_the_cause_is_open_and_settling_it_is_the_first_task(kind: CauseKind) -> None:
    told = briefing(ID)
    (cause,) = told.hypotheses
    found = made(events=(), briefing=replace(told, hypotheses=(replace(cause, kind=kind),)))
    assert texts(found, Section.ROOT_CAUSE) == ["The cause is not settled."]
    first = found.actions[0]
    assert (first.priority, first.text) == (Priority.P0, "Settle the cause.")


def test_resolution_well_and_badly_follow_from_the_record() -> None:
    found = made()
    assert texts(found, Section.RESOLUTION) == ["A responder rolled back to v2.30.4.", "It was over at 12:42 UTC."]
    assert texts(found, Section.WENT_WELL) == [
        "It was noticed 2 min after it began.",
        "The first briefing stood 3 s after the incident was opened.",
    ]
    assert texts(found, Section.WENT_BADLY) == [
        "Tried without success: Restarted the pods, that did not help.",
        "Could not be looked at: github did not answer",
    ]


def test_a_late_alert_is_a_task() -> None:
    late = made(incident=incident(opened_at=NOON + 14 * MINUTE, briefed_at=NOON + 14 * MINUTE))
    assert "It was noticed 14 min after it began." in texts(late, Section.WENT_BADLY)
    assert "Alert earlier: 14 min went by between the onset and the first alert." in [i.text for i in late.actions]


def test_tasks_have_priorities_and_those_of_people_come_first() -> None:
    assert [(item.priority, item.text, item.facts) for item in made().actions] == [
        (Priority.P1, "Add a check for dropped columns to the pipeline", ("T6",)),
        (
            Priority.P0,
            "Find out why the change to checkout passed its checks, and add one that it fails.",
            ("E1",),
        ),
        (Priority.P2, "See to it that one source can be looked at the next time.", ("G1",)),
    ]


def test_lessons_are_what_people_said() -> None:
    assert texts(made(), Section.LESSONS) == [
        "When HighErrorRatio comes again for checkout: V2.31.0 reads a column that the migration drops. "
        "A responder rolled back to v2.30.4.",
        "Not worth trying first for checkout: Restarted the pods, that did not help.",
    ]
    assert texts(made(events=EVENTS[:2]), Section.LESSONS) == []


def test_a_note_that_tells_nothing_stays_on_the_timeline_alone() -> None:
    found = made()
    told = [one.text for section in Section for one in found.sections.get(section, ()) if "dashboard" in one.text]
    assert told == ["Somebody should look at this dashboard"]


def test_an_open_incident_has_an_outline_too() -> None:
    found = made(incident=incident(resolved_at=None, status=IncidentStatus.INVESTIGATING), events=())
    assert texts(found, Section.SUMMARY)[0].endswith("and is not over yet.")
    assert texts(found, Section.RESOLUTION) == ["It is not resolved yet."]


def test_of_a_storm_the_first_and_the_last_moments_are_told() -> None:
    many = tuple(event(number / 10, f"Alert {number}", "alert", "prometheus") for number in range(1000))
    moments = texts(made(events=many), Section.TIMELINE)
    assert len(moments) == 121
    assert moments[60] == "881 more entries."
    assert moments[-1] == "Alert 999"


def test_a_statement_without_a_fact_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="rests on nothing"):
        Statement(text="It was the weather.", facts=())


def test_markdown_has_all_sections_and_links_each_sentence_to_its_fact() -> None:
    page = to_markdown(made())
    assert page.startswith(f"# {ID} checkout: HighErrorRatio\n")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [*Section, "Facts"]
    assert f"[[I1]]({CARD})" in page
    assert "[[T3]](https://shop.slack.example/archives/C1/p8)" in page
    assert "[[T4]](#fact-t4)" in page
    assert '<a id="fact-t4"></a>**T4**' in page
    body = page.partition("## Facts")[0]
    said = [line for line in body.splitlines() if line.startswith("- ")]
    assert said
    assert all(re.search(r"\[\[[TEIG]\d+\]\]\(\S+\)$", line) for line in said)


def test_a_section_without_anything_says_so() -> None:
    assert "## Contributing factors\n\nNothing on record.\n" in to_markdown(made())


@pytest.mark.parametrize(
    "hostile",
    [
        "# heading",
        "[click](javascript:alert(1))",
        "<script>alert(1)</script>",
        "line\nbreak",
        "`code` **bold** ~~struck~~",
        "![x](https://evil.example/p.png)",
    ],
)
def test_text_from_outside_is_no_markup(hostile: str) -> None:
    page = to_markdown(made(events=(event(5, hostile),)))
    line = next(line for line in page.splitlines() if "12:05" in line)
    told = line[: line.rindex("[[")]
    assert not re.search(r"(?<!\\)[<\[\]`*#]", told)


def test_only_addresses_of_pages_become_links() -> None:
    page = to_markdown(made(events=(event(5, "look", link="javascript:alert(1)"),)))
    assert "javascript" not in page


@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=90, allow_nan=False),
            st.sampled_from(
                [
                    "Root cause: the pool is too small",
                    "Ana restarted the pods, no effect",
                    "Fixed by a bigger pool",
                    "looking",
                    "<@UBO> paged the database team",
                    "Fix: Bo raised max_connections",
                ]
            ),
            st.sampled_from(["note", "status", "alert", "follow-up", "action", "briefing"]),
            st.sampled_from(["UANA", "UBO", ""]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_no_sentence_without_a_fact_and_no_name_whatever_is_on_record(
    told: list[tuple[float, str, str, str]], has_briefing: bool
) -> None:
    events = tuple(event(minutes, text, kind, actor) for minutes, text, kind, actor in told)
    found = made(events=events, briefing=briefing(ID) if has_briefing else None)
    assert found.unfounded == ()
    page = to_markdown(found)
    assert not [one for one in blame(page, NAMES) if one.words in ("Ana", "Bo", "<@UBO>")]
