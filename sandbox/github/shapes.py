"""What is built from the code, as GitHub's JSON: deployments, runs, releases, pull requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sandbox.github.code import CodeShapes, Json, digest, node_id, number, timestamp
from sandbox.github.history import DEFAULT_BRANCH, Tag
from sandbox.github.written import DispatchedRun, OpenPull
from sandbox.scenario.model import Commit, Deployment, PullRequest

ROLL_OUT = 30.0  # seconds from a deployment's creation to its last status
_FINAL = {"success": "success", "failure": "failure", "error": "failure", "inactive": "success"}
_WORKFLOW = "Deploy"


class Kept(StrEnum):
    """In which forms a repository keeps what was brought out."""

    DEPLOYMENTS = "deployments"
    RELEASES = "releases"
    RUNS = "workflow runs"


@dataclass(frozen=True, kw_only=True)
class Shapes(CodeShapes):
    """Writes all of one repository's entities."""

    keeps: frozenset[Kept] = frozenset(Kept)
    dispatchable: tuple[str, ...] = ()  # files of further workflows
    of_dispatched: Callable[[Shapes, DispatchedRun], Json] | None = None
    dispatched_runs: tuple[DispatchedRun, ...] = ()
    of_open: Callable[[Shapes, OpenPull], Json] | None = None
    open_pulls: tuple[OpenPull, ...] = ()

    def dispatched(self, item: DispatchedRun) -> Json:
        assert self.of_dispatched is not None
        return self.of_dispatched(self, item)

    def open_pull(self, item: OpenPull) -> Json:
        assert self.of_open is not None
        return self.of_open(self, item)

    def runs(self) -> list[Json]:
        """Newest first."""
        kept = self.repo.deployments if Kept.RUNS in self.keeps else ()
        found = [*map(self.dispatched, self.dispatched_runs), *map(self.run, kept)]
        return sorted(found, key=lambda run: str(run["created_at"]), reverse=True)

    def deployment(self, item: Deployment) -> Json:
        return {
            "url": f"{self.url}/deployments/{item.id}",
            "id": item.id,
            "node_id": node_id("Deployment", str(item.id)),
            "task": "deploy",
            "original_environment": item.environment,
            "environment": item.environment,
            "description": item.description or None,
            "created_at": timestamp(item.at),
            "updated_at": timestamp(self.states(item)[0][1]),
            "statuses_url": f"{self.url}/deployments/{item.id}/statuses",
            "repository_url": self.url,
            "creator": self.user(item.creator),
            "sha": item.sha,
            "ref": item.ref,
            "payload": dict(item.payload),
            "transient_environment": False,
            "production_environment": item.environment == "production",
            "performed_via_github_app": None,
        }

    def states(self, item: Deployment) -> list[tuple[str, float]]:
        """(state, since when), newest first."""
        found = [("in_progress", item.at)]
        if item.at + ROLL_OUT <= self.now and item.state != "in_progress":
            found.insert(0, (item.state, item.at + ROLL_OUT))
        return found

    def statuses(self, item: Deployment) -> list[Json]:
        return [self._status(item, state, at) for state, at in self.states(item)]

    def _status(self, item: Deployment, state: str, at: float) -> Json:
        identity = number(f"status {item.id} {state}")
        run = f"{self.page}/actions/runs/{self.run_id(item)}"
        return {
            "url": f"{self.url}/deployments/{item.id}/statuses/{identity}",
            "id": identity,
            "node_id": node_id("DeploymentStatus", str(identity)),
            "state": state,
            "creator": self.user(item.creator),
            "description": item.description,
            "environment": item.environment,
            "target_url": run,
            "log_url": run,
            "environment_url": "",
            "created_at": timestamp(at),
            "updated_at": timestamp(at),
            "deployment_url": f"{self.url}/deployments/{item.id}",
            "repository_url": self.url,
            "performed_via_github_app": None,
        }

    def pull(self, item: PullRequest, *, whole: bool = False) -> Json:
        """`whole`: with what only a single pull request's answer has."""
        merge = self.repo.resolve(item.merge_sha)
        opened = timestamp(min(merge.at, item.merged_at) if merge else item.merged_at)
        url, author = f"{self.url}/pulls/{item.number}", self.user(item.author)
        parent = self.repo.parent(merge) if merge else None
        shown = {
            "url": url,
            "id": number(f"{self.repo.name} pull {item.number}"),
            "node_id": node_id("PullRequest", f"{self.repo.name} {item.number}"),
            "html_url": f"{self.page}/pull/{item.number}",
            "diff_url": f"{self.page}/pull/{item.number}.diff",
            "issue_url": f"{self.url}/issues/{item.number}",
            "number": item.number,
            "state": "closed",
            "locked": False,
            "title": item.title,
            "user": author,
            "body": None,
            "created_at": opened,
            "updated_at": timestamp(item.merged_at),
            "closed_at": timestamp(item.merged_at),
            "merged_at": timestamp(item.merged_at),
            "merge_commit_sha": item.merge_sha,
            "assignees": [],
            "labels": [],
            "draft": False,
            "commits_url": f"{url}/commits",
            "head": self._side(f"{item.author}-{item.number}", item.merge_sha),
            "base": self._side(DEFAULT_BRANCH, parent.sha if parent else item.merge_sha),
        }
        if not whole:
            return shown
        files = self.files(merge.files if merge else (), item.merge_sha)
        return {
            **shown,
            "merged": True,
            "merged_by": author,
            "mergeable": None,
            "comments": 0,
            "review_comments": 0,
            "commits": 1,
            "additions": sum(file["additions"] for file in files),
            "deletions": sum(file["deletions"] for file in files),
            "changed_files": len(files),
        }

    def _side(self, branch: str, sha: str) -> Json:
        owner = self.repo.name.split("/")[0]
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(owner),
            "repo": self.repository(),
        }

    def tag(self, item: Tag) -> Json:
        return {
            "name": item.name,
            "commit": {"sha": item.commit.sha, "url": f"{self.url}/commits/{item.commit.sha}"},
            "zipball_url": f"{self.url}/zipball/refs/tags/{item.name}",
            "tarball_url": f"{self.url}/tarball/refs/tags/{item.name}",
            "node_id": node_id("Ref", f"{self.repo.name} {item.name}"),
        }

    def release(self, item: Tag) -> Json:
        identity = self.release_id(item)
        return {
            "url": f"{self.url}/releases/{identity}",
            "html_url": f"{self.page}/releases/tag/{item.name}",
            "assets_url": f"{self.url}/releases/{identity}/assets",
            "upload_url": f"{self.url}/releases/{identity}/assets{{?name,label}}",
            "tarball_url": f"{self.url}/tarball/{item.name}",
            "zipball_url": f"{self.url}/zipball/{item.name}",
            "id": identity,
            "node_id": node_id("Release", f"{self.repo.name} {item.name}"),
            "tag_name": item.name,
            "target_commitish": DEFAULT_BRANCH,
            "name": item.name,
            "body": item.text,
            "draft": False,
            "prerelease": False,
            "immutable": False,
            "created_at": timestamp(item.commit.at),
            "published_at": timestamp(item.at),
            "author": self.user(item.author),
            "assets": [],
        }

    def release_id(self, item: Tag) -> int:
        return number(f"{self.repo.name} release {item.name}")

    def run_id(self, item: Deployment) -> int:
        return number(f"run {item.id}")

    def workflow_id(self) -> int:
        return number(f"{self.repo.name} deploy.yml")

    def workflows(self) -> list[Json]:
        """The one that deploys, and the one that every repository has."""
        deploys = [(self.workflow_id(), _WORKFLOW, "deploy")] if self.repo.deployments else []
        found = [*deploys, (number(f"{self.repo.name} ci.yml"), "CI", "ci")] if Kept.RUNS in self.keeps else []
        names = (name.rpartition(".")[0] for name in self.dispatchable)
        found += [(number(f"{self.repo.name} {name}.yml"), name.capitalize(), name) for name in names]
        first = self.repo.commits[-1].at if self.repo.commits else 0
        return [
            {
                "id": identity,
                "node_id": node_id("Workflow", str(identity)),
                "name": name,
                "path": f".github/workflows/{file}.yml",
                "state": "active",
                "created_at": timestamp(first),
                "updated_at": timestamp(first),
                "url": f"{self.url}/actions/workflows/{identity}",
                "html_url": f"{self.page}/blob/{DEFAULT_BRANCH}/.github/workflows/{file}.yml",
                "badge_url": f"{self.page}/workflows/{name}/badge.svg",
            }
            for identity, name, file in found
        ]

    def run(self, item: Deployment) -> Json:
        """A deployment is carried out by one run of one workflow."""
        state, changed = self.states(item)[0]
        done = state in _FINAL
        identity, commit = self.run_id(item), self.repo.resolve(item.sha)
        url, actor = f"{self.url}/actions/runs/{identity}", self.user(item.creator)
        return {
            "id": identity,
            "name": _WORKFLOW,
            "node_id": node_id("WorkflowRun", str(identity)),
            "head_branch": item.ref,
            "head_sha": item.sha,
            "path": ".github/workflows/deploy.yml",
            "display_title": item.description or f"Deploy {item.ref}",
            "run_number": number(self.repo.name) % 500 + len([d for d in self.repo.deployments if d.at <= item.at]),
            "event": "deployment",
            "status": "completed" if done else "in_progress",
            "conclusion": _FINAL[state] if done else None,
            "workflow_id": self.workflow_id(),
            "url": url,
            "html_url": f"{self.page}/actions/runs/{identity}",
            "pull_requests": [],
            "created_at": timestamp(item.at),
            "updated_at": timestamp(changed),
            "run_started_at": timestamp(item.at),
            "run_attempt": 1,
            "actor": actor,
            "triggering_actor": actor,
            **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")},
            "head_commit": self._head_commit(commit) if commit else None,
            "repository": self.repository(),
        }

    def _head_commit(self, item: Commit) -> Json:
        return {
            "id": item.sha,
            "tree_id": digest(f"tree {item.sha}"),
            "message": item.message,
            "timestamp": timestamp(item.at),
            "author": self.signature(item.author),
            "committer": self.signature(item.author),
        }
