from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import BadSignature
from integrations.best_effort import PROBLEM
from integrations.opsgenie import EXAMPLES, INTEGRATION, OpsgenieSettings
from tests.integrations.vendors import TOKEN, changed, of, only, parse, request

CREATE, ACKNOWLEDGE, CLOSE = EXAMPLES


def alert_with(**changes: Any) -> Any:
    return only("opsgenie", changed(CREATE.body, lambda payload: payload["alert"].update(changes)))


def test_an_alert_is_read_whole() -> None:
    alert = of("opsgenie", CREATE)
    assert (alert.fingerprint, alert.status) == ("checkout-payments-failing", AlertStatus.FIRING)
    assert (alert.severity, alert.service, alert.environment) == (Severity.SEV1, "checkout", "prod")
    assert alert.started_at.isoformat() == "2026-03-04T09:12:43+00:00"
    assert alert.labels["region"] == "eu-west-1"
    assert alert.labels["tags"] == "shop"
    assert alert.labels["opsgenie_alert"] == "052652ac-5d1c-464a-812a-7dd18bbfba8c"


def test_closing_it_ends_the_same_episode() -> None:
    fire, end = of("opsgenie", CREATE), of("opsgenie", CLOSE)
    assert fire.episode == end.episode
    assert end.ended_at is not None
    assert end.ended_at.isoformat() == "2026-03-04T09:31:40+00:00"  # updatedAt is in nanoseconds


def test_what_people_do_with_it_says_nothing_about_the_condition() -> None:
    assert parse("opsgenie", ACKNOWLEDGE.body).alerts == ()


def test_an_escalation_says_that_it_still_burns() -> None:
    alert = only("opsgenie", changed(CREATE.body, lambda payload: payload.update(action="Escalate")))
    assert alert.dedup_key == of("opsgenie", CREATE).dedup_key


def test_without_a_service_the_entity_is_what_burns() -> None:
    assert alert_with(tags=[], entity="db-3").service == "db-3"
    assert alert_with(tags=[], entity="", details={"service": "cart"}).service == "cart"


def test_without_an_alias_the_id_names_the_condition() -> None:
    assert alert_with(alias="").fingerprint == "052652ac-5d1c-464a-812a-7dd18bbfba8c"


@pytest.mark.parametrize("field", ["alertId", "message"])
def test_another_shape_is_read_as_well_as_it_can_be(field: str) -> None:
    alert = only("opsgenie", changed(CREATE.body, lambda payload: payload["alert"].pop(field)))
    assert alert.labels[PROBLEM] == f"alert.{field}: is missing"
    assert (alert.severity, alert.service) == (Severity.SEV1, "checkout")


def test_a_header_of_ones_own_holds_the_token() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(OpsgenieSettings()) is None
    format = make(OpsgenieSettings(token=TOKEN, header="X-Opsgenie-Token"))
    assert format is not None
    format.verify(request(CREATE.body, {"x-opsgenie-token": TOKEN}))
    format.verify(request(CREATE.body, {"authorization": f"Bearer {TOKEN}"}))
    for headers in ({"x-opsgenie-token": TOKEN[1:]}, {"x-other": TOKEN}, {}):
        with pytest.raises(BadSignature, match="X-Opsgenie-Token"):
            format.verify(request(CREATE.body, headers))
