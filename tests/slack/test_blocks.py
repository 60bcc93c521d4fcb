from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alert import Alert, AlertStatus, Link, Severity
from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis, Reason, Step
from bot.domain.card import CardView, Picture
from bot.domain.compose import compose
from bot.domain.confidence import Confidence
from bot.domain.evidence import AlertFact, Evidence, Fact, FailureReason, Finding, Outcome, RunbookFact, SuspectFact
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.slack.acting_ids import RUN_OTHER, RUN_RUNBOOK
from bot.slack.blocks import Message, card
from tests.domain.cases import (
    NOW,
    ONSET,
    bad_deployment,
    before,
    change,
    failed,
    finding,
    gathered,
    log,
    metric,
    past,
    request,
    skipped,
)
from tests.domain.test_compose import ANA, ROLLBACK

PING = "<!channel> <@U012AB3CD> <!subteam^S01|x> <https://evil.example|click> @here *b* `c` \u202e\u200b"
LIMITS = {"blocks": 50, "header": 150, "section": 3000, "alt": 2000, "text": 4000, "all": 10_000}


def incident(title: str = "CheckoutErrorRatioHigh", *, service: str = "checkout", alerts: int = 1) -> Incident:
    first = Alert(
        source="alertmanager",
        fingerprint="abc",
        status=AlertStatus.FIRING,
        severity=Severity.SEV2,
        title=title,
        service=service,
        started_at=ONSET,
        links=(Link(title="Alert", url="https://alerts.example/1"),),
    )
    grouped = [GroupedAlert(alert=first, reason=GroupingReason.NEW_CONDITION, received_at=ONSET)]
    later = GroupedAlert(
        alert=replace(first, title=f"{title} again", links=()),
        reason=GroupingReason.SAME_SERVICE,
        received_at=NOW,
        resolved_at=NOW + timedelta(minutes=3),
    )
    return Incident(
        id="INC-2026-0042",
        title=title,
        severity=Severity.SEV2,
        status=IncidentStatus.INVESTIGATING,
        service=service,
        started_at=ONSET,
        opened_at=ONSET,
        alerts=(*grouped, *[later] * (alerts - 1)),
    )


def briefing_of(facts: Sequence[Fact], *others: Finding) -> Briefing:
    return compose(request(), gathered(facts, *others), NOW)


def shown(briefing: Briefing, **view: Any) -> Message:
    view = {"incident": incident(alerts=2), **view}
    return card(CardView(findings=briefing.findings, briefing=briefing, **view))


def texts(message: Message) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything Slack would parse or show."""
    yield "fallback", message.text
    for block in message.blocks:
        if "text" in block:
            yield block["text"]["type"], block["text"]["text"]
        for element in block.get("elements", ()):
            words = element["text"]
            yield (words["type"], words["text"]) if isinstance(words, dict) else (element["type"], words)
        if "alt_text" in block:
            yield "plain_text", block["alt_text"]


def readable(message: Message) -> str:
    return "\n".join(text for kind, text in texts(message) if kind != "fallback")


def assert_within_limits(message: Message) -> None:
    assert 0 < len(message.text) <= LIMITS["text"]
    assert len(message.blocks) <= 40
    assert sum(len(text) for kind, text in texts(message) if kind != "fallback") <= LIMITS["all"]
    for block in message.blocks:
        match block["type"]:
            case "header":
                assert 0 < len(block["text"]["text"]) <= LIMITS["header"]
            case "section":
                assert 0 < len(block["text"]["text"]) <= LIMITS["section"]
            case "context":
                assert 1 <= len(block["elements"]) <= 10
                assert all(0 < len(e["text"]) <= LIMITS["section"] for e in block["elements"])
            case "image":
                assert 0 < len(block["alt_text"]) <= LIMITS["alt"]
            case "actions":
                assert len({element["action_id"] for element in block["elements"]}) == len(block["elements"])
                assert all(0 < len(element["text"]["text"]) <= 75 for element in block["elements"])
                assert all(0 < len(element["value"]) <= 2000 for element in block["elements"])
            case kind:
                assert kind == "divider"


def assert_inert(message: Message) -> None:
    for kind, text in texts(message):
        if kind == "plain_text":
            continue
        for entity in re.findall(r"<[^>]*>?", text):
            assert re.fullmatch(r"<https://[a-z]+\.example[^<>|\s]*\|[^<>|]+>", entity), f"live: {entity} in {text}"
            assert not entity.startswith("<https://evil")
        elsewhere = re.sub(r"`[^`\n]*`|<[^>]*>", "", text)
        assert not re.search(r"@(channel|here|everyone)\b", elsewhere)
        assert "\u202e" not in text
        assert "\u200b" not in text


# --- the gathering card ----------------------------------------------------------------------------------------------


def test_the_gathering_card_shows_who_has_answered() -> None:
    message = card(
        CardView(
            incident=incident(),
            findings=(
                finding("metrics", metric("checkout")),
                finding("changes"),
                failed("logs", FailureReason.TOO_SLOW, "no answer within 3 s"),
                skipped("people", "no key is set"),
            ),
            pending=("runbooks",),
        )
    )
    said = readable(message)
    assert "\U0001f7e0 SEV2 checkout: CheckoutErrorRatioHigh" not in said, "the title already names the service"
    assert "\U0001f7e0 SEV2 CheckoutErrorRatioHigh" in said
    assert "started 14:08 UTC" in said
    assert "<https://alerts.example/1|alertmanager alert>: opened this incident, firing" in said
    assert ":white_check_mark: metrics 0.4 s, 1 fact" in said
    assert ":white_check_mark: changes 0.4 s, nothing found" in said
    assert ":warning: logs 3.0 s, could not look: no answer within 3 s" in said
    assert ":heavy_minus_sign: people, no key is set" in said
    assert ":hourglass_flowing_sand: runbooks" in said
    assert "4 of 5 sources have answered" in message.text
    assert_within_limits(message)


def test_a_card_without_any_source_is_still_a_card() -> None:
    message = card(CardView(incident=incident()))
    assert "Asking the sources" in readable(message)
    assert_within_limits(message)


def test_the_state_that_alertmanager_writes_into_titles_is_not_repeated() -> None:
    titled = card(CardView(incident=incident("[FIRING:2] HighErrorRatio checkout")))
    assert titled.blocks[0]["text"]["text"] == "\U0001f7e0 SEV2 HighErrorRatio checkout"


# --- the briefing ----------------------------------------------------------------------------------------------------

GOOD_BRIEFING = """\
\U0001f7e0 SEV2 CheckoutErrorRatioHigh
*Most likely:* Deployment of checkout v2.31.0 at 14:01 UTC (high confidence)
*How bad:* error ratio: 12.4 % now, normal 0.3 %, alert at 5 %; since 14:02 UTC (8 min), alert fired 14:08 UTC [E1]
*Do first:* Roll back checkout from v2.31.0 to v2.30.1 [E8] [E13]
    `deployctl undo checkout`
*On call:* Ana Ruiz, level 1 of Shop primary until 16:08 UTC [E14]
INC-2026-0042 \u00b7 Investigating \u00b7 started 14:08 UTC
:rotating_light: <https://alerts.example/1|CheckoutErrorRatioHigh> (alertmanager): opened this incident, firing
:white_check_mark: CheckoutErrorRatioHigh again (alertmanager): same service, recovered at 14:13 UTC
Chart of error ratio
*Then*
"""


def test_a_good_briefing_reads_top_down() -> None:
    briefing = briefing_of([*bad_deployment(), ROLLBACK, ANA, past("deployment")], failed("logs2"))
    message = shown(
        replace(briefing, findings=tuple(f for f in briefing.findings if f.outcome is not Outcome.FAILED)),
        picture=Picture(file_id="F01", alt="Chart of error ratio"),
    )
    said = readable(message)
    assert said.startswith(GOOD_BRIEFING), said
    names = re.findall(r"^\*([^*:]+)\*$", said, re.MULTILINE)
    assert names == [
        "Then",
        "Likely causes",
        "Also seen",
        "What changed",
        "Similar incidents and what fixed them",
        "Runbooks and notes",
        "Ruled out",
        "Could not check",
        "Evidence",
    ]
    assert "    *+* new errors of checkout since: 240 lines [E11]" in said
    assert message.text.startswith("SEV2 CheckoutErrorRatioHigh. Most likely (high confidence): Deployment of checkout")
    assert [b["slack_file"] for b in message.blocks if b["type"] == "image"] == [{"id": "F01"}]
    assert_within_limits(message)
    assert_inert(message)


def test_sources_that_could_not_look_are_named_beside_the_verdict() -> None:
    message = shown(briefing_of(bad_deployment(), failed("tickets"), failed("traces")))
    assert ":warning: Could not look everywhere: tickets, traces" in message.blocks[1]["text"]["text"]
    assert "tickets could not be reached" in readable(message)


def test_without_a_cause_the_verdict_says_so() -> None:
    message = shown(briefing_of([]))
    assert message.blocks[1]["text"]["text"].startswith("*No likely cause* stands out")
    assert "No likely cause stands out" in message.text
    assert "Nothing is known to have changed." in readable(message)


def test_a_weak_cause_is_called_a_lead() -> None:
    message = shown(briefing_of([metric("checkout", moved=5, trigger=True), change("checkout", 55)]))
    assert message.blocks[1]["text"]["text"].startswith("*Best lead:*")
    assert "(low confidence)" in message.blocks[1]["text"]["text"]


def test_what_changed_links_to_the_comparison() -> None:
    compared = replace(change("checkout", 7), compare="https://git.example/shop/compare/v2.30.1...v2.31.0")
    said = readable(shown(briefing_of([compared])))
    assert "<https://git.example/shop/compare/v2.30.1...v2.31.0|[E1]>" in said


def test_what_is_concluded_is_not_counted_among_the_sources() -> None:
    fact = SuspectFact(service="payments", place=1, score=1.0, confidence="high", grounds=("p95 latency is high",))
    own = Finding(
        source="ranking",
        outcome=Outcome.FOUND,
        seconds=0.02,
        evidence=(Evidence(source="ranking", text="Most suspect of 5 services: payments", fact=fact),),
    )
    message = shown(briefing_of([metric("checkout", moved=5, trigger=True)], own))
    said = readable(message)
    assert "Most suspect by all series: payments (high confidence), p95 latency is high [E2]" in said
    assert "[E2] ranking: Most suspect of 5 services: payments" in said
    assert "ranking \u2713" not in said


def test_a_recovered_incident_says_so() -> None:
    over = replace(incident(), status=IncidentStatus.RESOLVED, resolved_at=ONSET + timedelta(minutes=22))
    said = readable(shown(briefing_of(bad_deployment()), incident=over))
    assert "\u2705 Resolved SEV2" in said
    assert "recovered at 14:30 UTC after 22 min" in said


RUNBOOK = RunbookFact(runbook="slow", title="Slow answers", why=("service",), steps=(), score=1.0)
BACK = RunbookFact(runbook="back", title="Go back", why=("words",), steps=(), score=2.0, can_run=True)
FREE = RunbookFact(runbook="free", title="Free " + "space " * 40, why=("name",), steps=(), score=9.0, can_run=True)


def buttons(*facts: Fact, **view: Any) -> list[tuple[str, str, str]]:
    message = shown(briefing_of((*bad_deployment(), *facts)), **view)
    assert_within_limits(message)
    found = [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
    return [(one["action_id"], one["value"], one["text"]["text"]) for one in found]


def test_the_runbook_that_fits_best_of_those_that_can_be_run_has_a_button() -> None:
    assert buttons(RUNBOOK, BACK) == [
        (RUN_RUNBOOK, "INC-2026-0042:back", "Run: Go back"),
        (RUN_OTHER, "INC-2026-0042:", "Other runbooks"),
    ]
    ((_, value, title), _) = buttons(RUNBOOK, BACK, FREE)
    assert (value, title[-1]) == ("INC-2026-0042:free", "\u2026")


def test_without_one_that_can_be_run_or_once_it_is_over_there_is_no_button() -> None:
    assert buttons(RUNBOOK) == []
    over = replace(incident(), status=IncidentStatus.RESOLVED, resolved_at=ONSET + timedelta(minutes=22))
    assert buttons(BACK, incident=over) == []


def test_a_command_that_is_too_long_is_not_cut_in_half() -> None:
    long = "rm -rf /srv/" + "x" * 600
    briefing = replace(briefing_of(bad_deployment()), steps=(Step(text="Clean up", command=long),))
    said = readable(shown(briefing))
    assert "rm -rf" not in said
    assert "_its command is too long to show here_" in said


def test_what_does_not_fit_is_counted() -> None:
    claims = tuple(Claim(text=f"change number {n} " + "x" * 150, evidence=("E1",)) for n in range(40))
    said = readable(shown(replace(briefing_of(bad_deployment()), changes=claims)))
    assert "change number 0 " in said
    left = re.search(r"_\+(\d+) more, not shown here_", said)
    assert left
    kept = len(re.findall(r"change number \d+ ", said))
    assert kept + int(left[1]) == 40
    assert all(line.endswith("[E1]") for line in said.splitlines() if "change number" in line), "only whole lines"


# --- extremes --------------------------------------------------------------------------------------------------------


def hostile_briefing(text: str, many: int) -> Briefing:
    """Every field of every part filled with `text`, `many` times."""
    alert = AlertFact(name=text, service=text, since=ONSET)
    changed = replace(change("checkout", 7, text), compare=f"https://shop.example/{text}")
    evidence = tuple(
        Evidence(
            id=f"E{n}", source=text, text=text, link=f"https://shop.example/{text}", fact=changed if n % 2 else alert
        )
        for n in range(1, many + 1)
    )
    ids = tuple(e.id for e in evidence[:9])
    reasons = (Reason(text=text, evidence=ids, weight=1.0), Reason(text=text, evidence=ids, weight=-1.0)) * 5
    cause = Hypothesis(
        kind=CauseKind.DEPLOYMENT,
        service=text,
        subject=text,
        statement=text,
        reasons=reasons,
        score=9.0,
        confidence=Confidence.HIGH,
    )
    claims = (Claim(text=text, evidence=ids),) * many
    bad = Finding(source=text, outcome=Outcome.FAILED, seconds=1e9, reason=FailureReason.BUG, detail=text)
    good = Finding(source=text, outcome=Outcome.FOUND, seconds=1.0, evidence=evidence, checked=text)
    return Briefing(
        incident_id="INC-2026-0042",
        made_at=NOW,
        impact=claims,
        hypotheses=(cause,) * many,
        changes=claims,
        past=claims,
        runbooks=claims,
        steps=(Step(text=text, command=text, evidence=ids),) * many,
        ruled_out=claims,
        not_checked=claims,
        on_call=claims,
        on_call_emails=(),
        findings=(good, *[bad] * many),
    )


def view_of(text: str, many: int, *, gathering: bool = False) -> CardView:
    briefing = hostile_briefing(text, many)
    return CardView(
        incident=incident(text, service=text, alerts=many),
        findings=briefing.findings,
        pending=(text,) * many,
        briefing=None if gathering else briefing,
        picture=Picture(file_id="F01", alt=text),
    )


EXTREMES = {
    "a long line": "x" * 10_000,
    "ampersands": "&" * 10_000,
    "emoji": "\U0001f525" * 3000,
    "right to left": "\u05d0\u05d1 \u202e" * 3000,
    "pings": PING * 200,
    "line breaks": "a\n" * 5000,
    "nothing": "",
    "invisible": "\u200b" * 500,
}


@pytest.mark.parametrize("gathering", [False, True])
@pytest.mark.parametrize("many", [1, 7, 3000])
@pytest.mark.parametrize("name", EXTREMES)
def test_limits_hold_at_the_extremes(name: str, many: int, gathering: bool) -> None:
    message = card(view_of(EXTREMES[name], many, gathering=gathering))
    assert_within_limits(message)
    assert_inert(message)


@pytest.mark.parametrize("name", EXTREMES)
def test_the_verdict_is_never_cut(name: str) -> None:
    verdict = card(view_of(EXTREMES[name], 50)).blocks[1]["text"]["text"]
    assert [line.partition("*")[2].partition(":*")[0] for line in verdict.splitlines()[:3]] == [
        "Most likely",
        "How bad",
        "Do first",
    ]
    assert "(high confidence)" in verdict
    assert "Could not look everywhere" in verdict


@given(
    st.lists(
        st.sampled_from([*PING.split(), "&", "<", ">", "|", "\n", "`", "word"]) | st.text(max_size=8), max_size=40
    ).map(" ".join),
    st.integers(1, 60),
    st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_any_text_stays_within_the_limits_and_pings_nobody(text: str, many: int, gathering: bool) -> None:
    message = card(view_of(text, many, gathering=gathering))
    assert_within_limits(message)
    assert_inert(message)


def test_pings_in_alerts_and_evidence_of_a_real_briefing_stay_text() -> None:
    hostile: list[Fact] = [
        replace(metric("checkout", moved=5, trigger=True), metric=PING),
        replace(log("checkout", f"{PING} timed out", 5), query=PING),
        replace(change("checkout", 7, PING), title=PING, author=PING),
        replace(past("deployment"), title=PING, fix=PING, cause=PING),
        replace(ROLLBACK, title=PING, steps=(PING, f"do `{PING}`"), why=(PING,)),
        replace(ANA, person=PING, policy=PING),
        AlertFact(name=PING, service=PING, since=before(1)),
    ]
    briefing = briefing_of(hostile, failed("logs", FailureReason.NONSENSE, PING), finding("more", checked=PING))
    message = shown(briefing, incident=incident(PING, service=PING, alerts=3), picture=Picture(file_id="F1", alt=PING))
    assert_inert(message)
    assert_within_limits(message)
    assert "&lt;!channel&gt;" in readable(message), "it is shown, not hidden"
