"""Questions are answered without a model: quoted, cited, and honest about what is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.compose import number
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence, Finding, Outcome
from bot.domain.incident import Incident
from bot.domain.remembered import Held, PastIncident
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office

PAST = PastIncident(
    id="INC-2025-0007",
    title="Checkout fails for guests",
    service="checkout",
    started_at=datetime(2025, 11, 3, tzinfo=UTC),
    minutes=41,
    cause="A birthday that guests lack",
    cause_kind="deployment",
    fix="Went back to v2.26.3",
    outcome=Held.HELD,
    link="https://wiki.example/7",
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        await made.store.past.save([PAST])
        yield made


def deployment(at: datetime) -> Evidence:
    fact = ChangeFact(
        kind=ChangeKind.DEPLOYMENT,
        service="checkout",
        version="v2.31.0",
        at=at,
        author="mei",
        previous="v2.30.4",
        title="Loyalty <!channel> discounts",
    )
    return Evidence(
        source="github",
        text="checkout v2.31.0 was deployed by mei",
        fact=fact,
        at=at,
        link="https://github.example/shop/checkout/deployments/7",
    )


async def briefed(here: Office, evidence: Sequence[Evidence] = (), *, blind: bool = False) -> Incident:
    incident = await here.incident(title="Checkout fails", service="checkout")
    outcome = Outcome.FOUND if evidence else Outcome.NOTHING
    findings = [Finding(source="github", outcome=outcome, seconds=0.1, evidence=tuple(evidence), checked="deployments")]
    if blind:
        findings.append(Finding(source="elasticsearch", outcome=Outcome.FAILED, seconds=2.0, detail="did not answer"))
    await here.store.briefings.save_findings(incident.id, number(findings))
    return incident


def name(incident: Incident) -> str:
    assert incident.place is not None
    return incident.place.name


async def test_what_changed_is_quoted_with_its_evidence_and_a_link(here: Office) -> None:
    incident = await here.incident(title="Checkout fails", service="checkout")
    found = number(
        [Finding(source="github", outcome=Outcome.FOUND, seconds=0.1, evidence=(deployment(incident.started_at),))]
    )
    await here.store.briefings.save_findings(incident.id, found)
    answer = await here.mention("what changed?", name(incident))
    assert answer.startswith("*What changed*")
    assert "v2.31.0" in answer
    assert "<https://github.example/shop/checkout/deployments/7|[E1]>" in answer
    assert "Quoted from the evidence" in answer
    assert here.pings == []


async def test_nothing_changed_and_could_not_look_are_different_answers(here: Office) -> None:
    sighted = await briefed(here)
    assert "Nothing is known to have changed." in await here.mention("what changed?", name(sighted))
    blind = await briefed(here, blind=True)
    answer = await here.mention("what changed?", name(blind))
    assert "Nothing is known to have changed (not everything could be checked)." in answer
    assert "elasticsearch" in await here.mention("what could you not check?", name(blind))


async def test_has_it_happened_before_finds_the_past_incident_with_its_fix_and_link(here: Office) -> None:
    incident = await briefed(here)
    answer = await here.mention("has this happened before?", name(incident))
    assert "<https://wiki.example/7|[INC-2025-0007]>" in answer
    assert "Fixed in 41 min by: Went back to v2.26.3 (it held)." in answer


async def test_who_owns_it_is_told_of_the_service_that_hurts_or_of_the_one_that_is_named(here: Office) -> None:
    incident = await briefed(here)
    assert "checkout is owned by shop-team, tier 1; ask in #shop" in await here.mention(
        "who owns this service?", name(incident)
    )
    named = await here.mention("who owns payments?", name(incident))
    assert "payments is owned by payments-team" in named
    assert "shop-team" not in named
    assert "The service catalog does not tell" in await here.command("who owns this service?")


async def test_what_was_tried_tells_what_people_wrote_and_not_what_monitors_said(here: Office) -> None:
    incident = await briefed(here)
    assert "nothing that people did or wrote yet" in await here.mention("what did we try?", name(incident))
    await here.command("timeline restarted two pods of checkout", name(incident))
    answer = await here.mention("what did we try?", name(incident))
    assert "Ana Ruiz: restarted two pods of checkout" in answer
    assert "opened" not in answer


async def test_two_questions_in_one_get_two_answers(here: Office) -> None:
    incident = await briefed(here)
    answer = await here.mention("who owns it, and has this happened before?", name(incident))
    assert answer.index("Who owns it") < answer.index("Has it happened before")


async def test_other_words_find_the_passages_that_share_them(here: Office) -> None:
    incident = await briefed(here)
    await here.command("timeline loyalty discounts switched off by the flag", name(incident))
    answer = await here.mention("ask loyalty discounts flag", name(incident))
    assert "did not understand" in answer
    assert "loyalty discounts switched off by the flag" in answer


async def test_what_nothing_speaks_of_is_not_known(here: Office) -> None:
    incident = await briefed(here)
    answer = await here.mention("ask quokka migrations", name(incident))
    assert answer.startswith("I don't know")
    assert "what changed" in answer


async def test_the_command_and_a_direct_message_ask_too(here: Office) -> None:
    incident = await briefed(here)
    assert "shop-team" in await here.command("ask who owns this?", name(incident))
    assert "shop-team" in await here.command("who owns checkout?", name(incident))
    assert "Ask me something" in await here.command("ask", name(incident))


async def test_hostile_words_of_a_question_ping_nobody_and_format_nothing(here: Office) -> None:
    incident = await briefed(here)
    for hostile in ("ask <!channel> *x* `y`", "ask @everyone what changed", "ask <https://evil.example|click> me"):
        answer = await here.mention(hostile, name(incident))
        assert "<!" not in answer
        assert "evil.example" not in answer
    assert here.pings == []


async def test_who_joins_late_is_told_alone_how_it_stands_and_what_was_done(here: Office) -> None:
    incident = await here.incident(title="Checkout fails", service="checkout")
    evidence = (deployment(incident.started_at),)
    findings = [Finding(source="github", outcome=Outcome.FOUND, seconds=0.1, evidence=evidence)]
    await here.store.briefings.save_findings(incident.id, number(findings))
    for n in range(8):
        await here.command(f"timeline step {n} of the rollback", name(incident))
    answer = await here.command("catchup", name(incident))
    assert answer.startswith("*SEV")
    assert "v2.31.0" in answer
    assert "step 7 of the rollback" in answer
    assert "step 1 of the rollback" not in answer
    assert "belongs to no incident" in await here.command("catchup")


async def test_before_the_sources_have_answered_catching_up_says_so(here: Office) -> None:
    incident = await here.incident(title="Checkout fails", service="checkout")
    answer = await here.command("catchup", name(incident))
    assert "still being asked" in answer
