"""GitHub's JSON, as far as it is read. https://docs.github.com/en/rest"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class UserJson(msgspec.Struct):
    login: str = ""


class DeploymentJson(msgspec.Struct):
    id: int
    sha: str
    created_at: Moment
    ref: str = ""
    environment: str = ""
    task: str = ""
    description: str | None = None
    creator: UserJson | None = None


class StatusJson(msgspec.Struct):
    state: str
    id: int = 0
    created_at: Moment | None = None


class ReleaseJson(msgspec.Struct):
    tag_name: str
    name: str | None = None
    draft: bool = False
    published_at: Moment | None = None
    html_url: str = ""
    author: UserJson | None = None


class RepositoryJson(msgspec.Struct):
    full_name: str
    default_branch: str = "main"


class WorkflowJson(msgspec.Struct):
    id: int
    name: str = ""
    path: str = ""
    state: str = "active"


class WorkflowsJson(msgspec.Struct):
    workflows: list[WorkflowJson]


class RunJson(msgspec.Struct):
    id: int
    head_sha: str
    created_at: Moment
    name: str | None = None
    head_branch: str | None = None
    display_title: str | None = None
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    run_started_at: Moment | None = None
    html_url: str = ""
    actor: UserJson | None = None
    triggering_actor: UserJson | None = None


class RunsJson(msgspec.Struct):
    workflow_runs: list[RunJson]


class BranchJson(msgspec.Struct):
    ref: str = ""


class PullJson(msgspec.Struct):
    number: int
    title: str = ""
    html_url: str = ""
    merged_at: Moment | None = None
    merge_commit_sha: str | None = None
    user: UserJson | None = None
    base: BranchJson | None = None


class FileJson(msgspec.Struct):
    filename: str
    additions: int = 0
    deletions: int = 0


class SignatureJson(msgspec.Struct):
    name: str | None = None


class CommitTextJson(msgspec.Struct):
    message: str = ""
    author: SignatureJson | None = None


class CommitJson(msgspec.Struct):
    sha: str
    commit: CommitTextJson
    author: UserJson | None = None


class ComparisonJson(msgspec.Struct):
    commits: list[CommitJson]
    total_commits: int
    status: str = ""
    behind_by: int = 0
    html_url: str = ""
    files: list[FileJson] = msgspec.field(default_factory=list)
