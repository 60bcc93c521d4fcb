"""Actions on a cluster through kubectl. What briefings read of clusters comes over the API instead, without it."""

from __future__ import annotations

from bot.domain.action import Action, ActionRefused, Isolation
from integrations.descriptor import ActionTools, CheckResult, CheckState, Integration, Tools
from integrations.kubectl.changing import DeletePod, RolloutRestart, RolloutUndo, Scale
from integrations.kubectl.client import Kubectl
from integrations.kubectl.parameters import Place
from integrations.kubectl.reading import Describe, Get, Logs, Top
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.programs import ProgramRunner, Programs

SUBJECT = "kubectl"


def actions(settings: KubectlSettings, programs: ProgramRunner) -> tuple[Action, ...]:
    if not settings.kubeconfig:
        return ()
    kubectl = Kubectl(settings, programs)
    kinds = (Get, Top, Logs, Describe, RolloutRestart, RolloutUndo, Scale, DeletePod)
    return tuple(kind(settings, kubectl) for kind in kinds)


def _actions(settings: KubectlSettings, tools: ActionTools) -> tuple[Action, ...]:
    return actions(settings, tools.programs)


async def _check(settings: KubectlSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.kubeconfig:
        detail = "KUBECTL_KUBECONFIG is not set: runbooks change nothing in clusters"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    kubectl = Kubectl(settings, Programs())
    found = []
    for environment, context in settings.context_by_environment().items():
        subject = f"{SUBJECT} {environment}"
        place = Place(context=context, namespace=settings.namespaces[0])
        try:
            await kubectl.objects(place, ("--chunk-size=1", "--", "deployments"))
            level = await kubectl.isolation()
        except ActionRefused as refused:
            remedy = "See docs/actions/kubectl.md for the account's role and the settings."
            found.append(CheckResult(subject=subject, state=CheckState.PROBLEM, detail=refused.detail, remedy=remedy))
            continue
        detail = f"context {context} answers; kept apart by {level}"
        state = CheckState.PROBLEM if level is Isolation.NONE else CheckState.OK
        remedy = "Install bubblewrap and allow user namespaces." if level is Isolation.NONE else ""
        found.append(CheckResult(subject=subject, state=state, detail=detail, remedy=remedy))
    return tuple(found)


INTEGRATION = Integration(name="kubectl", title="kubectl", settings=KubectlSettings, actions=_actions, check=_check)
