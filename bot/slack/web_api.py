"""Calls of Slack's Web API, with its failures turned into `ChatError` in this one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bot.domain.errors import ChatError
from bot.slack.pacing import Pacing, Urgency

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

RATE_LIMIT_TRIES = 3  # Slack answers 429 with Retry-After in seconds, which is waited for so often

# Errors that a later try may not meet. A revoked or wrong token is among them: work waits until an operator mends it.
PASSING = frozenset(
    {
        "ratelimited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "unreachable",
        "invalid_auth",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "not_authed",
    }
)


class WebApi:
    """One workspace's Web API.

    Calls go through the SDK's own function of each method, since Slack takes JSON for some and forms for others.
    """

    def __init__(
        self, client: AsyncWebClient, *, pacing: Pacing | None = None, urgency: Urgency = Urgency.STATUS
    ) -> None:
        self.client = client
        self._pacing = pacing or Pacing()
        self._urgency = urgency

    def at(self, urgency: Urgency) -> WebApi:
        """The same, for calls of this urgency."""
        return WebApi(self.client, pacing=self._pacing, urgency=urgency)

    @property
    def behind(self) -> float:
        """Seconds that calls wait now because of Slack's limits."""
        return self._pacing.behind

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Slack's answer. Raises ChatError; `is_final` tells whether a later try can succeed."""
        channel = str(arguments.get("channel", ""))
        for attempt in range(1, RATE_LIMIT_TRIES + 1):
            await self._pacing.turn(method, channel, self._urgency, again=attempt > 1)
            try:
                return await self._once(method, arguments)
            except _RateLimited as limited:
                self._pacing.limited(method, channel, limited.seconds)
                if attempt == RATE_LIMIT_TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _once(self, method: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        with translating(method):
            answer = await getattr(self.client, method.replace(".", "_"))(**arguments)
        data = answer.data
        if not isinstance(data, dict):
            raise ChatError("unreachable", f"{method}: the answer is not JSON", is_final=False)
        return data


@contextmanager
def translating(method: str) -> Iterator[None]:
    """Turns what the SDK raises into ChatError."""
    from aiohttp import ClientError
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        yield
    except SlackApiError as error:
        raise _translated(method, error) from None
    except (SlackClientError, ClientError, TimeoutError, OSError) as error:
        raise ChatError("unreachable", f"{method}: {type(error).__name__}", is_final=False) from None


class _RateLimited(ChatError):
    def __init__(self, method: str, seconds: float) -> None:
        super().__init__("ratelimited", f"{method}: wait {seconds:.0f} s", is_final=False)
        self.seconds = seconds


def _translated(method: str, error: Any) -> ChatError:
    response = error.response
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 200)
    if status == 429:
        headers = {name.lower(): value for name, value in (response.headers or {}).items()}
        return _RateLimited(method, float(headers.get("retry-after", "1")))
    said = getattr(response, "data", None)  # the SDK has none where it could not read the answer
    data = said if isinstance(said, dict) else {}
    # What names no error is not of Slack: a page of a proxy in between, or half an answer.
    code = str(data.get("error") or ("service_unavailable" if status >= 500 else "unreachable"))
    detail = "; ".join(str(m) for m in (data.get("response_metadata") or {}).get("messages", ())[:3])
    if needed := data.get("needed"):
        detail = f"the scope {needed} is missing"
    return ChatError(code, f"{method}{': ' + detail if detail else ''}", is_final=code not in PASSING and status < 500)
