"""The action `slack.post`: a message by the bot, in an incident's own place or in a channel that operators named.

Words cannot be unread, but the message can be deleted: it counts as a change that can be undone. The text is shown as
it is written and does nothing: no mention, no link of its own, no formatting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.errors import ChatError
from bot.domain.plaintext import visible
from bot.domain.ports import Clock, Effects, Incidents
from bot.slack.blocks.limits import Message, section
from bot.slack.mrkdwn import escape
from bot.slack.posting import Posting, Spot, spot_of
from bot.slack.web_api import WebApi

TEXT_LIMIT = 2500  # characters; escaped they must fit a section's 3000, or it is refused
SECTION_LIMIT = 3000
LONGEST = 30.0  # seconds
LOOK_BACK = timedelta(days=1)  # for a message that the same execution posted before a crash
_CHANNEL = "A channel that SLACK_POST_CHANNELS names, by its name or id"
_INCIDENT = "An incident's id: it is posted where that incident is worked on"


class PostAction:
    """The `Action` port. `channels`: names or ids of channels beside the incidents' own places."""

    name = "slack.post"
    risk = Risk.CHANGE

    def __init__(
        self, api: WebApi, effects: Effects, incidents: Incidents, clock: Clock, *, channels: Collection[str] = ()
    ) -> None:
        self._api = api
        self._clock = clock
        self._incidents = incidents
        self._posting = Posting(api, effects)
        self._allowed = frozenset(name.strip().removeprefix("#") for name in channels if name.strip())

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {
            "type": "object",
            "properties": {
                "text": {"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT, "description": "What is said"},
                "incident": {"type": "string", "description": _INCIDENT},
                "channel": {"type": "string", "description": _CHANNEL},
            },
            "required": ("text",),
            "additionalProperties": False,
        }

    async def plan(self, call: ActionCall) -> Plan:
        text, incident, channel = _read(call.parameters)
        spot = await self._spot(incident) if incident else Spot(channel=await self._named(channel))
        shown = await self._shown(spot)
        target = f"thread {spot.thread} in {shown}" if spot.thread else shown
        return Plan(
            call=call,
            risk=self.risk,
            reversibility=Reversibility.REVERSIBLE,
            radius=BlastRadius(count=1, unit="messages"),
            target=target,
            lines=(f"Post in {target}:", *text.split("\n")),
        )

    async def preview(self, plan: Plan) -> str:
        return ""  # its lines say it all

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        now = await self.plan(plan.call)
        if plan.risk.rank < now.risk.rank or replace(now, risk=plan.risk).digest != plan.digest:
            detail = "Where it would be posted, or what, is not what was planned; plan it anew."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail)
        text, incident, channel = _read(plan.call.parameters)
        spot = await self._spot(incident) if incident else Spot(channel=await self._named(channel))
        began = asyncio.get_running_loop().time()
        result = await self._post(text, spot, key, min(plan.call.timeout, LONGEST))
        return replace(result, seconds=asyncio.get_running_loop().time() - began)

    async def _post(self, text: str, spot: Spot, key: str, timeout: float) -> ActionResult:
        marked = _marked(text)
        content = Message(text=marked, blocks=[section(marked)])
        try:
            async with asyncio.timeout(timeout):
                posted = await self._posting.once(
                    f"slack.post:{key}", spot, content, since=self._clock.now() - LOOK_BACK
                )
        except ChatError as error:
            if error.is_final or error.code == "ratelimited":
                return ActionResult(ending=Ending.FAILED, summary=f"Slack did not take the message: {error.code}.")
            return _unknown(f"Slack did not say whether it was posted: {error.code}.")
        except (TimeoutError, asyncio.CancelledError):
            return _unknown("It was broken off before Slack said whether it was posted.")
        values: Mapping[str, Value] = {"channel": posted.channel, "ts": posted.ts}
        return ActionResult(ending=Ending.SUCCEEDED, summary="The message was posted.", values=values)

    # --- where -------------------------------------------------------------------------------------------------------

    async def _spot(self, incident_id: str) -> Spot:
        incident = await self._incidents.get(incident_id)
        spot = spot_of(incident) if incident else None
        if spot is None:
            detail = f"There is no place in Slack for {incident_id[:40]!r}; give the id of an incident that has one."
            raise ActionRefused(Refusal.BAD_PARAMETER, detail, parameter="incident")
        return spot

    async def _named(self, where: str) -> str:
        """The id of an allowed channel."""
        name = where.removeprefix("#")
        if name not in self._allowed:
            detail = f"{where[:80]!r} is no channel that SLACK_POST_CHANNELS names; add it there, or choose another."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="channel")
        cursor = ""
        while True:
            page = await self._ask(
                "conversations.list",
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=1000,
                cursor=cursor,
            )
            for channel in page["channels"]:
                if name in (channel["name"], channel["id"]):
                    return str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                detail = f"The bot sees no channel {where[:80]!r}; make it, or invite the bot there."
                raise ActionRefused(Refusal.NOT_SET_UP, detail, parameter="channel")

    async def _shown(self, spot: Spot) -> str:
        """ "#incident-42 (C0123)"; only where the bot can post, and nobody of another organisation reads."""
        channel = (await self._ask("conversations.info", channel=spot.channel))["channel"]
        shown = f"#{channel['name']} ({channel['id']})"
        if channel.get("is_archived") or not channel.get("is_member"):
            detail = f"The bot is not in {shown}, or it is archived; invite the bot there."
            raise ActionRefused(Refusal.NOT_SET_UP, detail)
        if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
            detail = f"{shown} is shared with other organisations, so nothing is posted there by itself."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail)
        return shown

    async def _ask(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            return await self._api.call(method, **arguments)
        except ChatError as error:
            raise ActionRefused(Refusal.UNREACHABLE, f"Slack cannot be asked where that is: {error.code}.") from None


def _read(given: Mapping[str, Value]) -> tuple[str, str, str]:
    """Text, incident and channel."""
    unknown = sorted(set(given) - {"text", "incident", "channel"})
    if unknown:
        raise _bad(unknown[0], f"{unknown[0][:40]!r} is no parameter of slack.post.")
    text, incident, channel = (_text(given, name) for name in ("text", "incident", "channel"))
    if not text.strip():
        raise _bad("text", "There is no text to post.")
    if visible(text) != text:
        raise _bad("text", "The text holds characters that cannot be seen; take them out.")
    if len(text) > TEXT_LIMIT or len(_marked(text)) > SECTION_LIMIT:
        raise _bad("text", f"The text has {len(text)} characters; {TEXT_LIMIT} fit, fewer with many special ones.")
    if bool(incident) == bool(channel):
        raise _bad("channel", "Say either an incident or a channel.")
    return text, incident, channel


def _text(given: Mapping[str, Value], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise _bad(name, f"{name} must be a text.")
    return value


def _bad(name: str, detail: str) -> ActionRefused:
    return ActionRefused(Refusal.BAD_PARAMETER, detail, parameter=name)


def _marked(text: str) -> str:
    return "\n".join(map(escape, text.split("\n")))


def _unknown(summary: str) -> ActionResult:
    return ActionResult(ending=Ending.UNKNOWN, summary=summary)
