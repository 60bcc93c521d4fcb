"""Kubernetes: rollouts, pods, nodes, autoscalers, warning events. https://kubernetes.io/docs/reference/kubernetes-api/

Read-only: the role is in deploy/kubernetes-rbac.yaml.
"""

from __future__ import annotations

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.failure import as_check
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.settings import KubernetesSettings
from integrations.kubernetes.source import KubernetesSource

SUBJECT = "Kubernetes"
_ANY_SERVICE = "any-service"  # a question about no service in particular: is it allowed at all?


def _sources(settings: KubernetesSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (KubernetesSource(settings, tools),) if settings.url else ()


async def _check(settings: KubernetesSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.url:
        detail = "KUBERNETES_URL is not set: briefings come without pods, rollouts and events"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    where = settings.namespace_of(_ANY_SERVICE)
    selector = settings.selector_of(_ANY_SERVICE)
    try:
        async with KubernetesClient(settings, tools.threads, deadline=tools.source_deadline) as client:
            await client.pods(where, selector)
            await client.replica_sets(where, selector)
            await client.deployments(where, selector)
            await client.autoscalers(where)
            await client.warnings(where)
            await client.may_see_nodes()
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=f"answers at {settings.url}, all may be read"),)


INTEGRATION = Integration(
    name="kubernetes",
    title="Kubernetes",
    settings=KubernetesSettings,
    sources=_sources,
    check=_check,
)
