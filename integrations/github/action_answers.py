"""GitHub's JSON, as far as actions read it. https://docs.github.com/en/rest"""

from __future__ import annotations

import msgspec

from integrations.github.answers import BranchJson, FileJson, Moment


class ShaJson(msgspec.Struct):
    sha: str


class TreeCommitJson(msgspec.Struct):
    tree: ShaJson
    message: str = ""


class WholeCommitJson(msgspec.Struct):
    sha: str
    commit: TreeCommitJson
    parents: list[ShaJson]
    files: list[FileJson] = []


class MergedJson(msgspec.Struct):
    number: int
    title: str = ""
    html_url: str = ""
    state: str = ""
    merged_at: Moment | None = None
    merge_commit_sha: str | None = None
    base: BranchJson | None = None


class StartedJson(msgspec.Struct):
    workflow_run_id: int
    html_url: str = ""


class ReferenceJson(msgspec.Struct):
    ref: str
    object: ShaJson
