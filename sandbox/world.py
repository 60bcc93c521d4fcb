"""All servers of a scenario on loopback ports, and the settings with which the bot finds them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from starlette.types import ASGIApp

from sandbox import lifelike
from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.github.server import create_app as github
from sandbox.lifelike import Delayed
from sandbox.pagerduty.incidents import Incidents as PagerDutyIncidents
from sandbox.pagerduty.server import create_app as pagerduty
from sandbox.playing import RUNS_TAKE, Playing
from sandbox.prometheus.server import create_app as prometheus
from sandbox.scenario.load import load
from sandbox.scenario.model import Scenario, Webhook
from sandbox.serve import serving
from sandbox.slack.app import create_app as slack
from sandbox.slack.workspace import Workspace

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / "manifest.yaml"
POLICY = ROOT / "config" / "policy.yaml"
ROLL_BACK = ROOT / "runbooks" / "roll-back-with-a-workflow.yaml"  # a scenario's own runbooks are text for people
CARD_EVENT = "incident_card"
BOT_NAME = "first-responder"
ON_CALL = ("on-call", "On call")  # handle and name of the user group whose members approve
RUNBOOKS = "runbooks"
SOURCES_WITHIN = "60"  # seconds: the sources and the bot are on one machine here, which may be busy
COMES_AGAIN, COMES_AGAIN_FOR = 0.2, 60.0  # seconds; vendors wait for longer, between and in all


@dataclass(frozen=True, kw_only=True)
class World:
    playing: Playing
    folder: Path  # runbooks and policy of this world
    workspace: Workspace
    page: str  # the workspace's web page
    prometheus: str
    elasticsearch: str
    github: str
    pagerduty: str
    pagerduty_incidents: PagerDutyIncidents
    webhook_secret: str

    @property
    def scenario(self) -> Scenario:
        """As it is by now."""
        return self.playing.scenario

    @property
    def repositories(self) -> frozenset[str]:
        return frozenset(deployment.repository for deployment in self.scenario.deployments)

    def environ(self, data_dir: Path, port: int) -> dict[str, str]:
        """The bot's settings for this world."""
        folder = self.scenario.folder
        workflows = ",".join(f"{name}/rollback.yml" for name in sorted(self.repositories))
        return {
            "FIRST_RESPONDER_DATA": str(data_dir),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SERVICES_FILE": str(folder / "services.yaml"),
            "RUNBOOKS_DIR": str(self.folder / RUNBOOKS),
            "POLICY_FILE": str(self.folder / POLICY.name),
            "HISTORY_DIR": str(folder / "history"),
            "SLACK_API_URL": f"{self.page}/api/",
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_SIGNING_SECRET": self.workspace.signing_secret,
            "PROMETHEUS_URL": self.prometheus,
            "ELASTICSEARCH_URL": self.elasticsearch,
            "GITHUB_URL": self.github,
            "GITHUB_TOKEN": self.webhook_secret,
            "GITHUB_WORKFLOWS": workflows,
            "GITHUB_REVERSIBLE_WORKFLOWS": workflows,
            "PAGERDUTY_URL": self.pagerduty,
            "PAGERDUTY_API_KEY": self.webhook_secret,
            "PAGERDUTY_WEBHOOK_SECRETS": self.webhook_secret,
            "ALERTMANAGER_TOKEN": self.webhook_secret,
            "GENERIC_WEBHOOK_SECRETS": self.webhook_secret,
            "SOURCE_DEADLINE": SOURCES_WITHIN,
        }

    async def fire(self, bot: str, webhook: Webhook | None = None) -> int:
        """Send the scenario's alert, signed as its vendor does; the bot's HTTP status. Told to come again, it does."""
        webhook = webhook or self.scenario.webhook
        body = json.dumps(webhook.payload).encode()
        ends = time.monotonic() + COMES_AGAIN_FOR
        async with aiohttp.ClientSession() as session:
            while True:
                headers = {"content-type": "application/json", **signed(webhook.source, body, self.webhook_secret)}
                async with session.post(f"{bot}/webhooks/{webhook.source}", data=body, headers=headers) as answer:
                    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > ends:
                        return answer.status
                await asyncio.sleep(COMES_AGAIN)

    def cards(self, stage: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The bot's incident cards in the workspace, optionally only those at "gathering" or "briefing"."""
        found = []
        for message in self.workspace.all_messages():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload", {})
            if metadata.get("event_type") == CARD_EVENT and stage in (None, payload.get("stage")):
                found.append(message)
        return found


def people_on_call(scenario: Scenario) -> list[str]:
    """Handles of all: whom the alert reaches, the others of that policy, then the rest; without any, everybody."""
    first = next((duty.escalation_policy for duty in scenario.oncalls if duty.level == 1), "")
    ranked = sorted(scenario.oncalls, key=lambda duty: (duty.escalation_policy != first, duty.level))
    return list(dict.fromkeys(duty.person for duty in ranked)) or [person.handle for person in scenario.people]


def policy_of(user_group: str) -> str:
    """The shipped policy, with this user group in the place of the people that it names as examples."""
    policy = yaml.safe_load(POLICY.read_text())
    policy["groups"] = {name: {"user_groups": [user_group]} for name in policy["groups"]}
    return yaml.safe_dump(policy, sort_keys=False)


def signed(source: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers with which each vendor proves itself."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if source == "pagerduty":
        return {"x-pagerduty-signature": f"v1={digest}", "x-webhook-id": secrets.token_hex(8)}
    if source == "alertmanager":
        return {"authorization": f"Bearer {secret}"}
    return {"x-signature": f"sha256={digest}"}


@asynccontextmanager
async def world(
    played: str | Scenario, *, port: int = 0, like_real: bool = False, tell: Callable[[str], None] = lambda _: None
) -> AsyncIterator[World]:
    """Everything started; `played` is a scenario or the name of one, `port` that of the web page.

    `like_real`: the servers take as long as real ones do. `tell`: is told what is brought out, a sentence each.
    """
    playing = Playing(load(played, time.time()) if isinstance(played, str) else played, tell=tell)
    scenario = playing.scenario
    workspace = Workspace(scenario.people, bot_name=BOT_NAME)
    group = workspace.add_group(*ON_CALL, people_on_call(scenario))
    workspace.faults.latency = lifelike.SLACK if like_real else 0.0
    manifest = yaml.safe_load(MANIFEST.read_text())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="first-responder-world-")))
        shutil.copytree(scenario.folder / RUNBOOKS, folder / RUNBOOKS)
        shutil.copy(ROLL_BACK, folder / RUNBOOKS)
        (folder / POLICY.name).write_text(policy_of(group.id))

        async def serve(app: ASGIApp, seconds: float) -> str:
            return await stack.enter_async_context(serving(Delayed(app, seconds) if like_real else app))

        paging = pagerduty(scenario)
        hosting = github(scenario, on_dispatch=playing.dispatched, runs_take=RUNS_TAKE)
        yield World(
            playing=playing,
            folder=folder,
            workspace=workspace,
            page=await stack.enter_async_context(serving(slack(workspace, manifest=manifest), port=port)),
            prometheus=await serve(playing.shown(prometheus), lifelike.PROMETHEUS),
            elasticsearch=await serve(playing.shown(elasticsearch), lifelike.ELASTICSEARCH),
            github=await serve(hosting, lifelike.GITHUB),
            pagerduty=await serve(paging, lifelike.PAGERDUTY),
            pagerduty_incidents=paging.state.incidents,
            webhook_secret=secrets.token_hex(16),
        )
