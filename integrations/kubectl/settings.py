"""Which clusters kubectl may speak to, and about what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CONTEXT = re.compile(r"[A-Za-z0-9][\w.@:/-]{0,252}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class KubectlSettings:
    kubeconfig: str | None = setting(
        "KUBECTL_KUBECONFIG",
        default=None,
        help="File with the clusters' addresses and the bot's own accounts; without it runbooks use no kubectl.",
    )
    program: str = setting(
        "KUBECTL_PROGRAM", default="kubectl", help="Name or absolute path of kubectl, of 1.27 or newer."
    )
    contexts: tuple[str, ...] = setting(
        "KUBECTL_CONTEXTS",
        default=(),
        help="The context of each environment: production=prod-eu, staging=stage. Others are never spoken to.",
    )
    namespaces: tuple[str, ...] = setting(
        "KUBECTL_NAMESPACES", default=("default",), help="Namespaces that runbooks may look at and change: shop, web"
    )
    most_replicas: int = setting(
        "KUBECTL_MAX_REPLICAS", default=50, help="Replicas that a runbook may scale to at most."
    )

    def __post_init__(self) -> None:
        contexts = self.context_by_environment()
        if self.kubeconfig and not contexts:
            raise SettingsError(
                "KUBECTL_CONTEXTS is not set: name the context of each environment, production=prod-eu."
            )
        if self.kubeconfig and not self.kubeconfig.startswith("/"):
            raise SettingsError(f"KUBECTL_KUBECONFIG takes an absolute path; {self.kubeconfig!r} is none.")
        for namespace in self.namespaces:
            if not _NAMESPACE.fullmatch(namespace):
                raise SettingsError(f"KUBECTL_NAMESPACES: {namespace!r} is no namespace; all of them is not offered.")
        if not 1 <= self.most_replicas <= 10_000:
            raise SettingsError(f"KUBECTL_MAX_REPLICAS takes 1 to 10000; {self.most_replicas} is not.")

    def context_by_environment(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for entry in self.contexts:
            environment, _, context = (part.strip() for part in entry.partition("="))
            if not environment or not _CONTEXT.fullmatch(context) or environment in found:
                raise SettingsError(f"KUBECTL_CONTEXTS takes environment=context, each once; {entry!r} is not.")
            found[environment] = context
        return found
