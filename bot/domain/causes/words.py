"""How causes are worded, and how names are found in log lines."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_GENERIC_ENDING = re.compile(r"[-_. ]?(api|service|svc|server|gateway)$")
_SHORTEST_STEM = 5  # "cart" is an English word in many a log line; "payments" hardly ever
_TROUBLE = re.compile(
    r"time[d]?[ -]?out|timeout|deadline|refused|reset|unreachable|unavailable|no route|no healthy|circuit|"
    r"\b50[0-9]\b|bad gateway|upstream|fail|error|could not|cannot|unable|broken pipe|closed|rejected",
    re.IGNORECASE,
)


def span(delta: timedelta) -> str:
    """ "45 s", "6 min", "2 h 05 min", "3 days"; the sign is dropped."""
    seconds = int(abs(delta.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest:02d} min" if rest else f"{hours} h"
    return f"{hours // 24} days"


def clock(at: datetime) -> str:
    return f"{at:%H:%M} UTC"


def names_service(text: str, service: str) -> bool:
    """Whether a log line speaks of `service`: "orders-api" is also found as orders_api, ordersApi and orders."""
    name = service.lower()
    stem = _GENERIC_ENDING.sub("", name)
    wanted = {name, stem} if len(stem) >= _SHORTEST_STEM else {name}
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()
    return any(_as_words(word).search(lowered) for word in wanted if word)


def tells_trouble(text: str) -> bool:
    return bool(_TROUBLE.search(text))


def _as_words(name: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in re.split(r"[^a-z0-9]+", name) if part]
    return re.compile(r"(?<![a-z0-9])" + r"[-_. ]?".join(parts or ["$^"]) + r"(?![a-z0-9])")
