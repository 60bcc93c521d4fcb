"""What is read again is equal to what was written, whatever it holds."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from types import MappingProxyType
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alert import Alert, Delivery
from bot.domain.briefing import Briefing
from bot.domain.evidence import Evidence, Fact, Finding, MetricFact, TriggerChart
from memory.store.codec import (
    KINDS,
    Undecodable,
    decode_alert,
    decode_briefing,
    decode_delivery,
    decode_findings,
    encode,
    encode_briefing,
    encode_findings,
)
from memory.store.schema import KEY_LIMIT, bounded, storable
from tests.memory.store.samples import FINDINGS, METRIC, alert, briefing

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(str, TEXTS)
LABELS = st.dictionaries(TEXTS, TEXTS, max_size=4)
ALERTS = st.builds(Alert, labels=LABELS)
DELIVERIES = st.builds(Delivery, alerts=st.lists(ALERTS, max_size=3).map(tuple))
st.register_type_strategy(float, st.floats(allow_nan=False))

QUICK = settings(max_examples=60, deadline=None)


@QUICK
@given(DELIVERIES)
def test_every_delivery(delivery: Delivery) -> None:
    assert decode_delivery(encode(delivery)) == delivery


@QUICK
@given(ALERTS)
def test_every_alert_keeps_its_episode(alert: Alert) -> None:
    again = decode_alert(encode(alert))
    assert again == alert
    assert again.episode == alert.episode


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: kind.__name__)
def test_every_kind_of_fact(kind: type[Fact]) -> None:
    assert kind in KINDS.values()

    @settings(max_examples=25, deadline=None)
    @given(st.from_type(kind))
    def check(fact: Fact) -> None:
        evidence = Evidence(source="s", text="t", fact=fact, id="E1")
        finding = dataclasses.replace(FINDINGS[0], evidence=(evidence,))
        (again,) = decode_findings(encode_findings([finding]))
        assert again == finding
        assert type(again.evidence[0].fact) is kind

    check()


@QUICK
@given(st.from_type(Finding))
def test_every_finding_with_its_chart(finding: Finding) -> None:
    (again,) = decode_findings(encode_findings([finding]))
    assert again == finding
    assert again.chart == finding.chart


@QUICK
@given(st.from_type(TriggerChart))
def test_every_chart(chart: TriggerChart) -> None:
    (again,) = decode_findings(encode_findings([dataclasses.replace(FINDINGS[0], chart=chart)]))
    assert again.chart == chart


@settings(max_examples=30, deadline=None)
@given(st.from_type(Briefing))
def test_every_briefing(briefing: Briefing) -> None:
    assert decode_briefing(encode_briefing(briefing)) == briefing


def test_numbers_that_are_none_survive() -> None:
    fact = dataclasses.replace(METRIC, before=math.inf, now=-math.inf, spread=math.nan)
    evidence = Evidence(source="s", text="t", fact=fact)
    (again,) = decode_findings(encode_findings([dataclasses.replace(FINDINGS[0], evidence=(evidence,))]))
    read = again.evidence[0].fact
    assert isinstance(read, MetricFact)
    assert (read.before, read.now) == (math.inf, -math.inf)
    assert math.isnan(read.spread)


def test_lone_surrogates_are_replaced_where_there_is_no_json_for_them() -> None:
    again = decode_alert(encode(alert(title="\ud800 broke")))
    assert again.title == "? broke"
    assert decode_findings(encode_findings([dataclasses.replace(FINDINGS[1], detail="\ud800")]))[0].detail == "\ud800"


def test_labels_may_be_any_mapping() -> None:
    read_only = dataclasses.replace(alert(), labels=MappingProxyType({"a": "b"}))
    assert decode_alert(encode(read_only)).labels == {"a": "b"}


def test_a_field_that_came_later_takes_its_default() -> None:
    body = encode_findings(FINDINGS).replace('"checked": "signals of checkout", ', "")
    assert decode_findings(body)[0].checked == ""


@pytest.mark.parametrize("body", ["", "[1]", "{", '[{"source": 1}]', '[{"evidence": [{"fact": {}}]}]', "null"])
def test_what_is_not_what_it_should_be_is_told(body: str) -> None:
    for decode in (decode_findings, decode_alert, decode_delivery):
        with pytest.raises(Undecodable):
            decode(body)
    with pytest.raises(Undecodable):
        decode_briefing(body)


def test_a_briefing_is_whole() -> None:
    assert decode_briefing(encode_briefing(briefing("INC-2026-0001"))) == briefing("INC-2026-0001")


@given(st.text(max_size=1000))
def test_a_key_is_bounded_and_bounding_it_again_changes_nothing(key: str) -> None:
    assert len(bounded(key)) <= KEY_LIMIT
    assert bounded(bounded(key)) == bounded(key)
    assert "\x00" not in storable(key)
    storable(key).encode()


def test_long_keys_that_differ_at_the_end_stay_apart() -> None:
    assert bounded("x" * 1000 + "a") != bounded("x" * 1000 + "b")
