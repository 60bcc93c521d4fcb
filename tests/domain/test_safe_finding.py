"""What sources say is cleaned before anything keeps or shows it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import safe_finding
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence, FailureReason, Finding, LogFact, OnCallFact, Outcome
from bot.domain.safe_finding import without_secrets
from memory.store.codec import decode_findings

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECORDED = sorted((Path(__file__).parent / "recorded_findings").glob("*.json"))
SECRET = hashlib.sha256(b"of nobody").hexdigest()[:32]


def log_fact(sample: str) -> LogFact:
    return LogFact(
        service="checkout", level="error", pattern="refused", count=3, baseline=0, first_seen=NOON, sample=sample
    )


def finding(*evidence: Evidence, **changes: str) -> Finding:
    return Finding(source="logs", outcome=Outcome.FOUND, seconds=0.1, evidence=evidence, **changes)  # type: ignore[arg-type]


def test_secrets_are_taken_out_of_text_facts_and_links() -> None:
    item = Evidence(
        source="logs",
        text=f"connecting with password={SECRET} failed 3 times",
        fact=log_fact(f"postgres://shop:{SECRET}@db-3/orders refused"),
        link=f"https://logs.example/discover?token={SECRET}&from=now-1h",
    )
    cleaned = without_secrets(finding(item))
    assert SECRET not in repr(cleaned)
    (told,) = cleaned.evidence
    assert told.text == "connecting with password=[hidden] failed 3 times"
    assert isinstance(told.fact, LogFact)
    assert "db-3/orders refused" in told.fact.sample
    assert told.link is not None
    assert told.link.endswith("&from=now-1h")


@pytest.mark.parametrize("field", ["checked", "detail"])
def test_also_what_a_source_says_about_itself_is_cleaned(field: str) -> None:
    cleaned = without_secrets(finding(**{field: f"Authorization: Bearer {SECRET} was refused"}))
    assert SECRET not in getattr(cleaned, field)


def test_gaps_are_cleaned() -> None:
    told = Finding(source="logs", outcome=Outcome.FOUND, seconds=0.1, gaps=(f"api_key={SECRET} is not accepted",))
    assert SECRET not in repr(without_secrets(told))


def test_what_holds_no_secret_is_the_same_object() -> None:
    sha = hashlib.sha1(b"a commit", usedforsecurity=False).hexdigest()
    facts = (
        Evidence(source="logs", text="errors rose from 3 to 200 a minute", fact=log_fact("KeyError: 'loyalty_tier'")),
        Evidence(
            source="github",
            text=f"checkout v2.31.0 ({sha}) was deployed at 12:00 UTC",
            fact=ChangeFact(
                service="checkout", kind=ChangeKind.DEPLOYMENT, version=sha, at=NOON, title="Add loyalty", author="ana"
            ),
            link=f"https://github.com/shop/checkout/commit/{sha}",
        ),
        Evidence(
            source="pagerduty",
            text="Ana is on call",
            fact=OnCallFact(person="Ana Silva", email="ana@example.org", level=1, policy="Checkout"),
        ),
    )
    told = finding(*facts)
    assert without_secrets(told) is told


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_answers_stay_as_they_are(path: Path) -> None:
    for told in decode_findings(path.read_text()):
        assert without_secrets(told) is told


def test_a_failure_keeps_its_reason() -> None:
    told = Finding(
        source="logs",
        outcome=Outcome.FAILED,
        seconds=0.1,
        reason=FailureReason.UNAUTHORISED,
        detail=f"token={SECRET} is not accepted",
    )
    assert without_secrets(told).reason is FailureReason.UNAUTHORISED


def test_what_is_remembered_as_harmless_is_bounded_and_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_finding, "_KNOWN", known := set[str]())
    monkeypatch.setattr(safe_finding, "MOST_KNOWN", 5)
    for number in range(12):
        text = f"password={SECRET} of host-{number}"
        item = Evidence(source="logs", text=text, fact=log_fact(f"host-{number} refused" + " again" * 40))
        assert SECRET not in repr(without_secrets(finding(item)))
        assert 0 < len(known) <= 5
    assert not any(SECRET in text or len(text) > safe_finding.LONGEST_KNOWN for text in known)
