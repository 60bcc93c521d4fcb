"""What must hold for any facts, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes import rank
from bot.domain.evidence import AlertFact, ChangeKind, Fact, Finding, LogFact, MetricFact, SignalKind
from tests.domain.cases import before, change, gathered, log, metric, past, pool, request, traffic

SERVICES = st.sampled_from(["checkout", "payments", "cart", "ledger", "frontend", "stranger"])
MINUTES = st.integers(min_value=-10, max_value=60).map(lambda n: n / 2)
MAYBE = st.none() | MINUTES
PATTERNS = st.sampled_from(
    [
        "KeyError: <*>",
        "payments timed out",
        "ledger: 503",
        "timed out acquiring connection",
        "no space left on device",
        "cart said hello",
        "slow <*>",
    ]
)

FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        lambda service, kind, moved, trigger: metric(service, kind, moved, trigger=trigger),
        SERVICES,
        st.sampled_from([SignalKind.ERRORS, SignalKind.LATENCY]),
        MAYBE,
        st.booleans(),
    ),
    st.builds(lambda service, moved, now: pool(service, moved, now=now), SERVICES, MAYBE, st.floats(20, 100)),
    st.builds(lambda service, moved, now: traffic(service, moved, now=now), SERVICES, MAYBE, st.floats(0, 300)),
    st.builds(log, SERVICES, PATTERNS, MAYBE),
    st.builds(
        lambda service, minutes, version, kind: change(service, minutes, version, kind=kind),
        SERVICES,
        MINUTES,
        st.sampled_from(["v1", "v2", "v3"]),
        st.sampled_from(list(ChangeKind)),
    ),
    st.builds(lambda kind, service: past(kind.value, service), st.sampled_from(list(CauseKind)), SERVICES),
    st.builds(
        lambda service, minutes: AlertFact(name="Other", service=service, since=before(minutes)), SERVICES, MINUTES
    ),
)
WORLDS = st.lists(FACTS, max_size=14)
Key = tuple[str, str, str, str]


def without(findings: Sequence[Finding], id_: str) -> tuple[Finding, ...]:
    """The same findings and the same ids, without one piece of evidence."""
    return tuple(replace(f, evidence=tuple(e for e in f.evidence if e.id != id_)) for f in findings)


def cited(h: Hypothesis, *, against: bool) -> set[str]:
    return {i for r in (h.reasons_against if against else h.reasons_for) for i in r.evidence}


def key(h: Hypothesis) -> tuple[str, str, str]:
    return (h.kind, h.service, h.subject)


@given(WORLDS, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_sources_answer_does_not_matter(facts: list[Fact], random: object) -> None:
    findings = list(gathered(facts))
    expected = rank(request(), findings)
    shuffled = [replace(f, evidence=tuple(reversed(f.evidence))) for f in findings]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(request(), shuffled) == expected


@given(WORLDS)
@settings(max_examples=200, deadline=None)
def test_every_reason_cites_evidence_that_exists(facts: list[Fact]) -> None:
    findings = gathered(facts)
    known = {e.id for f in findings for e in f.evidence}
    for h in rank(request(), findings):
        for reason in h.reasons:
            assert reason.evidence, f"a reason without evidence: {reason.text}"
            assert set(reason.evidence) <= known, f"cites what is not there: {reason}"
            assert reason.weight != 0


@given(WORLDS)
@settings(max_examples=200, deadline=None)
def test_scores_are_the_sum_of_the_reasons_and_the_best_stands_first(facts: list[Fact]) -> None:
    found = rank(request(), gathered(facts))
    for h in found:
        assert abs(h.score - sum(r.weight for r in h.reasons)) < 0.01
    assert found[-1].kind is CauseKind.UNKNOWN
    assert [h.score for h in found[:-1]] == sorted((h.score for h in found[:-1]), reverse=True)


@given(WORLDS)
@settings(max_examples=200, deadline=None)
def test_taking_away_what_speaks_against_a_cause_never_lowers_it(facts: list[Fact]) -> None:
    """For evidence that this cause alone uses, and only against itself.

    Of causes that stand: those at 0 or below have fallen, and nobody is shown an order among them.
    """
    findings = gathered(facts)
    found = rank(request(), findings)
    keys = [key(h) for h in found]
    for place, h in enumerate(h for h in found if h.score > 0):
        elsewhere = {i for o in found if o is not h for i in cited(o, against=True) | cited(o, against=False)}
        for id_ in cited(h, against=True) - cited(h, against=False) - elsewhere:
            after = [key(o) for o in rank(request(), without(findings, id_))]
            if keys.count(key(h)) == 1 and key(h) in after:
                assert after.index(key(h)) <= place, f"{h.statement} sank without {id_}"


@given(st.lists(st.builds(log, SERVICES, st.text(max_size=400), MAYBE) | FACTS, max_size=12))
@settings(max_examples=100, deadline=None)
def test_any_log_text_is_survived(facts: list[LogFact | MetricFact]) -> None:
    assert rank(request(), gathered(facts))
