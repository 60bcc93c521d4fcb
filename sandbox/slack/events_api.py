"""Delivery over HTTP to a request URL, signed as Slack signs.

docs.slack.dev, "Verifying requests from Slack": v0=HMAC-SHA256(secret, "v0:{timestamp}:{raw body}").
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.slack.reply import Reply, Unanswered
from sandbox.slack.values import JsonObject

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Answer:
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JsonObject | None:
        """The answer as an object; plain text becomes {"text": ...}; None when it is empty."""
        if not self.body.strip():
            return None
        if self.headers.get("content-type", "").startswith(JSON):
            value = json.loads(self.body)
            return value if isinstance(value, dict) else None
        return {"text": self.body.decode()}


class HttpEndpoint:
    def __init__(self, workspace: Workspace, url: str) -> None:
        import aiohttp  # a Socket Mode workspace does not need it

        self._workspace = workspace
        self.url = url
        self._session = aiohttp.ClientSession(auto_decompress=False)

    async def close(self) -> None:
        await self._session.close()

    async def verify(self, timeout: float) -> None:
        challenge = secrets.token_urlsafe(24)
        body = {"token": self._workspace.verification_token, "challenge": challenge, "type": "url_verification"}
        answer = await self._post(json.dumps(body).encode(), JSON, timeout)
        returned = (answer.json() or {}).get("challenge") or (answer.json() or {}).get("text")
        if returned != challenge:
            raise Unanswered("challenge_failed")

    async def send_event(self, envelope: JsonObject, timeout: float, *, attempt: int, reason: str) -> None:
        extra = {}
        if attempt:
            named = "http_timeout" if reason == "timeout" else reason
            extra = {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": named}
        await self._post(json.dumps(envelope).encode(), JSON, timeout, extra)

    async def ask(self, kind: str, payload: JsonObject, timeout: float) -> Reply:
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        answer = await self._post(urlencode(form).encode(), FORM, timeout)
        return Reply(payload=answer.json())

    async def _post(
        self, body: bytes, content_type: str, timeout: float, extra: Mapping[str, str] | None = None
    ) -> _Answer:
        import aiohttp

        timestamp = str(self._workspace.now())
        headers = {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature(self._workspace.signing_secret, timestamp, body),
            **(extra or {}),
        }
        try:
            async with asyncio.timeout(timeout), self._session.post(self.url, data=body, headers=headers) as response:
                content = await response.read()
        except TimeoutError:
            raise Unanswered("timeout") from None
        except aiohttp.ClientError:
            raise Unanswered("connection_failed") from None
        if not 200 <= response.status < 300:
            final = response.headers.get("x-slack-no-retry") == "1"
            raise Unanswered("no_retry" if final else "http_error")
        return _Answer(headers={key.lower(): value for key, value in response.headers.items()}, body=content)
