"""Published postmortems as pull requests to a repository: people merge them, nothing is pushed to any branch.

https://docs.github.com/en/rest/git/trees
"""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from integrations.github.action_answers import MergedJson, ReferenceJson, ShaJson, WholeCommitJson
from integrations.github.actions import Asked, mark
from integrations.github.answers import RepositoryJson
from integrations.github.refusal import NotVisible
from integrations.github.reverting import BRANCHES
from integrations.github.wire import Wire

PERMISSION = "contents and pull requests, and write access to them"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.md")


class GitHubLibrary:
    """The `Library` port. The same text of the same name is the same pull request; another text is another one."""

    def __init__(self, asked: Asked, repository: str, folder: str = "postmortems") -> None:
        """`folder`: within the repository, without slashes around it; "" for its root."""
        self._asked = asked
        self._repository = repository
        self._folder = folder.strip("/")

    async def put(self, name: str, markdown: str) -> str:
        if not _NAME.fullmatch(name):
            raise SourceError(FailureReason.REFUSED, f"{name!r} is no name of a postmortem's file.")
        return await self._asked.call(lambda wire: self._proposed(wire, name, markdown))

    def _proposed(self, wire: Wire, name: str, markdown: str) -> str:
        """Raises SourceError. What of it is there from an earlier try is not made again."""
        branch = f"{BRANCHES}/postmortem-{name.removesuffix('.md').lower()}-{mark(markdown)}"
        params = {"head": f"{self._repository.partition('/')[0]}:{branch}", "state": "all"}
        there = wire.get(self._repository, "/pulls", list[MergedJson], params, permission=PERMISSION).value
        if there:
            return there[0].html_url
        base = wire.get(self._repository, "", RepositoryJson).value.default_branch
        path = f"{self._folder}/{name}" if self._folder else name
        if not self._is_there(wire, branch) and not self._committed(wire, base, branch, path, markdown):
            web = self._asked.settings.web
            return f"{web}/{self._repository}/blob/{base}/{path}"  # it stands there as it is
        content = {
            "title": f"Postmortem {name.removesuffix('.md')}",
            "head": branch,
            "base": base,
            "body": "A postmortem that was reviewed and approved. Opened by First Responder; merge it like any other.",
        }
        return wire.post(self._repository, "/pulls", MergedJson, content, permission=PERMISSION).html_url

    def _committed(self, wire: Wire, base: str, branch: str, path: str, markdown: str) -> bool:
        """A new branch with the file. False where the base has this very text already."""
        at = f"/commits/{quote(base, safe='')}"
        head = wire.get(self._repository, at, WholeCommitJson, {"per_page": "1"}, permission="contents")
        before = head.value.commit.tree.sha
        entry = {"path": path, "mode": "100644", "type": "blob", "content": markdown}
        tree = wire.post(
            self._repository, "/git/trees", ShaJson, {"base_tree": before, "tree": [entry]}, permission=PERMISSION
        )
        if tree.sha == before:
            return False
        message = {"message": f"Add {path}", "tree": tree.sha, "parents": [head.value.sha]}
        made = wire.post(self._repository, "/git/commits", ShaJson, message, permission=PERMISSION)
        ref = {"ref": f"refs/heads/{branch}", "sha": made.sha}
        wire.post(self._repository, "/git/refs", ReferenceJson, ref, permission=PERMISSION)
        return True

    def _is_there(self, wire: Wire, branch: str) -> bool:
        try:
            wire.get(self._repository, f"/git/ref/heads/{branch}", ReferenceJson, permission="contents")
        except NotVisible:
            return False
        return True
