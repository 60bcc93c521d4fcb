"""A small history, served to the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from sandbox.github.server import create_app
from sandbox.scenario.model import Commit, Deployment, Person, PullRequest, Scenario, Webhook
from sandbox.serve import serving

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
REPO = "acme/checkout"
HOUR = 3600.0


def sha(number: int) -> str:
    return f"{number:x}".rjust(2, "a") * 20


def commit(number: int, ago: float, *files: str, author: str = "ana") -> Commit:
    return Commit(sha=sha(number), at=NOW - ago, author=author, message=f"Change {number}", files=files)


COMMITS = (
    commit(6, -HOUR, "later.py"),
    commit(5, HOUR, "checkout/api.py", "checkout/db.py"),
    commit(4, 2 * HOUR, "checkout/db.py", author="ben"),
    commit(3, 24 * HOUR, "docs/index.md"),
    commit(2, 48 * HOUR, "checkout/api.py"),
    commit(1, 72 * HOUR, "README.md"),
)


def deployment(number: int, ago: float, ref: str, change: int, environment: str = "production") -> Deployment:
    return Deployment(
        id=9000 + number, at=NOW - ago, repository=REPO, environment=environment, ref=ref, sha=sha(change),
        creator="ben", description=f"Deploy {ref}", state="failure" if number == 4 else "success",
        payload={"change": str(change)},
    )  # fmt: skip


DEPLOYMENTS = (
    deployment(5, -60, "v1.3.0", 6),
    deployment(4, 10, "v1.2.0", 5),
    deployment(3, 90 * 60, "main", 4, "staging"),
    deployment(2, 20 * HOUR, "v1.1.0", 3),
    deployment(1, 70 * HOUR, "v1.0.0", 1),
)
PULLS = (
    PullRequest(number=12, repository=REPO, title="Later", author="ana", merged_at=NOW + HOUR, merge_sha=sha(6)),
    PullRequest(number=11, repository=REPO, title="Pool", author="ana", merged_at=NOW - HOUR, merge_sha=sha(5)),
    PullRequest(number=10, repository=REPO, title="Docs", author="ben", merged_at=NOW - 24 * HOUR, merge_sha=sha(3)),
)


def small() -> Scenario:
    return Scenario(
        name="small", title="", folder=Path("/nonexistent"), loaded_at=NOW, onset=NOW,
        people=(Person(handle="ana", name="Ana Ruiz", email="ana@example.com"),
                Person(handle="ben", name="Ben Ode", email="ben@example.com")),
        webhook=Webhook(source="generic", payload={}), distractors=(), series=(), logs=(), rules=(),
        commits={REPO: COMMITS, "acme/empty": ()}, deployments=DEPLOYMENTS, pulls=PULLS, oncalls=(),
    )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    async with serving(create_app(small(), clock=lambda: NOW)) as base:
        yield base


def many(files: int, commits: int = 1) -> Scenario:
    """Two deployed versions of one repository with so many files between them."""
    names = tuple(f"src/{number:04}.py" for number in range(files))
    newer = tuple(commit(100 + n, 60 + n, *names[n::commits], author=("ana", "ben")[n % 2]) for n in range(commits))
    return replace(
        small(),
        commits={REPO: (*newer, commit(1, 72 * HOUR, "README.md"))},
        deployments=(deployment(6, 50, "v9.0.0", 100), deployment(1, 70 * HOUR, "v1.0.0", 1)),
        pulls=(),
    )
