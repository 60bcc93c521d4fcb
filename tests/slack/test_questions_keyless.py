"""The four questions that everybody asks, in many words and without a model: content, and a link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.compose import number
from bot.domain.evidence import Finding, Outcome
from bot.domain.incident import Incident
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office
from tests.slack.test_questions import PAST, deployment, name

DONE = "restarted two pods of checkout"
ASKED = {
    r"v2\.31\.0.*<https://github\.example/shop/checkout/deployments/7\|\[E1\]>": (
        "what changed?",
        "what has changed since yesterday",
        "was anything deployed recently?",
        "any recent deploys?",
    ),
    r"Went back to v2\.26\.3.*\|\[INC-2025-0007\]>": (
        "has this happened before?",
        "did we have this before?",
        "have we seen this already",
        "any similar incidents?",
    ),
    r"checkout is owned by shop-team, tier 1; ask in #shop": (
        "who owns this service?",
        "who owns checkout",
        "who is responsible for checkout?",
        "whose service is this?",
    ),
    rf"Ana Ruiz: {DONE} <http\S+\|\[timeline\]>": (
        "what did we try?",
        "what have we tried so far?",
        "what was done already?",
        "what did people do?",
    ),
}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        await made.store.past.save([replace(PAST, link="https://wiki.example/7")])
        yield made


async def lived(here: Office) -> Incident:
    """A deployment was found, and somebody did something that a colleague pinned to the timeline."""
    incident = await here.incident(title="Checkout fails", service="checkout")
    evidence = (deployment(incident.started_at),)
    found = [Finding(source="github", outcome=Outcome.FOUND, seconds=0.1, evidence=evidence, checked="deployments")]
    await here.store.briefings.save_findings(incident.id, number(found))
    said = await here.control.say("ana", name(incident), DONE)
    await here.control.react("bo", name(incident), said, "pushpin")
    await here.quiet()
    return incident


@pytest.mark.parametrize("expected", ASKED, ids=lambda expected: ASKED[expected][0])
async def test_each_wording_gets_the_content_with_its_link(here: Office, expected: str) -> None:
    incident = await lived(here)
    for question in ASKED[expected]:
        answer = await here.mention(question, name(incident))
        assert re.search(expected, answer), f"{question}: {answer}"
        assert "Quoted from" in answer
    assert here.pings == []
