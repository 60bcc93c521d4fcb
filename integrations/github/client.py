"""GitHub's REST API as values. Blocking: runs on the source threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from bot.domain.errors import SourceError
from bot.domain.evidence import ChangeKind
from integrations.failure import REQUEST_SHARE, Vendor
from integrations.github.settings import GitHubSettings

if TYPE_CHECKING:
    from github import GithubException
    from github.Deployment import Deployment
    from github.Repository import Repository

T = TypeVar("T")

VENDOR = Vendor(
    title="GitHub",
    address="GITHUB_URL",
    credentials="GITHUB_TOKEN",
    permission="read access to contents, deployments and pull requests",
    remedies={404: "is the repository's name right in the catalog, and may GITHUB_TOKEN see it?"},
)
MOST_CHANGES = 10  # of one service within the window: each deployment costs a request for its status
MOST_LISTED = 60  # entries of a list that are gone through
OLDER_TRIED = 3  # deployments before the window that are asked whether they succeeded
FILES = 50  # of a difference; GitHub itself stops at 300
GOOD_STATES = frozenset({"success", "inactive"})  # GitHub sets the one before to inactive when the next succeeds
BAD_STATES = frozenset({"failure", "error"})
_MOVING = frozenset({"main", "master", "trunk", "develop", "HEAD"})  # refs that name no version
_SHA = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Change:
    kind: ChangeKind
    at: datetime
    version: str
    title: str
    author: str
    link: str | None
    ref: str  # what to compare by
    previous: str | None = None
    previous_ref: str | None = None
    succeeded: bool | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """`kind`: what the repository keeps; None where it keeps none of the three."""

    kind: ChangeKind | None
    found: tuple[Change, ...] = ()  # newest first


class GitHubClient:
    """All methods raise SourceError. `deadline` in seconds is the caller's; a request takes less."""

    def __init__(self, settings: GitHubSettings, *, deadline: float) -> None:
        from github import Auth, Github

        self._web = settings.web
        self._timeout = max(1, int(deadline * REQUEST_SHARE))  # the library takes whole seconds only
        self._github = Github(
            auth=Auth.Token(settings.token) if settings.token else None,
            base_url=settings.base,
            timeout=self._timeout,
            retry=None,  # its default sleeps until a limit is lifted, up to an hour
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,  # a repository is only a name here: no request to look at it
        )

    def __enter__(self) -> GitHubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._github.close()

    def changes(self, repository: str, environment: str, since: datetime, *, is_burning: bool) -> Changes:
        """Deployments to `environment` where the repository has any, else releases, else merges; since that time.

        Of the burning service with files and titles, which cost requests.
        """
        if not _NAME.fullmatch(repository):
            raise VENDOR.status(404, f"{repository!r} is no owner/name")
        return self._call(lambda: self._changes(repository, environment, since, is_burning))

    def left(self) -> tuple[int, int]:
        """(requests left, requests an hour); asking for it costs none."""
        core = self._call(lambda: self._github.get_rate_limit().resources.core)
        return core.remaining, core.limit

    def _changes(self, name: str, environment: str, since: datetime, is_burning: bool) -> Changes:
        repository = self._github.get_repo(name)
        kind = ChangeKind.DEPLOYMENT
        found = self._deployments(repository, name, environment, since)
        if found is None:
            kind, found = ChangeKind.RELEASE, self._releases(repository, since)
        if found is None:
            kind, found = ChangeKind.MERGE, self._merges(repository, since)
        if found is None:
            # The library reads an empty body as an empty list: only a repository that has an id has really nothing.
            if not isinstance(repository.id, int):
                raise VENDOR.nonsense("nothing at all")
            return Changes(kind=None)
        told = (self._whole(repository, change) for change in found) if is_burning else found
        return Changes(kind=kind, found=tuple(told))

    def _deployments(self, repository: Repository, name: str, environment: str, since: datetime) -> list[Change] | None:
        """None where there never was one."""
        listed = islice(repository.get_deployments(environment=environment), MOST_LISTED)
        inside, older = _split(listed, lambda item: item.created_at >= since)
        if not inside and not older:
            return None
        states = [_succeeded(item) for item in inside]
        before = [(item, state) for item, state in zip(inside, states, strict=True)]
        before += _until_good(older[:OLDER_TRIED], inside[-1].sha) if inside else []
        return [
            self._deployment(item, name, state, _before(item, before[index + 1 :]))
            for index, (item, state) in enumerate(zip(inside, states, strict=True))
        ]

    def _deployment(self, item: Deployment, name: str, state: bool | None, before: Deployment | None) -> Change:
        version = _version(item.ref, item.sha)
        return Change(
            kind=ChangeKind.DEPLOYMENT,
            at=item.created_at,
            version=version,
            title=_first_line(item.description) or version,
            author=item.creator.login if item.creator else "",
            link=f"{self._web}/{name}/commit/{item.sha}",
            ref=item.sha or item.ref,
            previous=_version(before.ref, before.sha) if before else None,
            previous_ref=(before.sha or before.ref) if before else None,
            succeeded=state,
        )

    def _releases(self, repository: Repository, since: datetime) -> list[Change] | None:
        listed = [item for item in islice(repository.get_releases(), MOST_LISTED) if not item.draft]
        if not listed:
            return None
        listed.sort(key=lambda item: item.published_at, reverse=True)
        inside, older = _split(listed, lambda item: item.published_at >= since)
        following = [*inside[1:], *older][: len(inside)]
        previous = [item.tag_name for item in following] + [None] * (len(inside) - len(following))
        return [
            Change(
                kind=ChangeKind.RELEASE,
                at=item.published_at,
                version=item.tag_name,
                title=_first_line(item.name) or item.tag_name,
                author=item.author.login if item.author else "",
                link=item.html_url,
                ref=item.tag_name,
                previous=before,
                previous_ref=before,
            )
            for item, before in zip(inside, previous, strict=True)
        ]

    def _merges(self, repository: Repository, since: datetime) -> list[Change] | None:
        listed = list(islice(repository.get_pulls(state="closed", sort="updated", direction="desc"), MOST_LISTED))
        if not listed:
            return None
        merged = [(pull.merged_at, pull) for pull in listed if pull.merged_at and pull.merged_at >= since]
        merged.sort(key=lambda pair: (pair[0], pair[1].number), reverse=True)
        return [
            Change(
                kind=ChangeKind.MERGE,
                at=at,
                version=(pull.merge_commit_sha or "")[:7] or f"#{pull.number}",
                title=f"#{pull.number} {_first_line(pull.title)}",
                author=pull.user.login if pull.user else "",
                link=pull.html_url,
                ref="",
            )
            for at, pull in merged[:MOST_CHANGES]
        ]

    def _whole(self, repository: Repository, change: Change) -> Change:
        """With the files that differ from the version before, and the commit's words where there are no others."""
        from github import UnknownObjectException

        try:
            if change.title == change.version and change.kind is ChangeKind.DEPLOYMENT:
                message = repository.get_commit(change.ref).commit.message
                change = replace(change, title=_first_line(message) or change.title)
            if change.previous_ref and change.previous_ref != change.ref:
                compared = repository.compare(change.previous_ref, change.ref)
                files = tuple(item.filename for item in islice(compared.files, FILES))
                change = replace(change, files=files, link=compared.html_url or change.link)
        except UnknownObjectException:
            pass  # a tag or commit that was deleted since: the change is still known
        return change

    def _call(self, ask: Callable[[], T]) -> T:
        from github import BadAttributeException, GithubException
        from requests import RequestException

        try:
            return ask()
        except GithubException as error:
            raise _refused(error) from None
        except RequestException as error:
            raise VENDOR.requests_error(error, self._timeout) from None
        except (BadAttributeException, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            # The library checks little of what it reads: an answer of another shape ends as one of these.
            raise VENDOR.nonsense(type(error).__name__) from None


def _refused(error: GithubException) -> SourceError:
    from github import RateLimitExceededException

    said = error.data.get("message") if isinstance(error.data, dict) else None
    headers = {name.lower() for name in error.headers or {}}
    if isinstance(error, RateLimitExceededException) or (error.status == 403 and "retry-after" in headers):
        return VENDOR.status(429)
    return VENDOR.status(error.status, said if isinstance(said, str) else "")


def _split(items: Iterable[Any], is_inside: Callable[[Any], bool]) -> tuple[list[Any], list[Any]]:
    """(newest ones inside the window, the next few before it); reads no further than it must."""
    inside: list[Any] = []
    older: list[Any] = []
    for item in items:
        if is_inside(item):
            inside.append(item)
        else:
            older.append(item)
        if len(older) >= OLDER_TRIED:
            break
    return inside[:MOST_CHANGES], older


def _until_good(items: Iterable[Deployment], running: str) -> Iterator[tuple[Deployment, bool | None]]:
    """Each with whether it succeeded, up to the first that did and is another commit than `running`."""
    for item in items:
        state = _succeeded(item)
        yield item, state
        if state and item.sha != running:
            return


def _succeeded(item: Deployment) -> bool | None:
    """By its newest status; None while it is under way, or where nobody said."""
    newest = next(iter(item.get_statuses()), None)
    if newest is None:
        return None
    return True if newest.state in GOOD_STATES else False if newest.state in BAD_STATES else None


def _before(item: Deployment, older: Iterable[tuple[Deployment, bool | None]]) -> Deployment | None:
    """The version that ran before: the newest older deployment of another commit that did not fail."""
    candidates = (other for other, state in older if state is not False and other.sha != item.sha)
    return next(candidates, None)


def _version(ref: str, sha: str) -> str:
    """The ref where it names a version, else the short commit."""
    return (sha or ref)[:7] if ref in _MOVING or _SHA.fullmatch(ref) else ref


def _first_line(text: str | None) -> str:
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")
