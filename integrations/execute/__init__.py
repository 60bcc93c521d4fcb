"""The action `exec`: an allow-listed program, shut off from everything that the settings do not name."""

from __future__ import annotations

from bot.domain.action import Action, ActionRefused, Isolation
from integrations.descriptor import ActionTools, CheckResult, CheckState, Integration, Tools
from integrations.execute.action import Execute
from integrations.execute.settings import ExecuteSettings
from integrations.programs.program import inspect, locate
from integrations.programs.programs import ProgramRunner, Programs

SUBJECT = "Programs"


def actions(settings: ExecuteSettings, programs: ProgramRunner) -> tuple[Action, ...]:
    return (Execute(settings, programs),) if settings.programs else ()


def _actions(settings: ExecuteSettings, tools: ActionTools) -> tuple[Action, ...]:
    return actions(settings, tools.programs)


async def _check(settings: ExecuteSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.programs:
        detail = "EXEC_PROGRAMS is not set: runbooks run no programs on this machine"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    wrong: list[str] = []
    for name in settings.allowed():
        try:
            found = locate(name)
            await tools.threads.run(lambda found=found: inspect(found))  # type: ignore[misc]
        except ActionRefused as refused:
            wrong.append(refused.detail)
    level = await Programs().isolation()
    if level is Isolation.NONE:
        wrong.append("Neither bubblewrap nor Landlock works here: only what reads is run.")
    if wrong:
        remedy = "Install what is missing; for isolation bubblewrap, with user namespaces allowed."
        return (CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=" ".join(wrong), remedy=remedy),)
    detail = f"{len(settings.programs)} allowed, kept apart by {level}"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)


INTEGRATION = Integration(
    name="exec", title="Programs on this machine", settings=ExecuteSettings, actions=_actions, check=_check
)
