"""What of an incident's life reaches into other tools: paging, issues, where postmortems are put."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.domain.ports.life import Library, Tracker
from bot.flows.life.paging import Paging
from bot.life_given import Given
from bot.settings import Settings
from integrations.descriptor import ActionTools
from integrations.github.settings import GitHubSettings
from integrations.pagerduty.settings import PagerDutySettings
from memory.postmortem_files import FolderLibrary


def paging(given: Given) -> Paging:
    from integrations.pagerduty.duty import PagerDutyDuties

    settings = given.settings.vendors.get("pagerduty")
    is_set_up = isinstance(settings, PagerDutySettings) and bool(settings.api_key)
    return Paging(
        catalog=given.catalog,
        incidents=given.store.incidents,
        timeline=given.store.timeline,
        clock=given.clock,
        duties=PagerDutyDuties(settings, given.lent, given.catalog)
        if isinstance(settings, PagerDutySettings) and is_set_up
        else None,
        pager=given.pager,
    )


def tracker(settings: Settings, lent: ActionTools) -> Tracker | None:
    from integrations.github.actions import Asked
    from integrations.github.tracker import GitHubTracker

    github, repository = settings.vendors.get("github"), settings.life.follow_up_repository
    if not repository or not isinstance(github, GitHubSettings):
        return None
    return GitHubTracker(Asked(github, lent), repository)


def libraries(settings: Settings, lent: ActionTools) -> Sequence[Library]:
    """The folder first; the address of a pull request is the one that people are shown."""
    from integrations.github.actions import Asked
    from integrations.github.postmortem_pulls import GitHubLibrary

    folder = Path(settings.life.postmortems) if settings.life.postmortems else settings.bot.folder / "postmortems"
    libraries: list[Library] = [FolderLibrary(folder)]
    github, repository = settings.vendors.get("github"), settings.life.postmortem_repository
    if repository and isinstance(github, GitHubSettings):
        libraries.append(GitHubLibrary(Asked(github, lent), repository))
    return libraries
