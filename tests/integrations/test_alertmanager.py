import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Delivery, Severity
from bot.domain.errors import BadSignature, SettingsError, UnreadablePayload
from integrations.alertmanager import (
    ALERTS_LIMIT,
    EXAMPLES,
    INTEGRATION,
    AlertmanagerSettings,
    AlertmanagerWebhook,
    expression_of,
)
from integrations.descriptor import WebhookRequest

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
SETTINGS = AlertmanagerSettings(token="t" * 32, user="am", password="w" * 16)
FORMAT = AlertmanagerWebhook(SETTINGS)
FIRING, RESOLVED, CUT = EXAMPLES


def request(body: bytes, **headers: str) -> WebhookRequest:
    return WebhookRequest(headers=headers, body=body, received_at=NOW)


def parse(**changes: Any) -> Delivery:
    """The first example; `changes` go into its alert, those of `group_` into the group."""
    payload = json.loads(FIRING.body)
    for name, value in changes.items():
        if name.startswith("group_"):
            payload[name.removeprefix("group_")] = value
        else:
            payload["alerts"][0][name] = value
    return FORMAT.parse(request(json.dumps(payload).encode()))


def test_a_firing_alert_is_read_whole() -> None:
    (alert,) = FORMAT.parse(request(FIRING.body)).alerts
    assert alert.fingerprint == "5ef77f1f8a3ecfcd"
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.SEV1
    assert alert.title == "checkout answers 8.2 % of its requests with errors"
    assert alert.description == "More than 2 % of requests failed for 5 minutes."
    assert alert.service == "checkout"
    assert alert.started_at == datetime(2026, 3, 4, 9, 12, 43, 214157, tzinfo=UTC)
    assert alert.ended_at is None
    assert alert.query == 'sum(rate(http_requests_total{code=~"5..",job="checkout"}[5m])) > 0.02'
    assert [link.title for link in alert.links] == ["Runbook", "Rule", "Alertmanager"]
    assert alert.labels["alertname"] == "HighErrorRatio"


def test_firing_and_resolved_are_the_same_episode() -> None:
    (fire,), (end,) = (FORMAT.parse(request(example.body)).alerts for example in (FIRING, RESOLVED))
    assert fire.episode == end.episode
    assert end.status is AlertStatus.RESOLVED
    assert end.ended_at == datetime(2026, 3, 4, 9, 31, 13, 214157, tzinfo=UTC)


def test_a_resolved_alert_without_an_end_ended_when_we_heard_of_it() -> None:
    (alert,) = parse(status="resolved").alerts
    assert alert.ended_at == NOW


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_accepted(example: Any) -> None:
    headers = {**example.headers, **example.sign(example.body, SETTINGS)}
    FORMAT.verify(request(example.body, **headers))
    assert FORMAT.parse(request(example.body, **headers)).alerts


def test_alerts_that_alertmanager_cut_are_noted() -> None:
    first, second = FORMAT.parse(request(CUT.body)).alerts
    assert "3 more alerts" in first.description
    assert "more alerts" not in second.description


def test_of_a_huge_group_the_worst_firing_alerts_are_kept() -> None:
    template = json.loads(FIRING.body)["alerts"][0]
    severities = ["info"] * ALERTS_LIMIT + ["critical"]
    alerts = [
        {**template, "fingerprint": f"f{i}", "labels": {"severity": severity}} for i, severity in enumerate(severities)
    ]
    resolved = [{**template, "status": "resolved", "fingerprint": "over", "labels": {"severity": "critical"}}]
    kept = parse(group_alerts=resolved + alerts).alerts
    assert len(kept) == ALERTS_LIMIT
    assert kept[0].severity is Severity.SEV1
    assert "2 more alerts" in kept[0].description
    assert "over" not in {alert.fingerprint for alert in kept}


def test_peers_that_send_the_same_group_in_another_order_send_the_same_delivery() -> None:
    alerts = json.loads(CUT.body)["alerts"]
    assert parse(group_alerts=alerts).key == parse(group_alerts=alerts[::-1], group_externalURL="http://peer-2").key


@pytest.mark.parametrize(
    "change",
    [{"status": "resolved"}, {"startsAt": "2026-03-04T09:20:00Z"}, {"fingerprint": "other"}, {"group_groupKey": "x"}],
    ids=lambda change: next(iter(change)),
)
def test_another_statement_is_another_delivery(change: dict[str, Any]) -> None:
    assert parse(**change).key != parse().key


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"namespace": "shop", "app": "a", "job": "j", "service": "s"}, "s"),
        ({"namespace": "shop", "app": "a", "job": "j"}, "j"),
        ({"namespace": "shop", "app": "a"}, "a"),
        ({"namespace": "shop"}, "shop"),
        ({"service": "  ", "app": "a"}, "a"),
        ({}, None),
    ],
)
def test_the_first_label_that_names_a_service_counts(labels: dict[str, str], service: str | None) -> None:
    assert parse(labels=labels).alerts[0].service == service


def test_the_labels_that_name_a_service_are_a_setting() -> None:
    format = AlertmanagerWebhook(replace(SETTINGS, service_labels=("team",)))
    body = FIRING.body.replace(b'"job"', b'"team"')
    assert format.parse(request(body)).alerts[0].service == "checkout"


def test_without_a_summary_the_alerts_name_is_the_title() -> None:
    assert parse(annotations={}).alerts[0].title == "HighErrorRatio"
    assert parse(annotations={}, labels={}).alerts[0].title == "Alert without a name"


def test_a_severity_nobody_knows_is_the_default() -> None:
    assert parse(labels={"severity": "banana"}).alerts[0].severity is Severity.SEV3


def test_a_start_in_the_future_is_the_time_of_receipt_and_marked() -> None:
    (alert,) = parse(startsAt=(NOW + timedelta(hours=1)).isoformat()).alerts
    assert alert.started_at == NOW
    assert alert.started_at_is_receipt


def test_only_web_addresses_become_links() -> None:
    links = parse(
        annotations={"runbook_url": "javascript:alert(1)"}, generatorURL="/graph", group_externalURL=""
    ).alerts
    assert links[0].links == ()


def test_labels_are_capped_and_the_important_ones_stay() -> None:
    labels = {f"a{number:03}": "x" * 500 for number in range(100)} | {"alertname": "Last", "severity": "critical"}
    (alert,) = parse(labels=labels).alerts
    assert len(alert.labels) == 64
    assert alert.labels["alertname"] == "Last"
    assert alert.labels["labels_cut"] == "39"
    assert max(map(len, alert.labels.values())) <= 200


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("http://p/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "up == 0"),
        ("https://thanos/some/path?g0.expr=up", "up"),
        ("http://p/graph?g0.expr=a%0Ab", "a\nb"),
        ("http://grafana/alerting/grafana/abc/view", None),
        ("http://p/graph?g0.expr=", None),
        ("http://p/graph?g0.expr=a%00b", None),
        ("http://p/graph?g0.expr=" + "x" * 9_000, None),
        ("http://p/graph?" + "a=1&" * 100 + "g0.expr=up", None),
        ("http://[broken?g0.expr=up", None),
        ("", None),
    ],
)
def test_the_expression_is_taken_from_the_link_or_not_at_all(url: str, query: str | None) -> None:
    assert expression_of(url) == query


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("header", ["Bearer " + "t" * 32, "bearer  " + "t" * 32, _basic("am", "w" * 16)])
def test_the_token_or_the_password_is_enough(header: str) -> None:
    FORMAT.verify(request(b"", authorization=header))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer " + "t" * 31,
        "Bearer " + "T" * 32,
        "Basic " + "t" * 32,
        _basic("am", "w"),
        "t" * 32,
        "Bearer é",
    ],
)
def test_other_credentials_are_refused_without_being_repeated(header: str) -> None:
    with pytest.raises(BadSignature) as refused:
        FORMAT.verify(request(b"", authorization=header))
    assert "t" * 31 not in str(refused.value)


def test_a_token_alone_does_not_open_basic_auth() -> None:
    with pytest.raises(BadSignature):
        AlertmanagerWebhook(AlertmanagerSettings(token="t")).verify(request(b"", authorization=_basic("None", "None")))


def test_without_credentials_it_is_not_set_up() -> None:
    assert INTEGRATION.alert_format is not None
    assert INTEGRATION.alert_format(AlertmanagerSettings()) is None
    assert INTEGRATION.alert_format(AlertmanagerSettings(token="t")) is not None


def test_half_of_basic_auth_is_a_mistake_that_is_named() -> None:
    with pytest.raises(SettingsError, match="ALERTMANAGER_PASSWORD is not set"):
        AlertmanagerWebhook(AlertmanagerSettings(user="am"))


@pytest.mark.parametrize("version", ["1", "5"])
def test_other_versions_are_refused_with_the_remedy(version: str) -> None:
    with pytest.raises(UnreadablePayload, match=r"version: expected '4', got .*`payload` unset") as refused:
        parse(group_version=version)
    assert refused.value.field == "version"


def test_an_empty_group_changes_nothing() -> None:
    assert parse(group_alerts=[], group_truncatedAlerts=5).alerts == ()
