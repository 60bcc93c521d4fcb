"""One repository's questions, each of one request. Blocking: runs on the source threads."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from integrations.github import answers, records
from integrations.github.records import Compared, Deployed, Merge, Release, Run, State, Workflow
from integrations.github.refusal import NotVisible, no_repository
from integrations.github.wire import Reply, Wire

T = TypeVar("T")

PAGE = 100  # GitHub's largest page; no second one is ever read
_NAME = re.compile(r"(?!\.+/)[\w.-]+/(?!\.+$)[\w.-]+")
DEPLOYMENTS, CONTENTS, ACTIONS, PULLS = "deployments", "contents", "actions", "pull requests"  # permissions


class Spent(SourceError):
    """This repository has had its share of requests."""


class Repository:
    """All methods raise SourceError; Spent once `most` requests were made. Thread-safe."""

    def __init__(self, name: str, wire: Wire, *, most: int, is_burning: bool) -> None:
        self.name = name
        self._wire, self._is_burning = wire, is_burning
        self._left = most
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """Requests that may still be made."""
        return self._left

    def allow(self, more: int) -> None:
        with self._lock:
            self._left += more

    # --- questions ---------------------------------------------------------------------------------------------------

    def deployments(self, environment: str | None) -> tuple[Deployed, ...]:
        """The newest hundred, newest first; of all environments where `environment` is None."""
        params = {"environment": environment} if environment else {}
        try:
            found = self._list("/deployments", list[answers.DeploymentJson], params, DEPLOYMENTS)
        except NotVisible:
            raise no_repository(self._wire.account.settings, self.name) from None
        # A repository that was renamed is answered by way of a redirect that drops the question.
        wanted = [item for item in found if environment is None or item.environment.lower() == environment.lower()]
        return tuple(sorted(map(records.deployed, wanted), key=lambda item: (item.at, item.id), reverse=True))

    def state(self, deployment: int) -> State:
        path = f"/deployments/{deployment}/statuses"
        return records.state_of(self._list(path, list[answers.StatusJson], {}, DEPLOYMENTS))

    def releases(self) -> tuple[Release, ...]:
        """Those that are published, newest first."""
        found = self._list("/releases", list[answers.ReleaseJson], {}, CONTENTS)
        told = [records.release(item, item.published_at) for item in found if item.published_at and not item.draft]
        return tuple(sorted(told, key=lambda item: item.at, reverse=True))

    def default_branch(self) -> str:
        return self._get("", answers.RepositoryJson, {}, "metadata", is_kept=True).default_branch

    def workflows(self) -> tuple[Workflow, ...]:
        """Those that are switched on. None where Actions are switched off."""
        try:
            found = self._list("/actions/workflows", answers.WorkflowsJson, {}, ACTIONS).workflows
        except NotVisible:
            return ()
        return tuple(Workflow(id=w.id, name=w.name, path=w.path) for w in found if w.state == "active")

    def runs(self, workflow: Workflow) -> tuple[Run, ...]:
        """The newest hundred that did anything, newest first."""
        path, params = f"/actions/workflows/{workflow.id}/runs", {"exclude_pull_requests": "true"}
        found = self._list(path, answers.RunsJson, params, ACTIONS).workflow_runs
        told = [records.run(item, workflow, state) for item in found if (state := records.state_of_run(item))]
        return tuple(sorted(told, key=lambda item: item.at, reverse=True))

    def merges(self) -> tuple[Merge, ...]:
        """Of the hundred pull requests that were closed or changed last, those that were merged; newest first."""
        params = {"state": "closed", "sort": "updated", "direction": "desc"}
        found = self._list("/pulls", list[answers.PullJson], params, PULLS)
        told = [records.merge(item, item.merged_at) for item in found if item.merged_at]
        return tuple(sorted(told, key=lambda item: (item.at, item.number), reverse=True))

    def files(self, merge: Merge) -> Compared:
        found = self._list(f"/pulls/{merge.number}/files", list[answers.FileJson], {}, PULLS)
        return records.changed_by(found, is_all=len(found) < PAGE)

    def compare(self, base: str, head: str) -> Compared:
        """Raises NotVisible where one of them is gone."""
        path = f"/compare/{quote(base)}...{quote(head)}"
        found = self._get(path, answers.ComparisonJson, {"per_page": str(PAGE)}, CONTENTS, is_kept=False)
        return records.compared(found)

    def message(self, sha: str) -> str:
        """First line of a commit's."""
        found = self._get(f"/commits/{quote(sha)}", answers.CommitJson, {"per_page": "1"}, CONTENTS, is_kept=False)
        return records.first_line(found.commit.message)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _list(self, path: str, shape: type[T], params: Mapping[str, str], permission: str) -> T:
        return self._get(path, shape, {**params, "per_page": str(PAGE)}, permission, is_kept=True)

    def _get(self, path: str, shape: type[T], params: Mapping[str, str], permission: str, *, is_kept: bool) -> T:
        self._check_name()
        with self._lock:
            if self._left < 1:
                detail = f"GitHub was asked about {self.name} as often as one incident may."
                raise Spent(FailureReason.RATE_LIMITED, detail)
            self._left -= 1
        reply: Reply[T] = self._wire.get(
            self.name, path, shape, params, is_burning=self._is_burning, is_kept=is_kept, permission=permission
        )
        if reply.is_same:
            self.allow(1)
        return reply.value

    def _check_name(self) -> None:
        """What is no name might be another path of the API."""
        if not _NAME.fullmatch(self.name):
            raise self._wire.account.vendor.status(404, f"{self.name!r} is no owner/name")
