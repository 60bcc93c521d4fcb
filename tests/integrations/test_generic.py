import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.errors import BadSignature, SettingsError
from integrations.descriptor import WebhookRequest
from integrations.generic import EXAMPLES, INTEGRATION, GenericSettings, GenericWebhook
from integrations.signature import hex_hmac

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
SECRET, OLD = "s" * 32, "o" * 32
SETTINGS = GenericSettings(secrets=(OLD, SECRET))


def request(body: bytes, at: datetime = NOW, **headers: str) -> WebhookRequest:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=sent, body=body, received_at=at)


def parse(payload: Any, *, mapping: str = "") -> Alert:
    format = GenericWebhook(replace(SETTINGS, field_mapping=mapping))
    (alert,) = format.parse(request(json.dumps(payload).encode())).alerts
    return alert


def key(payload: Any, at: datetime = NOW, **headers: str) -> str:
    return GenericWebhook(SETTINGS).parse(request(json.dumps(payload).encode(), at, **headers)).key


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_accepted(example: Any) -> None:
    headers = {**example.headers, **example.sign(example.body, SETTINGS)}
    format = GenericWebhook(SETTINGS)
    sent = WebhookRequest(headers=headers, body=example.body, received_at=NOW)
    format.verify(sent)
    assert format.parse(sent).alerts


def test_the_usual_names_are_found() -> None:
    alert = parse(json.loads(EXAMPLES[0].body))
    assert alert.title == "Disk of db-3 is 96 % full"
    assert alert.severity is Severity.SEV1
    assert alert.service == "orders-db"
    assert alert.status is AlertStatus.FIRING
    assert alert.fingerprint == "disk-db-3"
    assert alert.started_at == datetime(2026, 3, 4, 9, 12, 43, tzinfo=UTC)
    assert alert.links[0].url == "https://monitor.example/checks/disk-db-3"
    assert alert.labels == {"host": "db-3", "mount": "/var/lib/postgresql"}


def test_firing_and_resolved_are_the_same_episode() -> None:
    fire, end = (parse(json.loads(example.body)) for example in EXAMPLES[:2])
    assert fire.episode == end.episode
    assert end.ended_at == datetime(2026, 3, 4, 9, 40, tzinfo=UTC)


def test_other_names_are_a_setting() -> None:
    mapping = {
        "title": "alerts.0.rule.name",
        "severity": ["nowhere", "alerts.0.level"],
        "service": "dotted.name",
        "fingerprint": "alerts.0.id",
    }
    payload = {"alerts": [{"rule": {"name": "Slow"}, "level": "P2", "id": 17}], "dotted.name": "search", "title": "no"}
    alert = parse(payload, mapping=json.dumps(mapping))
    assert (alert.title, alert.severity, alert.service, alert.fingerprint) == ("Slow", Severity.SEV2, "search", "17")


@pytest.mark.parametrize(
    "mapping",
    ["{", "[]", '{"title": 3}', '{"titel": "x"}'],
    ids=["no JSON", "no object", "wrong type", "unknown field"],
)
def test_a_wrong_mapping_is_named_at_start(mapping: str) -> None:
    with pytest.raises(SettingsError, match="GENERIC_FIELD_MAPPING"):
        GenericWebhook(replace(SETTINGS, field_mapping=mapping))


def test_what_is_not_found_falls_back() -> None:
    alert = parse({"count": 3, "nested": {"deeper": "no"}, "note": "Backup failed"})
    assert alert.title == "Backup failed"
    assert alert.severity is Severity.SEV3
    assert alert.status is AlertStatus.FIRING
    assert (alert.service, alert.query, alert.links) == (None, None, ())
    assert (alert.started_at, alert.started_at_is_receipt) == (NOW, True)


def test_an_object_without_any_text_is_still_an_alert() -> None:
    assert parse({}).title == "Alert without a title"


def test_without_a_usual_name_the_outermost_text_is_the_title() -> None:
    assert parse({"a": {"b": {"c": {"d": "deep"}}}, "n": [1, {"name": "HighCPU"}]}).title == "HighCPU"


def test_alerts_of_which_nothing_is_found_are_never_taken_for_one() -> None:
    one, again, other = (parse({"Message": {"Threshold": number}}) for number in (80, 80, 90))
    assert one.title == other.title == "Alert without a title"
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_without_an_id_the_title_and_the_service_are_the_identity() -> None:
    one, again, other = (parse({"title": "Down", "service": s, "n": n}) for s, n in (("a", 1), ("a", 2), ("b", 1)))
    assert one.fingerprint == again.fingerprint != other.fingerprint


@pytest.mark.parametrize("word", ["resolved", "OK", "Recovered", "closed", "normal"])
def test_words_that_mean_it_is_over(word: str) -> None:
    alert = parse({"title": "x", "state": word})
    assert alert.status is AlertStatus.RESOLVED
    assert alert.ended_at == NOW


@pytest.mark.parametrize("word", ["firing", "ALERT", "down", "acknowledged", "", 1, None, True])
def test_everything_else_means_it_burns(word: Any) -> None:
    assert parse({"title": "x", "status": word}).status is AlertStatus.FIRING


@pytest.mark.parametrize("time", ["yesterday", -5, True, "2190-01-01T00:00:00Z", 0, "", None, 1e300])
def test_a_time_that_cannot_be_used_is_the_time_of_receipt(time: Any) -> None:
    alert = parse({"title": "x", "timestamp": time})
    assert (alert.started_at, alert.started_at_is_receipt) == (NOW, True)


def test_any_of_several_secrets_signs() -> None:
    format = GenericWebhook(SETTINGS)
    for secret in (SECRET, OLD):
        format.verify(request(b"{}", x_signature=f"sha256={hex_hmac(secret, b'{}')}"))


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + hex_hmac(SECRET, b"{}"), hex_hmac(SECRET, b"{}"), "sha256=é"],
)
def test_other_signatures_are_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        GenericWebhook(SETTINGS).verify(request(b"{}", x_signature=header))


class TestTimestampWindow:
    """With GENERIC_TIMESTAMP_WINDOW, what was recorded cannot be sent again later."""

    FORMAT = GenericWebhook(replace(SETTINGS, timestamp_window=300))

    def sent(self, stamp: str, *, signed_stamp: str | None = None) -> WebhookRequest:
        signature = hex_hmac(SECRET, (signed_stamp or stamp).encode() + b"." + b"{}")
        return request(b"{}", x_timestamp=stamp, x_signature=f"sha256={signature}")

    @pytest.mark.parametrize("off", [-300, 0, 300])
    def test_within_it_is_accepted(self, off: int) -> None:
        self.FORMAT.verify(self.sent(str(int(NOW.timestamp()) + off)))

    @pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 30, "٣", str(int(NOW.timestamp()) - 301)])
    def test_outside_it_is_refused(self, stamp: str) -> None:
        with pytest.raises(BadSignature, match="X-Timestamp"):
            self.FORMAT.verify(self.sent(stamp))

    def test_the_timestamp_is_signed(self) -> None:
        now = int(NOW.timestamp())
        with pytest.raises(BadSignature, match="does not match"):
            self.FORMAT.verify(self.sent(str(now), signed_stamp=str(now - 10_000)))


def test_the_same_bytes_are_the_same_delivery() -> None:
    timed = {"title": "x", "timestamp": "2026-03-04T09:00:00Z"}
    assert key(timed) == key(timed, NOW + timedelta(days=2))
    assert key(timed) != key({**timed, "n": 1})


def test_bytes_without_a_time_are_the_same_for_minutes_only() -> None:
    untimed = {"title": "disk full"}
    assert key(untimed) == key(untimed, NOW + timedelta(minutes=4))
    assert key(untimed) != key(untimed, NOW + timedelta(days=2))


def test_a_sender_may_name_its_deliveries() -> None:
    assert key({"title": "a"}, x_delivery_id="1") == key({"title": "a"}, NOW + timedelta(days=2), x_delivery_id="1")
    assert key({"title": "a"}, x_delivery_id="1") != key({"title": "a"}, x_delivery_id="2")


def test_without_secrets_it_is_not_set_up() -> None:
    assert INTEGRATION.alert_format is not None
    assert INTEGRATION.alert_format(GenericSettings()) is None
    assert INTEGRATION.alert_format(SETTINGS) is not None


def test_of_an_unknown_shape_the_whole_body_is_kept() -> None:
    alert = parse({"incident": {"summary": "Slow", "details": "p95 is 2 s"}, "odd": ["kept", {"as": "well"}]})
    assert (alert.title, alert.description[:10]) == ("Slow", "p95 is 2 s")
    assert '{"as": "well"}' in alert.description
    assert parse({"title": "Slow", "description": "p95 is 2 s", "n": 1}).description == "p95 is 2 s"


def test_a_body_of_a_megabyte_is_kept_cut() -> None:
    alert = parse({"data": {"note": "x" * 900_000}})
    assert len(alert.description) == 4_000
    assert alert.description.endswith("…")


def test_a_service_that_was_guessed_is_marked_and_one_that_is_named_is_not() -> None:
    guessed = parse({"summary": "CPU", "labels": {"job": "api"}})
    assert (guessed.service, guessed.labels["service_guessed_from"]) == ("api", "labels.job")
    assert "service_guessed_from" not in parse({"title": "CPU", "service": "api"}).labels
    pointed = parse({"title": "CPU", "host": "db-3"}, mapping='{"service": "host"}')
    assert (pointed.service, "service_guessed_from" in pointed.labels) == ("db-3", False)


def test_tags_are_labels_too() -> None:
    alert = parse({"title": "CPU", "tags": ["env:prod", "team:payments"], "n": 3})
    assert (alert.environment, alert.labels["team"], alert.labels["n"]) == ("prod", "payments", "3")


def test_a_recovery_without_an_id_finds_its_alert() -> None:
    fire, end = parse({"title": "Triggered: Disk full"}), parse({"title": "Resolved: Disk full", "action": "closed"})
    assert fire.fingerprint == end.fingerprint
    assert (fire.status, end.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)


def test_an_end_before_the_start_is_no_end() -> None:
    alert = parse({"title": "x", "status": "ok", "start": "2026-03-04T09:00:00Z", "end": "2026-03-04T08:00:00Z"})
    assert alert.ended_at == alert.started_at
