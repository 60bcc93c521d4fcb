"""How to reach a cluster, and how its objects name services."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

# Where the kubelet puts a pod's own account.
# https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
ALL_NAMESPACES = "*"
PLACE = "{service}"


@dataclass(frozen=True, kw_only=True)
class KubernetesSettings:
    url: str | None = setting(
        "KUBERNETES_URL",
        default=None,
        help="Address of the cluster's API; https://kubernetes.default.svc where the bot runs inside the cluster.",
    )
    token: str | None = setting(
        "KUBERNETES_TOKEN",
        default=None,
        secret=True,
        help="Token of an account with the role of deploy/kubernetes-rbac.yaml; inside the cluster none is needed.",
    )
    token_file: str = setting(
        "KUBERNETES_TOKEN_FILE",
        default=f"{ACCOUNT}/token",
        help="File with the token, instead of KUBERNETES_TOKEN; read anew at each incident, since tokens rotate.",
    )
    ca_certs: str = setting(
        "KUBERNETES_CA_CERTS",
        default=f"{ACCOUNT}/ca.crt",
        help="File with the cluster's certificate authority; without it the system's own count.",
    )
    namespace: str = setting(
        "KUBERNETES_NAMESPACE",
        default="default",
        help="Namespace of the services; {service} stands for the service's name, * for all namespaces.",
    )
    selector: str = setting(
        "KUBERNETES_SELECTOR",
        default="app={service}",
        help="Label selector of a service's objects: app.kubernetes.io/name={service}",
    )

    def __post_init__(self) -> None:
        check_address("KUBERNETES_URL", self.url)
        check_secret("KUBERNETES_TOKEN", self.token)
        if PLACE not in self.selector:
            raise SettingsError(
                f"KUBERNETES_SELECTOR needs {PLACE} where the service's name goes; {self.selector!r} has none."
            )

    def namespace_of(self, service: str) -> str:
        """ "*" for all."""
        return self.namespace.replace(PLACE, service)

    def selector_of(self, service: str) -> str:
        return self.selector.replace(PLACE, service)

    def current_token(self) -> str | None:
        """None where there is none: a proxy on this machine may need none. Reads a file: call it on a thread."""
        if self.token:
            return self.token
        try:
            return Path(self.token_file).read_text().strip() or None
        except OSError:
            return None

    def authority(self) -> str | None:
        """The default file need not be there; one that was set must."""
        default = f"{ACCOUNT}/ca.crt"
        return None if self.ca_certs == default and not Path(default).is_file() else self.ca_certs
