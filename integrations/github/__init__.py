"""GitHub: what was deployed, released or merged. https://docs.github.com/en/rest/deployments/deployments"""

from __future__ import annotations

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.failure import as_check
from integrations.github.client import GitHubClient
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource

SUBJECT = "GitHub token"


def _sources(settings: GitHubSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (GitHubSource(settings, tools),) if settings.token else ()


async def _check(settings: GitHubSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.token:
        detail = "GITHUB_TOKEN is not set: briefings do not say what was deployed"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)

    def ask() -> tuple[int, int]:
        with GitHubClient(settings, deadline=tools.source_deadline) as client:
            return client.left()

    try:
        left, limit = await tools.threads.run(ask)
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    if not left:
        remedy = "wait until the hour is over, or use a token of its own for the bot"
        detail = f"accepted by {settings.url}, but all {limit:,} requests of this hour are used up"
        return (CheckResult(subject=SUBJECT, state=CheckState.PROBLEM, detail=detail, remedy=remedy),)
    detail = f"accepted by {settings.url}: {left:,} of {limit:,} requests left this hour"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)


INTEGRATION = Integration(
    name="github",
    title="GitHub",
    settings=GitHubSettings,
    sources=_sources,
    check=_check,
)
