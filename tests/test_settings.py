"""The bot's own settings: defaults that run, and errors that name the variable and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SettingsError
from bot.domain.pace import DEFAULT_RATE
from bot.reference import settings_page
from bot.settings import load
from integrations.registry import discover

TOKENS = {"SLACK_BOT_TOKEN": "b" * 32, "SLACK_APP_TOKEN": "a" * 32}
SECRET = "s" * 32


@pytest.fixture(scope="module")
def integrations() -> Any:
    return discover()


def test_two_tokens_are_enough(integrations: Any) -> None:
    settings = load(TOKENS, integrations)
    assert (settings.slack.mode, settings.slack.command, settings.bot.host) == ("socket", "/inc", "127.0.0.1")
    assert settings.bot.store_url == f"sqlite:///{Path('var') / 'first-responder.db'}"
    assert (settings.bot.grace, settings.bot.maintenance, settings.bot.storm_incidents) == (0.0, "", 4)
    assert set(settings.vendors) == set(integrations)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN is not set: the bot token"),
        ({"SLACK_APP_TOKEN": ""}, "SLACK_APP_TOKEN is not set: Socket Mode needs"),
        ({"SLACK_MODE": "http"}, "SLACK_SIGNING_SECRET is not set"),
        ({"SLACK_MODE": "rtm"}, "SLACK_MODE takes socket or http; 'rtm' is neither"),
        ({"SLACK_COMMAND": "inc"}, "SLACK_COMMAND starts with a slash"),
        ({"PORT": "http"}, "PORT takes a whole number; 'http' is none"),
        ({"PORT": "70000"}, "PORT takes a number from 0"),
        ({"PORT": "-1"}, "PORT takes a number from 0"),
        ({"SOURCE_DEADLINE": "0"}, "SOURCE_DEADLINE takes a number of seconds above zero"),
        ({"SOURCE_DEADLINE": "nan"}, "SOURCE_DEADLINE takes a number of seconds above zero"),
        ({"SOURCE_DEADLINE": "inf"}, "SOURCE_DEADLINE takes a number of seconds above zero"),
        ({"SOURCE_DEADLINES": "github"}, "SOURCE_DEADLINES takes name=number pairs with commas between them; 'github'"),
        ({"SOURCE_DEADLINES": "=3"}, "SOURCE_DEADLINES takes name=number pairs with commas between them; '=3' is none"),
        ({"SOURCE_DEADLINES": "github=fast"}, "SOURCE_DEADLINES takes numbers above zero; 'fast' of github is none"),
        ({"SOURCE_DEADLINES": "github=0"}, "SOURCE_DEADLINES takes numbers above zero; '0' of github is none"),
        ({"SOURCE_DEADLINES": "github=inf"}, "SOURCE_DEADLINES takes numbers above zero; 'inf' of github is none"),
        ({"SOURCE_DEADLINES": "github=1,github=2"}, "SOURCE_DEADLINES names github twice"),
        ({"SOURCE_DEADLINES": "githib=3"}, "SOURCE_DEADLINES names 'githib', which there is not; there are: argocd, "),
        ({"SOURCE_DEADLINES": "grafana=3"}, "elasticsearch, github, http_probe, kubernetes, pagerduty, prometheus, "),
        ({"SOURCE_RATES": "githib=3"}, "SOURCE_RATES names 'githib', which there is not; there are: argocd, "),
        ({"SOURCE_RATES": "github=-1"}, "SOURCE_RATES takes numbers above zero; '-1' of github is none"),
        ({"GROUPING_WINDOW_MINUTES": "-3"}, "GROUPING_WINDOW_MINUTES takes a number of minutes above zero"),
        ({"GRACE_SECONDS": "-1"}, "GRACE_SECONDS takes a number of seconds from 0 to 3600"),
        ({"GRACE_SECONDS": "3601"}, "GRACE_SECONDS takes a number of seconds from 0 to 3600"),
        ({"GRACE_SECONDS": "nan"}, "GRACE_SECONDS takes a number of seconds from 0 to 3600"),
        ({"STORM_INCIDENTS": "1"}, "STORM_INCIDENTS takes 0 or a number from 2"),
        ({"STORM_INCIDENTS": "-1"}, "STORM_INCIDENTS takes 0 or a number from 2"),
        ({"MODEL_SECOND_OPINION": "deep"}, "MODEL_SECOND_OPINION takes fast, main or off; 'deep'"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL takes DEBUG, INFO, WARNING or ERROR; 'loud'"),
        ({"PRELOAD": "perhaps"}, "PRELOAD takes true or false"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(integrations: Any, given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({**TOKENS, **given}, integrations)
    assert told in str(refused.value)


def test_a_source_has_its_own_deadline_and_rate_where_they_are_set(integrations: Any) -> None:
    given = {**TOKENS, "SOURCE_DEADLINE": "5", "SOURCE_DEADLINES": "elasticsearch=3, github = 6.5"}
    bot = load({**given, "SOURCE_RATES": "github=20"}, integrations).bot
    assert [bot.deadline_of(name) for name in ("elasticsearch", "github", "pagerduty")] == [3.0, 6.5, 5.0]
    assert [bot.rate_of(name) for name in ("github", "pagerduty")] == [20.0, DEFAULT_RATE]


def test_http_mode_needs_no_app_token(integrations: Any) -> None:
    given = {"SLACK_BOT_TOKEN": "b" * 32, "SLACK_MODE": "http", "SLACK_SIGNING_SECRET": SECRET}
    assert load(given, integrations).slack.mode == "http"


def test_no_secret_is_shown_by_any_settings(integrations: Any) -> None:
    for name, integration in integrations.items():
        fields = [item for item in integration.settings.__dataclass_fields__.values() if item.metadata["secret"]]
        for field in fields:
            assert not field.repr, f"{name}: {field.name}"
    given = {"SLACK_BOT_TOKEN": SECRET, "SLACK_APP_TOKEN": SECRET, "SLACK_SIGNING_SECRET": SECRET}
    shown = repr(load({**given, "PAGERDUTY_API_KEY": SECRET, "GENERIC_WEBHOOK_SECRETS": SECRET}, integrations))
    assert SECRET not in shown


def test_the_reference_names_every_variable_and_no_value(integrations: Any) -> None:
    page = settings_page(integrations)
    settings = load(TOKENS, integrations)
    for part in (settings.bot, settings.slack, *settings.vendors.values()):
        for item in part.__dataclass_fields__.values():
            assert f"`{item.metadata['env']}`" in page
    assert "| `SLACK_BOT_TOKEN` |" in page
    assert "(secret) | required |" in page
