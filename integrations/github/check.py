"""`first-responder check`: is the key accepted, as whom, what may it see, and how many requests are left?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from bot.domain.errors import SourceError
from bot.domain.plaintext import plain
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.failure import as_check
from integrations.github.settings import GitHubSettings
from integrations.github.wire import Account, Wire

NAME_LIMIT = 60
# What an App needs to be granted, by GitHub's names; each is read access.
PERMISSIONS = ("contents", "deployments", "actions", "pull_requests")
_LAST_PAGE = re.compile(r'[?&]page=(\d+)[^>]*>;\s*rel="last"')


class CoreJson(msgspec.Struct):
    remaining: int
    limit: int


class ResourcesJson(msgspec.Struct):
    core: CoreJson


class RateJson(msgspec.Struct):
    resources: ResourcesJson


class UserJson(msgspec.Struct):
    login: str


class AppJson(msgspec.Struct):
    name: str
    permissions: dict[str, str]


class AccountJson(msgspec.Struct):
    login: str


class InstallationJson(msgspec.Struct):
    id: int
    account: AccountJson | None = None
    suspended_at: str | None = None


class SeenJson(msgspec.Struct):
    total_count: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """`detail`: what is fine; `problem` and its remedy, where something is not."""

    detail: str
    problem: str = ""
    remedy: str = ""


async def check(settings: GitHubSettings, tools: Tools) -> tuple[CheckResult, ...]:
    subject = "GitHub App" if settings.is_app else "GitHub token"
    if not settings.is_set_up:
        detail = "GITHUB_TOKEN is not set, nor GITHUB_APP_ID: briefings do not say what was deployed"
        return (CheckResult(subject=subject, state=CheckState.NOT_SET_UP, detail=detail),)
    look: Callable[[Wire], Found] = _as_app if settings.is_app else _by_token

    def ask() -> Found:
        with Wire(Account(settings, tools.clock, deadline=tools.source_deadline)) as wire:
            return look(wire)

    try:
        found = await tools.threads.run(ask)
    except SourceError as error:
        return (as_check(subject, error),)
    if found.problem:
        detail = f"accepted by {settings.base}, but {found.problem}"
        return (CheckResult(subject=subject, state=CheckState.PROBLEM, detail=detail, remedy=found.remedy),)
    return (CheckResult(subject=subject, state=CheckState.OK, detail=f"accepted by {settings.base}{found.detail}"),)


# --- a token ----------------------------------------------------------------------------------------------------------


def _by_token(wire: Wire) -> Found:
    rate = _rate(wire)
    if rate and not rate.remaining:
        return _used_up(rate)
    who, sees = _user(wire), _seen(wire)
    return Found(detail=f"{who}{sees}{_left(rate)}")


def _rate(wire: Wire) -> CoreJson | None:
    """Asking for it costs no request; None where the server has no limits, as Enterprise Servers mostly do."""
    try:
        return wire.get("", "/rate_limit", RateJson).value.resources.core
    except SourceError as error:
        if "rate limiting is not enabled" in error.detail.lower():
            return None
        raise


def _user(wire: Wire) -> str:
    """A token of an installation or of a workflow belongs to nobody."""
    try:
        return f" as {plain(wire.get('', '/user', UserJson).value.login, NAME_LIMIT)}"
    except SourceError:
        return ""


def _seen(wire: Wire) -> str:
    """How many repositories it may see: pages of one."""
    try:
        reply = wire.get("", "/user/repos", list[SeenRepositoryJson], {"per_page": "1"})
    except SourceError:
        return ""
    last = _LAST_PAGE.search(reply.headers.get("link", ""))
    count = int(last[1]) if last else len(reply.value)
    return f", sees {_number(count)}" + _scopes(reply.headers)


class SeenRepositoryJson(msgspec.Struct):
    full_name: str


def _scopes(headers: Mapping[str, str]) -> str:
    """Classic tokens tell their scopes; the newer kind does not."""
    scopes = plain(headers.get("x-oauth-scopes", ""), NAME_LIMIT)
    return f" (scopes {scopes})" if scopes else ""


# --- an App -----------------------------------------------------------------------------------------------------------


def _as_app(wire: Wire) -> Found:
    app = wire.as_app("GET", "/app", AppJson)
    lacking = [name for name in PERMISSIONS if name not in app.permissions]
    wanted = wire.account.settings.installation
    if wanted:
        installed = [wire.as_app("GET", f"/app/installations/{wanted}", InstallationJson)]
    else:
        installed = wire.as_app("GET", "/app/installations?per_page=100", list[InstallationJson])
    live = [item for item in installed if not item.suspended_at]
    if not live:
        remedy = "install it for the accounts whose repositories the catalog names"
        return Found(detail="", problem=f"{_name(app)} is installed nowhere, or suspended there", remedy=remedy)
    where = ", ".join(plain(item.account.login, NAME_LIMIT) for item in live[:4] if item.account)
    if lacking:
        what = f"{_name(app)} may not read {', '.join(lacking).replace('_', ' ')}"
        remedy = "grant it read access to these on the App's page, and accept the change where it is installed"
        return Found(detail="", problem=what, remedy=remedy)
    sees = ""
    if wanted:
        seen = wire.get("", "/installation/repositories", SeenJson, {"per_page": "1"})
        sees = f", sees {_number(seen.value.total_count)}"
    rate = _rate(wire) if wanted else None
    if rate and not rate.remaining:
        return _used_up(rate)
    return Found(detail=f" as {_name(app)}, installed for {where}{sees}{_left(rate)}")


def _name(app: AppJson) -> str:
    return f"App {plain(app.name, NAME_LIMIT)}"


# --- words ------------------------------------------------------------------------------------------------------------


def _left(rate: CoreJson | None) -> str:
    return f": {rate.remaining:,} of {rate.limit:,} requests left this hour" if rate else ""


def _used_up(rate: CoreJson) -> Found:
    remedy = "wait until the hour is over, or use a token of its own for the bot"
    return Found(detail="", problem=f"all {rate.limit:,} requests of this hour are used up", remedy=remedy)


def _number(count: int) -> str:
    return f"{count:,} repositor" + ("y" if count == 1 else "ies")
