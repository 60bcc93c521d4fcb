"""All servers of a scenario on loopback ports, and the settings with which the bot finds them."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from starlette.types import ASGIApp

from sandbox import lifelike
from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.github.server import create_app as github
from sandbox.lifelike import Delayed
from sandbox.pagerduty.server import create_app as pagerduty
from sandbox.prometheus.server import create_app as prometheus
from sandbox.scenario.load import load
from sandbox.scenario.model import Scenario, Webhook
from sandbox.serve import serving
from sandbox.slack.app import create_app as slack
from sandbox.slack.workspace import Workspace

MANIFEST = Path(__file__).parent.parent / "manifest.yaml"
CARD_EVENT = "incident_card"
BOT_NAME = "first-responder"


@dataclass(frozen=True, kw_only=True)
class World:
    scenario: Scenario
    workspace: Workspace
    page: str  # the workspace's web page
    prometheus: str
    elasticsearch: str
    github: str
    pagerduty: str
    webhook_secret: str

    def environ(self, data_dir: Path, port: int) -> dict[str, str]:
        """The bot's settings for this world."""
        folder = self.scenario.folder
        return {
            "FIRST_RESPONDER_DATA": str(data_dir),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SERVICES_FILE": str(folder / "services.yaml"),
            "RUNBOOKS_DIR": str(folder / "runbooks"),
            "HISTORY_DIR": str(folder / "history"),
            "SLACK_API_URL": f"{self.page}/api/",
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_SIGNING_SECRET": self.workspace.signing_secret,
            "PROMETHEUS_URL": self.prometheus,
            "ELASTICSEARCH_URL": self.elasticsearch,
            "GITHUB_URL": self.github,
            "GITHUB_TOKEN": self.webhook_secret,
            "PAGERDUTY_URL": self.pagerduty,
            "PAGERDUTY_API_KEY": self.webhook_secret,
            "PAGERDUTY_WEBHOOK_SECRETS": self.webhook_secret,
            "ALERTMANAGER_TOKEN": self.webhook_secret,
            "GENERIC_WEBHOOK_SECRETS": self.webhook_secret,
        }

    async def fire(self, bot: str, webhook: Webhook | None = None) -> int:
        """Send the scenario's alert, signed as its vendor does; the bot's HTTP status."""
        webhook = webhook or self.scenario.webhook
        body = json.dumps(webhook.payload).encode()
        headers = {"content-type": "application/json", **signed(webhook.source, body, self.webhook_secret)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{bot}/webhooks/{webhook.source}", data=body, headers=headers) as answer,
        ):
            return answer.status

    def cards(self, stage: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The bot's incident cards in the workspace, optionally only those at "gathering" or "briefing"."""
        found = []
        for message in self.workspace.all_messages():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload", {})
            if metadata.get("event_type") == CARD_EVENT and stage in (None, payload.get("stage")):
                found.append(message)
        return found


def signed(source: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers with which each vendor proves itself."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if source == "pagerduty":
        return {"x-pagerduty-signature": f"v1={digest}", "x-webhook-id": secrets.token_hex(8)}
    if source == "alertmanager":
        return {"authorization": f"Bearer {secret}"}
    return {"x-signature": f"sha256={digest}"}


@asynccontextmanager
async def world(played: str | Scenario, *, port: int = 0, like_real: bool = False) -> AsyncIterator[World]:
    """Everything started; `played` is a scenario or the name of one, `port` that of the web page.

    `like_real`: the servers take as long as real ones do.
    """
    scenario = load(played, time.time()) if isinstance(played, str) else played
    workspace = Workspace(scenario.people, bot_name=BOT_NAME)
    workspace.faults.latency = lifelike.SLACK if like_real else 0.0
    manifest = yaml.safe_load(MANIFEST.read_text())
    async with AsyncExitStack() as stack:

        async def serve(app: ASGIApp, seconds: float) -> str:
            return await stack.enter_async_context(serving(Delayed(app, seconds) if like_real else app))

        yield World(
            scenario=scenario,
            workspace=workspace,
            page=await stack.enter_async_context(serving(slack(workspace, manifest=manifest), port=port)),
            prometheus=await serve(prometheus(scenario), lifelike.PROMETHEUS),
            elasticsearch=await serve(elasticsearch(scenario), lifelike.ELASTICSEARCH),
            github=await serve(github(scenario), lifelike.GITHUB),
            pagerduty=await serve(pagerduty(scenario), lifelike.PAGERDUTY),
            webhook_secret=secrets.token_hex(16),
        )
