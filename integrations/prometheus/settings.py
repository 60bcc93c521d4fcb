"""How to reach Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret


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
    tenant: str | None = setting(
        "PROMETHEUS_TENANT", default=None, help="X-Scope-OrgID, where Mimir or Cortex serve several tenants."
    )
    public_url: str | None = setting(
        "PROMETHEUS_PUBLIC_URL",
        default=None,
        help="Address for links in messages, where it differs from PROMETHEUS_URL.",
    )
    service_label: str = setting(
        "PROMETHEUS_SERVICE_LABEL",
        default="service",
        help="Label that names the service, for services without signals in the catalog.",
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
