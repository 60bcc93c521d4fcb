"""Closed issues on GitHub as past incidents, over the real client, from the replay server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import SettingsError, SourceError
from bot.domain.ports.history import Told
from bot.domain.remembered import Held, PastIncident
from bot.domain.setting import read
from integrations.descriptor import Tools
from integrations.github import INTEGRATION
from integrations.github.issues import IssueHistory, read_wanted
from integrations.github.settings import GitHubSettings
from integrations.patience import Patience
from integrations.threads import SourceThreads
from sandbox.faults import Fault, FaultKind
from sandbox.github.issues import Issue, Remark
from sandbox.github.server import create_app
from sandbox.serve import serving
from tests.integrations.asking import KEY, tools
from tests.sandbox.github.conftest import NOW, small

DAY, HOUR = 86_400.0, 3600.0
AT = datetime.fromtimestamp(NOW, UTC)
POSTMORTEM = """<!-- fill this in -->
| Date | 2026-09-10 |
| Duration | 1 h 20 min |

## Summary
One of ten checkouts failed.

## Root cause
A report job held connections open.

## Resolution
Stopped the job, raised the pool from 50 to 80.

## What did not help
Restarting the pods.
"""


def issue(number: int, days: float = 9, text: str | None = "", *remarks: Remark, **more: Any) -> Issue:
    """Opened so many days ago, closed five hours later."""
    opened = NOW - days * DAY
    told: dict[str, Any] = {
        "title": f"Checkout fails, {number}",
        "labels": ("incident",),
        "closed_at": opened + 5 * HOUR,
    }
    return Issue(number=number, text=text, created_at=opened, remarks=remarks, **{**told, **more})


@dataclass
class Clock:
    moved: float = 0.0  # seconds

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.moved)


@dataclass
class Place:
    url: str
    app: Any
    clock: Clock
    asked: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def history(self, which: str = "repository=acme/checkout", **settings: str) -> AsyncIterator[IssueHistory]:
        async def pause(seconds: float) -> None:
            self.waited.append(seconds)
            self.clock.moved += seconds

        threads = SourceThreads(8)
        lent = Tools(clock=self.clock, threads=threads, source_deadline=60.0)
        known = read(GitHubSettings, {"GITHUB_URL": self.url, "GITHUB_TOKEN": KEY, **settings})
        yield IssueHistory(known, lent, read_wanted(which), patience=Patience("GitHub", pause=pause))
        threads.close()

    async def told(self, which: str = "repository=acme/checkout", **settings: str) -> list[Told]:
        async with self.history(which, **settings) as source:
            return [told async for told in source.items()]

    async def one(self) -> PastIncident:
        (told,) = await self.told()
        assert told.past is not None, told.skipped
        return told.past

    def arm(self, **fault: Any) -> None:
        self.app.middleware_stack.arm(Fault(**fault))


@asynccontextmanager
async def place(*issues: Issue, **options: Any) -> AsyncIterator[Place]:
    clock = Clock()
    app = create_app(small(), clock=lambda: clock.now().timestamp(), issues=issues, **options)
    asked: list[str] = []

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(scope["path"])
        await app(scope, receive, send)

    async with serving(listening) as url:
        yield Place(url=f"{url}/api/v3", app=app, clock=clock, asked=asked)


async def test_an_issue_that_is_a_postmortem_is_read_as_one() -> None:
    labels = ("incident", "Service: checkout", "sev2", "team/payments", "alert:CheckoutErrors")
    async with place(issue(7, text=POSTMORTEM, labels=labels)) as github:
        (told,) = await github.told()
    assert (told.key, told.name) == ("7", "#7")
    assert "Stopped the job" in told.text
    assert told.past == PastIncident(
        id="acme/checkout#7",
        title="Checkout fails, 7",
        service="checkout",
        started_at=datetime(2026, 9, 10, tzinfo=UTC),
        minutes=80,
        cause="A report job held connections open.",
        cause_kind="",
        fix="Stopped the job, raised the pool from 50 to 80.",
        symptoms="One of ten checkouts failed.",
        unhelpful="Restarting the pods.",
        link="https://github.example/acme/checkout/issues/7",
        alerts=("CheckoutErrors",),
        labels={"team": "payments", "severity": "SEV2"},
        outcome=Held.UNKNOWN,
        origin="github",
    )


@pytest.mark.parametrize(
    ("label", "service"),
    [("service:checkout", "checkout"), ("svc/checkout", "checkout"), ("component: cart", "cart"), ("bug", None)],
)
async def test_labels_name_the_service(label: str, service: str | None) -> None:
    async with place(issue(1, text="It broke.", labels=("incident", label))) as github:
        assert (await github.one()).service == service


async def test_where_the_text_tells_no_fix_the_maintainers_last_word_does() -> None:
    remarks = (
        Remark(author="ben", text="Restarted the pods, no effect."),
        Remark(author="ana", text="Caused by the report job. Rolled back v7."),
        Remark(author="eve", text="Reverted your mind instead", association="NONE"),
        Remark(author="stale[bot]", text="Closed it as fixed by time", kind="Bot"),
        Remark(author="ana", text="Thanks everybody, closing."),
    )
    async with place(issue(1, 9, "Customers cannot pay.", *remarks)) as github:
        past = await github.one()
    assert past.symptoms == "Customers cannot pay."
    assert past.fix == "Rolled back v7"
    assert past.cause == "Caused by the report job"
    assert past.unhelpful == "Restarted the pods, no effect"
    assert past.minutes == 300


async def test_a_postmortem_in_a_comment_is_read_as_one() -> None:
    async with place(issue(1, 9, "Customers cannot pay.", Remark(author="ana", text=POSTMORTEM))) as github:
        past = await github.one()
    assert past.cause == "A report job held connections open."


async def test_comments_are_read_only_where_the_text_tells_no_fix() -> None:
    remark = Remark(author="ana", text="Rolled back v7")
    async with place(
        issue(1, 9, POSTMORTEM, remark), issue(2, 8, "It broke"), issue(3, 7, "It broke", remark)
    ) as github:
        assert len(await github.told()) == 3
    assert [path.rpartition("/repos/")[2] for path in github.asked] == [
        "acme/checkout/issues",
        "acme/checkout/issues/3/comments",
    ]


async def test_of_many_comments_the_newest_are_read() -> None:
    remarks = [Remark(author="ana", text=f"Rolled back v{n}") for n in range(250)]
    async with place(issue(1, 9, "It broke", *remarks)) as github:
        past = await github.one()
    assert past.fix.endswith("Rolled back v249")
    assert len(github.asked) == 2


async def test_only_closed_issues_with_the_label_count() -> None:
    async with place(
        issue(1, text="It broke"),
        issue(2, text="It breaks", closed_at=None),
        issue(3, text="Please add a button", labels=("feature",)),
        issue(4, text="It broke", labels=("postmortem", "incident")),
    ) as github:
        assert [one.name for one in await github.told()] == ["#1", "#4"]
        assert [one.name for one in await github.told("repository=acme/checkout&label=postmortem")] == ["#4"]
        async with github.history() as source:
            assert (source.name, await source.count()) == ("github:acme/checkout", 2)


async def test_what_is_no_incident_is_named_with_the_reason() -> None:
    async with place(
        issue(1, 9, "Fix it", is_pull=True),
        issue(2, 8, "Not us", state_reason="not_planned"),
        issue(3, 7, "Again", state_reason="duplicate"),
        issue(4, 6, None),
        issue(5, 5, "<!-- what happened? -->\n"),
    ) as github:
        told = await github.told()
    assert [(one.name, one.skipped) for one in told] == [
        ("#1", "it is a pull request"),
        ("#2", "it was closed as not planned"),
        ("#3", "it was closed as a duplicate"),
        ("#4", "neither its text nor a maintainer's comment tells anything"),
        ("#5", "neither its text nor a maintainer's comment tells anything"),
    ]


async def test_many_come_over_several_pages_each_once_and_oldest_first() -> None:
    async with place(*(issue(n, 400 - n, f"Outage {n}") for n in range(1, 331))) as github, github.history() as source:
        assert await source.count() == 330
        told = [one async for one in source.items()]
    assert [one.key for one in told] == [str(n) for n in range(1, 331)]
    assert len(github.asked) == 1 + 4


async def test_the_hours_limit_is_kept_by_waiting_and_a_part_of_it_is_left_to_the_bot() -> None:
    remark = Remark(author="ana", text="Rolled back v7")
    async with place(*(issue(n, 40 - n, "It broke", remark) for n in range(1, 31)), rate_limit=20) as github:
        told = await github.told()
    assert all(one.past is not None and one.past.fix == "Rolled back v7" for one in told)
    assert len(told) == 30
    assert 3000 < max(github.waited) <= 3602, github.waited
    assert len(github.asked) == 31, "a list and the comments of each: nothing was refused and asked for again"


async def test_a_burst_that_github_refuses_is_waited_out() -> None:
    remark = Remark(author="ana", text="Rolled back v7")
    async with place(*(issue(n, 40 - n, "It broke", remark) for n in range(1, 21)), burst=8) as github:
        told = await github.told()
    assert [one.past is not None for one in told] == [True] * 20
    assert all(seconds <= 61 for seconds in github.waited), github.waited


async def test_a_repository_that_is_not_there_is_named() -> None:
    async with place() as github:
        with pytest.raises(SourceError, match="404"):
            await github.told("repository=acme/nope")


async def test_a_wrong_token_is_told_at_once() -> None:
    async with place(token="t" * 30) as github:
        with pytest.raises(SourceError, match="GITHUB_TOKEN"):
            await github.told()
    assert github.waited == []


async def test_one_whose_comments_cannot_be_read_does_not_stop_the_others() -> None:
    remark = Remark(author="ana", text="Rolled back v7")
    async with place(*(issue(n, 10 - n, "It broke", remark) for n in (1, 2, 3))) as github:
        github.arm(kind=FaultKind.STATUS, status=500, path="/issues/2/")
        told = await github.told()
    assert [one.past is not None for one in told] == [True, False, True]
    assert told[1].skipped.endswith("The next import asks for it again.")


async def test_deleted_comments_leave_the_issue() -> None:
    async with place(issue(1, 9, "It broke", Remark(author="ana", text="Rolled back v7"))) as github:
        github.arm(kind=FaultKind.STATUS, status=404, path="/comments", body='{"message": "Not Found"}')
        past = await github.one()
    assert (past.symptoms, past.fix) == ("It broke", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Date**: 2026-09-12 10:00 UTC\nIt broke", datetime(2026, 9, 12, 10, tzinfo=UTC)),
        ("**Date**: 2019-01-01\nIt broke", None),  # too long before the issue
        ("**Date**: 2026-12-24\nIt broke", None),  # after it
        ("It broke after the deploy of 2026-09-12", None),  # the day of the issue, which knows the hour
    ],
)
async def test_a_time_in_the_text_counts_where_it_can_be_the_incidents(text: str, expected: datetime | None) -> None:
    async with place(issue(1, 9, text)) as github:
        past = await github.one()
    assert past.started_at == (expected or AT - timedelta(days=9))


async def test_hostile_texts_become_plain_ones() -> None:
    text = (
        f"## Root cause\nA\u202e\x00 deploy\x1b[31m\n\n## Resolution\n{'x' * 60_000}\n"
        + "(" * 30_000
        + "\n| a" * 20_000
    )
    hostile = ("incident", "service:\u202e\x07evil", "sev999", "alert:" + "A" * 300)
    async with place(
        issue(1, 9, text, title="\u202eBad\x07\n" * 100, labels=hostile),
        issue(2, 8, "---\n&a [*a, *a]\n---\n# x", Remark(author="ana", text="\x00" * 50_000)),
    ) as github:
        told = await github.told()
    for one in told:
        past = one.past
        assert past is not None
        texts: Sequence[str] = (
            past.title,
            past.service or "",
            *past.alerts,
            *past.labels.values(),
            past.cause,
            past.fix,
        )
        assert all(line.isprintable() for said in texts for line in said.splitlines())
        assert len(past.title) <= 200
        assert len(past.fix) <= 2001


async def test_answers_of_another_shape_are_named() -> None:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    items: list[Any] = [{"number": "x"}, None, {"number": 3, "created_at": "yesterday"},
                        {"number": 4, "created_at": "2026-09-01T00:00:00Z", "body": "It broke", "labels": ["svc/a", 7],
                         "html_url": "javascript:alert(1)"}]  # fmt: skip

    async def answer(_: Any) -> JSONResponse:
        return JSONResponse(items)

    async with serving(Starlette(routes=[Route("/{path:path}", answer)])) as url, place() as github:
        told = await github.told(GITHUB_URL=url)
    assert [bool(one.skipped) for one in told] == [True, True, True, False]
    past = told[-1].past
    assert past is not None
    assert (past.service, past.link) == ("a", None)


def test_without_a_token_or_with_no_repository_it_is_a_setting_to_mend() -> None:
    make = INTEGRATION.history
    assert make is not None
    with tools() as lent:
        with pytest.raises(SettingsError, match="GITHUB_TOKEN"):
            make(read(GitHubSettings, {}), lent, "repository=acme/checkout")
        settings = read(GitHubSettings, {"GITHUB_TOKEN": KEY})
        for which in ("", "repository=acme", "repository=../x/y", "repository=a/b/c", "repo=a/b"):
            with pytest.raises(SettingsError):
                make(settings, lent, which)
        assert make(settings, lent, "repository=acme/checkout").name == "github:acme/checkout"
