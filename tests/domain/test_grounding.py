"""Sentences against evidence: what is not so is named, what is so in other words is left alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bot.domain.evidence_ledger import EvidenceLedger, evidence_ledger, tool_item, with_items
from bot.domain.grounding import CheckedClaim, FaultKind, Verdict, ground
from memory.store.codec import decode_findings
from tests.domain.grounding_sentences import PLANTED, TRUE, Said
from tests.domain.grounding_unseen import PLANTED_HARD, PLANTED_LATER, TRUE_HARD, TRUE_LATER
from tests.domain.grounding_world import inn, shop

RECORDED = Path(__file__).parent / "recorded_findings"
WORLDS = ("shop", "inn", *sorted(path.stem for path in RECORDED.glob("*.json")))


@cache
def ledger(world: str) -> EvidenceLedger:
    if world in ("shop", "inn"):
        return evidence_ledger(shop() if world == "shop" else inn())
    return evidence_ledger(decode_findings((RECORDED / f"{world}.json").read_text()))


def checked(said: Said) -> CheckedClaim:
    return ground(said.text, said.cites, ledger(said.world))


def kinds(claim: CheckedClaim) -> set[str]:
    return {fault.kind.value for fault in claim.faults}


@pytest.mark.parametrize("said", [*PLANTED, *PLANTED_LATER, *PLANTED_HARD], ids=lambda said: said.text)
def test_a_planted_fault_is_marked_and_named(said: Said) -> None:
    claim = checked(said)
    assert claim.verdict is not Verdict.SUPPORTED
    assert kinds(claim) & said.faults, claim.faults


@pytest.mark.parametrize("said", [*TRUE, *TRUE_LATER, *TRUE_HARD], ids=lambda said: said.text)
def test_a_true_sentence_in_other_words_is_supported(said: Said) -> None:
    claim = checked(said)
    assert claim.verdict is Verdict.SUPPORTED, claim.faults


@pytest.mark.parametrize("world", WORLDS)
def test_what_the_sources_themselves_said_is_supported(world: str) -> None:
    unsupported = [
        (item.text, claim.faults)
        for item in ledger(world).items
        if (claim := ground(item.text, [item.id], ledger(world))).verdict is not Verdict.SUPPORTED
    ]
    assert not unsupported


def test_every_kind_of_fault_is_planted_somewhere() -> None:
    planted = {kind for said in (*PLANTED, *PLANTED_LATER) for kind in said.faults}
    assert planted == {kind.value for kind in FaultKind} - {"irrelevant_id"}


def test_the_words_at_fault_are_given_with_their_place() -> None:
    text = "The error ratio of checkout is 23 % now, deployed by lucas."
    claim = ground(text, ["E1", "E5"], ledger("shop"))
    assert {fault.said for fault in claim.faults} == {"23 %", "lucas"}
    assert all(text[fault.start : fault.end] == fault.said for fault in claim.faults)


def test_one_slip_among_much_that_is_right_leaves_it_partly_supported() -> None:
    text = "checkout v2.31.0 was deployed at 08:24:40 UTC by lucas."
    assert ground(text, ["E5"], ledger("shop")).verdict is Verdict.PARTLY


def test_an_id_beside_the_right_one_that_has_nothing_to_do_with_it_is_told() -> None:
    claim = ground("The median latency of bookings reached 1.31 s.", ["E1", "E14", "E13"], ledger("inn"))
    assert "E13" in {fault.said for fault in claim.faults if fault.kind is FaultKind.IRRELEVANT_ID}
    assert claim.verdict is Verdict.PARTLY


def test_ids_within_the_sentence_count_as_cited_and_are_no_names() -> None:
    assert ground("The error ratio of checkout is 16.6 % (E1).", [], ledger("shop")).verdict is Verdict.SUPPORTED
    assert ground("The error ratio of checkout is 16.6 % (E1, E99).", [], ledger("shop")).faults


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("bookings needs 9.08 s at p95.", True),
        ("bookings needs 9080 milliseconds at p95.", True),
        ("bookings needs more than 9 s at p95.", True),
        ("bookings needs at least 10 s at p95.", False),
        ("bookings needs about 9 seconds at p95.", True),
        ("bookings needs 9.8 s at p95.", False),
        ("p95 of bookings is 43 times the normal value.", True),
        ("p95 of bookings is 4.3 times the normal value.", False),
    ],
)
def test_units_bounds_and_rounding(text: str, is_so: bool) -> None:
    assert (ground(text, ["E1"], ledger("inn")).verdict is Verdict.SUPPORTED) is is_so


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("The error ratio of bookings is 0.0741.", True),
        ("The error ratio of bookings rose by 7.27 percentage points.", True),
        ("92.6 % of the requests to bookings still succeed.", True),
        ("0.741 of the requests to bookings fail.", False),
    ],
)
def test_shares_in_other_forms(text: str, is_so: bool) -> None:
    assert (ground(text, ["E6"], ledger("inn")).verdict is Verdict.SUPPORTED) is is_so


def test_what_a_tool_answered_can_be_cited() -> None:
    answer = tool_item(1, "metrics", "queue depth of mailer is 4,210 messages", services=["mailer"])
    more = with_items(ledger("shop"), [answer])
    assert ground("mailer has 4,210 messages in its queue.", ["T1"], more).verdict is Verdict.SUPPORTED
    assert ground("mailer has 4,120 messages in its queue.", ["T1"], more).verdict is not Verdict.SUPPORTED
    assert more.digest != ledger("shop").digest


def test_numbers_and_names_are_checked_in_other_languages_too_and_prose_is_not() -> None:
    right = "Seit dem Deployment von checkout v2.31.0 um 08:24 Uhr schlagen 16,6 % fehl."
    assert FaultKind.NAME_NOT_FOUND not in {f.kind for f in ground(right, ["E5", "E1"], ledger("shop")).faults}
    wrong = "Seit dem Deployment von checkout v2.32.0 schlagen viele Anfragen in der Kasse fehl."
    assert "v2.32.0" in {fault.said for fault in ground(wrong, ["E5"], ledger("shop")).faults}


def test_an_endless_claim_is_cut_before_it_is_checked() -> None:
    assert len(ground("a" * 100_000, ["E1"], ledger("shop")).text) <= 2000
