"""Reads config/policy.yaml."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.action import Isolation, Risk
from bot.domain.alert import Severity
from bot.domain.policy import (
    ApproverGroup,
    Approving,
    Autonomy,
    Escalating,
    Limits,
    Policy,
    Profile,
    QuietHours,
    Rule,
    StopAfter,
)
from memory.operator_file import Entry, read

_RISKS = tuple(risk.value for risk in Risk)
_AUTONOMIES = tuple(autonomy.value for autonomy in Autonomy)
_SEVERITIES = tuple(severity.value for severity in Severity)
_LEVELS = (Isolation.NONE.value, Isolation.LANDLOCK.value, Isolation.BUBBLEWRAP.value)
_WHEN = ("actions", "except", "risks", "environments", "services", "tiers")
_THEN = ("approvers", "needed", "requester_may_approve", "expires_after", "max_radius", "isolation")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,6})\s*(s|m|min|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_USER_GROUP = re.compile(r"S[A-Z0-9]{4,}")
_USER = re.compile(r"[UW][A-Z0-9]{4,}")
_MOST_NEEDED = 20  # more people than that are never awake at once
_LONGEST_LIFE = timedelta(hours=24)  # a plan of yesterday is no longer about what is true today


def load_policy(path: Path) -> Policy:
    """Raises ConfigFileError naming file, line, field and remedy."""
    file = read(path)
    file.only(
        "groups", "approvals", "profiles", "rules", "limits", "quiet_hours", "escalation", "automatic_stop"
    )  # fmt: skip
    groups = _groups(file.child("groups"))
    rules = tuple(_rule(item, f"rule {at}", groups) for at, item in enumerate(file.items("rules"), start=1))
    return Policy(
        profiles=_profiles(file.child("profiles"), groups),
        rules=rules,
        groups=groups,
        approving=_approving(file.child("approvals"), groups),
        escalating=_escalating(file.child("escalation")),
        limits=_limits(file.child("limits")),
        stop_after=_stop_after(file.child("automatic_stop")),
        quiet_hours=tuple(_quiet(item) for item in file.items("quiet_hours")),
        version=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


# --- people ----------------------------------------------------------------------------------------------------------


def _groups(entry: Entry | None) -> dict[str, ApproverGroup]:
    return {name: _group(name, item) for name, item in (entry.members() if entry else {}).items()}


def _group(name: str, entry: Entry) -> ApproverGroup:
    entry.only("user_groups", "users")
    user_groups = _ids(entry, "user_groups", _USER_GROUP, "a user group's id begins with S, as in S0614TZR7")
    users = _ids(entry, "users", _USER, "a user's id begins with U or W, as in U0614TZR7; copy it from their profile")
    if not user_groups and not users:
        raise entry.error("has nobody in it; add `user_groups: [S...]` or `users: [U...]`, or remove the group")
    return ApproverGroup(name=name, user_groups=user_groups, users=users)


def _ids(entry: Entry, field: str, shape: re.Pattern[str], remedy: str) -> tuple[str, ...]:
    for item in entry.items(field):
        if not shape.fullmatch(item.as_text()):
            raise item.error(f"{item.as_text()!r} is no id of Slack's; {remedy}")
    return tuple(dict.fromkeys(entry.texts(field)))


def _known_groups(entry: Entry, field: str, groups: Mapping[str, ApproverGroup]) -> tuple[str, ...]:
    names = tuple(item.as_one_of(tuple(groups)) if groups else _no_groups(item) for item in entry.items(field))
    return tuple(dict.fromkeys(names))


def _no_groups(item: Entry) -> str:
    raise item.error(f"there is no group {item.as_text()!r}; describe it under `groups:`")


def _approving(entry: Entry | None, groups: Mapping[str, ApproverGroup]) -> Approving:
    default = Approving()
    if entry is None:
        return default
    entry.only("groups", "needed", "requester_may_approve", "expires_after", "remind_before")
    expires_after = _life(entry, default.expires_after)
    return Approving(
        groups=_known_groups(entry, "groups", groups),
        needed=dict(default.needed) | _needed_by_risk(entry.child("needed")),
        requester_may_approve=_switch(entry, "requester_may_approve", default.requester_may_approve),
        expires_after=expires_after,
        remind_before=_reminders(entry, expires_after, default),
    )


def _reminders(entry: Entry, expires_after: timedelta, default: Approving) -> tuple[timedelta, ...]:
    stated = entry.items("remind_before")
    for item in stated:
        if _span(item) >= expires_after:
            raise item.error("is no shorter than `expires_after`, so it would never be sent; make it shorter")
    found = tuple(_span(item) for item in stated) if entry.child("remind_before") else default.remind_before
    return tuple(lead for lead in found if lead < expires_after)


def _needed_by_risk(entry: Entry | None) -> dict[Risk, int]:
    if entry is None:
        return {}
    entry.only(*_RISKS)
    return {
        Risk(name): _count(entry, name, least=0, most=_MOST_NEEDED) for name in entry.members() if entry.child(name)
    }


# --- rules -----------------------------------------------------------------------------------------------------------


def _profiles(entry: Entry | None, groups: Mapping[str, ApproverGroup]) -> tuple[Profile, ...]:
    members = entry.members() if entry else {}
    return tuple(_profile(name, item, tuple(members), groups) for name, item in members.items())


def _profile(name: str, entry: Entry, names: tuple[str, ...], groups: Mapping[str, ApproverGroup]) -> Profile:
    entry.only("environments", "severities", "instead_of", *_RISKS, "rules")
    instead = entry.child("instead_of")
    if instead and instead.as_one_of(names) == name:
        raise instead.error("is the profile itself; name another one, or leave it out")
    by_risk = tuple(
        Rule(name=f"{name}: {risk.value}", autonomy=_autonomy(found), risks=(risk,))
        for risk in Risk
        if (found := entry.child(risk.value))
    )
    rules = (_rule(item, f"{name}, rule {at}", groups) for at, item in enumerate(entry.items("rules"), start=1))
    return Profile(
        name=name,
        environments=_filled(entry, "environments"),
        severities=tuple(Severity(item.as_one_of(_SEVERITIES)) for item in entry.items("severities")),
        instead_of=instead.as_text() if instead else None,
        rules=(*by_risk, *rules),
    )


def _rule(entry: Entry, default_name: str, groups: Mapping[str, ApproverGroup]) -> Rule:
    entry.only("name", *_WHEN, "autonomy", "why", *_THEN)
    expires = entry.child("expires_after")
    return Rule(
        name=entry.text("name", default_name),
        autonomy=_autonomy(entry.need("autonomy")),
        actions=_filled(entry, "actions"),
        excepted=_filled(entry, "except"),
        risks=tuple(Risk(item.as_one_of(_RISKS)) for item in entry.items("risks")),
        environments=_filled(entry, "environments"),
        services=_filled(entry, "services"),
        tiers=tuple(_tier(item) for item in entry.items("tiers")),
        why=entry.text("why", ""),
        approvers=_known_groups(entry, "approvers", groups),
        needed=_count(entry, "needed", least=1, most=_MOST_NEEDED) if entry.child("needed") else None,
        requester_may_approve=_only_no(entry),
        expires_after=_life(entry, timedelta(0)) if expires else None,
        max_radius=_radius(entry.child("max_radius")),
        isolation=_level(entry.child("isolation")),
    )


def _autonomy(entry: Entry) -> Autonomy:
    return Autonomy(entry.as_one_of(_AUTONOMIES))


def _filled(entry: Entry, field: str) -> tuple[str, ...]:
    """An empty pattern would fit nothing, and one would not see why."""
    for item in entry.items(field):
        if not item.as_text():
            raise item.error("is empty; write a name or a pattern such as kubectl.*, or remove it")
    return entry.texts(field)


def _tier(item: Entry) -> int:
    if not isinstance(item.value, int) or isinstance(item.value, bool) or item.value < 1:
        raise item.error("tiers are whole numbers from 1, the most critical")
    return item.value


def _only_no(entry: Entry) -> bool | None:
    found = entry.child("requester_may_approve")
    if found is None:
        return None
    if _switch(entry, "requester_may_approve", False):
        raise found.error("a rule can only forbid it; write false, or allow it for all under `approvals:`")
    return False


# --- bounds ----------------------------------------------------------------------------------------------------------


def _limits(entry: Entry | None) -> Limits:
    default = Limits()
    if entry is None:
        return default
    entry.only("max_radius", "repetitions", "isolation")
    return Limits(
        max_radius=_radius(entry.child("max_radius")),
        repetitions=_count(entry, "repetitions", least=0, default=default.repetitions),
        isolation=dict(default.isolation) | _isolation(entry.child("isolation")),
    )


def _radius(entry: Entry | None) -> dict[str, int]:
    return {unit: _count(entry, unit, least=0) for unit in entry.members()} if entry else {}


def _isolation(entry: Entry | None) -> dict[Risk, Isolation]:
    if entry is None:
        return {}
    entry.only(*_RISKS)
    found = {Risk(name): level for name in entry.members() if (level := _level(entry.child(name)))}
    for risk, level in found.items():
        if risk is not Risk.READ and level is Isolation.NONE:
            raise entry.need(risk.value).error("only reads may run without isolation; write landlock or bubblewrap")
    return found


def _level(entry: Entry | None) -> Isolation | None:
    return Isolation(entry.as_one_of(_LEVELS)) if entry else None


def _quiet(entry: Entry) -> QuietHours:
    entry.only("name", "days", "from", "to", "zone", "autonomy")
    autonomy = entry.child("autonomy")
    return QuietHours(
        start=_clock(entry.need("from")),
        end=_clock(entry.need("to")),
        zone=_zone(entry.need("zone")),
        days=_days(entry),
        autonomy=_autonomy(autonomy) if autonomy else Autonomy.APPROVAL,
        name=entry.text("name", "quiet hours"),
    )


def _days(entry: Entry) -> frozenset[int]:
    items = entry.items("days")
    return frozenset(_DAYS.index(item.as_one_of(_DAYS)) for item in items) or frozenset(range(7))


def _clock(entry: Entry) -> time:
    found = _CLOCK.fullmatch(entry.as_text())
    if found is None:
        raise entry.error(f'{entry.as_text()!r} is no time of day; write it as "22:00", with quotes')
    return time(int(found[1]), int(found[2]))


def _zone(entry: Entry) -> ZoneInfo:
    name = entry.as_text()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise entry.error(f"{name!r} is no time zone; write one as Europe/Vienna, or UTC") from None


def _escalating(entry: Entry | None) -> Escalating:
    default = Escalating()
    if entry is None:
        return default
    entry.only("severities", "after")
    after = entry.child("after")
    severities = frozenset(Severity(item.as_one_of(_SEVERITIES)) for item in entry.items("severities"))
    return Escalating(
        severities=severities if entry.child("severities") else default.severities,
        after=_span(after) if after else default.after,
    )


def _stop_after(entry: Entry | None) -> StopAfter:
    default = StopAfter()
    if entry is None:
        return default
    entry.only("in_an_incident", "in_all", "within")
    within = entry.child("within")
    return StopAfter(
        in_an_incident=_count(entry, "in_an_incident", least=1, default=default.in_an_incident),
        in_all=_count(entry, "in_all", least=1, default=default.in_all),
        within=_span(within) if within else default.within,
    )


# --- single values ---------------------------------------------------------------------------------------------------


def _count(entry: Entry, field: str, *, least: int, most: int = 1_000_000, default: int | None = None) -> int:
    found = entry.whole(field)
    if found is None and default is not None:
        return default
    if found is None or not least <= found <= most:
        raise entry.members()[field].error(f"a whole number from {least} to {most} is expected, not {found!r}")
    return found


def _switch(entry: Entry, field: str, default: bool) -> bool:
    found = entry.child(field)
    if found is None:
        return default
    if not isinstance(found.value, bool):
        raise found.error(f"true or false is expected, not {found.value!r}")
    return found.value


def _life(entry: Entry, default: timedelta) -> timedelta:
    found = entry.child("expires_after")
    if found is None:
        return default
    span = _span(found)
    if span > _LONGEST_LIFE:
        raise found.error("an approval may live for a day at most; write 24h or less")
    return span


def _span(entry: Entry) -> timedelta:
    found = _SPAN.fullmatch(entry.as_text())
    if found is None or int(found[1]) == 0:
        raise entry.error(f"{entry.as_text()!r} is no length of time; write it as 90s, 10m, 2h or 1d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def warnings(policy: Policy) -> tuple[str, ...]:
    """What is odd but stops nothing: where approval is asked of nobody, and groups that nobody is asked of."""
    return (*_unapprovable(policy), *_idle(policy))


def _unapprovable(policy: Policy) -> Iterable[str]:
    if not policy.approving.groups:
        yield "nobody may approve anything but where a rule names approvers; add `groups:` under `approvals:`"


def _idle(policy: Policy) -> Iterable[str]:
    rules = (*policy.rules, *(rule for profile in policy.profiles for rule in profile.rules))
    used = {name for rule in rules for name in rule.approvers} | set(policy.approving.groups)
    for name in policy.groups:
        if name not in used:
            yield f"the group {name} approves nothing; name it under `approvals: groups`, or in a rule"
