from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.catalog import Service
from bot.domain.runbook import Runbook, RunbookStep, Trigger
from bot.domain.runbook_match import MOST, RunbookMatch, match_runbooks

CHECKOUT = Service(name="checkout", depends_on=("payments",), runbooks=("listed",))


def alert(title: str = "Something is wrong", name: str = "", service: str | None = "checkout") -> Alert:
    return Alert(
        source="alertmanager",
        fingerprint="f",
        status=AlertStatus.FIRING,
        severity=Severity.SEV2,
        title=title,
        started_at=datetime(2026, 3, 4, tzinfo=UTC),
        service=service,
        labels={"alertname": name} if name else {},
    )


def runbook(
    id: str, *, alerts: tuple[str, ...] = (), services: tuple[str, ...] = (), words: tuple[str, ...] = ()
) -> Runbook:
    trigger = Trigger(alerts=alerts, services=services, words=words)
    return Runbook(id=id, title=id, owner="", trigger=trigger, steps=(RunbookStep(title="Look"),))


def match(*runbooks: Runbook, alert: Alert, service: Service | None = CHECKOUT) -> list[RunbookMatch]:
    return list(match_runbooks(runbooks, (alert,), service))


def test_the_exact_name_of_the_alert_wins_outright() -> None:
    wordy = runbook("wordy", services=("checkout",), words=("pool", "connections", "exhausted"))
    named = runbook("named", alerts=("PoolExhausted",))
    found = match(wordy, named, alert=alert("Connections of the pool are exhausted", "PoolExhausted"))
    assert [m.runbook.id for m in found] == ["named", "wordy"]
    assert found[0].score == 1.0
    assert found[0].why == ("alert PoolExhausted",)


def test_part_of_an_alert_name_is_no_match() -> None:
    assert match(runbook("a", alerts=("PoolExhausted",)), alert=alert("x", "PoolExhaustedSoon")) == []


def test_what_the_catalog_lists_comes_before_what_merely_fits() -> None:
    fits = runbook("fits", services=("checkout",), words=("slow",))
    found = match(fits, runbook("listed"), alert=alert("Answers are slow"))
    assert [m.runbook.id for m in found] == ["listed", "fits"]
    assert found[0].why == ("listed for checkout in the catalog",)


def test_words_are_found_in_camel_case_in_other_forms_and_as_phrases() -> None:
    book = runbook("a", words=("database connections", "time-out", "leak"))
    (found,) = match(book, alert=alert("Timeouts while connecting", "DatabaseConnectionsHigh"))
    assert found.why == ("words database connections, time-out",)
    assert match(runbook("a", words=("connection database",)), alert=alert("database connections")) == []


def test_more_words_are_a_better_match() -> None:
    one, two = runbook("one", words=("disk", "tape")), runbook("two", words=("disk", "full"))
    assert [m.runbook.id for m in match(one, two, alert=alert("The disk is full"))] == ["two", "one"]


def test_the_service_and_words_raise_each_other() -> None:
    both = runbook("both", services=("checkout",), words=("slow",))
    service = runbook("service", services=("checkout",), words=("certificate",))
    words = runbook("words", words=("slow",))
    found = match(words, service, both, alert=alert("Answers are slow"))
    assert [m.runbook.id for m in found] == ["both", "service", "words"]
    assert found[0].why == ("service checkout", "word slow")


def test_a_runbook_of_another_service_needs_more_than_words() -> None:
    other = runbook("other", services=("search",), words=("slow", "latency", "answers"))
    assert match(other, alert=alert("Answers are slow, latency is up")) == []


def test_a_runbook_of_something_it_calls_fits_with_its_words() -> None:
    below = runbook("below", services=("payments",), words=("declined",))
    (found,) = match(below, alert=alert("Cards are declined"))
    assert found.why == ("checkout depends on payments", "word declined")
    assert match(below, alert=alert("Something else")) == []


def test_a_service_that_the_catalog_does_not_know_still_counts() -> None:
    (found,) = match(runbook("a", services=("checkout",)), alert=alert(), service=None)
    assert found.why == ("service checkout",)


def test_nothing_fits_is_an_answer_and_more_than_three_are_cut() -> None:
    assert match(runbook("a", words=("certificate",)), runbook("empty"), alert=alert()) == []
    many = [runbook(f"r{n}", words=("slow",)) for n in range(9)]
    assert [m.runbook.id for m in match(*many, alert=alert("slow"))] == ["r0", "r1", "r2"]
    assert MOST == 3
