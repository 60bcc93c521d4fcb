"""What a model says becomes what may be shown: checked, capped, its steps refused where they could do anything."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.alert import Severity
from bot.domain.analysis import (
    Belief,
    Cap,
    Change,
    CheckedAnalysis,
    Opinion,
    Refusal,
    belief_of_model,
    belief_of_rules,
    changed,
    check,
    disagreement,
    opinions_of,
    second_opinion,
)
from bot.domain.analysis.wire import SaidAnalysis, SaidOpinion, SaidOpinions
from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.confidence import Confidence
from bot.domain.evidence_ledger import evidence_ledger
from bot.domain.grounding import FaultKind, Verdict
from prompts import render
from tests.domain.grounding_world import shop

LEDGER = evidence_ledger(shop())
RIGHT = {"text": "The error ratio of checkout is 16.6 %, 0.2 % before.", "evidence": ["E1"]}
WRONG = {"text": "The error ratio of checkout is 61.6 %.", "evidence": ["E1"]}
CAUSE = {
    "statement": "checkout v2.31.0, deployed at 08:24 UTC, raises KeyErrors",
    "service": "checkout",
    "kind": "deployment",
    "evidence_for": ["E5", "E2"],
    "evidence_against": ["E7"],
    "confidence": "high",
}
OTHER = {
    "statement": "payments answers slowly",
    "service": "payments",
    "kind": "dependency",
    "evidence_for": ["E4"],
    "evidence_against": [],
    "confidence": "high",
}


def analysed(**said: Any) -> CheckedAnalysis:
    form = {
        "summary": [RIGHT],
        "hypotheses": [CAUSE],
        "ruled_out": [],
        "could_not_check": [],
        "next_steps": [],
        "severity": {"severity": "SEV2", "why": "16.6 % of the requests to checkout fail.", "evidence": ["E1"]},
        **said,
    }
    return check(SaidAnalysis.model_validate(form), LEDGER)


def stepped(kind: str, target: str) -> CheckedAnalysis:
    return analysed(next_steps=[{"kind": kind, "target": target, "why": "It would tell."}])


def rule(kind: CauseKind = CauseKind.DEPLOYMENT, service: str = "checkout", **said: Any) -> Hypothesis:
    fields: dict[str, Any] = {"confidence": Confidence.HIGH, "subject": "v2.31.0", "score": 6.0, **said}
    return Hypothesis(kind=kind, service=service, statement=f"{kind} of {service}", reasons=(), **fields)


def test_a_grounded_analysis_stands_as_it_was_said() -> None:
    analysis = analysed()
    assert analysis.headline is not None
    assert analysis.top is not None
    assert (analysis.top.confidence, analysis.top.caps) == (Confidence.HIGH, ())
    assert analysis.severity.severity is Severity.SEV2
    assert analysis.severity.claim.verdict is Verdict.SUPPORTED
    assert analysis.evidence_digest == LEDGER.digest


def test_an_unsupported_sentence_is_kept_marked_and_is_not_the_headline() -> None:
    analysis = analysed(summary=[WRONG, RIGHT])
    assert [claim.verdict for claim in analysis.summary] == [Verdict.UNSUPPORTED, Verdict.SUPPORTED]
    assert analysis.headline == analysis.summary[1]
    assert analysed(summary=[WRONG]).headline is None


@pytest.mark.parametrize(
    ("changes", "cap", "band"),
    [
        ({"statement": "checkout v9.9.9 raises NullPointerExceptions"}, Cap.UNSUPPORTED, Confidence.LOW),
        ({"evidence_for": []}, Cap.UNSUPPORTED, Confidence.LOW),
        ({"service": "inventory"}, Cap.UNSUPPORTED, Confidence.LOW),
        ({"statement": "checkout raises KeyErrors", "evidence_for": ["E2"]}, Cap.ONE_SOURCE, Confidence.MEDIUM),
        (
            {"statement": "checkout v2.31.0 definitely raises KeyErrors"},
            Cap.PARTLY,
            Confidence.MEDIUM,
        ),
        ({"kind": "unknown"}, Cap.NO_CAUSE, Confidence.LOW),
    ],
)
def test_a_hypothesis_is_believed_no_more_than_its_evidence_allows(
    changes: dict[str, Any], cap: Cap, band: Confidence
) -> None:
    (hypothesis,) = analysed(hypotheses=[CAUSE | changes]).hypotheses
    assert cap in hypothesis.caps
    assert (hypothesis.stated, hypothesis.confidence) == (Confidence.HIGH, band)


def test_two_metrics_and_what_follows_from_them_are_one_source() -> None:
    said = CAUSE | {"statement": "checkout fails by itself", "evidence_for": ["E1", "E20", "E19"]}
    (hypothesis,) = analysed(hypotheses=[said]).hypotheses
    assert Cap.ONE_SOURCE in hypothesis.caps


def test_only_the_first_may_be_high_and_unsupported_ones_stand_last() -> None:
    invented = CAUSE | {"statement": "the loyalty service of v9.9.9 is broken"}
    analysis = analysed(hypotheses=[invented, CAUSE, OTHER])
    assert [h.claim.verdict is Verdict.UNSUPPORTED for h in analysis.hypotheses] == [False, False, True]
    assert [h.confidence for h in analysis.hypotheses].count(Confidence.HIGH) == 0
    assert analysis.top is not None
    assert analysis.top.service == "checkout"


def test_where_nothing_is_supported_there_is_no_top_cause() -> None:
    assert analysed(hypotheses=[CAUSE | {"statement": "v9.9.9 is broken"}]).top is None
    assert analysed(hypotheses=[]).top is None


@pytest.mark.parametrize("band", list(Confidence))
def test_a_second_opinion_lowers_and_never_raises(band: Confidence) -> None:
    ladder = [Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH]
    for said in ladder:
        first = analysed(hypotheses=[CAUSE | {"confidence": said.value}])
        after = second_opinion(first, [Opinion(place=1, confidence=band), Opinion(place=7, confidence=Confidence.LOW)])
        assert after.hypotheses[0].confidence is min(said, band, key=ladder.index)


def test_a_second_opinion_may_put_another_cause_first() -> None:
    analysis = analysed(hypotheses=[CAUSE, OTHER])
    after = second_opinion(analysis, [Opinion(place=1, confidence=Confidence.LOW)])
    assert [h.service for h in after.hypotheses] == ["payments", "checkout"]
    assert Cap.SECOND_OPINION in after.hypotheses[1].caps


def test_a_second_opinion_is_of_the_hypothesis_that_has_its_number_wherever_the_check_put_it() -> None:
    invented = CAUSE | {"statement": "the loyalty service of v9.9.9 is broken"}
    analysis = analysed(hypotheses=[invented, CAUSE])
    assert [h.place for h in analysis.hypotheses] == [2, 1]
    after = second_opinion(analysis, [Opinion(place=2, confidence=Confidence.LOW)])
    assert [(h.place, h.confidence) for h in after.hypotheses] == [(2, Confidence.LOW), (1, Confidence.LOW)]
    assert [Cap.SECOND_OPINION in h.caps for h in after.hypotheses] == [True, False]


def test_the_reason_of_a_second_look_is_checked_like_any_other_claim() -> None:
    said = [
        SaidOpinion(hypothesis=1, confidence="low", why=str(claim["text"]), evidence=list(claim["evidence"]))
        for claim in (RIGHT, WRONG)
    ]
    verdicts = [opinion.why.verdict for opinion in opinions_of(said, LEDGER) if opinion.why]
    assert verdicts == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]
    silent = SaidOpinion(hypothesis=1, confidence="high", why=" ", evidence=[])
    assert opinions_of([silent], LEDGER) == (Opinion(place=1, confidence=Confidence.HIGH),)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("runbook", "checkout-rollback"),
        ("prometheus", 'sum(rate(http_requests_total{service="checkout",status=~"5.."}[5m])) by (version)'),
        ("elasticsearch", 'service.name:"checkout" AND log.level:error AND "loyalty_tier"'),
        ("elasticsearch", "service.name:checkout AND response_time:[1000 TO *]"),
    ],
)
def test_offered_runbooks_and_reading_queries_are_shown(kind: str, target: str) -> None:
    analysis = stepped(kind, target)
    assert [step.target for step in analysis.steps] == [target]
    assert not analysis.refused


@pytest.mark.parametrize(
    ("kind", "target", "refusal"),
    [
        ("runbook", "drop-database", Refusal.NOT_OFFERED),
        ("runbook", "kubectl rollout undo deployment/checkout", Refusal.NOT_OFFERED),
        ("prometheus", "sum(rate(x[5m", Refusal.NOT_PROMQL),
        ("prometheus", "rm -rf /", Refusal.NOT_PROMQL),
        ("prometheus", "rm -rf / --no-preserve-root", Refusal.NOT_PROMQL),
        ("elasticsearch", "kubectl delete namespace shop", Refusal.NOT_A_QUERY),
        ("prometheus", "up\n/api/v1/admin/tsdb/delete_series", Refusal.NOT_PROMQL),
        ("elasticsearch", '{"script": {"source": "ctx._source.x = 1"}}', Refusal.NOT_A_QUERY),
        ("elasticsearch", "POST /logs/_delete_by_query", Refusal.NOT_A_QUERY),
        ("elasticsearch", "logs-*/_delete_by_query?q=*", Refusal.NOT_A_QUERY),
        ("elasticsearch", "FROM logs | LIMIT 10", Refusal.NOT_A_QUERY),
        ("elasticsearch", 'message:"unclosed', Refusal.NOT_A_QUERY),
        ("elasticsearch", "a\u202eb", Refusal.NOT_A_QUERY),
    ],
)
def test_other_steps_are_refused_with_the_reason(kind: str, target: str, refusal: Refusal) -> None:
    analysis = stepped(kind, target)
    assert analysis.steps == ()
    assert [one.refusal for one in analysis.refused] == [refusal]


def test_what_the_model_repeats_of_foreign_text_does_nothing() -> None:
    said = {"text": "checkout says <!channel> see https://evil.example/x", "evidence": ["E1"]}
    (claim,) = analysed(summary=[said]).summary
    assert "<!" not in claim.text
    assert "://" not in claim.text
    assert claim.verdict is Verdict.UNSUPPORTED


def test_a_denial_without_a_look_is_not_shown() -> None:
    said = {"text": "No other deployment of checkout was made.", "evidence": ["E1"]}
    (claim,) = analysed(ruled_out=[said]).ruled_out
    assert FaultKind.NOT_SHOWN in {fault.kind for fault in claim.faults}


# --- rules and model --------------------------------------------------------------------------------------------------


def test_rules_and_model_that_agree_give_no_line() -> None:
    assert disagreement([rule()], analysed()) == ""
    assert disagreement([rule(CauseKind.DEPENDENCY)], analysed()) == ""
    assert disagreement([rule(CauseKind.UNKNOWN, "")], analysed(hypotheses=[])) == ""


def test_rules_and_model_that_differ_give_one_line() -> None:
    line = disagreement([rule(CauseKind.EXHAUSTION, "cart")], analysed())
    assert line == f"The rules put “exhaustion of cart” first, the model “{CAUSE['statement']}”"
    assert "no cause" in disagreement([rule()], analysed(hypotheses=[]))
    assert "no likely cause" in disagreement([rule(CauseKind.UNKNOWN, "")], analysed())


def test_people_are_told_again_when_cause_band_or_gaps_changed_and_only_then() -> None:
    rules, model = belief_of_rules([rule()], LEDGER), belief_of_model(analysed(), LEDGER)
    assert changed(rules, model) == ()
    weaker = belief_of_model(analysed(hypotheses=[CAUSE | {"confidence": "low"}]), LEDGER)
    assert changed(rules, weaker) == (Change.BAND,)
    other = belief_of_model(analysed(hypotheses=[OTHER]), LEDGER)
    assert changed(rules, other) == (Change.CAUSE,)
    fewer = evidence_ledger(shop()[:-1])
    assert changed(rules, belief_of_model(analysed(), fewer)) == (Change.GAP,)
    nothing = Belief(kind=None, service="", band=None, gaps=rules.gaps)
    assert changed(nothing, nothing) == ()


# --- the form ---------------------------------------------------------------------------------------------------------


def _objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in _objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for part in schema.values() for found in _objects(part)]


@pytest.mark.parametrize("form", [SaidAnalysis, SaidOpinions])
def test_the_form_is_closed_described_and_not_recursive(form: type[SaidAnalysis] | type[SaidOpinions]) -> None:
    schema = form.model_json_schema()
    for found in _objects(schema):
        assert found["additionalProperties"] is False
        assert set(found["required"]) == set(found["properties"])
        assert all("description" in field for field in found["properties"].values()), found["title"]
    for name, definition in schema["$defs"].items():
        assert f"#/$defs/{name}" not in str(definition)


@pytest.mark.parametrize(
    "broken",
    [
        {"summary": [RIGHT] * 7},
        {"summary": [{"text": "x" * 501, "evidence": ["E1"]}]},
        {"hypotheses": [CAUSE | {"confidence": "certain"}]},
        {"hypotheses": [CAUSE | {"command": "rm"}]},
        {"next_steps": [{"kind": "shell", "target": "reboot", "why": "x"}]},
        {"severity": {"severity": "SEV0", "why": "", "evidence": []}},
    ],
)
def test_an_answer_outside_the_form_is_no_answer(broken: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        analysed(**broken)


def test_the_prompt_frames_the_evidence_and_its_instructions_never_change() -> None:
    values = {"incident": "INC-1", "service": "", "severity": "SEV2", "onset": "08:32 UTC", "now": "08:35 UTC"}
    asked = render("untrusted.v1", evidence=LEDGER.text, task="Analyse it.", **values)
    assert LEDGER.text in asked.text
    assert render("analysis.v1").text == render("analysis.v1").text
