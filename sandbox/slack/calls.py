"""The log of Web API calls: what the app asked, how it was answered, how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sandbox.slack.values import JsonObject

SECRET_ARGUMENTS = frozenset({"token", "app_token"})


@dataclass(frozen=True, kw_only=True)
class Call:
    n: int
    method: str
    args: JsonObject
    ok: bool
    error: str | None
    at: float  # unix seconds, when it came in
    seconds: float


class CallLog:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.in_flight = 0
        self.last_activity = time.monotonic()  # of a call or a delivery

    def touch(self) -> None:
        self.last_activity = time.monotonic()

    def add(self, method: str, args: JsonObject, *, error: str | None, at: float, seconds: float) -> None:
        shown = {key: value for key, value in args.items() if key not in SECRET_ARGUMENTS}
        self.calls.append(
            Call(
                n=len(self.calls) + 1,
                method=method,
                args=shown,
                ok=error is None,
                error=error,
                at=at,
                seconds=round(seconds, 6),
            )
        )

    def since(self, n: int) -> list[Call]:
        return self.calls[n:]
