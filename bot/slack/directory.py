"""Who people are, and in which approver groups, as Slack tells at this moment."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.domain.approval import Person, PersonKind
from bot.domain.errors import ChatError
from bot.domain.plaintext import plain
from bot.domain.policy import ApproverGroup
from bot.slack.people import USER_ID
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

# Long enough for a burst of reactions, short enough that nobody wonders why a new member of the group may not approve.
# usergroups.users.list is a tier 2 method, 20 calls a minute.
KEPT_FOR = 20.0  # seconds
NAME_LIMIT = 80
SLACKBOT = "USLACKBOT"  # its user object does not say that it is a bot
NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found", "invalid_user"})
# The group was deleted, or the workspace's plan has none: nobody is in it, whatever else the policy names.
NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found", "plan_upgrade_required", "paid_teams_only"})

T = TypeVar("T")


@dataclass(frozen=True)
class _Looked(Generic[T]):
    began: float
    found: T


class SlackDirectory:
    """The `Directory` port.

    What was asked earlier counts for a short while. With `afresh` only an answer that was asked for after the call
    counts; calls that come at the same time share one. What cannot be read raises ChatError and is never guessed.
    """

    def __init__(
        self,
        api: WebApi,
        groups: Mapping[str, ApproverGroup],
        *,
        kept_for: float = KEPT_FOR,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._groups = groups
        self._now = now
        self._people = _Kept(self._person, kept_for, now)
        self._members = _Kept(self._group, kept_for, now)
        self._team = ""

    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        wanted = [id_ for id_ in dict.fromkeys(ids) if USER_ID.fullmatch(id_)]
        if not wanted:
            return {}
        asked = self._now()
        since = asked if afresh else None
        team, members, *users = await asyncio.gather(
            self._own_team(), self._all_members(since), *(self._people.get(id_, since) for id_ in wanted)
        )
        found = [_person(user, team) for user in users if user is not None]
        return {person.id: _in_groups(person, self._groups, members) for person in found}

    def forget(self) -> None:
        """Slack says that a group has changed."""
        self._people.forget()
        self._members.forget()

    async def _all_members(self, since: float | None) -> Mapping[str, frozenset[str]]:
        ids = sorted({id_ for group in self._groups.values() for id_ in group.user_groups})
        told = await asyncio.gather(*(self._members.get(id_, since) for id_ in ids))
        return dict(zip(ids, told, strict=True))

    async def _person(self, user: str) -> Mapping[str, Any] | None:
        try:
            told = await self._api.call("users.info", user=user)
        except ChatError as error:
            if error.code in NOBODY:
                return None
            raise
        return dict(told["user"])

    async def _group(self, id_: str) -> frozenset[str]:
        try:
            told = await self._api.call("usergroups.users.list", usergroup=id_)
        except ChatError as error:
            if error.code not in NO_GROUP:
                raise
            log.warning("the approver group %s has no members: %s", id_, error)
            return frozenset()
        return frozenset(map(str, told["users"]))

    async def _own_team(self) -> str:
        if not self._team:
            self._team = str((await self._api.call("auth.test"))["team_id"])
        return self._team


class _Kept(Generic[T]):
    """Answers by id, each looked up once at a time."""

    def __init__(self, look: Callable[[str], Awaitable[T]], kept_for: float, now: Callable[[], float]) -> None:
        self._look = look
        self._kept_for = kept_for
        self._now = now
        self._answers: dict[str, _Looked[T]] = {}
        self._forgotten = float("-inf")
        self._turns: dict[str, asyncio.Lock] = {}

    async def get(self, id_: str, since: float | None) -> T:
        """`since`: an answer that was asked for earlier does not count."""
        async with self._turns.setdefault(id_, asyncio.Lock()):
            kept = self._answers.get(id_)
            oldest = self._now() - self._kept_for if since is None else since
            if kept is None or kept.began < max(oldest, self._forgotten):
                began = self._now()
                kept = _Looked(began, await self._look(id_))
                self._answers[id_] = kept
            return kept.found

    def forget(self) -> None:
        """Also what is being looked up now."""
        self._forgotten = self._now()


def _person(user: Mapping[str, Any], team: str) -> Person:
    name = user.get("real_name") or user.get("name") or ""
    return Person(id=str(user["id"]), kind=_kind(user, team), name=plain(str(name), NAME_LIMIT))


def _kind(user: Mapping[str, Any], team: str) -> PersonKind:
    """What Slack leaves out makes nobody a member."""
    if user.get("deleted"):
        return PersonKind.DEACTIVATED
    if user["id"] == SLACKBOT or any(user.get(flag) for flag in ("is_bot", "is_workflow_bot", "is_connector_bot")):
        return PersonKind.BOT
    # `is_stranger` is false for people of other organisations who share a channel with the app, so the team decides.
    if user.get("is_stranger") or team not in _teams(user):
        return PersonKind.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return PersonKind.GUEST
    if user.get("is_restricted") is None or user.get("deleted") is None:
        return PersonKind.UNKNOWN
    return PersonKind.MEMBER


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """Of an organisation with several workspaces, `enterprise_user` names them all."""
    others = (user.get("enterprise_user") or {}).get("teams") or ()
    return frozenset({str(user.get("team_id") or ""), *map(str, others)} - {""})


def _in_groups(person: Person, groups: Mapping[str, ApproverGroup], members: Mapping[str, frozenset[str]]) -> Person:
    names = frozenset(
        name
        for name, group in groups.items()
        if person.id in group.users or any(person.id in members[id_] for id_ in group.user_groups)
    )
    return Person(id=person.id, kind=person.kind, groups=names, name=person.name)
