"""Turns what the client library raises into a ModelError. https://platform.claude.com/docs/en/api/errors"""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.model import ModelError, ModelFailure
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.anthropic import wording

if TYPE_CHECKING:
    from anthropic import APIStatusError

log = logging.getLogger(__name__)

SAID_LIMIT = 300  # characters of the vendor's own words, for the log
LONGEST_WAIT = 86_400.0  # seconds: a longer Retry-After is a mistake

# 429 with one of these is no matter of waiting a minute.
_SPENT_CODES = frozenset({"contract_spend_limit_reached", "enforced_spend_limit_reached"})
# Errors within a stream come with status 200; these are their kinds.
_BY_TYPE = {
    "authentication_error": ModelFailure.BAD_KEY,
    "permission_error": ModelFailure.BAD_KEY,
    "billing_error": ModelFailure.NO_CREDIT,
    "not_found_error": ModelFailure.UNKNOWN_MODEL,
    "request_too_large": ModelFailure.TOO_LARGE,
    "rate_limit_error": ModelFailure.RATE_LIMITED,
    "timeout_error": ModelFailure.TIMEOUT,
    "overloaded_error": ModelFailure.OVERLOADED,
    "api_error": ModelFailure.SERVER,
    "invalid_request_error": ModelFailure.NOT_ACCEPTED,
}
# The API has one kind for all that is wrong with a request; these two are told apart by their words alone.
_BY_WORDS = (
    ("prompt is too long", ModelFailure.CONTEXT_FULL),
    ("credit balance is too low", ModelFailure.NO_CREDIT),
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    error: ModelError
    is_worth_another: bool  # the same request may succeed in a moment


def known() -> tuple[type[Exception], ...]:
    """What the client may raise; bodies that are no JSON or no UTF-8 are ValueErrors."""
    import anthropic
    import httpx2

    return (anthropic.APIError, httpx2.HTTPError, httpx2.StreamError, ValueError)


def understood(error: Exception) -> Failure:
    """Of what is `known`."""
    import anthropic
    import httpx2

    if isinstance(error, anthropic.APIStatusError):
        return _status(error)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return Failure(error=wording.failed(ModelFailure.TIMEOUT), is_worth_another=True)
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError):
        log.info("Claude cannot be reached: %s", type(error.__cause__ or error).__name__)
        return Failure(error=wording.failed(ModelFailure.UNREACHABLE), is_worth_another=True)
    log.warning("Claude's answer cannot be read: %s", type(error).__name__, exc_info=error)
    return Failure(error=wording.failed(ModelFailure.GARBAGE), is_worth_another=False)


def _status(error: APIStatusError) -> Failure:
    reason = _reason(error)
    said = plain(redact(error.api_message or ""), SAID_LIMIT)
    log.warning(
        "Claude refused request %s: %s (%s %s) %s", error.request_id, reason, error.status_code, error.type, said
    )
    headers = error.response.headers
    wait = wait_asked_for(headers) if reason.may_pass else None
    sentence = wording.REDIRECTED if 300 <= error.status_code < 400 else ""
    told = headers.get("x-should-retry")
    is_worth_another = told == "true" or (reason.may_pass and told != "false")
    return Failure(error=wording.failed(reason, sentence, retry_after=wait), is_worth_another=is_worth_another)


def _reason(error: APIStatusError) -> ModelFailure:
    import anthropic

    if error.error_code in _SPENT_CODES:
        return ModelFailure.NO_CREDIT
    by_class: tuple[tuple[type[Exception], ModelFailure], ...] = (
        (anthropic.AuthenticationError, ModelFailure.BAD_KEY),
        (anthropic.PermissionDeniedError, ModelFailure.BAD_KEY),
        (anthropic.PaymentRequiredError, ModelFailure.NO_CREDIT),
        (anthropic.NotFoundError, ModelFailure.UNKNOWN_MODEL),
        (anthropic.ContentTooLargeError, ModelFailure.TOO_LARGE),
        (anthropic.RateLimitError, ModelFailure.RATE_LIMITED),
        (anthropic.OverloadedError, ModelFailure.OVERLOADED),
        (anthropic.RequestTimeoutError, ModelFailure.TIMEOUT),
        (anthropic.GatewayTimeoutError, ModelFailure.TIMEOUT),
        (anthropic.InternalServerError, ModelFailure.SERVER),
        (anthropic.ConflictError, ModelFailure.SERVER),
    )
    for known, reason in by_class:
        if isinstance(error, known):
            return reason
    if error.status_code == 200:
        return _BY_TYPE.get(error.type or "", ModelFailure.SERVER)
    if 300 <= error.status_code < 400:
        return ModelFailure.UNREACHABLE
    said = (error.api_message or "").lower()
    return next((reason for words, reason in _BY_WORDS if words in said), ModelFailure.NOT_ACCEPTED)


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """Seconds, of Retry-After as a number or a date, or of its form in milliseconds."""
    wait = _number(headers.get("retry-after-ms"))
    if wait is not None:
        wait /= 1000
    elif (text := headers.get("retry-after")) is not None:
        wait = _number(text)
        if wait is None and (moment := email.utils.parsedate_tz(text)) is not None:
            wait = email.utils.mktime_tz(moment) - time.time()
    return min(max(wait, 0.0), LONGEST_WAIT) if wait is not None else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if number == number else None
