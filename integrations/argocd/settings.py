"""How to reach Argo CD, and how its applications are called."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

PLACE = "{service}"


@dataclass(frozen=True, kw_only=True)
class ArgoCdSettings:
    url: str | None = setting("ARGOCD_URL", default=None, help="Address of Argo CD: https://argocd.example")
    token: str | None = setting(
        "ARGOCD_TOKEN",
        default=None,
        secret=True,
        help="Token of an account that may get the services' applications.",
    )
    ca_certs: str | None = setting(
        "ARGOCD_CA_CERTS", default=None, help="File with the certificate authority of Argo CD, where private."
    )
    application: str = setting(
        "ARGOCD_APPLICATION",
        default=PLACE,
        help="Name of a service's application; {service} stands for the service's name: {service}-production",
    )

    def __post_init__(self) -> None:
        check_address("ARGOCD_URL", self.url)
        check_secret("ARGOCD_TOKEN", self.token)
        if PLACE not in self.application:
            raise SettingsError(f"ARGOCD_APPLICATION needs {PLACE} where the service's name goes.")

    def application_of(self, service: str) -> str:
        return self.application.replace(PLACE, service)
