"""Who is let in, how often, and how answers are dressed and cut into pages."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.github.apps import AppDesk

T = TypeVar("T")

DOCUMENTATION = "https://docs.github.com/rest"
DEFAULT_PER_PAGE, MAX_PER_PAGE = 30, 100
RATE_LIMIT = 5000  # requests an hour of a token
WINDOW = 3600.0  # seconds
MINUTE = 60.0  # seconds: the secondary limit's window
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_CREDENTIALS = re.compile(r"(?:token|bearer)\s+(\S+)", re.IGNORECASE)


class Refused(Exception):
    """Answered as `{"message": ..., "documentation_url": ..., "status": "404"}`."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def response(self) -> Response:
        content = {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}
        return JSONResponse(content, self.status, headers=dict(self.headers))


def not_found() -> Refused:
    return Refused(404, "Not Found")


@dataclass
class Gate:
    """Checks the token and counts requests; one window for everybody."""

    clock: Callable[[], float]
    token: str | None  # None: every token is right
    limit: int
    burst: int | None = None  # requests a minute that the secondary limit allows
    apps: AppDesk | None = None  # whose tokens are right too
    used: int = 0
    reset: float = field(default=0.0)
    recent: list[float] = field(default_factory=list)  # when the requests of the last minute came

    def admit(self, request: Request) -> str | None:
        """The token that came with the request, if any. Raises Refused."""
        header = request.headers.get("Authorization", "")
        match = _CREDENTIALS.fullmatch(header.strip())
        given = match[1] if match else None
        if header and (given is None or not self._right(given)):
            raise Refused(401, "Bad credentials")
        return given

    def count(self) -> None:
        """Raises Refused when nothing is left in this window, or too many came at once."""
        self._roll()
        if self.used >= self.limit:
            raise Refused(403, "API rate limit exceeded for user ID 1.")
        now = self.clock()
        self.recent = [at for at in self.recent if at > now - MINUTE]
        if self.burst is not None and len(self.recent) >= self.burst:
            wait = max(1, round(self.recent[0] + MINUTE - now))
            raise Refused(403, SECONDARY, {"Retry-After": str(wait)})
        self.recent.append(now)
        self.used += 1

    def uncount(self) -> None:
        """What has not changed costs nothing."""
        self.used -= 1

    def _roll(self) -> None:
        if self.clock() >= self.reset:
            self.used, self.reset = 0, self.clock() + WINDOW

    def _right(self, given: str) -> bool:
        if self.apps is not None and self.apps.owner_of(given):
            return True
        return self.token is None or hmac.compare_digest(given.encode(), self.token.encode())

    def rate(self) -> dict[str, int]:
        self._roll()
        return {"limit": self.limit, "used": self.used, "remaining": self.limit - self.used, "reset": int(self.reset)}

    def dress(self, response: Response) -> Response:
        for name, value in self.rate().items():
            response.headers[f"X-RateLimit-{name.capitalize()}"] = str(value)
        response.headers["X-RateLimit-Resource"] = "core"
        response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        return response

    def unless_known(self, request: Request, response: Response) -> Response:
        """With its tag; 304 without a body to whoever has it already."""
        tag = f'W/"{sha256(bytes(response.body)).hexdigest()}"'
        if response.status_code == 200 and request.headers.get("If-None-Match") == tag:
            self.uncount()
            response = Response(status_code=304)
        response.headers["ETag"] = tag
        return response


def paged(
    request: Request, items: Sequence[T], shown: Callable[[Sequence[T]], Any], *, per_page: int = DEFAULT_PER_PAGE,
    most: int = MAX_PER_PAGE,
) -> Response:  # fmt: skip
    """One page of the items, with a Link header to the others."""
    size = min(_positive(request.query_params, "per_page", per_page), most)
    page = _positive(request.query_params, "page", 1)
    last = max((len(items) + size - 1) // size, 1)
    response = JSONResponse(shown(items[(page - 1) * size : page * size]))
    pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = [name for name in pages if (page > 1 if name in ("prev", "first") else page < last)]
    if wanted:
        links = (f'<{_at_page(request.url, min(pages[name], last))}>; rel="{name}"' for name in wanted)
        response.headers["Link"] = ", ".join(links)
    return response


def _at_page(url: URL, page: int) -> URL:
    return url.include_query_params(page=page)


def _positive(given: Mapping[str, str], name: str, default: int) -> int:
    """GitHub takes what is no positive number for its default."""
    text = given.get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else default
