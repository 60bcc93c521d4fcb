"""Catalog, runbooks and past incidents as operators write them: what is read, and what is said about mistakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Alert, AlertStatus, Link, Severity
from bot.domain.catalog import Catalog, Service
from bot.domain.context import ContextRequest
from bot.domain.errors import ConfigFileError
from bot.domain.evidence import RunbookFact, ServiceFact, SignalKind
from memory.catalog import CatalogSource, load_catalog, warnings
from memory.history import load_history
from memory.runbooks import RunbookSource, load_runbooks

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]

CATALOG = """
services:
  checkout:
    owner: payments-team
    tier: 1
    depends_on: [payments, cart]
    repository: acme/checkout
    links:
      - {title: Dashboard, url: "https://grafana.example/d/checkout"}
    runbooks: [roll-back]
    signals:
      - name: error ratio
        kind: errors
        unit: ratio
        query: sum(rate(errors[2m]))
        limit: 0.05
  cart:
  storefront:
    depends_on: [checkout]
"""
RUNBOOK = """
id: roll-back
title: Go back
owner: payments-team
link: https://runbooks.example/roll-back
trigger:
  alerts: [HighErrorRatio]
  words: [deployment, 503]
steps:
  - title: Look
  - title: Go back
    command: deployctl undo checkout
"""
HISTORY = """
id: INC-2026-0001
title: Checkout failed
service: checkout
started_at: 2026-02-01 10:00:00
minutes: 38
cause: v2 was broken
cause_kind: deployment
fix: Went back
symptoms: KeyError
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_(text: str, name: str = "file.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write_


def request(service: Service | None = None, name: str | None = "checkout", **labels: str) -> ContextRequest:
    alert = Alert(
        source="alertmanager",
        fingerprint="f",
        status=AlertStatus.FIRING,
        severity=Severity.SEV1,
        title="Requests fail after a deployment",
        started_at=NOW,
        service=name,
        labels=labels,
    )
    return ContextRequest(incident_id="INC-2026-0042", alerts=(alert,), onset=NOW, now=NOW, service=service)


def test_a_catalog_is_read_whole(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(CATALOG))
    checkout = catalog.services["checkout"]
    assert (checkout.owner, checkout.tier, checkout.depends_on) == ("payments-team", 1, ("payments", "cart"))
    assert checkout.links == (Link(title="Dashboard", url="https://grafana.example/d/checkout"),)
    assert checkout.signals[0].kind is SignalKind.ERRORS
    assert checkout.signals[0].limit == 0.05
    assert catalog.services["cart"] == Service(name="cart")


def test_a_dependency_that_is_not_described_is_a_warning_with_the_nearest_name(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write("services: {checkout: {depends_on: [payment]}, payments: {}}"))
    assert warnings(catalog) == (
        "checkout depends on payment, which the catalog does not describe; nearest names: payments",
    )


def test_anchors_and_merges_are_understood(write: Callable[..., Path]) -> None:
    text = "services:\n  a: &base\n    owner: team\n    tier: 2\n  b:\n    <<: *base\n    tier: 3\n"
    assert load_catalog(write(text)).services["b"] == Service(name="b", owner="team", tier=3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("services:\n  a:\n    onwer: x", r"line 3: services\.a\.onwer: is not a known field; did you mean owner\?"),
        ("services:\n  a:\n    tier: high", r"line 3: services\.a\.tier: a whole number is expected, not 'high'"),
        ("services:\n  a:\n    tier: 0", r"line 3: services\.a\.tier: tiers are counted from 1"),
        ("services:\n  a:\n    owner: no", r'services\.a\.owner: .*reads this as False; write "no" with quotes'),
        ("services:\n  a:\n    owner: [x]", r"services\.a\.owner: a text is expected"),
        ("services:\n  a:\n    depends_on: x", r"services\.a\.depends_on: a list is expected"),
        ("services:\n  a:\n    repository: x", r"line 3: .*'x' is no repository; write it as owner/name"),
        ("services:\n  a:\n    links: [{title: x}]", r"services\.a\.links\[0\]: url is missing; add `url: \.\.\.`"),
        ("services:\n  a:\n    links: [{title: x, url: ftp://x}]", r"links\[0\]\.url: .*begins with https://"),
        (
            "services:\n  a:\n    signals:\n      - {name: x, kind: error, query: up}",
            r"line 4: services\.a\.signals\[0\]\.kind: 'error' is not known; did you mean errors\?",
        ),
        ("services:\n  a:\n    signals: [{name: x, kind: errors}]", r"signals\[0\]: query is missing"),
        (
            "services:\n  a:\n    signals: [{name: x, kind: errors, query: up, limit: many}]",
            r"signals\[0\]\.limit: a number is expected, not 'many'",
        ),
        ("services:\n  a: {}\n  a: {}", r"line 3: services\.a: is there twice"),
        ("services: [a]", r"services: a mapping is expected"),
        ("servces: {}", r"did you mean services\?"),
        ("services:\n  a: {owner: 'x}", r"line \d: .*check indentation"),
        ("services:\n\ta: x", r"line 2: .*check indentation"),
        ("- a", r"a mapping is expected"),
        ("", r"a mapping is expected"),
        ("services: !!python/object:os.system {}", r"could not determine a constructor"),
        ("services:\n  a: &x\n    owner: *nobody", r"line 3: .*undefined alias"),
    ],
)
def test_a_mistake_in_the_catalog_is_told_with_place_and_remedy(
    write: Callable[..., Path], text: str, says: str
) -> None:
    path = write(text, "services.yaml")
    with pytest.raises(ConfigFileError, match=says) as raised:
        load_catalog(path)
    assert str(raised.value).startswith(str(path))


def test_files_that_are_not_there_or_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="there is no such file"):
        load_catalog(tmp_path / "none.yaml")
    with pytest.raises(ConfigFileError, match="there is no such folder"):
        load_runbooks(tmp_path / "none")
    (tmp_path / "latin.yaml").write_bytes(b"services: {caf\xe9: {}}")
    with pytest.raises(ConfigFileError, match="UTF-8"):
        load_catalog(tmp_path / "latin.yaml")
    with pytest.raises(ConfigFileError, match="cannot be read"):
        load_catalog(tmp_path)


async def test_the_catalog_tells_who_owns_it_and_what_depends_on_what(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(CATALOG))
    answer = await CatalogSource(catalog).look(request(catalog.find("checkout")))
    (evidence,) = answer.evidence
    assert evidence.fact == ServiceFact(
        service="checkout",
        owner="payments-team",
        tier=1,
        depends_on=("payments", "cart"),
        dependants=("storefront",),
        known=True,
    )
    assert evidence.text == (
        "checkout (tier 1) belongs to payments-team; it depends on payments, cart; storefront depends on it."
    )
    assert evidence.link == "https://grafana.example/d/checkout"


async def test_an_unknown_service_is_told_with_the_nearest_names(write: Callable[..., Path]) -> None:
    source = CatalogSource(load_catalog(write(CATALOG)))
    (evidence,) = (await source.look(request(name="Chekout"))).evidence
    assert isinstance(evidence.fact, ServiceFact)
    assert not evidence.fact.known
    assert evidence.text == "Chekout is not in the service catalog; nearest names: checkout."


async def test_a_name_in_another_form_is_told_with_what_it_was_taken_for(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(CATALOG))
    for service in (catalog.find("checkout-7c9f8d6b5-x2x4p"), None):
        (evidence,) = (await CatalogSource(catalog).look(request(service, name="checkout-7c9f8d6b5-x2x4p"))).evidence
        assert isinstance(evidence.fact, ServiceFact)
        assert (evidence.fact.service, evidence.fact.known) == ("checkout", True)
        assert evidence.text.endswith(
            "storefront depends on it. checkout-7c9f8d6b5-x2x4p is taken for checkout: a Kubernetes name of it."
        )


async def test_a_label_tells_the_service_where_its_name_does_not(write: Callable[..., Path]) -> None:
    source = CatalogSource(load_catalog(write(CATALOG)))
    (evidence,) = (await source.look(request(name="node-exporter", app="cart"))).evidence
    assert evidence.text.endswith("app=cart is taken for cart: another label of the alert.")
    (evidence,) = (await source.look(request(name=None, deployment="cart"))).evidence
    assert isinstance(evidence.fact, ServiceFact)
    assert evidence.fact.service == "cart"


async def test_a_name_that_may_be_two_is_not_taken_for_one(write: Callable[..., Path]) -> None:
    source = CatalogSource(load_catalog(write("services: {Cart: {}, ca-rt: {}}")))
    (evidence,) = (await source.look(request(name="CART"))).evidence
    assert evidence.text == "CART is not in the service catalog; it may be Cart or ca-rt."


async def test_the_owners_channel_is_told(write: Callable[..., Path]) -> None:
    source = CatalogSource(load_catalog(write("services: {checkout: {owner: pay, channels: [pay-help]}}")))
    (evidence,) = (await source.look(request())).evidence
    assert evidence.text == "checkout belongs to pay (#pay-help); it depends on nothing."


async def test_without_a_service_or_a_catalog_there_is_nothing_to_ask(write: Callable[..., Path]) -> None:
    assert (await CatalogSource(load_catalog(write(CATALOG))).look(request(name=None))).skipped
    assert (await CatalogSource(Catalog()).look(request())).skipped


def test_a_runbook_is_read_whole(write: Callable[..., Path]) -> None:
    (runbook,) = load_runbooks(write(RUNBOOK).parent)
    assert (runbook.id, runbook.trigger.alerts, runbook.trigger.words) == (
        "roll-back",
        ("HighErrorRatio",),
        ("deployment", "503"),
    )
    assert [step.command for step in runbook.steps] == ["", "deployctl undo checkout"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("id: roll-back", ""), "id is missing"),
        (("alerts:", "alert:"), r"trigger\.alert: is not a known field; did you mean alerts\?"),
        (("    command: deployctl undo checkout", "    comand: x"), r"steps\[1\]\.comand.*did you mean command\?"),
        (("https://runbooks.example/roll-back", "javascript:alert(1)"), "is no web address"),
        (("503", "yes"), r'trigger\.words\[1\]: .* write "yes" with quotes'),
    ],
)
def test_a_mistake_in_a_runbook_is_told(write: Callable[..., Path], change: tuple[str, str], says: str) -> None:
    with pytest.raises(ConfigFileError, match=says):
        load_runbooks(write(RUNBOOK.replace(*change)).parent)


def test_a_runbook_without_steps_or_with_the_id_of_another_is_told(write: Callable[..., Path]) -> None:
    with pytest.raises(ConfigFileError, match="steps are missing"):
        load_runbooks(write("id: a\ntitle: b").parent)
    write(RUNBOOK, "file.yaml")
    write(RUNBOOK, "other.yml")
    with pytest.raises(ConfigFileError, match=r"other\.yml, line 2: id: roll-back is also the id of .*file\.yaml"):
        load_runbooks(write(RUNBOOK, "notes.txt").parent)


async def test_a_runbook_that_fits_comes_with_its_reason_and_its_commands_verbatim(write: Callable[..., Path]) -> None:
    source = RunbookSource(load_runbooks(write(RUNBOOK).parent))
    answer = await source.look(request(alertname="HighErrorRatio"))
    (evidence,) = answer.evidence
    assert evidence.fact == RunbookFact(
        runbook="roll-back",
        title="Go back",
        why=("alert HighErrorRatio", "word deployment"),
        steps=("Look", "Go back: `deployctl undo checkout`"),
        score=1.0,
        owner="payments-team",
    )
    assert evidence.link == "https://runbooks.example/roll-back"
    assert answer.checked == "1 runbook"


async def test_no_runbook_fits_and_no_runbook_there_are_different(write: Callable[..., Path]) -> None:
    text = RUNBOOK.replace("deployment", "certificate")
    nothing = await RunbookSource(load_runbooks(write(text).parent)).look(request())
    assert (nothing.evidence, nothing.skipped, nothing.checked) == ((), "", "1 runbook")
    assert (await RunbookSource(()).look(request())).skipped == "there are no runbooks"


def test_a_past_incident_is_read_whole(write: Callable[..., Path]) -> None:
    (past,) = load_history(write(HISTORY).parent, NOW)
    assert past.started_at == datetime(2026, 2, 1, 10, 0, tzinfo=UTC)
    assert (past.minutes, past.cause_kind, past.fix) == (38, "deployment", "Went back")


@pytest.mark.parametrize(
    ("written", "is_then"),
    [
        ("days_ago: 2.5", NOW - timedelta(days=2.5)),
        ("started_at: 2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("started_at: '2026-02-01T10:00:00+02:00'", datetime(2026, 2, 1, 8, 0, tzinfo=UTC)),
        ("started_at: 2026-02-01T10:00:00+02:00", datetime(2026, 2, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_when_a_past_incident_was_may_be_written_in_several_ways(
    write: Callable[..., Path], written: str, is_then: datetime
) -> None:
    (past,) = load_history(write(HISTORY.replace("started_at: 2026-02-01 10:00:00", written)).parent, NOW)
    assert past.started_at == is_then


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("started_at: 2026-02-01 10:00:00", ""), "started_at is missing"),
        (("started_at: 2026-02-01 10:00:00", "started_at: yesterday"), "started_at: a time is expected"),
        (("minutes: 38", "days_ago: 3"), "keep one"),
        (("minutes: 38", "minutes: long"), "minutes: a whole number"),
        (("cause_kind: deployment", "cause_kind: deploy"), r"'deploy' is not known; did you mean deployment\?"),
    ],
)
def test_a_mistake_in_a_past_incident_is_told(write: Callable[..., Path], change: tuple[str, str], says: str) -> None:
    with pytest.raises(ConfigFileError, match=says):
        load_history(write(HISTORY.replace(*change)).parent, NOW)


def test_what_is_shipped_can_be_read() -> None:
    catalog = load_catalog(ROOT / "config" / "services.yaml")
    runbooks = load_runbooks(ROOT / "runbooks")
    assert len(runbooks) >= 5
    assert warnings(catalog) == ()
    listed = {name for service in catalog.services.values() for name in service.runbooks}
    assert listed <= {runbook.id for runbook in runbooks}
