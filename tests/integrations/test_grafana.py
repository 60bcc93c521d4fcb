import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import BadSignature, SettingsError
from integrations.best_effort import PROBLEM
from integrations.grafana import EXAMPLES, INTEGRATION, GrafanaSettings, GrafanaWebhook
from integrations.signature import hex_hmac
from tests.integrations.vendors import RECEIVED, SECRET, TOKEN, changed, of, only, parse, request

FIRING, RESOLVED = EXAMPLES


def alert_with(**changes: Any) -> Any:
    return only("grafana", changed(FIRING.body, lambda payload: payload["alerts"][0].update(changes)))


def test_a_firing_alert_is_read_whole() -> None:
    alert = of("grafana", FIRING)
    assert (alert.fingerprint, alert.status, alert.severity) == ("57c6d9296de2ad39", AlertStatus.FIRING, Severity.SEV1)
    assert (alert.title, alert.service) == ("checkout answers in 2.4 s", "checkout")
    assert alert.started_at == datetime(2026, 3, 4, 9, 12, 40, tzinfo=UTC)
    assert [link.title for link in alert.links] == ["Runbook", "Dashboard", "Panel", "Rule", "Silence", "Grafana"]
    assert alert.labels["value_B"] == "2.4"
    assert alert.query is None


def test_firing_and_resolved_are_the_same_episode() -> None:
    fire, end = of("grafana", FIRING), of("grafana", RESOLVED)
    assert fire.episode == end.episode
    assert (end.status, end.ended_at) == (AlertStatus.RESOLVED, datetime(2026, 3, 4, 9, 31, 10, tzinfo=UTC))


def test_a_rule_without_data_keeps_its_own_name() -> None:
    alert = alert_with(labels={"alertname": "DatasourceNoData", "rulename": "Checkout latency"}, annotations={})
    assert alert.title == "Checkout latency: DatasourceNoData"


def test_values_that_are_null_are_left_out() -> None:
    assert "value_B" not in alert_with(values={"B": None, "C": 1}).labels
    assert alert_with(values=None).title


def test_one_odd_alert_costs_the_others_nothing() -> None:
    def spoil(payload: dict[str, Any]) -> None:
        payload["alerts"].append({**payload["alerts"][0], "startsAt": 7, "fingerprint": "other"})

    good, odd = parse("grafana", changed(FIRING.body, spoil)).alerts
    assert good.title == "checkout answers in 2.4 s"
    assert odd.labels[PROBLEM].startswith("alerts[1].startsAt: expected `str`")
    assert (odd.status, odd.service, odd.fingerprint) == (AlertStatus.FIRING, "checkout", "other")


def test_peers_that_send_the_same_group_send_the_same_delivery() -> None:
    twice = changed(FIRING.body, lambda payload: payload.update(externalURL="https://peer.example/", title="x"))
    assert parse("grafana", twice).key == parse("grafana", FIRING.body).key != parse("grafana", RESOLVED.body).key


def test_a_cut_group_says_so() -> None:
    alert = only("grafana", changed(FIRING.body, lambda payload: payload.update(truncatedAlerts=3)))
    assert "3 more alerts" in alert.description


def test_a_custom_payload_is_read_as_well_as_it_can_be() -> None:
    alert = only("grafana", json.dumps({"title": "CPU", "severity": "critical", "host": "db-3"}).encode())
    assert (alert.title, alert.severity, alert.service) == ("CPU", Severity.SEV1, "db-3")
    assert alert.labels[PROBLEM].startswith("groupKey: is missing")


class TestHmac:
    SETTINGS = GrafanaSettings(hmac_secret=SECRET)
    NAME = "x-grafana-alerting-signature"

    def verify(self, settings: GrafanaSettings, **headers: str) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        GrafanaWebhook(settings).verify(request(b"{}", sent))

    def test_of_the_body(self) -> None:
        self.verify(self.SETTINGS, x_grafana_alerting_signature=hex_hmac(SECRET, b"{}"))

    def test_under_a_header_of_another_name(self) -> None:
        self.verify(replace(self.SETTINGS, hmac_header="X-Mine"), x_mine=hex_hmac(SECRET, b"{}"))

    def test_of_time_and_body(self) -> None:
        settings = replace(self.SETTINGS, hmac_timestamp_header="X-Stamp")
        stamp = str(int(RECEIVED.timestamp()) - 299)
        signature = hex_hmac(SECRET, f"{stamp}:".encode() + b"{}")
        self.verify(settings, x_grafana_alerting_signature=signature, x_stamp=stamp)
        with pytest.raises(BadSignature, match="does not match"):
            self.verify(settings, x_grafana_alerting_signature=hex_hmac(SECRET, b"{}"), x_stamp=stamp)

    @pytest.mark.parametrize("off", [-301, 301])
    def test_an_old_message_is_refused(self, off: int) -> None:
        settings = replace(self.SETTINGS, hmac_timestamp_header="X-Stamp")
        stamp = str(int(RECEIVED.timestamp()) + off)
        signature = hex_hmac(SECRET, f"{stamp}:".encode() + b"{}")
        with pytest.raises(BadSignature, match="300 s away"):
            self.verify(settings, x_grafana_alerting_signature=signature, x_stamp=stamp)

    @pytest.mark.parametrize("stamp", ["", "soon", "-1", "9" * 30])
    def test_a_time_that_is_none_is_refused(self, stamp: str) -> None:
        settings = replace(self.SETTINGS, hmac_timestamp_header="X-Stamp")
        with pytest.raises(BadSignature, match="X-Stamp is missing or no unix time"):
            self.verify(settings, x_grafana_alerting_signature="x", x_stamp=stamp)

    def test_beside_a_token_both_are_asked_for(self) -> None:
        settings = replace(self.SETTINGS, token=TOKEN)
        with pytest.raises(BadSignature, match="Authorization is missing"):
            self.verify(settings, x_grafana_alerting_signature=hex_hmac(SECRET, b"{}"))


def test_a_token_or_a_password_alone_is_enough() -> None:
    format = GrafanaWebhook(GrafanaSettings(token=TOKEN, user="grafana", password="w" * 16))
    pair = base64.b64encode(f"grafana:{'w' * 16}".encode()).decode()
    for header in (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {pair}"):
        format.verify(request(b"{}", {"authorization": header}))


def test_without_credentials_it_is_not_set_up_and_half_of_them_is_a_mistake() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(GrafanaSettings()) is None
    with pytest.raises(SettingsError, match="GRAFANA_WEBHOOK_PASSWORD is not set"):
        make(GrafanaSettings(user="grafana"))
