"""Names of channels and topics, within Slack's rules whatever the alert says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.naming import CHANNEL_NAME_LIMIT, SUFFIX_ROOM, channel_name, topic
from bot.testing import NOON, make_alert

ALERT = GroupedAlert(alert=make_alert(), reason=GroupingReason.NEW_CONDITION, received_at=NOON)
INCIDENT = Incident(
    id="INC-2026-0001",
    title="High error ratio",
    severity=Severity.SEV1,
    status=IncidentStatus.TRIAGE,
    service="checkout",
    started_at=NOON,
    opened_at=NOON,
    alerts=(ALERT,),
)


@pytest.mark.parametrize(
    ("service", "title", "name"),
    [
        ("checkout", "High error ratio", "inc-20261120-checkout-high-error-ratio"),
        ("checkout", "checkout is down", "inc-20261120-checkout-is-down"),
        (None, "HighErrorRatio", "inc-20261120-high-error-ratio"),
        ("zahlung", "Zahlungsausfälle überall", "inc-20261120-zahlung-zahlungsausfalle-uberall"),
        (None, "服务不可用", "inc-20261120-incident"),
        (None, "", "inc-20261120-incident"),
        (None, "[FIRING:2] disk (production critical)", "inc-20261120-disk"),
        ("x" * 300, "y", f"inc-20261120-{'x' * 44}"),
    ],
)
def test_channel_names(service: str | None, title: str, name: str) -> None:
    assert channel_name(replace(INCIDENT, service=service, title=title)) == name


@given(service=st.none() | st.text(max_size=300), title=st.text(max_size=300))
def test_every_channel_name_is_one_that_slack_takes_with_room_for_a_number(service: str | None, title: str) -> None:
    name = channel_name(replace(INCIDENT, service=service, title=title))
    assert re.fullmatch(r"inc-\d{8}-[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= CHANNEL_NAME_LIMIT - SUFFIX_ROOM


def test_the_topic_says_how_bad_how_far_what_and_since_when() -> None:
    assert topic(INCIDENT) == "SEV1 | Triage | checkout | started 12:00 UTC | INC-2026-0001"
    assert topic(replace(INCIDENT, service=None)) == "SEV1 | Triage | started 12:00 UTC | INC-2026-0001"


def test_the_topic_tells_who_leads_and_what_a_person_has_called_it() -> None:
    renamed = replace(INCIDENT, title="Payments are down", merged_into="INC-2026-0009")
    assert topic(renamed, lead="Ana Ruiz", communications="bo") == (
        "SEV1 | Merged into INC-2026-0009 | checkout | Lead @Ana Ruiz | Comms @bo | started 12:00 UTC | INC-2026-0001"
        " | Payments are down"
    )
    assert topic(replace(INCIDENT, alerts=())) == topic(INCIDENT)


@given(
    service=st.text(max_size=500), title=st.text(max_size=500), lead=st.text(max_size=99), comms=st.text(max_size=99)
)
def test_every_topic_is_one_inert_line_within_slacks_limit(service: str, title: str, lead: str, comms: str) -> None:
    line = topic(replace(INCIDENT, service=service, title=title), lead=lead, communications=comms)
    assert len(line) <= 250
    assert not set(line) & set("<>&\n\u202e\u200b")
