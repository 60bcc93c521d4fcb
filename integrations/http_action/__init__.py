"""Requests that runbooks make to services' own addresses. What briefings ask of them is another integration's."""

from __future__ import annotations

from bot.domain.action import Action
from integrations.descriptor import ActionTools, CheckResult, CheckState, Integration, Tools
from integrations.http_action.action import Get, Request
from integrations.http_action.address import DEFAULT_PORTS, WebAddress
from integrations.http_action.sending import NotSent, checked, look_up
from integrations.http_action.settings import HttpActionSettings

SUBJECT = "HTTP requests"


def actions(settings: HttpActionSettings, tools: ActionTools) -> tuple[Action, ...]:
    return (Get(settings, tools), Request(settings, tools)) if settings.hosts else ()


async def _check(settings: HttpActionSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.hosts:
        detail = "HTTP_ACTION_HOSTS is not set: runbooks make no requests"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    wrong: list[str] = []
    for host in settings.allowed():
        port = host.port or DEFAULT_PORTS["https"]
        try:
            await checked(WebAddress(scheme="https", host=host.host, port=port, path="/"), look_up, is_own=host.is_own)
        except NotSent as error:
            wrong.append(str(error))
        except OSError:
            wrong.append(f"The name {host.host} is not known here.")
    if wrong:
        remedy = "Check HTTP_ACTION_HOSTS; =private behind a host allows private addresses."
        return (CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=" ".join(wrong), remedy=remedy),)
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=f"{len(settings.hosts)} hosts allowed"),)


INTEGRATION = Integration(
    name="http_action", title="HTTP requests", settings=HttpActionSettings, actions=actions, check=_check
)
