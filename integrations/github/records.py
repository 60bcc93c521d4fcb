"""What GitHub's answers say, as values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from integrations.github import answers

MOST_FILES = 300  # GitHub lists no more files of a comparison
MOST_AUTHORS = 20
_MOVING = frozenset({"main", "master", "trunk", "develop", "head", "production"})  # refs that name no version
_SHA = re.compile(r"[0-9a-f]{40}")


class State(Enum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDER_WAY = "under way"
    STOPPED = "was cancelled"
    UNKNOWN = "unknown"

    @property
    def succeeded(self) -> bool | None:
        return {State.SUCCEEDED: True, State.FAILED: False}.get(self)


# GitHub sets the deployment before to inactive when the next succeeds, and only one that had succeeded itself.
_OF_STATUS = {
    "success": State.SUCCEEDED, "inactive": State.SUCCEEDED, "failure": State.FAILED, "error": State.FAILED,
    "queued": State.UNDER_WAY, "pending": State.UNDER_WAY, "in_progress": State.UNDER_WAY, "waiting": State.UNDER_WAY,
}  # fmt: skip
_OF_CONCLUSION = {
    "success": State.SUCCEEDED, "failure": State.FAILED, "timed_out": State.FAILED, "startup_failure": State.FAILED,
    "cancelled": State.STOPPED,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What lies between two versions."""

    files: tuple[str, ...]
    added: int
    removed: int
    is_all: bool  # False: GitHub lists no more files than these
    commits: int | None = None
    authors: tuple[str, ...] = ()  # the most first
    message: str = ""  # first line of the newest commit's
    link: str = ""
    behind: int = 0  # commits of the version before that this one lacks


@dataclass(frozen=True, kw_only=True)
class Deployed:
    id: int
    at: datetime
    ref: str
    sha: str
    environment: str
    title: str
    author: str

    @property
    def version(self) -> str:
        return version_of(self.ref, self.sha)


@dataclass(frozen=True, kw_only=True)
class Release:
    at: datetime
    tag: str
    title: str
    author: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Workflow:
    id: int
    name: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Run:
    at: datetime  # of the last attempt's start
    workflow: str
    branch: str
    sha: str
    title: str
    event: str
    author: str
    state: State
    link: str


@dataclass(frozen=True, kw_only=True)
class Merge:
    number: int
    at: datetime
    sha: str
    title: str
    author: str
    link: str
    branch: str  # that it went into; "" where it is not said


def deployed(item: answers.DeploymentJson) -> Deployed:
    title = first_line(item.description)
    return Deployed(
        id=item.id,
        at=item.created_at,
        ref=item.ref,
        sha=item.sha or item.ref,
        environment=item.environment,
        title=title,
        author=item.creator.login if item.creator else "",
    )


def state_of(statuses: Sequence[answers.StatusJson]) -> State:
    """By the newest; unknown where nobody said."""
    if not statuses:
        return State.UNKNOWN
    newest = max(statuses, key=lambda item: (item.created_at.timestamp() if item.created_at else 0.0, item.id))
    return _OF_STATUS.get(newest.state, State.UNKNOWN)


def state_of_run(run: answers.RunJson) -> State | None:
    """None for a run that did nothing, as when its condition was not met."""
    if run.status != "completed":
        return State.UNDER_WAY
    return None if run.conclusion in ("skipped", "neutral", "stale") else _OF_CONCLUSION.get(run.conclusion or "")


def release(item: answers.ReleaseJson, at: datetime) -> Release:
    return Release(
        at=at,
        tag=item.tag_name,
        title=first_line(item.name),
        author=item.author.login if item.author else "",
        link=item.html_url,
    )


def run(item: answers.RunJson, workflow: Workflow, state: State) -> Run:
    actor = item.triggering_actor or item.actor
    return Run(
        at=item.run_started_at or item.created_at,
        workflow=workflow.name or workflow.path.rpartition("/")[2],
        branch=item.head_branch or "",
        sha=item.head_sha,
        title=first_line(item.display_title),
        event=item.event,
        author=actor.login if actor else "",
        state=state,
        link=item.html_url,
    )


def merge(item: answers.PullJson, at: datetime) -> Merge:
    return Merge(
        number=item.number,
        at=at,
        sha=item.merge_commit_sha or "",
        title=first_line(item.title),
        author=item.user.login if item.user else "",
        link=item.html_url,
        branch=item.base.ref if item.base else "",
    )


def compared(item: answers.ComparisonJson) -> Compared:
    names = Counter(_author_of(commit) for commit in item.commits)
    return Compared(
        files=tuple(file.filename for file in item.files),
        added=sum(file.additions for file in item.files),
        removed=sum(file.deletions for file in item.files),
        is_all=len(item.files) < MOST_FILES,
        commits=item.total_commits,
        authors=tuple(name for name, _ in names.most_common(MOST_AUTHORS) if name),
        message=first_line(item.commits[-1].commit.message) if len(item.commits) == item.total_commits > 0 else "",
        link=item.html_url,
        behind=item.behind_by,
    )


def changed_by(files: Sequence[answers.FileJson], *, is_all: bool) -> Compared:
    """Of one merge."""
    return Compared(
        files=tuple(file.filename for file in files),
        added=sum(file.additions for file in files),
        removed=sum(file.deletions for file in files),
        is_all=is_all,
    )


def version_of(ref: str, sha: str) -> str:
    """The ref where it names a version, else the short commit."""
    name = ref.removeprefix("refs/").removeprefix("tags/").removeprefix("heads/")
    return (sha or name)[:7] if name.lower() in _MOVING or _SHA.fullmatch(name) or not name else name


def first_line(text: str | None) -> str:
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def _author_of(commit: answers.CommitJson) -> str:
    if commit.author and commit.author.login:
        return commit.author.login
    return (commit.commit.author.name if commit.commit.author else "") or ""
