"""Settings from variables: typed, with errors that name the variable and the remedy and never a secret."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from bot.domain.errors import SettingsError
from bot.domain.setting import read, setting

SECRET = "s" * 32


@dataclass(frozen=True, kw_only=True)
class Sample:
    url: str = setting("SAMPLE_URL", help="where it is")
    key: str = setting("SAMPLE_KEY", help="from its page", default="", secret=True)
    port: int = setting("SAMPLE_PORT", help="its port", default=80)
    wait: float = setting("SAMPLE_WAIT", help="seconds", default=1.5)
    loud: bool = setting("SAMPLE_LOUD", help="whether", default=False)
    names: tuple[str, ...] = setting("SAMPLE_NAMES", help="who", default=())
    limit: int | None = setting("SAMPLE_LIMIT", help="how many", default=None)
    pin: int | None = setting("SAMPLE_PIN", help="digits", default=None, secret=True)


URL = {"SAMPLE_URL": "https://a.example"}


def test_what_is_not_set_has_its_default() -> None:
    assert read(Sample, URL) == Sample(url="https://a.example")


def test_each_type_is_read() -> None:
    given = {
        **URL,
        "SAMPLE_PORT": " 8080 ",
        "SAMPLE_WAIT": "0.25",
        "SAMPLE_LOUD": "Yes",
        "SAMPLE_NAMES": "ana, bo ,,cy",
        "SAMPLE_LIMIT": "7",
    }
    read_ = read(Sample, given)
    assert (read_.port, read_.wait, read_.loud, read_.names, read_.limit) == (8080, 0.25, True, ("ana", "bo", "cy"), 7)


@pytest.mark.parametrize("given", [{}, {"SAMPLE_URL": ""}, {"SAMPLE_URL": "  "}])
def test_a_missing_one_is_named_with_where_to_find_it(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="SAMPLE_URL is not set: where it is"):
        read(Sample, given)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SAMPLE_PORT", "eighty", "SAMPLE_PORT takes a whole number; 'eighty' is none"),
        ("SAMPLE_PORT", "1.5", "SAMPLE_PORT takes a whole number"),
        ("SAMPLE_WAIT", "1,5", "SAMPLE_WAIT takes a number; '1,5' is none"),
        ("SAMPLE_LOUD", "maybe", "SAMPLE_LOUD takes true or false; 'maybe' is neither"),
        ("SAMPLE_LIMIT", "x", "SAMPLE_LIMIT takes a whole number"),
    ],
)
def test_a_wrong_type_is_named_with_what_it_takes(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read(Sample, {**URL, name: value})


def test_a_secret_is_in_no_error_and_in_no_repr() -> None:
    with pytest.raises(SettingsError) as refused:
        read(Sample, {**URL, "SAMPLE_PIN": SECRET})
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__, "the cause would show the value"
    assert SECRET not in repr(read(Sample, {**URL, "SAMPLE_KEY": SECRET}))


def test_settings_do_not_change() -> None:
    settings = read(Sample, URL)
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
