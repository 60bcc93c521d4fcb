"""Wording that blames is found; wording that tells what happened is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.postmortem import BlameKind, blame, without_names

NAMES = {"Ana Silva": "the lead", "Bo": "", "UANA0001": "the lead", "UBO00002": ""}

BLAMING = [
    ("The outage was caused by human error.", BlameKind.HUMAN_ERROR),
    ("Root cause: operator error during the rollout.", BlameKind.HUMAN_ERROR),
    ("An engineer error led to the wrong flag.", BlameKind.HUMAN_ERROR),
    ("A fat-fingered command removed the table.", BlameKind.HUMAN_ERROR),
    ("It was fat fingering, nothing else.", BlameKind.HUMAN_ERROR),
    ("The change was careless.", BlameKind.JUDGEMENT),
    ("The index was carelessly dropped.", BlameKind.JUDGEMENT),
    ("This shows negligence.", BlameKind.JUDGEMENT),
    ("The review was sloppy.", BlameKind.JUDGEMENT),
    ("It was a stupid default.", BlameKind.JUDGEMENT),
    ("The deployer messed up the order.", BlameKind.JUDGEMENT),
    ("The platform team is to blame.", BlameKind.JUDGEMENT),
    ("It was their fault.", BlameKind.JUDGEMENT),
    ("It was Carla's mistake.", BlameKind.JUDGEMENT),
    ("The vendor was guilty of this.", BlameKind.JUDGEMENT),
    ("A reckless migration.", BlameKind.JUDGEMENT),
    ("He should have tested it.", BlameKind.HINDSIGHT),
    ("The author should have noticed the alert.", BlameKind.HINDSIGHT),
    ("The on-call engineer failed to escalate.", BlameKind.HINDSIGHT),
    ("Someone forgot to renew the certificate.", BlameKind.HINDSIGHT),
    ("They ignored the warning.", BlameKind.HINDSIGHT),
    ("The developer overlooked the limit.", BlameKind.HINDSIGHT),
    ("We could have easily prevented this.", BlameKind.HINDSIGHT),
    ("The team did not bother to look.", BlameKind.HINDSIGHT),
    ("The SRE neglected to update the page.", BlameKind.HINDSIGHT),
    ("She clearly missed the obvious.", BlameKind.HINDSIGHT),
    ("The lead shouldn't have waited.", BlameKind.HINDSIGHT),
    ("Nobody could have known? They ought to have asked.", BlameKind.HINDSIGHT),
    ("Ana Silva restarted the wrong pod.", BlameKind.NAME),
    ("@Bo pushed the change.", BlameKind.NAME),
    ("<@UANA0001> approved it.", BlameKind.NAME),
    ("ana silva approved it.", BlameKind.NAME),
]

FINE = [
    "checkout v2.31.0 raised KeyError: 'loyalty_tier' for every order with a loyalty card.",
    "The health check failed to notice the deadlock because it only opens a port.",
    "The deployment should have been stopped by the canary, which watches latency alone.",
    "The alert fired 12 min after the onset.",
    "The retry storm overloaded the database.",
    "Requests failed to complete within 5 s.",
    "The queue ignored messages above 256 kB.",
    "The lead decided to roll back at 12:14 UTC.",
    "A responder restarted the pods, which did not help.",
    "The error ratio fell from 40 % to 0.3 %.",
    "Error budget: 43 min of 43 min were used.",
    "The default fault tolerance of the cluster is one node.",
    "The page fault rate doubled.",
    "Fault injection had been switched off.",
    "The runbook did not say which version to go back to.",
    "The certificate was not renewed: nothing watches its end.",
    "The review checks schema changes by hand.",
    "User errors (HTTP 400) did not change.",
    "Bob's Burgers is a customer whose orders were late.",
    "The bot posted the first briefing after 2 s.",
    "The dependency could have answered within 2 s.",
    "Mistaken identity checks rose by 3 %.",
    "The on-call engineer was paged at 12:03 UTC.",
    "The team of checkout owns the fix.",
    "It would have been shorter with an alert on the pool.",
    "The blame view of the repository shows one commit.",
    "The lazy loading of images was not affected.",
    "A failure of the node took three pods with it.",
    "The operator (Kubernetes) restarted the pods.",
    "Their service recovered by itself.",
]


@pytest.mark.parametrize(("text", "kind"), BLAMING)
def test_wording_that_blames_is_found(text: str, kind: BlameKind) -> None:
    found = blame(text, NAMES)
    assert kind in [one.kind for one in found]
    assert all(one.words in text and one.remedy for one in found)


@pytest.mark.parametrize("text", FINE)
def test_wording_that_tells_what_happened_is_left_alone(text: str) -> None:
    assert blame(text, NAMES) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ana Silva restarted the pods.", "The lead restarted the pods."),
        ("then @Bo rolled back", "then a responder rolled back"),
        ("<@UANA0001> and <@UBO00002|bo> looked", "the lead and a responder looked"),
        ("<@UNOBODY01> joined", "a responder joined"),
        ("ANA SILVA said so", "The lead said so"),
        ("Bob and Boris are others", "Bob and Boris are others"),
        ("bo is a short name: as written only", "bo is a short name: as written only"),
        ("nothing to see", "nothing to see"),
    ],
)
def test_people_are_named_by_their_role(text: str, told: str) -> None:
    assert without_names(text, NAMES) == told


@given(st.text(max_size=200), st.sampled_from(sorted(NAMES)), st.text(max_size=50))
def test_no_name_is_left(before: str, name: str, after: str) -> None:
    said = without_names(f"{before} {name} {after}", {name: "the lead"})
    assert not [one for one in blame(said, {name: ""}) if one.kind is BlameKind.NAME]
