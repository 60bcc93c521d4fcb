"""Slack does what it was asked to and then answers too late: what was done is found, not done again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.alert import Link
from bot.domain.card import CardView, Dressing
from bot.domain.errors import ChatError
from bot.flows.place import OpenPlace
from bot.slack.chat import SlackCards, SlackRooms
from bot.slack.pacing import Pacing
from bot.slack.web_api import WebApi
from sandbox.serve import LOOPBACK, serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.chaos.rounds import rounds
from tests.chaos.wire import Wire, wire
from tests.scene import Scene, scene
from tests.test_app import PEOPLE

GIVES_UP_AFTER = 0.1  # seconds; of the bot, in the place of 30
ANSWERS_AFTER = 0.2
CASES = rounds(1)  # for each method
HURRY = 1000  # how much faster its minutes pass: how calls are paced is not tested here
MOST_TRIES = 6  # of a response, as its workflow tries it
WRITES = (
    "conversations.create",
    "chat.postMessage",
    "chat.update",
    "conversations.setTopic",
    "pins.add",
    "bookmarks.add",
    "conversations.invite",
)
LINK = Link(title="Dashboard", url="https://grafana.example/d/1")


@dataclass(frozen=True, kw_only=True)
class Stage:
    scene: Scene
    api: WebApi
    workspace: Workspace
    wire: Wire

    async def respond(self, incident_id: str) -> int:
        """As its workflow does, until all is there: how many tries it took."""
        for number in range(1, MOST_TRIES + 1):
            try:
                await self._try(incident_id)
            except ChatError as error:
                if error.is_final:
                    raise
            else:
                return number
        raise AssertionError(f"{incident_id} was not responded to in {MOST_TRIES} tries")

    async def _try(self, incident_id: str) -> None:
        """With nothing kept but what is stored, as after a restart."""
        store, cards = self.scene.store, SlackCards(self.api)
        rooms = SlackRooms(self.api, bot_user=self.workspace.bot.id)
        open_place = OpenPlace(
            incidents=store.incidents,
            places=store.places,
            effects=store.effects,
            rooms=rooms,
            cards=cards,
            triage_channel="incident-triage",
        )
        card = await open_place(incident_id, ("prometheus",))
        incident = await self.scene.get(incident_id)
        assert incident.place is not None
        await cards.edit(card, CardView(incident=incident), last=True)
        await cards.pin(card)
        emails = tuple(person.email for person in PEOPLE)
        undone = await rooms.dress(incident.place, Dressing(topic="SEV1", bookmarks=(LINK,), invite_emails=emails))
        if undone:
            raise ChatError("unreachable", "; ".join(undone), is_final=False)

    async def found(self, incident_id: str) -> dict[str, int]:
        """How often each thing is in Slack; `channels` and `cards` of all incidents."""
        incident = await self.scene.get(incident_id)
        assert incident.place is not None
        channel = incident.place.channel
        pins = (await self.api.call("pins.list", channel=channel))["items"]
        bookmarks = (await self.api.call("bookmarks.list", channel_id=channel))["bookmarks"]
        members = (await self.api.call("conversations.members", channel=channel))["members"]
        return {
            "channels": sum(one.name.startswith("inc-") for one in self.workspace.channels.values()),
            "cards": sum(bool(message.get("metadata")) for message in self.workspace.all_messages()),
            "pins": len(pins),
            "bookmarks": len(bookmarks),
            "people": len(members) - 1,
        }


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    timeout = aiohttp.ClientTimeout(total=GIVES_UP_AFTER)
    async with serving(create_app(workspace)) as slack:
        port = int(slack.rpartition(":")[2])
        async with (
            wire(lambda: asyncio.open_connection(LOOPBACK, port), late=ANSWERS_AFTER) as between,
            aiohttp.ClientSession(timeout=timeout) as session,
            scene(folder) as made,
        ):
            address = ":".join(map(str, between.address))
            client = AsyncWebClient(token=workspace.bot_token, base_url=f"http://{address}/api/", session=session)
            client.retry_handlers.clear()
            pacing = Pacing(lambda: time.monotonic() * HURRY, lambda seconds: asyncio.sleep(seconds / HURRY))
            yield Stage(scene=made, api=WebApi(client, pacing=pacing), workspace=workspace, wire=between)


async def test_what_slack_did_without_saying_so_in_time_is_not_done_again(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    cases = 0
    async with stage(tmp_path) as played:
        for method in WRITES:
            for times in range(1, CASES + 1):
                await Control(played.workspace).fault(
                    "hang_after_effect", method, seconds=ANSWERS_AFTER, times=1 + times % 2
                )
                incident_id = await played.scene.incident(fingerprint=f"f{cases}", service=f"service-{cases}")
                tries = await played.respond(incident_id)
                cases += 1
                assert tries > 1, f"{method} was answered in time"
                found = await played.found(incident_id)
                expected = {"channels": cases, "cards": cases, "pins": 1, "bookmarks": 1, "people": len(PEOPLE)}
                assert found == expected, f"{method} was done and not answered"
                await Control(played.workspace).clear_faults()
    record_property("report", f"{cases} cases of {len(WRITES)} methods: 0 duplicates")


async def test_a_bot_that_did_not_look_would_post_twice(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        incident_id = await played.scene.incident()
        await played.respond(incident_id)
        incident = await played.scene.get(incident_id)
        assert incident.place is not None
        await Control(played.workspace).fault("hang_after_effect", "chat.postMessage", seconds=ANSWERS_AFTER, times=1)
        cards = SlackCards(played.api)
        with pytest.raises(ChatError):
            await cards.post(incident.place, CardView(incident=incident), look_first=False)
        await cards.post(incident.place, CardView(incident=incident), look_first=False)
        assert (await played.found(incident_id))["cards"] == 3
