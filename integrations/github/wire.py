"""Requests to GitHub's REST API and what may come back. Blocking: runs on the source threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports import Clock
from bot.shapes import known
from integrations.failure import REQUEST_SHARE, Vendor, message_of
from integrations.github.login import Login, Pass
from integrations.github.refusal import SECONDARY_WAIT, is_used_up, needing, refused, vendor, wait_asked_for
from integrations.github.settings import GitHubSettings

if TYPE_CHECKING:
    from github import Github
    from github.Auth import Auth

T = TypeVar("T")

MOST_KEPT = 64  # answers that are asked for again only if they changed: those of two dozen services
_AS_APP = "app"  # the key of connections that are signed with the App's own key


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[T]):
    value: T
    headers: Mapping[str, str]  # names in lower case
    is_same: bool = False  # True: not changed since it was last asked for, which costs nothing of the budget


class Account:
    """What all requests of this process share: the login with its budgets, and the answers that are kept."""

    def __init__(self, settings: GitHubSettings, clock: Clock, *, deadline: float) -> None:
        self.settings = settings
        self.vendor: Vendor = vendor(settings)
        self.timeout = max(1, int(deadline * REQUEST_SHARE))  # the library takes whole seconds only
        self.login = Login(settings, self.vendor, clock, patience=self.timeout)
        self._kept: OrderedDict[tuple[str, str], tuple[str, Any]] = OrderedDict()  # (tag, value) by what was asked
        self._lock = threading.Lock()

    def kept(self, asked: tuple[str, str]) -> tuple[str, Any] | None:
        with self._lock:
            return self._kept.get(asked)

    def keep(self, asked: tuple[str, str], tag: str, value: object) -> None:
        with self._lock:
            self._kept[asked] = (tag, value)
            self._kept.move_to_end(asked)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


class Wire:
    """The connections of one incident: each is used by one thread at a time, and again by the next that asks."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._idle: dict[str, list[Github]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """What is still asking closes when it is answered."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = [github for group in self._idle.values() for github in group], {}
        for github in idle:
            github.close()

    def get(
        self, repository: str, path: str, shape: type[T], params: Mapping[str, str] | None = None, *,
        is_burning: bool = True, is_kept: bool = False, permission: str = "",
    ) -> Reply[T]:  # fmt: skip
        """Below /repos/`repository` ("" for any other path). Raises SourceError.

        `is_kept`: ask only whether the answer changed. `permission`: what the key needs for this.
        """
        entry = self.account.login.enter(repository, self.as_app)
        whole = f"/repos/{repository}{path}" if repository else path
        asked = (whole, repr(sorted((params or {}).items())))
        known = self.account.kept(asked) if is_kept else None
        entry.budget.take(is_burning=is_burning)
        headers: Mapping[str, str] = {}
        try:
            tags = {"If-None-Match": known[0]} if known else {}
            status, headers, body = self._send(entry.token, "GET", whole, params, tags, None)
        finally:
            entry.budget.give_back(headers)
        if status == 304 and known:
            return Reply(value=cast(T, known[1]), headers=headers, is_same=True)
        if status >= 300:
            raise self._refusal(entry, status, headers, body, permission)
        value = self._read(body, shape)
        if is_kept and (tag := headers.get("etag")):
            self.account.keep(asked, tag, value)
        return Reply(value=value, headers=headers)

    def post(
        self, repository: str, path: str, shape: type[T], content: Mapping[str, Any], *, permission: str = ""
    ) -> T:
        """Below /repos/`repository`; never sent a second time. Raises SourceError."""
        entry = self.account.login.enter(repository, self.as_app)
        entry.budget.take(is_burning=True)
        headers: Mapping[str, str] = {}
        try:
            sent = self._send(entry.token, "POST", f"/repos/{repository}{path}", None, {}, content)
            status, headers, body = sent
        finally:
            entry.budget.give_back(headers)
        if status >= 300:
            raise self._refusal(entry, status, headers, body, permission)
        return self._read(body, shape)

    def as_app(self, verb: str, path: str, shape: type[T]) -> T:
        """Signed with the App's own key, which counts against no installation's budget. Raises SourceError."""
        status, headers, body = self._send(_AS_APP, verb, path, None, {}, {} if verb == "POST" else None)
        if status >= 300:
            raise refused(self.account.vendor, status, headers, message_of(body))
        return self._read(body, shape)

    def _refusal(self, entry: Pass, status: int, headers: Mapping[str, str], body: str, permission: str) -> SourceError:
        said = message_of(body)
        if (seconds := wait_asked_for(status, headers, said)) is not None:
            entry.budget.hold(seconds)
            return entry.budget.refusal()
        if status in (403, 429) and is_used_up(headers):
            if entry.budget.left is None:  # it did not say until when
                entry.budget.hold(SECONDARY_WAIT)
            return entry.budget.refusal()
        if status == 401:
            self.account.login.forget(entry)
        title = self.account.vendor
        return refused(needing(title, permission) if permission else title, status, headers, said)

    def _read(self, body: str, shape: type[T]) -> T:
        if not body:
            raise self.account.vendor.nonsense("nothing at all")
        try:
            return msgspec.json.decode(body, type=known(shape))
        except msgspec.ValidationError:
            raise self.account.vendor.nonsense("another shape") from None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise self.account.vendor.nonsense("not JSON") from None

    def _send(
        self,
        token: str,
        verb: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: dict[str, str],
        content: Mapping[str, Any] | None,
    ) -> tuple[int, Mapping[str, str], str]:
        """(status, headers with their names in lower case, body)."""
        from requests import RequestException

        title = self.account.vendor
        try:
            with self._connection(token) as github:
                return github.requester.requestJson(verb, path, dict(params or {}), headers, content)
        except RequestException as error:
            raise title.requests_error(error, self.account.timeout) from None
        except OSError:
            remedy = "GITHUB_CA_CERTS cannot be read"
            raise title.failed(FailureReason.UNREACHABLE, "cannot be asked", remedy) from None
        except RuntimeError:  # what the library makes of a redirect to another host or protocol
            raise title.nonsense("it sends us to another address") from None
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            # The library checks little of what it reads: odd headers end as one of these.
            raise title.nonsense(type(error).__name__) from None

    @contextmanager
    def _connection(self, token: str) -> Iterator[Github]:
        with self._lock:
            idle = self._idle.get(token)
            github = idle.pop() if idle else None
        github = github or self._connected(token)
        try:
            yield github
        finally:
            with self._lock:
                is_kept = not self._is_closed
                if is_kept:
                    self._idle.setdefault(token, []).append(github)
            if not is_kept:
                github.close()

    def _connected(self, token: str) -> Github:
        from github import Github

        return Github(
            auth=self._auth(token),
            base_url=self.account.settings.base,
            timeout=self.account.timeout,
            verify=self.account.settings.ca_certs or True,
            retry=None,  # its default sleeps until a limit is lifted, up to an hour
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def _auth(self, token: str) -> Auth:
        from github import Auth

        if token != _AS_APP:
            return Auth.Token(token)
        auth = Auth.AppAuth(self.account.settings.app_id or "", self.account.login.private_key())
        self.account.login.prove(auth.create_jwt)
        return auth
