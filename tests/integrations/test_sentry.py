import json
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import BadSignature
from integrations.best_effort import PROBLEM
from integrations.sentry import EXAMPLES, INTEGRATION, SentrySettings, SentryWebhook
from integrations.signature import hex_hmac
from tests.integrations.vendors import SECRET, SETTINGS, changed, of, only, parse, request

ISSUE_ALERT, ISSUE_RESOLVED, METRIC, METRIC_RESOLVED, INSTALLED = EXAMPLES


def event(**changes: Any) -> Any:
    body = changed(ISSUE_ALERT.body, lambda payload: payload["data"]["event"].update(changes))
    return only("sentry", body, ISSUE_ALERT.headers)


def test_an_issue_alert_is_read_whole() -> None:
    alert = of("sentry", ISSUE_ALERT)
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.SEV2)
    assert alert.title == "PaymentError: the provider answered 502"
    assert (alert.service, alert.environment) == ("checkout", "production")  # the project, from the event's address
    assert alert.started_at.isoformat() == "2026-03-04T09:12:43.951000+00:00"
    assert alert.description == "In shop.checkout.pay"
    assert alert.labels["release"] == "checkout@2.41.0"
    assert alert.labels["rule"] == "Payments fail"
    assert [link.title for link in alert.links] == ["Sentry"]


def test_resolving_the_issue_ends_the_alert_of_the_rule() -> None:
    fire, end = of("sentry", ISSUE_ALERT), of("sentry", ISSUE_RESOLVED)
    assert fire.fingerprint == end.fingerprint == "issue 1117540176"
    assert (end.status, end.service) == (AlertStatus.RESOLVED, "checkout")
    assert end.ended_at is not None
    assert end.ended_at >= fire.started_at


def test_a_tag_that_names_the_service_counts_before_the_project() -> None:
    assert event(tags=[["service", "payments"], ["odd"], ["empty", None]]).service == "payments"


@pytest.mark.parametrize("url", [None, "", "https://[broken", "https://sentry.example/projects/", "projects"])
def test_without_a_project_in_the_address_there_is_no_service(url: str | None) -> None:
    assert event(url=url).service is None


def test_a_metric_alert_and_its_end_are_one_episode() -> None:
    fire, end = of("sentry", METRIC), of("sentry", METRIC_RESOLVED)
    assert (fire.severity, fire.service, fire.title) == (Severity.SEV1, "checkout", "Critical: Too many errors")
    assert fire.episode == end.episode
    assert end.ended_at is not None
    assert end.ended_at.isoformat() == "2026-03-04T09:40:00+00:00"


def test_what_says_nothing_about_a_condition_is_ignored() -> None:
    assert parse("sentry", INSTALLED.body, INSTALLED.headers).alerts == ()
    for resource in ("comment", "error"):
        assert parse("sentry", b"{}", {"sentry-hook-resource": resource}).alerts == ()
    assigned = changed(ISSUE_RESOLVED.body, lambda payload: payload.update(action="assigned"))
    assert parse("sentry", assigned, ISSUE_RESOLVED.headers).alerts == ()


def test_the_request_id_names_the_delivery() -> None:
    one = parse("sentry", ISSUE_ALERT.body, {**ISSUE_ALERT.headers, "request-id": "1"})
    again = parse("sentry", ISSUE_ALERT.body + b" ", {**ISSUE_ALERT.headers, "request-id": "1"})
    other = parse("sentry", ISSUE_ALERT.body, {**ISSUE_ALERT.headers, "request-id": "2"})
    assert one.key == again.key != other.key


def test_another_shape_is_read_as_well_as_it_can_be() -> None:
    body = {"id": "46", "project": "frontend", "level": "error", "message": "Failed", "event": {"title": "Failed"}}
    alert = only("sentry", json.dumps(body).encode())
    assert (alert.title, alert.service, alert.severity) == ("Failed", "frontend", Severity.SEV2)
    assert alert.labels[PROBLEM].startswith("action: is missing")
    without = event(issue_id=" ")
    assert "id is empty" in without.labels[PROBLEM]


def test_any_of_several_secrets_signs_and_no_other() -> None:
    format = SentryWebhook(SETTINGS["sentry"])
    for secret in ("o" * 32, SECRET):
        format.verify(request(b"{}", {"sentry-hook-signature": hex_hmac(secret, b"{}")}))
    for signature in ("", "x", hex_hmac("x", b"{}"), hex_hmac(SECRET, b"{ }")):
        with pytest.raises(BadSignature):
            format.verify(request(b"{}", {"sentry-hook-signature": signature}))


def test_without_a_secret_it_is_not_set_up() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(SentrySettings()) is None
