"""A postmortem becomes one pull request with one file; no branch that is there is ever written to."""

from __future__ import annotations

import pytest

from bot.domain.errors import SourceError
from bot.domain.ports.life import Library
from integrations.github.postmortem_pulls import GitHubLibrary
from tests.integrations.small_github import PAGE, REPO, small_github

NAME = "INC-2026-0042.md"
TEXT = "# INC-2026-0042\n\nWhat happened.\n"


async def test_the_file_stands_on_a_branch_of_its_own_and_the_default_branch_stays() -> None:
    async with small_github() as (github, asked):
        library: Library = GitHubLibrary(asked, REPO, "docs/postmortems")
        before = dict(github.branches)
        assert await library.put(NAME, TEXT) == f"{PAGE}/{REPO}/pull/1"
        (pull,) = github.pulls
        assert pull["base"] == "main"
        assert pull["head"].startswith("first-responder/postmortem-inc-2026-0042-")
        assert github.files(pull["head"]) == {f"docs/postmortems/{NAME}": TEXT}
        assert github.branches["main"] == before["main"]
        assert github.files("main") == {}


async def test_the_same_text_is_the_same_pull_request_and_another_text_another_one() -> None:
    async with small_github() as (github, asked):
        library = GitHubLibrary(asked, REPO)
        assert await library.put(NAME, TEXT) == await library.put(NAME, TEXT)
        assert await library.put(NAME, TEXT + "More.\n") == f"{PAGE}/{REPO}/pull/2"
        assert len(github.pulls) == 2


@pytest.mark.parametrize("lost", ["/git/trees", "/git/commits", "/git/refs", "/pulls"])
async def test_whatever_answer_is_lost_there_is_one_pull_request_in_the_end(lost: str) -> None:
    async with small_github() as (github, asked):
        library = GitHubLibrary(asked, REPO)
        github.dies_after = ("POST", lost)
        with pytest.raises(SourceError):
            await library.put(NAME, TEXT)
        assert await library.put(NAME, TEXT) == f"{PAGE}/{REPO}/pull/1"
        assert len(github.pulls) == 1
        assert len(github.branches) == 2


async def test_what_the_default_branch_has_already_needs_no_pull_request() -> None:
    async with small_github() as (github, asked):
        library = GitHubLibrary(asked, REPO)
        await library.put(NAME, TEXT)
        github.branches["main"] = github.branches.pop(github.pulls.pop()["head"])  # merged, and its branch deleted
        assert (await library.put(NAME, TEXT)).endswith(f"/{REPO}/blob/main/postmortems/{NAME}")
        assert not github.pulls


@pytest.mark.parametrize("name", ["../x.md", "a/b.md", ".git.md", "x.txt", ""])
async def test_only_plain_names_become_files(name: str) -> None:
    async with small_github() as (github, asked):
        with pytest.raises(SourceError):
            await GitHubLibrary(asked, REPO).put(name, TEXT)
        assert not github.asked
