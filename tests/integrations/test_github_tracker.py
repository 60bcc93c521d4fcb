"""A follow-up becomes one issue, whatever breaks on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.domain.errors import SourceError
from bot.domain.life import FollowUp, Priority
from bot.domain.ports.life import Tracker
from integrations.github.tracker import GitHubTracker, marker
from tests.flows.life.hour import INC, incident
from tests.integrations.small_github import PAGE, REPO, small_github

INCIDENT = incident(title="High error ratio of #checkout")


def follow_up(**details: Any) -> FollowUp:
    given: dict[str, Any] = {
        "id": f"{INC}/3", "incident": INC, "text": "Let the canary watch errors", "priority": Priority.P1,
        "created_at": datetime.now(UTC), "created_by": "UANA01", "due_on": date(2026, 12, 20),
    }  # fmt: skip
    return FollowUp(**{**given, **details})


async def test_the_issue_says_what_is_to_be_done_and_where_it_comes_from() -> None:
    async with small_github() as (github, asked):
        tracker: Tracker = GitHubTracker(asked, REPO)
        link = "https://shop.slack.example/archives/C1/p5"
        assert await tracker.open_issue(follow_up(link=link), INCIDENT) == f"{PAGE}/{REPO}/issues/1"
        (issue,) = github.issues
    assert issue["title"] == "Let the canary watch errors"
    assert f"Follow-up {INC}/3 (P1, due 2026-12-20) of {INC}" in issue["body"]
    assert link in issue["body"]
    assert marker(follow_up()) in issue["body"]


async def test_the_same_follow_up_gets_the_same_issue_and_another_one_its_own() -> None:
    async with small_github() as (github, asked):
        tracker = GitHubTracker(asked, REPO)
        addresses = [await tracker.open_issue(follow_up(), INCIDENT) for _ in range(2)]
        other = await tracker.open_issue(follow_up(id=f"{INC}/33"), INCIDENT)
        assert addresses == [f"{PAGE}/{REPO}/issues/1"] * 2
        assert other == f"{PAGE}/{REPO}/issues/2"
        assert len(github.issues) == 2


async def test_an_issue_whose_answer_was_lost_is_found_among_many() -> None:
    async with small_github() as (github, asked):
        tracker = GitHubTracker(asked, REPO)
        for number in range(130):
            github.issues.append(
                {"number": number, "html_url": "x", "body": None, "updated_at": "2100-01-01T00:00:00Z"}
            )
        github.dies_after = ("POST", "/issues")
        with pytest.raises(SourceError):
            await tracker.open_issue(follow_up(), INCIDENT)
        assert await tracker.open_issue(follow_up(), INCIDENT) == f"{PAGE}/{REPO}/issues/131"
        assert len(github.issues) == 131


async def test_what_people_wrote_is_text_and_calls_nobody() -> None:
    async with small_github() as (github, asked):
        text = f"@ana see #1 <script>x</script> [a](https://evil.example) password={'s' * 20}"
        await GitHubTracker(asked, REPO).open_issue(follow_up(text=text), INCIDENT)
        body = github.issues[0]["body"].partition("\n\n")[0]
    assert "@" not in body
    assert "\\#1" in body
    assert "\\<script\\>" in body
    assert "\\[a\\]" in body
    assert "s" * 20 not in str(github.issues)


async def test_a_key_that_may_not_write_is_told_what_it_needs() -> None:
    async with small_github() as (github, asked):
        github.refuses = True
        with pytest.raises(SourceError, match="issues"):
            await GitHubTracker(asked, REPO).open_issue(follow_up(), INCIDENT)
