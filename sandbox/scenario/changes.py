"""Reads what happened in the repositories: commits, deployments, merged pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha1

from sandbox.scenario.model import Commit, Deployment, PullRequest
from sandbox.scenario.reading import Node

FIRST_DEPLOYMENT_ID = 2_104_000_113  # GitHub's are global and large; ours ascend by time from here
DEPLOYMENT_ID_STEP = 7_919


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One repository; `service` is the catalog's name of what it builds."""

    name: str  # "owner/name"
    service: str
    commits: tuple[Commit, ...]  # newest first
    deployments: tuple[Deployment, ...]  # newest first; ids are not given yet
    pulls: tuple[PullRequest, ...]  # newest first


def read_repository(name: str, node: Node, *, onset: float, people: Sequence[str]) -> Repository:
    node.only("service", "commits", "deployments", "pulls")
    commits = {item.text("key"): _commit(item, name, onset, people) for item in node.items("commits")}
    deployments = [_deployment(item, name, onset, people, commits) for item in node.items("deployments")]
    pulls = [_pull(item, name, onset, people, commits) for item in node.items("pulls")]
    return Repository(
        name=name,
        service=node.text("service"),
        commits=tuple(sorted(commits.values(), key=lambda c: -c.at)),
        deployments=tuple(sorted(deployments, key=lambda d: -d.at)),
        pulls=tuple(sorted(pulls, key=lambda p: -p.merged_at)),
    )


def number_deployments(repositories: Sequence[Repository]) -> tuple[Deployment, ...]:
    """All of them with their ids, newest first."""
    return tuple(reversed(list(_numbered(repositories))))


def _numbered(repositories: Sequence[Repository]) -> Iterator[Deployment]:
    everything = sorted((d for r in repositories for d in r.deployments), key=lambda d: d.at)
    for index, item in enumerate(everything):
        yield replace(item, id=FIRST_DEPLOYMENT_ID + index * DEPLOYMENT_ID_STEP)


def _commit(node: Node, repository: str, onset: float, people: Sequence[str]) -> Commit:
    node.only("key", "at", "author", "message", "files")
    return Commit(
        sha=sha1(f"{repository} {node.text('key')}".encode()).hexdigest(),
        at=onset + node.seconds("at"),
        author=person(node, "author", people),
        message=node.text("message"),
        files=node.texts("files"),
    )


def _deployment(
    node: Node, repository: str, onset: float, people: Sequence[str], commits: Mapping[str, Commit]
) -> Deployment:
    node.only("at", "ref", "commit", "creator", "description", "state", "environment", "payload")
    return Deployment(
        id=0,
        at=onset + node.seconds("at"),
        repository=repository,
        environment=node.text("environment", "production"),
        ref=node.text("ref"),
        sha=_known(node, "commit", commits).sha,
        creator=person(node, "creator", people),
        description=node.text("description", ""),
        state=node.text("state", "success"),
        payload=node.labels("payload"),
    )


def _pull(
    node: Node, repository: str, onset: float, people: Sequence[str], commits: Mapping[str, Commit]
) -> PullRequest:
    node.only("number", "title", "author", "merged_at", "commit")
    return PullRequest(
        number=node.integer("number"),
        repository=repository,
        title=node.text("title"),
        author=person(node, "author", people),
        merged_at=onset + node.seconds("merged_at"),
        merge_sha=_known(node, "commit", commits).sha,
    )


def _known(node: Node, name: str, commits: Mapping[str, Commit]) -> Commit:
    key = node.text(name)
    if key not in commits:
        raise node.child(name).error(f"there is no commit with the key {key!r} in this repository; add it to commits")
    return commits[key]


def person(node: Node, name: str, people: Sequence[str]) -> str:
    """A person's handle; raises ScenarioError where nobody has it."""
    handle = node.text(name)
    if handle not in people:
        raise node.child(name).error(f"nobody has the handle {handle!r}; people are {', '.join(people)}")
    return handle
