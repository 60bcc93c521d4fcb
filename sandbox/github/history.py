"""What a repository's history looks like at one moment: nothing later is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.scenario.model import Commit, Deployment, Person, PullRequest, Scenario

DEFAULT_BRANCH = "main"
_VERSION = re.compile(r"v?\d+(\.\d+)+\S*")
_SHORTEST_SHA = 4  # git's own minimum of an abbreviation


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A version that was deployed; it is a release as well."""

    name: str
    commit: Commit
    at: float
    author: str  # a person's handle
    text: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One repository as it is now. All sequences are newest first."""

    name: str  # "owner/name"
    commits: Sequence[Commit]
    deployments: Sequence[Deployment]
    pulls: Sequence[PullRequest]
    people: Mapping[str, Person]

    @property
    def head(self) -> Commit | None:
        return self.commits[0] if self.commits else None

    @property
    def tags(self) -> Sequence[Tag]:
        found: dict[str, Tag] = {}
        for item in reversed(self.deployments):
            commit = self._by_sha(item.sha)
            if _VERSION.fullmatch(item.ref) and item.ref not in found and commit is not None:
                found[item.ref] = Tag(
                    name=item.ref, commit=commit, at=item.at, author=item.creator, text=item.description
                )
        return sorted(found.values(), key=lambda tag: -tag.at)

    def resolve(self, ref: str) -> Commit | None:
        """A branch, tag, sha or an unambiguous beginning of one; `refs/heads/` and `refs/tags/` may stand before."""
        name = ref.removeprefix("refs/").removeprefix("heads/").removeprefix("tags/")
        if name in (DEFAULT_BRANCH, "HEAD"):
            return self.head
        tagged = next((tag.commit for tag in self.tags if tag.name == name), None)
        return tagged or self._by_sha(name)

    def since(self, commit: Commit) -> Iterator[Commit]:
        """This commit and all before it: history is one line."""
        return iter(self.commits[self.commits.index(commit) :])

    def parent(self, commit: Commit) -> Commit | None:
        place = self.commits.index(commit) + 1
        return self.commits[place] if place < len(self.commits) else None

    def pull_of(self, commit: Commit) -> PullRequest | None:
        return next((pull for pull in self.pulls if pull.merge_sha == commit.sha), None)

    def _by_sha(self, sha: str) -> Commit | None:
        if len(sha) < _SHORTEST_SHA:
            return None
        found = [commit for commit in self.commits if commit.sha.startswith(sha.lower())]
        return found[0] if len(found) == 1 else None


def repository(scenario: Scenario, name: str, now: float) -> Repository | None:
    """None where the scenario has no such repository; case does not matter."""
    real = next((item for item in scenario_repositories(scenario) if item.lower() == name.lower()), None)
    if real is None:
        return None
    commits = [item for item in scenario.commits.get(real, ()) if item.at <= now]
    deployments = [item for item in scenario.deployments if item.repository == real and item.at <= now]
    pulls = [item for item in scenario.pulls if item.repository == real and item.merged_at <= now]
    return Repository(
        name=real,
        commits=sorted(commits, key=lambda item: -item.at),
        deployments=sorted(deployments, key=lambda item: -item.at),
        pulls=sorted(pulls, key=lambda item: -item.merged_at),
        people={person.handle: person for person in scenario.people},
    )


def scenario_repositories(scenario: Scenario) -> tuple[str, ...]:
    """ "owner/name" of all, in alphabetical order."""
    deployed, merged = (d.repository for d in scenario.deployments), (p.repository for p in scenario.pulls)
    return tuple(sorted({*scenario.commits, *deployed, *merged}))
