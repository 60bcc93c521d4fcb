"""Closed issues of a repository as past incidents: their text read as a postmortem, else what maintainers wrote below.

https://docs.github.com/en/rest/issues/issues#list-repository-issues
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from bot.domain.errors import SettingsError
from bot.domain.plaintext import plain
from bot.domain.ports.history import Told
from bot.shapes import known
from integrations.descriptor import Tools
from integrations.github.issue import Issue, IssueJson, Remark, RemarkJson, past_incident, read_issue, wants_remarks
from integrations.github.refusal import NotVisible
from integrations.github.settings import GitHubSettings
from integrations.github.wire import Account, Reply, Wire
from integrations.patience import Allowance, Patience, told_of_each
from integrations.which import read_which

T = TypeVar("T")

PAGE = 100  # GitHub's largest
REQUEST_TIMEOUT = 30.0  # seconds
AT_ONCE = 4  # requests: GitHub asks for few at a time
USUAL_LABEL = "incident"
PERMISSION = "issues"
NAME_LIMIT = 120
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_LINK = re.compile(r'<([^<>]*)>;\s*rel="(\w+)"')


@dataclass(frozen=True, kw_only=True)
class Wanted:
    repository: str  # "owner/name"
    label: str = USUAL_LABEL


def read_wanted(which: str) -> Wanted:
    """ "repository=acme/incidents&label=incident". Raises SettingsError."""
    stated = read_which(which, ("repository", "label"))
    repository = stated.get("repository", "")
    if not _REPOSITORY.fullmatch(repository):
        raise SettingsError(f"{plain(repository, NAME_LIMIT)!r} is no repository: write it as owner/name.")
    return Wanted(repository=repository, label=stated.get("label", USUAL_LABEL))


class IssueHistory:
    """A `HistorySource`. The key of an incident is the issue's number."""

    def __init__(
        self, settings: GitHubSettings, tools: Tools, wanted: Wanted, *, patience: Patience | None = None
    ) -> None:
        self._tools = tools
        self._wanted = wanted
        self._account = Account(settings, tools.clock, deadline=REQUEST_TIMEOUT)
        self._patience = patience or Patience(self._account.vendor.title)
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def name(self) -> str:
        return f"github:{self._wanted.repository}"

    async def count(self) -> int | None:
        """With the pull requests that have the label: GitHub lists them among the issues."""
        with Wire(self._account) as wire:
            reply = await self._ask(wire, "/issues", list[Any], {**self._params, "per_page": "1"})
        last = _links(reply.headers).get("last", {}).get("page", "")
        return int(last) if last.isdecimal() else (None if "next" in _links(reply.headers) else len(reply.value))

    async def items(self) -> AsyncIterator[Told]:
        seen: set[int] = set()  # an issue that is closed meanwhile moves the others to the next page
        with Wire(self._account) as wire:
            params: Mapping[str, str] | None = {**self._params, "per_page": str(PAGE)}
            while params is not None:
                reply = await self._ask(wire, "/issues", list[Any], params)
                read = [_read(item) for item in reply.value]
                new = [item for item in read if isinstance(item, str) or item.number not in seen]
                seen.update(item.number for item in new if isinstance(item, Issue))
                async for told in told_of_each(new, lambda item: self._one(wire, item), _named):
                    yield told
                following = _links(reply.headers).get("next")
                if following == params:
                    raise self._account.vendor.nonsense("a page that follows itself")
                params = following

    @property
    def _params(self) -> Mapping[str, str]:
        return {"state": "closed", "labels": self._wanted.label, "sort": "created", "direction": "asc"}

    async def _one(self, wire: Wire, item: Issue | str) -> Told:
        """Raises SourceError."""
        if isinstance(item, str):
            return Told(key="", name="an issue", skipped=item)
        key, name = _named(item)
        if item.skipped:
            return Told(key=key, name=name, skipped=item.skipped)
        remarks = await self._remarks(wire, item) if wants_remarks(item) else ()
        past = past_incident(item, remarks, id=f"{self._wanted.repository}#{item.number}")
        if not (past.symptoms or past.cause or past.fix):
            return Told(key=key, name=name, skipped="neither its text nor a maintainer's comment tells anything")
        return Told(key=key, name=name, past=past, text=item.text if item.is_postmortem else "")

    async def _remarks(self, wire: Wire, item: Issue) -> Sequence[Remark]:
        """The newest hundred, oldest first."""
        params = {"per_page": str(PAGE), "page": str((item.remarks + PAGE - 1) // PAGE)}
        try:
            reply = await self._ask(wire, f"/issues/{item.number}/comments", list[RemarkJson], params)
        except NotVisible:  # deleted, or moved elsewhere
            return ()
        return tuple(Remark.of(told) for told in reply.value)

    async def _ask(self, wire: Wire, path: str, shape: type[T], params: Mapping[str, str]) -> Reply[T]:
        """Raises SourceError."""

        def run() -> Reply[T]:
            reply: Reply[T] = wire.get(self._wanted.repository, path, shape, params, permission=PERMISSION)
            if (allowance := _allowance(reply.headers, self._tools.clock.now())) is not None:
                self._patience.heard(allowance)
            return reply

        async with self._room:
            return await self._patience.ask(lambda: self._tools.threads.run(run))


def _read(told: Any) -> Issue | str:
    """Or why it cannot be read."""
    try:
        issue = read_issue(msgspec.convert(told, known(IssueJson)))
    except msgspec.ValidationError as error:
        return f"GitHub tells of it in a way that cannot be read: {error}"
    return issue or "it has no time of opening that can be read"


def _named(item: Issue | str) -> tuple[str, str]:
    return ("", "an issue") if isinstance(item, str) else (str(item.number), f"#{item.number}")


def _links(headers: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Of the Link header: what to ask for, by relation. Its addresses are not followed, only read."""
    found = _LINK.findall(headers.get("link", ""))
    return {relation: dict(parse_qsl(urlsplit(address).query)) for address, relation in found}


def _allowance(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """None where the server has no limits, as an Enterprise Server may."""
    said = [headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit", "reset")]
    if not all(value.isdecimal() and len(value) < 12 for value in said):
        return None
    left, limit, reset = map(int, said)
    return Allowance(left=left, limit=limit, seconds=reset - now.timestamp())
