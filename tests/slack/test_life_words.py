"""Arguments of commands, read purely: what is understood, and the sentence where it is not."""

from __future__ import annotations

from datetime import date

import pytest

from bot.domain.alert import Severity
from bot.domain.life import Priority, Role
from bot.slack.life_words import (
    FollowUpWords,
    Verb,
    moved,
    read_days,
    read_follow_up,
    read_link,
    read_list,
    read_page_number,
    read_person,
    read_postmortem,
    read_role,
    read_severity,
    read_split,
    read_target,
    subject,
)

SATURDAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("inc-2026-0042 2 because", ("INC-2026-0042", "2 because")),
        ("INC-2026-0042", ("INC-2026-0042", "")),
        ("INC-2026-0042: all good", ("INC-2026-0042", "all good")),
        ("like INC-2026-0042", ("", "like INC-2026-0042")),
        ("INCIDENT over", ("", "INCIDENT over")),
    ],
)
def test_an_id_that_stands_first_says_which_incident(typed: str, found: tuple[str, str]) -> None:
    assert subject(typed) == found


@pytest.mark.parametrize(
    ("typed", "severity", "why"),
    [
        ("2 because only one region is hurt", Severity.SEV2, "only one region is hurt"),
        ("SEV1", Severity.SEV1, ""),
        ("to sev-3: calmer", Severity.SEV3, "calmer"),
        ("p4 since nobody notices", Severity.SEV4, "nobody notices"),
        ("critical the shop is down", Severity.SEV1, "the shop is down"),
        ("1 <@U1> says so", Severity.SEV1, "<@U1> says so"),
        ("", None, ""),
    ],
)
def test_a_severity_and_why(typed: str, severity: Severity | None, why: str) -> None:
    words = read_severity(typed)
    assert (words.severity, words.why, words.trouble) == (severity, why, "")


@pytest.mark.parametrize("typed", ["0", "5", "12", "purple", "high"])
def test_another_severity_is_refused(typed: str) -> None:
    assert "1" in read_severity(typed).trouble
    assert read_severity(typed).severity is None


def test_up_and_down_are_steps() -> None:
    assert moved(Severity.SEV2, read_severity("up").way) is Severity.SEV1
    assert moved(Severity.SEV2, read_severity("down").way) is Severity.SEV3
    assert moved(Severity.SEV1, -1) is None
    assert moved(Severity.SEV4, 1) is None


@pytest.mark.parametrize(
    ("typed", "person"),
    [("<@U123ABC>", "U123ABC"), ("to <@U123ABC|ana>", "U123ABC"), ("me", "UME"), ("is me", "UME"), ("nobody", "")],
)
def test_a_person(typed: str, person: str) -> None:
    words = read_person(typed, "UME")
    assert (words.person, words.is_named, words.trouble) == (person, True, "")


@pytest.mark.parametrize("typed", ["@ana", "Ana", "<!subteam^S1|@sre>", "time of deployments"])
def test_who_cannot_be_known_is_told(typed: str) -> None:
    words = read_person(typed, "UME")
    assert words.trouble
    assert not words.is_named


@pytest.mark.parametrize(
    ("typed", "role", "person"),
    [
        ("scribe <@U1>", Role.SCRIBE, "U1"),
        ("comms: me", Role.COMMUNICATIONS, "UME"),
        ("<@U1> scribe", Role.SCRIBE, "U1"),
        ("<@U1> as comms", Role.COMMUNICATIONS, "U1"),
        ("<@U1>", Role.LEAD, "U1"),
        ("commander nobody", Role.LEAD, ""),
    ],
)
def test_a_role_and_who_takes_it(typed: str, role: Role, person: str) -> None:
    words = read_role(typed, "UME")
    assert (words.role, words.who.person, words.trouble) == (role, person, "")


def test_a_role_alone_asks_who_has_it() -> None:
    assert read_role("scribe", "UME").role is Role.SCRIBE
    assert not read_role("scribe", "UME").who.is_named
    assert read_role("", "UME").role is None


def test_an_unknown_role_is_refused_with_those_there_are() -> None:
    assert read_role("pilot <@U1>", "UME").trouble == "“pilot” is no role: there are lead, comms and scribe."
    assert "no role" in read_role("<@U1> pilot", "UME").trouble


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("add an alert", FollowUpWords(text="add an alert")),
        ("add an alert <@U1>", FollowUpWords(text="add an alert", owner="U1")),
        ("add it <@U1|bo> by friday", FollowUpWords(text="add it", owner="U1", due_on=date(2026, 11, 27))),
        ("add it by saturday", FollowUpWords(text="add it", due_on=date(2026, 11, 28))),
        ("add it by sun P0", FollowUpWords(text="add it", due_on=date(2026, 11, 22), priority=Priority.P0)),
        ("P2: add it in 3 days for me", FollowUpWords(text="add it", owner="UME", due_on=date(2026, 11, 24),
                                                      priority=Priority.P2)),
        ("add it p1 until 2026-11-30 <@U1>.", FollowUpWords(text="add it", owner="U1", due_on=date(2026, 11, 30),
                                                            priority=Priority.P1)),
        ("add it by tomorrow", FollowUpWords(text="add it", due_on=date(2026, 11, 22))),
        ("add it in a week", FollowUpWords(text="add it", due_on=date(2026, 11, 28))),
        ("add it by next week", FollowUpWords(text="add it", due_on=date(2026, 11, 23))),
        ("ask <@U1> about the pool", FollowUpWords(text="ask <@U1> about the pool")),
        ("alert in 5 minutes", FollowUpWords(text="alert in 5 minutes")),
        ("read the P0 list", FollowUpWords(text="read the P0 list")),
    ],
)  # fmt: skip
def test_a_follow_up(typed: str, expected: FollowUpWords) -> None:
    assert read_follow_up(typed, "UME", SATURDAY) == expected


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("add it by 2026-11-20", "2026-11-20 is past already; today is 2026-11-21."),
        ("add it by 2026-02-30", "2026-02-30 is no day: write it as 2026-11-30."),
        ("add it by 2030-01-01", "2030-01-01 is more than a year away: take a nearer day."),
        ("add it P7", "There is no P7: priorities are P0, P1 and P2."),
        ("<@U1> by friday", "Say what is to be done."),
    ],
)
def test_a_follow_up_that_cannot_be_is_refused(typed: str, told: str) -> None:
    assert read_follow_up(typed, "UME", SATURDAY).trouble == told


def test_what_is_done_with_a_postmortem() -> None:
    assert read_postmortem("").verb is Verb.SHOW
    assert read_postmortem("draft again").verb is Verb.REDRAFT
    words = read_postmortem("reject because the impact is missing")
    assert (words.verb, words.why) == (Verb.REJECT, "the impact is missing")
    assert read_postmortem("burn").trouble == "“burn” is none of draft, approve and reject."


@pytest.mark.parametrize(("typed", "days"), [("", 30), ("7d", 7), ("90", 90), ("2w", 14), ("the last 3 months", 90)])
def test_how_far_is_looked_back(typed: str, days: int) -> None:
    assert read_days(typed) == days


@pytest.mark.parametrize("typed", ["soon", "0d", "1000000d", "-3d"])
def test_another_span_is_refused(typed: str) -> None:
    assert isinstance(read_days(typed), str)


def test_which_list() -> None:
    assert read_list("mine").which == "mine"
    assert read_list("sev1 incidents").severity is Severity.SEV1
    assert read_list("purple").trouble


def test_what_is_linked() -> None:
    assert read_link("inc-2026-0001").other == "INC-2026-0001"
    assert read_link("to <https://a.example/x?a=1&amp;b=2|a page>").other == "https://a.example/x?a=1&b=2"
    assert read_link("javascript:alert(1)").trouble
    assert read_link("").trouble


def test_whom_and_what_of() -> None:
    assert read_target("for the payments team") == "payments"
    assert read_split("alert #3") == "3"
    assert (read_page_number("page 2"), read_page_number("3"), read_page_number("rolled back")) == (2, 3, None)
