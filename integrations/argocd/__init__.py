"""Argo CD: what it deployed, and whether it calls the application healthy. https://argo-cd.readthedocs.io/"""

from __future__ import annotations

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.argocd.client import VENDOR, ArgoCdClient
from integrations.argocd.settings import ArgoCdSettings
from integrations.argocd.source import ArgoCdSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.failure import as_check

SUBJECT = "Argo CD"


def _sources(settings: ArgoCdSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (ArgoCdSource(settings, tools),) if settings.url and settings.token else ()


async def _check(settings: ArgoCdSettings, tools: Tools) -> tuple[CheckResult, ...]:
    missing = [env for env, value in (("ARGOCD_URL", settings.url), ("ARGOCD_TOKEN", settings.token)) if not value]
    if missing:
        detail = f"{missing[0]} is not set: briefings do not say what Argo CD deployed"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    try:
        async with ArgoCdClient(settings, tools.threads, deadline=tools.source_deadline) as client:
            seen = await client.seen()
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    if not seen:
        detail = f"answers at {settings.url}, but shows this account no application"
        remedy = f"give the account of ARGOCD_TOKEN {VENDOR.permission.partition(';')[0]}"
        return (CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=remedy),)
    detail = f"answers at {settings.url}: {seen:,} applications can be seen"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)


INTEGRATION = Integration(
    name="argocd",
    title=SUBJECT,
    settings=ArgoCdSettings,
    sources=_sources,
    check=_check,
)
