from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.registry import discover
from tests.integrations.asking import KEY


@pytest.mark.parametrize(
    ("vendor", "environ", "named"),
    [
        ("prometheus", {"PROMETHEUS_URL": "prometheus:9090"}, "PROMETHEUS_URL"),
        ("prometheus", {"PROMETHEUS_URL": "http://"}, "PROMETHEUS_URL"),
        ("prometheus", {"PROMETHEUS_URL": "http://host:port"}, "PROMETHEUS_URL"),
        ("prometheus", {"PROMETHEUS_URL": f"http://ana:{KEY}@host"}, "PROMETHEUS_URL"),
        ("prometheus", {"PROMETHEUS_URL": "http://p", "PROMETHEUS_TOKEN": f"“{KEY}”"}, "PROMETHEUS_TOKEN"),
        ("prometheus", {"PROMETHEUS_URL": "http://p", "PROMETHEUS_PASSWORD": KEY}, "PROMETHEUS_USER"),
        (
            "prometheus",
            {"PROMETHEUS_URL": "http://p", "PROMETHEUS_USER": "ana", "PROMETHEUS_TOKEN": KEY},
            "PROMETHEUS_TOKEN",
        ),
        ("elasticsearch", {"ELASTICSEARCH_URL": "es.example:9200"}, "ELASTICSEARCH_URL"),
        ("elasticsearch", {"ELASTICSEARCH_URL": "https://es", "ELASTICSEARCH_LEVELS": ","}, "ELASTICSEARCH_LEVELS"),
        ("github", {"GITHUB_TOKEN": f"{KEY}\n{KEY}"}, "GITHUB_TOKEN"),
        ("github", {"GITHUB_URL": "ftp://github.example"}, "GITHUB_URL"),
        ("pagerduty", {"PAGERDUTY_API_KEY": f"{KEY}é"}, "PAGERDUTY_API_KEY"),
    ],
)
def test_a_setting_that_cannot_work_is_told_at_start(vendor: str, environ: Mapping[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(discover()[vendor].settings, environ)
    assert named in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://es.example", "https://es.example:443"),
        ("http://es.example/prefix/", "http://es.example:80/prefix"),
        ("https://es.example:9200", "https://es.example:9200"),
    ],
)
def test_elasticsearch_is_given_the_port_it_insists_on(url: str, host: str) -> None:
    settings: Any = read(discover()["elasticsearch"].settings, {"ELASTICSEARCH_URL": url})
    assert settings.host == host


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
    ],
)
def test_links_lead_to_the_pages_and_not_the_api(url: str, web: str) -> None:
    settings: Any = read(discover()["github"].settings, {"GITHUB_URL": url})
    assert settings.web == web


def test_no_secret_is_shown() -> None:
    environ = {
        "PROMETHEUS_TOKEN": KEY,
        "ELASTICSEARCH_API_KEY": KEY,
        "ELASTICSEARCH_PASSWORD": KEY,
        "GITHUB_TOKEN": KEY,
        "PAGERDUTY_API_KEY": KEY,
        "PAGERDUTY_WEBHOOK_SECRETS": KEY,
    }
    for integration in discover().values():
        assert KEY not in repr(read(integration.settings, environ))
