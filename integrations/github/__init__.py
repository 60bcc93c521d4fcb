"""GitHub: what was deployed, released or merged. https://docs.github.com/en/rest/deployments/deployments"""

from __future__ import annotations

from bot.domain.errors import SettingsError
from bot.domain.ports import ContextSource
from integrations.descriptor import Integration, Tools
from integrations.github.actions import actions
from integrations.github.check import check
from integrations.github.issues import IssueHistory, read_wanted
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource


def _sources(settings: GitHubSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (GitHubSource(settings, tools),) if settings.is_set_up else ()


def _history(settings: GitHubSettings, tools: Tools, which: str) -> IssueHistory:
    if not settings.is_set_up:
        raise SettingsError("GITHUB_TOKEN is not set: a token that may read issues is needed, or a GitHub App.")
    return IssueHistory(settings, tools, read_wanted(which))


INTEGRATION = Integration(
    name="github",
    title="GitHub",
    settings=GitHubSettings,
    sources=_sources,
    actions=actions,
    check=check,
    history=_history,
)
