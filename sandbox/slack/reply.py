"""How the app answered a delivery."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.slack.errors import SandboxError
from sandbox.slack.values import JsonObject


@dataclass(frozen=True, kw_only=True)
class Reply:
    payload: JsonObject | None = None  # a JSON answer: a message to show, or a view's response_action


class Unanswered(SandboxError):
    """No acknowledgement. `reason` is Slack's word for the x-slack-retry-reason header."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
