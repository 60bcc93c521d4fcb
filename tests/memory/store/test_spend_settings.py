"""The caps as they are set: defaults that run, and errors that name the variable and the remedy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.errors import SettingsError
from bot.domain.setting import read
from bot.domain.spend import Caps
from memory.settings import MemorySettings


def test_there_are_caps_where_nothing_is_set() -> None:
    settings = read(MemorySettings, {})
    caps = settings.limits.caps
    assert 0 < caps.incident < caps.person < caps.service < caps.day
    assert (caps.day, caps.reserve_share) == (50_000_000, 0.2)
    assert settings.limits.requests_per_minute > 0
    assert settings.answer_age == timedelta(hours=1)


def test_zero_is_off_and_dollars_become_micro_dollars() -> None:
    names = ("SPEND_CAP_INCIDENT", "SPEND_CAP_SERVICE", "SPEND_CAP_DAY", "MODEL_TOKENS_PER_MINUTE")
    settings = read(MemorySettings, dict.fromkeys(names, "0") | {"SPEND_CAP_PERSON": "0.29", "SPEND_SEV1_SHARE": "0.5"})
    assert settings.limits.caps == Caps(person=290_000, reserve_share=0.5)
    assert settings.limits.tokens_per_minute == 0
    assert read(MemorySettings, {"ANSWER_CACHE_MINUTES": "0"}).answer_age == timedelta(0)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SPEND_CAP_INCIDENT", "-1", "SPEND_CAP_INCIDENT takes a number from 0"),
        ("SPEND_CAP_DAY", "nan", "SPEND_CAP_DAY takes a number from 0"),
        ("SPEND_CAP_DAY", "inf", "SPEND_CAP_DAY takes a number from 0"),
        ("SPEND_CAP_PERSON", "ten", "SPEND_CAP_PERSON takes a number; 'ten' is none"),
        ("SPEND_SEV1_SHARE", "20", "SPEND_SEV1_SHARE takes a number from 0 to 1"),
        ("MODEL_REQUESTS_PER_MINUTE", "-1", "MODEL_REQUESTS_PER_MINUTE takes a number from 0"),
        ("ANSWER_CACHE_MINUTES", "-1", "ANSWER_CACHE_MINUTES takes a number from 0"),
    ],
)
def test_what_is_no_cap_is_refused_with_the_remedy(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read(MemorySettings, {name: value})
