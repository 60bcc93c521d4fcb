"""Who is let in, what errors look like, and how lists are cut into pages."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT, LAST_RECORD = 25, 100, 10_000
RATE_LIMIT, WINDOW = 960, 60.0  # requests of a key, in so many seconds
_CREDENTIALS = re.compile(r"(?:token\s+token=|bearer\s+)(\S+)", re.IGNORECASE)
_VERSION = re.compile(r"version=(\d+)")


class Refused(Exception):
    """Answered as `{"error": {"message", "code", "errors"}}`."""

    def __init__(self, status: int, code: int, message: str, *errors: str, **further: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "code": code}
        if errors:
            self.error["errors"] = list(errors)
        self.error |= further

    def response(self) -> Response:
        return JSONResponse({"error": self.error}, self.status)


def not_found() -> Refused:
    return Refused(404, 2100, "Not Found")


def invalid(*errors: str) -> Refused:
    return Refused(400, 2001, "Invalid Input Provided", *errors)


def payment_required(ability: str) -> Refused:
    return Refused(
        402,
        2012,
        "Account does not have the abilities to perform the action",
        "Please contact us to upgrade your plan",
        required_abilities=[ability],
    )


def not_on_plan(status: int) -> Refused:
    """How PagerDuty says it: by the ability that is missing, by access denied, or as if there were no such thing."""
    if status == 402:
        return payment_required("change_events")
    if status == 403:
        return Refused(403, 2010, "Access Denied", "This feature is not included in your account's plan")
    return not_found()


def there(item: T | None) -> T:
    if item is None:
        raise not_found()
    return item


@dataclass
class Gate:
    """Checks the key and counts requests; one window for everybody."""

    clock: Callable[[], float]
    api_key: str | None  # None: every key is right
    limit: int
    used: int = 0
    reset: float = 0.0

    def admit(self, request: Request) -> None:
        """Raises Refused."""
        if self.clock() >= self.reset:
            self.used, self.reset = 0, self.clock() + WINDOW
        match = _CREDENTIALS.fullmatch(request.headers.get("Authorization", "").strip())
        wanted = self.api_key
        if match is None or (wanted is not None and not hmac.compare_digest(match[1].encode(), wanted.encode())):
            raise Refused(401, 2006, "Unauthorized", "You shall not pass.")
        version = _VERSION.search(request.headers.get("Accept", ""))
        if version is not None and version[1] != "2":
            raise Refused(406, 2003, "Not Acceptable", f"API version {version[1]} is not supported")
        if self.used >= self.limit:
            raise Refused(429, 2020, "Rate Limit Exceeded")
        self.used += 1

    def dress(self, response: Response) -> Response:
        response.headers["ratelimit-limit"] = str(self.limit)
        response.headers["ratelimit-remaining"] = str(max(self.limit - self.used, 0))
        response.headers["ratelimit-reset"] = str(max(round(self.reset - self.clock()), 0))
        return response


def paged(request: Request, name: str, items: Sequence[T], shape: Callable[[T], Any]) -> Response:
    """One page of the items. Raises Refused."""
    limit, offset = min(whole(request, "limit", DEFAULT_LIMIT), MAX_LIMIT), whole(request, "offset", 0)
    if limit + offset > LAST_RECORD:
        raise invalid(f"Offset plus limit must not exceed {LAST_RECORD}")
    total = len(items) if flag(request, "total") else None
    page = {"limit": limit, "offset": offset, "total": total, "more": offset + limit < len(items)}
    return JSONResponse({name: [shape(item) for item in items[offset : offset + limit]], **page})


def whole(request: Request, name: str, default: int) -> int:
    """Raises Refused."""
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise invalid(f"{name.capitalize()} must be a non-negative integer")
    return int(text)


def flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in ("true", "1")


def several(request: Request, name: str) -> set[str] | None:
    """A list such as service_ids[]; None where it is not given."""
    found = {*request.query_params.getlist(f"{name}[]"), *request.query_params.getlist(name)}
    return found or None


def moment(request: Request, name: str) -> float | None:
    """Raises Refused."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name.capitalize()} is not a valid date and time") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


async def wrapped(request: Request, name: str) -> dict[str, Any]:
    """The object under `name` in the body. Raises Refused."""
    inner = await _member(request, name)
    if not isinstance(inner, dict):
        raise invalid(f"{name.capitalize()} cannot be empty")
    return inner


async def wrapped_list(request: Request, name: str) -> list[dict[str, Any]]:
    """The list of objects under `name` in the body, never empty. Raises Refused."""
    inner = await _member(request, name)
    if not isinstance(inner, list) or not inner or not all(isinstance(item, dict) for item in inner):
        raise invalid(f"{name.capitalize()} cannot be empty")
    return inner


async def _member(request: Request, name: str) -> Any:
    try:
        given = json.loads(await request.body())
    except ValueError:
        raise invalid("The request body is not valid JSON") from None
    return given.get(name) if isinstance(given, dict) else None
