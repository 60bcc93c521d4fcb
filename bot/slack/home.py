"""The App Home: what goes on, what waits for this person, and what they have promised."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.approval import Eligibility, Person, PersonKind, Request, eligibility
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import FollowUp, presses
from bot.domain.plaintext import plain
from bot.domain.ports.acting import Directory
from bot.domain.ports.life import Choice
from bot.slack import views
from bot.slack.blocks.limits import Block, context, divider, header, section
from bot.slack.inbound import DECLARE_FORM
from bot.slack.life_after import follow_up_line
from bot.slack.life_around import Around, OpenRequests
from bot.slack.life_said import button
from bot.slack.life_scope import OUTSIDERS
from bot.slack.mrkdwn import escape
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

MOST_INCIDENTS, MOST_APPROVALS, MOST_FOLLOW_UPS = 15, 10, 15  # of 100 blocks that a view may have
MOST_OPENERS = 200  # people whose home tab is kept up to date
ACTION_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class HomeFacts:
    """What one person's home tab shows. `roles`: by incident. `left_out`: further incidents."""

    incidents: Sequence[Incident] = ()
    roles: Mapping[str, str] | None = None
    approvals: Sequence[tuple[Request, Incident | None]] = ()
    follow_ups: Sequence[FollowUp] = ()
    left_out: int = 0


class Home:
    """Also a `Follower`: it draws again what people have opened, where it has changed."""

    def __init__(self, *, api: WebApi, around: Around, requests: OpenRequests, directory: Directory) -> None:
        self._api = api
        self._incidents = around.incidents
        self._scope = around.scope
        self._desks = around.desks
        self._clock = around.clock
        self._command = around.command
        self._requests = requests
        self._directory = directory
        self._shown: OrderedDict[str, str] = OrderedDict()  # by user: digest of the last view
        self._is_stale = False

    async def show(self, user: str) -> None:
        """Raises ChatError, NotStored."""
        view, digest = await self._drawn(user)
        await self._api.call("views.publish", user_id=user, view=view)
        self._shown[user] = digest
        self._shown.move_to_end(user)
        while len(self._shown) > MOST_OPENERS:
            self._shown.popitem(last=False)

    def changed(self) -> None:
        """What it shows may be another thing now."""
        self._is_stale = True

    async def follow(self, incident: Incident) -> None:
        self.changed()

    async def tick(self, now: datetime) -> None:
        """Only what is not as it was is published: ages alone draw nothing again."""
        if not self._is_stale:
            return
        self._is_stale = False
        for user in tuple(self._shown):
            view, digest = await self._drawn(user)
            if digest != self._shown.get(user):
                await self._api.call("views.publish", user_id=user, view=view)
                self._shown[user] = digest

    async def _drawn(self, user: str) -> tuple[Mapping[str, Any], str]:
        facts = await self._facts(user)
        view = home_view(facts, self._clock.now(), self._command)
        ageless = home_view(facts, datetime.min.replace(tzinfo=self._clock.now().tzinfo), self._command)
        return view, hashlib.sha256(json.dumps(ageless, sort_keys=True).encode()).hexdigest()

    async def _facts(self, user: str) -> HomeFacts:
        seen = await self._scope.visible(user, await self._incidents.list_open())
        held = await self._desks.roles.of_person(user)
        roles: dict[str, str] = {}
        for holding in held:
            roles[holding.incident] = ", ".join(filter(None, (roles.get(holding.incident), holding.role.value)))
        own_first = sorted(seen, key=lambda incident: incident.id not in roles)
        return HomeFacts(
            incidents=own_first[:MOST_INCIDENTS],
            left_out=max(0, len(seen) - MOST_INCIDENTS),
            roles=roles,
            approvals=await self._approvals(user),
            follow_ups=() if await self._is_outsider(user) else await self._desks.follow_ups.of_person(user),
        )

    async def _is_outsider(self, user: str) -> bool:
        return await self._scope.kind(user) in OUTSIDERS

    async def _approvals(self, user: str) -> Sequence[tuple[Request, Incident | None]]:
        """Those that this person can decide; none where Slack does not tell who they are."""
        now = self._clock.now()
        waiting = [one for one in await self._requests.open_requests() if one.expires_at > now]
        person = await self._person(user) if waiting else None
        if person is None or person.kind is not PersonKind.MEMBER:
            return ()
        found = []
        for request in waiting:
            is_theirs = eligibility(person, request.groups) is Eligibility.ELIGIBLE
            if is_theirs and (request.own_approval_counts or not request.is_own(user)):
                incident = await self._incidents.get(request.incident)
                if incident is None or await self._scope.may_see(user, incident):
                    found.append((request, incident))
        return found

    async def _person(self, user: str) -> Person | None:
        try:
            return (await self._directory.people([user])).get(user)
        except ChatError as error:
            log.warning("approvals are not shown to %s: %s", user, error)
            return None


def home_view(facts: HomeFacts, now: datetime, command: str) -> Mapping[str, Any]:
    """Pure."""
    blocks: list[Block] = [header("Open incidents"), *_incidents(facts, now), _declare()]
    if facts.approvals:
        blocks += [divider(), header("Waiting for your approval"), *_approvals(facts, now)]
    if facts.follow_ups:
        blocks += [divider(), header("Your follow-ups"), *_follow_ups(facts)]
    if not facts.incidents and not facts.follow_ups:
        hint = (
            f"An alert opens an incident by itself once a monitor's webhook points here; `{command} new` declares one."
        )
        blocks.append(context(hint))
    blocks.append(context(f"`{command} help` tells what I understand."))
    return {"type": "home", "blocks": blocks}


def _incidents(facts: HomeFacts, now: datetime) -> Sequence[Block]:
    if not facts.incidents:
        return [section(views.list_text((), now))]
    roles = facts.roles or {}
    shown = []
    for incident in facts.incidents:
        role = f"\nYou: *{roles[incident.id]}*" if incident.id in roles else ""
        lock = ":lock: " if incident.is_private else ""
        shown.append(section(f"{lock}{views.incident_line(incident, now)}{role}"))
    if facts.left_out:
        shown.append(context(f"{facts.left_out} more, not shown here"))
    return shown


def _declare() -> Block:
    declare = button(Choice(action=DECLARE_FORM, text="Declare incident", value="new", is_danger=True))
    return {"type": "actions", "elements": [declare]}


def _approvals(facts: HomeFacts, now: datetime) -> Sequence[Block]:
    shown = []
    for request, incident in facts.approvals[:MOST_APPROVALS]:
        place = f" \u00b7 {views.where(incident)}" if incident else ""
        target = escape(plain(request.plan.target, ACTION_SHOWN))
        left = views.age(request.expires_at, now)
        shown.append(
            section(f"{request.incident}: {escape(plain(request.runbook, 60))}, {target}{place} \u00b7 {left} left")
        )
    if len(facts.approvals) > MOST_APPROVALS:
        shown.append(context(f"{len(facts.approvals) - MOST_APPROVALS} more, not shown here"))
    return shown


def _follow_ups(facts: HomeFacts) -> Sequence[Block]:
    shown: list[Block] = []
    for one in facts.follow_ups[:MOST_FOLLOW_UPS]:
        done = Choice(action=presses.FOLLOW_UP_DONE, text="Done", value=one.id)
        edit = Choice(action=presses.FOLLOW_UP_EDIT, text="Change", value=one.id)
        shown.append(section(f"{one.incident} {follow_up_line(one, 'you')}"))
        shown.append({"type": "actions", "elements": [button(done), button(edit)]})
    if len(facts.follow_ups) > MOST_FOLLOW_UPS:
        shown.append(context(f"{len(facts.follow_ups) - MOST_FOLLOW_UPS} more, not shown here"))
    return shown
