"""What PagerDuty knows beside who is on call: who is next, what was, what changed, what was noted."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from bot.domain.errors import SourceError
from bot.domain.evidence import (
    Answer,
    ChangeFact,
    ChangeKind,
    FailureReason,
    NextOnCallFact,
    OnCallFact,
    RecentIncidentFact,
)
from sandbox.serve import serving
from tests.integrations.asking import tools
from tests.integrations.pagerduty_account import (
    CHECKOUT,
    ORDERS,
    OWN_INCIDENT,
    SHOP,
    Account,
    at,
    change,
    days,
    duty,
    incident,
    look,
    note,
    source_at,
    wanting,
)


def facts(answer: Answer, kind: type[Any]) -> list[Any]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, kind)]


def texts(answer: Answer, kind: type[Any]) -> list[str]:
    return [item.text for item in answer.evidence if isinstance(item.fact, kind)]


# --- people --------------------------------------------------------------------------------------------------------


async def test_who_takes_over_is_told_per_level() -> None:
    account = Account([
        duty("Ana", 1, 60, -295), duty("Ben", 1, -295, -700), duty("Cy", 1, -700, -1500), duty("Lars", 2, None, None),
        duty("Ida", 3, 60, -3000), duty("Jo", 3, -3000, -9000),
    ])  # fmt: skip
    answer = await look(account)
    assert [(fact.level, fact.person, fact.at) for fact in facts(answer, NextOnCallFact)] == [
        (1, "Ben", at(-295)),
        (3, "Jo", at(-3000)),
    ]
    assert texts(answer, NextOnCallFact) == [
        "Ben takes over level 1 of Payments at 14:12 UTC (in 4 h 55 min)",
        "Jo takes over level 3 of Payments at 6 Mar 11:17 UTC (in 2 days)",
    ]
    assert [fact.person for fact in facts(answer, OnCallFact)] == ["Ana", "Lars", "Ida"]
    assert account.paths.count("/oncalls") == 1


async def test_a_level_that_nobody_holds_is_told_with_who_comes() -> None:
    answer = await look(Account([duty("Ben", 1, -30, -700)]))
    assert texts(answer, NextOnCallFact) == [
        "Nobody is on call at level 1 of Payments; Ben is from 09:47 UTC (in 30 min)"
    ]


async def test_who_is_on_call_still_does_not_take_over() -> None:
    answer = await look(Account([duty("Ana", 1, 60, -60), duty("Ana", 1, -60, -120)]))
    assert facts(answer, NextOnCallFact) == []


# --- incidents -----------------------------------------------------------------------------------------------------


async def test_the_last_incident_is_told_with_how_many_there_were_and_how_it_ended() -> None:
    account = Account(incidents=[incident(40, days(9)), incident(39, days(20), minutes=7)])
    account.notes["Q40"] = [note("looked at the pool", days(9)), note("rolled back v2.30", days(9) - 40)]
    answer = await look(account)
    first = texts(answer, RecentIncidentFact)[0]
    assert first == (
        "Third incident of checkout in 30 days; the last on 23 Feb (#40, “Alert 40”) was resolved after 41 min by "
        "Ana Ruiz: “rolled back v2.30”"
    )
    fact = facts(answer, RecentIncidentFact)[0]
    assert fact == RecentIncidentFact(
        service="checkout", reference="#40", title="Alert 40", at=at(days(9)), status="resolved",
        resolved_at=at(days(9) - 41), urgency="high", notes=("rolled back v2.30", "looked at the pool"),
    )  # fmt: skip
    assert answer.evidence[0].link == "https://acme.example/incidents/Q40"


async def test_what_is_asked_is_bounded_and_says_what_is_wanted() -> None:
    account = Account(incidents=[incident(n, days(n)) for n in range(1, 9)])
    await look(account, wanting(CHECKOUT, ORDERS, SHOP, pagerduty_incident=OWN_INCIDENT))
    assert len(account.asked) <= 10
    assert len(account.paths) == len(account.asked)
    lists = [query for path, query in account.asked if path == "/incidents"]
    recent = next(query for query in lists if "since" in query)
    assert recent["service_ids[]"] == ["PSCHK01"]
    assert recent["since"] == ["2026-02-02T09:17:02+00:00"]
    unresolved = next(query for query in lists if "statuses[]" in query)
    assert (unresolved["statuses[]"], unresolved["date_range"]) == (["triggered", "acknowledged"], ["all"])
    assert unresolved["service_ids[]"] == ["PSCHK01", "PSORD01"]
    for query in (query for path, query in account.asked if path.endswith("/change_events")):
        assert (query["since"], query["until"]) == (["2026-03-04T03:13:02+00:00"], ["2026-03-04T09:17:02+00:00"])


async def test_an_open_incident_of_a_dependency_comes_first() -> None:
    account = Account(
        incidents=[incident(52, 19, minutes=None, service="PSORD01"), incident(40, days(9)),
                   incident(53, 10, minutes=None, service="PSSHP01")]
    )  # fmt: skip
    account.notes["Q52"] = [note("disk of orders-db is full", 5)]
    answer = await look(account, wanting(CHECKOUT, ORDERS, SHOP))
    assert answer.evidence[0].text == (
        "orders, which checkout depends on, burns too: PagerDuty's #52 is open since 08:58 UTC (triggered, high "
        "urgency), “Alert 52”: “disk of orders-db is full”"
    )
    assert [fact.service for fact in facts(answer, RecentIncidentFact)] == ["orders", "checkout"]


async def test_a_dependency_without_an_id_is_recognised_by_its_name() -> None:
    account = Account(incidents=[incident(52, 19, minutes=None, service="PSORD01")])
    answer = await look(account, wanting(CHECKOUT, replace(ORDERS, pagerduty_service=None)))
    assert [fact.service for fact in facts(answer, RecentIncidentFact)] == ["orders"]


async def test_pagerdutys_incident_of_this_trouble_is_no_earlier_one() -> None:
    answer = await look(Account(incidents=[incident(41, 6, minutes=None), incident(40, days(9))]))
    told = texts(answer, RecentIncidentFact)
    assert told[0] == "PagerDuty's #41 of checkout is open since 09:11 UTC (triggered, high urgency), “Alert 41”"
    assert told[1].startswith("Second incident of checkout in 30 days; the last on 23 Feb")


async def test_notes_of_the_incident_that_the_alert_came_from_are_told() -> None:
    account = Account(incidents=[incident(41, 4, minutes=None) | {"id": OWN_INCIDENT}])
    account.notes[OWN_INCIDENT] = [note("calling the bank", 3, "Ben"), note("bank says all is well", 1, "Ana")]
    answer = await look(account, wanting(pagerduty_incident=OWN_INCIDENT))
    (told,) = texts(answer, RecentIncidentFact)
    assert told == "Newest note in PagerDuty on this incident by Ana at 09:16 UTC: “bank says all is well” (2 notes)"
    (fact,) = facts(answer, RecentIncidentFact)
    assert (fact.reference, fact.notes) == ("#41", ("bank says all is well", "calling the bank"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"last_status_change_by": {"type": "service_reference", "summary": "x"}}, "after 41 min by the monitor"),
        ({"resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "Q3", "summary": "[#3] Bank"}}},
         "was merged into “[#3] Bank” after 41 min"),
        ({"last_status_change_by": None, "resolved_at": None, "last_status_change_at": None}, "”) was resolved"),
    ],
)  # fmt: skip
async def test_how_it_ended_is_told_as_pagerduty_has_it(more: dict[str, Any], says: str) -> None:
    answer = await look(Account(incidents=[incident(40, days(2), **more)]))
    assert says in texts(answer, RecentIncidentFact)[0]


async def test_more_incidents_than_are_read_are_not_counted_wrongly() -> None:
    page = {"incidents": [incident(n, days(1) + n) for n in range(100)], "more": True}
    answer = await look(Account(answers={"/incidents": page}))
    assert texts(answer, RecentIncidentFact)[0].startswith("More than 100 incidents of checkout in 30 days")


async def test_incidents_that_pagerduty_thinks_alike_are_told_with_their_notes() -> None:
    past = {"id": "QOLD", "created_at": "2025-11-03T10:00:00Z", "title": "Checkout fails", "self": "https://x.example"}
    account = Account(answers={f"/incidents/{OWN_INCIDENT}/past_incidents": {"past_incidents": [{"incident": past}]}})
    account.notes["QOLD"] = [note("pool raised to 200", days(100))]
    answer = await look(account, wanting(pagerduty_incident=OWN_INCIDENT))
    assert texts(answer, RecentIncidentFact) == [
        "PagerDuty thinks QOLD of 3 Nov 2025 alike, “Checkout fails”: “pool raised to 200”"
    ]


# --- changes -------------------------------------------------------------------------------------------------------


async def test_change_events_within_the_window_are_told_once_with_their_version() -> None:
    account = Account(changes=[
        change("C1", 11, "Deployed to production", version="v2.31.0", environment="production", author="ana"),
        change("C2", 11.2, "deployed to Production"),  # another tool, the same minute
        change("C3", 30, "Raised the pool of orders to 1.4.2-rc1", "PSORD01"),
        change("C4", 20, "Not ours", "PSOTH01"),
        change("C5", 600, "Too old"),
        change("C6", 40, "Flag new-cart is on"),
    ])  # fmt: skip
    answer = await look(account, wanting(CHECKOUT, ORDERS))
    told = facts(answer, ChangeFact)
    assert [(fact.service, fact.version, fact.kind) for fact in told] == [
        ("checkout", "v2.31.0", ChangeKind.EVENT),
        ("checkout", "Flag new-cart is on", ChangeKind.EVENT),
        ("orders", "1.4.2-rc1", ChangeKind.EVENT),
    ]
    assert (told[0].author, told[0].environment) == ("ana", "production")
    assert texts(answer, ChangeFact)[0] == (
        "checkout, change event at 09:06:02 UTC (7 min before the onset): Deployed to production, by ana, told by "
        "acme/checkout"
    )


# --- which service is meant ----------------------------------------------------------------------------------------


async def test_a_service_without_an_id_is_found_by_its_name_once_and_that_is_said() -> None:
    account = Account(incidents=[incident(40, days(9))])
    request = wanting(replace(CHECKOUT, pagerduty_service=None))
    async with serving(account.app()) as url:
        with tools() as lent:
            source = source_at(url, lent)
            answers = [await source.look(request), await source.look(request)]
    assert account.paths.count("/services") == 1
    for answer in answers:
        assert "PagerDuty's service Checkout Web (PSCHK01) was found by its name" in answer.checked
        assert answer.gaps == ()
        assert len(facts(answer, RecentIncidentFact)) == 1


async def test_a_name_that_only_comes_near_is_suggested_and_never_taken() -> None:
    answer = await look(Account(), wanting(replace(CHECKOUT, name="check", aliases=(), pagerduty_service=None)))
    assert answer.gaps == (
        "PagerDuty has no service called check; it has Checkout Web: set pagerduty_service in the catalog",
    )
    assert len(facts(answer, OnCallFact)) == 1, "the policy is known all the same"


async def test_an_unknown_service_without_a_policy_is_skipped_with_the_remedy() -> None:
    nobody = replace(CHECKOUT, name="nobody", aliases=(), pagerduty_service=None, escalation_policy=None, depends_on=())
    answer = await look(Account(), wanting(nobody))
    assert answer.skipped == "PagerDuty has no service called nobody: set pagerduty_service in the catalog"


async def test_an_id_that_pagerduty_does_not_know_is_told_and_the_name_is_used() -> None:
    answer = await look(Account(), wanting(replace(CHECKOUT, pagerduty_service="PSGONE1", escalation_policy=None)))
    assert answer.gaps == ("PagerDuty has no service PSGONE1: mend pagerduty_service in the catalog; it is PSCHK01",)
    assert len(facts(answer, OnCallFact)) == 1


# --- what cannot be looked at --------------------------------------------------------------------------------------

PLAN = JSONResponse({"error": {"message": "Account does not have the abilities to perform the action",
                               "code": 2012, "required_abilities": ["x"]}}, 402)  # fmt: skip
PLAN_403 = JSONResponse({"error": {"message": "Access Denied", "errors": ["Not included in your account's plan"]}}, 403)
KEY_403 = JSONResponse({"error": {"message": "Access Denied", "code": 2010}}, 403)
GONE = JSONResponse({"error": {"message": "Not Found", "code": 2100}}, 404)
LIMITED = JSONResponse({"error": {"message": "Rate Limit Exceeded", "code": 2020}}, 429, {"ratelimit-reset": "37"})
BROKEN = PlainTextResponse("<html>Sign in</html>", media_type="text/html")
OWN_CHANGES = "/services/PSCHK01/change_events"
NOT_ITS_API = "does PAGERDUTY_URL point at its API, and not at a login page or another program?"
GAPS = [
    (OWN_CHANGES, PLAN, "Change events: not on your PagerDuty plan"),
    (OWN_CHANGES, PLAN_403, "Change events: not on your PagerDuty plan"),
    (
        "/change_events",
        GONE,
        "Change events of the account: not on your PagerDuty plan (it does not know this question)",
    ),
    (
        OWN_CHANGES,
        GONE,
        "Change events: not on your PagerDuty plan, or it has no service PSCHK01: check pagerduty_service in the "
        "catalog",
    ),
    (
        OWN_CHANGES,
        KEY_403,
        "Change events: PagerDuty does not allow this key to look (403, saying “Access Denied”): the key in "
        "PAGERDUTY_API_KEY needs read access to services, incidents, change events, escalation policies, schedules "
        "and users",
    ),
    (
        "/incidents",
        LIMITED,
        "Recent incidents and open incidents: PagerDuty limits how often it may be asked (429): it may be asked again "
        "in 37 s",
    ),
    (
        "/oncalls",
        {"oncalls": [{"user": 7}]},
        "Who is on call: PagerDuty gave an answer that is not what its API says (Expected `object`, got `int` - at "
        f"`$[0].user`): {NOT_ITS_API}",
    ),
    (
        "/incidents",
        {"incidents": None},
        "Recent incidents and open incidents: PagerDuty gave an answer that is not what its API says (Expected "
        f"`array`, got `null`): {NOT_ITS_API}",
    ),
    (
        "/change_events",
        BROKEN,
        "Change events of the account: PagerDuty gave an answer that is not what its API says (another shape, or not "
        f"JSON): {NOT_ITS_API}",
    ),
]


@pytest.mark.parametrize(("path", "answer", "gap"), GAPS, ids=[f"{gap[0]}-{number}" for number, gap in enumerate(GAPS)])
async def test_what_cannot_be_looked_at_is_said_plainly_and_the_rest_is_told(path: str, answer: Any, gap: str) -> None:
    account = Account(
        incidents=[incident(40, days(9))], changes=[change("C1", 11, "Deployed v2")], answers={path: answer}
    )
    found = await look(account, wanting(CHECKOUT, ORDERS))
    assert found.gaps == (gap,)
    told = {OnCallFact: "/oncalls", RecentIncidentFact: "/incidents", ChangeFact: OWN_CHANGES}
    for kind in (kind for kind, asked_at in told.items() if asked_at != path):
        assert facts(found, kind), f"{kind.__name__} is missing though only {path} failed"


async def test_what_the_plan_lacks_is_not_asked_again() -> None:
    account = Account(answers={OWN_CHANGES: PLAN})
    async with serving(account.app()) as url:
        with tools() as lent:
            source = source_at(url, lent)
            first, second = await source.look(wanting()), await source.look(wanting())
            later = await source.look(replace(wanting(), now=wanting().now + timedelta(hours=7)))
    assert first.gaps == second.gaps == later.gaps == ("Change events: not on your PagerDuty plan",)
    assert account.paths.count(OWN_CHANGES) == 2, "once, and again when the plan may have changed"


async def test_one_question_that_hangs_costs_only_itself() -> None:
    account = Account(incidents=[incident(40, days(9))], hanging={OWN_CHANGES})
    began = time.perf_counter()
    answer = await look(account, deadline=2.0)
    assert time.perf_counter() - began < 2.0 + 15.0
    assert facts(answer, OnCallFact)
    assert facts(answer, RecentIncidentFact)
    (gap,) = answer.gaps
    assert gap.startswith("Change events: PagerDuty did not answer")


async def test_when_everything_is_limited_the_wait_is_told() -> None:
    account = Account(answers=dict.fromkeys(("/oncalls", "/incidents", OWN_CHANGES), LIMITED))
    with pytest.raises(SourceError) as raised:
        await look(account)
    assert raised.value.reason is FailureReason.RATE_LIMITED
    assert raised.value.detail == "PagerDuty limits how often it may be asked (429): it may be asked again in 37 s."


# --- untrusted text ------------------------------------------------------------------------------------------------


async def test_hostile_words_are_made_fit_to_show() -> None:
    evil = "\u202egnp.exe\n<!channel> password=" + "h" * 12 + " " + "x" * 5000
    account = Account(
        duties=[duty("Ana\u202e\n" + "y" * 300, 1), duty(evil, 1, -30, -60)],
        incidents=[incident(40, days(9), title=evil, urgency=evil, status="resolved"),
                   incident(41, 60, minutes=None, status="acknowledged", title=evil)],
        changes=[change("C1", 11, evil, author=evil, version=evil, environment=evil)],
    )  # fmt: skip
    account.notes["Q40"] = [note(evil, days(9), evil)]
    answer = await look(account)
    assert len(answer.evidence) >= 5
    for item in answer.evidence:
        said = f"{item.text} {item.fact}"
        assert "\u202e" not in said
        assert "\n" not in item.text
        assert "h" * 12 not in said, "a secret is shown"
        assert len(item.text) < 900, item.text


async def test_an_id_in_a_label_cannot_lead_to_another_path() -> None:
    account = Account()
    await look(account, wanting(None, pagerduty_service="../users/me?x=", pagerduty_incident="../../abilities#"))
    assert not {"/users/me", "/abilities"} & set(account.paths)
