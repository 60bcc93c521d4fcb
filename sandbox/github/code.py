"""Repositories, commits and users as GitHub's JSON."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any, TypeAlias

from sandbox.github.history import DEFAULT_BRANCH, Repository
from sandbox.scenario.model import Commit

Json: TypeAlias = dict[str, Any]

PAGE = "https://github.example"  # where people would look; the API's own address is the server's


def timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(seed: str) -> int:
    """A stable id below 2^31."""
    return int(sha1(seed.encode()).hexdigest()[:8], 16) % 2**31


def node_id(kind: str, seed: str) -> str:
    return b64encode(f"{kind}:{number(seed)}".encode()).decode().rstrip("=")


def digest(seed: str) -> str:
    return sha1(seed.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class CodeShapes:
    """Writes one repository's entities; `api` is the server's address without a trailing slash."""

    api: str
    repo: Repository
    now: float

    @property
    def url(self) -> str:
        return f"{self.api}/repos/{self.repo.name}"

    @property
    def page(self) -> str:
        return f"{PAGE}/{self.repo.name}"

    def user(self, handle: str) -> Json:
        return user(self.api, handle)

    def repository(self) -> Json:
        owner, name = self.repo.name.split("/")
        head, first = self.repo.head, self.repo.commits[-1] if self.repo.commits else None
        return {
            "id": number(self.repo.name),
            "node_id": node_id("Repository", self.repo.name),
            "name": name,
            "full_name": self.repo.name,
            "private": True,
            "owner": {**self.user(owner), "type": "Organization"},
            "html_url": self.page,
            "description": None,
            "fork": False,
            "url": self.url,
            **{f"{key}_url": f"{self.url}/{path}" for key, path in _REPOSITORY_URLS.items()},
            "default_branch": DEFAULT_BRANCH,
            "archived": False,
            "disabled": False,
            "visibility": "private",
            "created_at": timestamp(first.at if first else 0),
            "updated_at": timestamp(head.at if head else 0),
            "pushed_at": timestamp(head.at if head else 0),
            "open_issues_count": 0,
            "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
        }

    def commit(self, item: Commit, *, with_files: bool = False) -> Json:
        parent = self.repo.parent(item)
        signature = {**self.signature(item.author), "date": timestamp(item.at)}
        shown = {
            "sha": item.sha,
            "node_id": node_id("Commit", item.sha),
            "url": f"{self.url}/commits/{item.sha}",
            "html_url": f"{self.page}/commit/{item.sha}",
            "comments_url": f"{self.url}/commits/{item.sha}/comments",
            "commit": {
                "author": signature,
                "committer": signature,
                "message": item.message,
                "tree": {"sha": digest(f"tree {item.sha}"), "url": f"{self.url}/git/trees/{digest(item.sha)}"},
                "url": f"{self.url}/git/commits/{item.sha}",
                "comment_count": 0,
                "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
            },
            "author": self.user(item.author),
            "committer": self.user(item.author),
            "parents": [self._parent(parent)] if parent else [],
        }
        if not with_files:
            return shown
        files = self.files(item.files, item.sha)
        added, removed = (sum(file[key] for file in files) for key in ("additions", "deletions"))
        return {**shown, "stats": {"total": added + removed, "additions": added, "deletions": removed}, "files": files}

    def signature(self, handle: str) -> Json:
        person = self.repo.people.get(handle)
        return {"name": person.name if person else handle, "email": person.email if person else f"{handle}@example.com"}

    def _parent(self, item: Commit) -> Json:
        return {
            "sha": item.sha,
            "url": f"{self.url}/commits/{item.sha}",
            "html_url": f"{self.page}/commit/{item.sha}",
        }

    def files(self, names: Sequence[str], sha: str) -> list[Json]:
        """A scenario knows which files changed, not how: the numbers of lines are made up, and no patch is shown."""
        return [self._file(name, sha) for name in names]

    def _file(self, name: str, sha: str) -> Json:
        added, removed = number(f"{sha} + {name}") % 40 + 1, number(f"{sha} - {name}") % 15
        return {
            "sha": digest(f"blob {sha} {name}"),
            "filename": name,
            "status": "modified",
            "additions": added,
            "deletions": removed,
            "changes": added + removed,
            "blob_url": f"{self.page}/blob/{sha}/{name}",
            "raw_url": f"{self.page}/raw/{sha}/{name}",
            "contents_url": f"{self.url}/contents/{name}?ref={sha}",
        }

    def branch(self, head: Commit) -> Json:
        url = f"{self.url}/branches/{DEFAULT_BRANCH}"
        return {
            "name": DEFAULT_BRANCH,
            "commit": self.commit(head),
            "_links": {"self": url, "html": f"{self.page}/tree/{DEFAULT_BRANCH}"},
            "protected": True,
            "protection_url": f"{url}/protection",
        }

    def comparison(self, base: Commit, head: Commit, spec: str, page: Sequence[Commit], *, first: bool) -> Json:
        """`page` is the part of the commits that is asked for; files stand on the first page only."""
        ahead, behind = between(self.repo, base, head), between(self.repo, head, base)
        files = {name: item.sha for item in ahead for name in item.files}
        shown = [self._file(name, sha) for name, sha in sorted(files.items())][:COMPARED_FILES] if first else []
        return {
            "url": f"{self.url}/compare/{spec}",
            "html_url": f"{self.page}/compare/{spec}",
            "permalink_url": f"{self.page}/compare/{base.sha[:12]}...{head.sha[:12]}",
            "diff_url": f"{self.page}/compare/{spec}.diff",
            "patch_url": f"{self.page}/compare/{spec}.patch",
            "base_commit": self.commit(base),
            "merge_base_commit": self.commit(head if behind else base),
            "status": "ahead" if ahead else "behind" if behind else "identical",
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [self.commit(item) for item in page],
            "files": shown,
        }


COMPARED_FILES = 300  # GitHub shows no more of a comparison
_REPOSITORY_URLS: Mapping[str, str] = {
    "deployments": "deployments",
    "compare": "compare/{base}...{head}",
    "commits": "commits{/sha}",
    "branches": "branches{/branch}",
    "contents": "contents/{+path}",
    "releases": "releases{/id}",
    "pulls": "pulls{/number}",
    "tags": "tags",
    "statuses": "statuses/{sha}",
}


def between(repo: Repository, base: Commit, head: Commit) -> list[Commit]:
    """Commits of `head` that `base` does not have, oldest first."""
    had = {item.sha for item in repo.since(base)}
    return [item for item in repo.since(head) if item.sha not in had][::-1]


def user(api: str, handle: str) -> Json:
    return {
        "login": handle,
        "id": number(f"user {handle}"),
        "node_id": node_id("User", handle),
        "avatar_url": f"{PAGE}/{handle}.png",
        "url": f"{api}/users/{handle}",
        "html_url": f"{PAGE}/{handle}",
        "repos_url": f"{api}/users/{handle}/repos",
        "type": "User",
        "site_admin": False,
    }
