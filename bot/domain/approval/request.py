"""What people are asked to approve: one exact plan, once, until a moment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from bot.domain.action import Plan, Value, canonical
from bot.domain.alert import Severity

SHOWN_DIGITS = 12  # of the digest in Slack: 48 bits, enough for people to compare two messages


@dataclass(frozen=True, kw_only=True)
class Request:
    """Never changes. Reviews are bound to `digest`, so a record that was changed afterwards has none.

    Of a `Ruling` it takes `needed`, `approvers` as `groups`, `requester_may_approve`, and `created_at + expires_after`.
    """

    id: str
    incident: str  # "INC-2026-0042"
    run: str
    step: str
    runbook: str
    runbook_digest: str  # of the version that the step was rendered from
    plan: Plan
    plan_digest: str
    requester: str  # Slack's user id of whoever asked; "" where nobody did
    author: str = ""  # Slack's user id of who wrote the message that led to it; "" without one
    reason: str = ""
    evidence: tuple[str, ...] = ()  # ids: "E3"
    needed: int  # different people
    groups: tuple[str, ...]  # names of approver groups
    requester_may_approve: bool = False
    severity: Severity | None = None  # of the incident
    service: str | None = None  # of the incident; the plan may touch another one
    created_at: datetime
    expires_at: datetime  # from this moment on it is over
    nonce: str  # random: two requests for the same are told apart
    policy_version: str = ""

    @property
    def record(self) -> str:
        """All of it as canonical JSON; times in UTC. Raises ValueError, TypeError for what is no JSON."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        times = {name: _moment(plain[name]) for name in ("created_at", "expires_at")}
        return canonical(plain | times | {"plan": asdict(self.plan)})

    @property
    def digest(self) -> str:
        """SHA-256 of the record, in hexadecimal."""
        return hashlib.sha256(self.record.encode()).hexdigest()

    @property
    def shown_digest(self) -> str:
        return self.digest[:SHOWN_DIGITS]

    @property
    def own_approval_counts(self) -> bool:
        """Never where two people are needed: the second pair of eyes is the point."""
        return self.requester_may_approve is True and self.needed < 2

    def is_own(self, person: str) -> bool:
        return bool(person) and person in (self.requester, self.author)


def text_keys_only(value: Value | object) -> bool:
    """JSON has no other keys: 1 and "1" would become the same one."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and text_keys_only(item) for key, item in value.items())
    return all(text_keys_only(item) for item in value) if isinstance(value, tuple | list) else True


def _moment(at: object) -> str:
    """Raises ValueError without a time zone (it would mean another moment on every machine), TypeError for no time."""
    if not isinstance(at, datetime):
        raise TypeError(f"no time: {at!r}")
    if at.tzinfo is None:
        raise ValueError(f"a time zone is missing: {at.isoformat()}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
