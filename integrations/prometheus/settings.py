"""How to reach Prometheus."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_WINDOW = re.compile(r"[1-9][0-9]{0,3}[smh]")


@dataclass(frozen=True, kw_only=True)
class PrometheusSettings:
    url: str | None = setting(
        "PROMETHEUS_URL", default=None, help="Address of Prometheus, without /api/v1: http://prometheus:9090"
    )
    token: str | None = setting(
        "PROMETHEUS_TOKEN",
        default=None,
        secret=True,
        help="Bearer token, where a proxy before Prometheus asks for one.",
    )
    user: str | None = setting(
        "PROMETHEUS_USER", default=None, help="User for basic authentication, instead of a token."
    )
    password: str | None = setting(
        "PROMETHEUS_PASSWORD", default=None, secret=True, help="Password for basic authentication."
    )
    client_cert: str | None = setting(
        "PROMETHEUS_CLIENT_CERT",
        default=None,
        help="File with the certificate (PEM) that this client shows, where mutual TLS is asked for.",
    )
    client_key: str | None = setting(
        "PROMETHEUS_CLIENT_KEY",
        default=None,
        help="File with that certificate's key, without a passphrase; unset where one file holds both.",
    )
    ca_certs: str | None = setting(
        "PROMETHEUS_CA_CERTS", default=None, help="File with the certificate authority of Prometheus, where private."
    )
    tenant: str | None = setting(
        "PROMETHEUS_TENANT",
        default=None,
        help="X-Scope-OrgID, where Mimir, Cortex or Thanos serve several tenants; several with | between them.",
    )
    public_url: str | None = setting(
        "PROMETHEUS_PUBLIC_URL",
        default=None,
        help="Address for links in messages, where it differs from PROMETHEUS_URL.",
    )
    service_label: str = setting(
        "PROMETHEUS_SERVICE_LABEL",
        default="service",
        help="Label that names the service; looked at before those that exporters use.",
    )
    rate_window: str = setting(
        "PROMETHEUS_RATE_WINDOW",
        default="5m",
        help="Window of rates in the shipped queries: four scrape intervals or more; 2m shows a change sooner than 5m.",
    )

    def __post_init__(self) -> None:
        check_address("PROMETHEUS_URL", self.url)
        check_address("PROMETHEUS_PUBLIC_URL", self.public_url)
        for env, value in (
            ("PROMETHEUS_TOKEN", self.token),
            ("PROMETHEUS_PASSWORD", self.password),
            ("PROMETHEUS_TENANT", self.tenant),
        ):
            check_secret(env, value)
        if self.password and not self.user:
            raise SettingsError("PROMETHEUS_PASSWORD is set and PROMETHEUS_USER is not: set both or neither.")
        if self.token and self.user:
            raise SettingsError("PROMETHEUS_TOKEN and PROMETHEUS_USER are both set: unset the one that is not used.")
        if self.client_key and not self.client_cert:
            raise SettingsError("PROMETHEUS_CLIENT_KEY is set and PROMETHEUS_CLIENT_CERT is not: set the certificate.")
        for env, path in (
            ("PROMETHEUS_CLIENT_CERT", self.client_cert),
            ("PROMETHEUS_CLIENT_KEY", self.client_key),
            ("PROMETHEUS_CA_CERTS", self.ca_certs),
        ):
            if path and not os.access(path, os.R_OK):
                raise SettingsError(f"{env} names a file that is not there or cannot be read: check the path.")
        if not _LABEL.fullmatch(self.service_label):
            raise SettingsError("PROMETHEUS_SERVICE_LABEL takes the name of a label, such as service or app_name.")
        if not _WINDOW.fullmatch(self.rate_window):
            raise SettingsError("PROMETHEUS_RATE_WINDOW takes a number with s, m or h, such as 2m or 90s.")
