"""Who may say yes: full, active members of the workspace who are in an approver group at this moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class PersonKind(StrEnum):
    MEMBER = "member"
    GUEST = "guest"  # of one or of several channels
    STRANGER = "stranger"  # from another organisation, through a shared channel
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"  # Slack did not tell


@dataclass(frozen=True, kw_only=True)
class Person:
    """As Slack told at one moment."""

    id: str  # Slack's user id
    kind: PersonKind
    groups: frozenset[str] = frozenset()  # names of the policy's approver groups that they are in
    name: str = ""  # as people see it


People = Mapping[str, Person]  # by id; who is not in it is not known, and counts for nothing


class Eligibility(StrEnum):
    ELIGIBLE = "eligible"
    GUEST = "guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"
    NOT_IN_GROUP = "not_in_group"


_BY_KIND = {
    PersonKind.GUEST: Eligibility.GUEST,
    PersonKind.STRANGER: Eligibility.STRANGER,
    PersonKind.BOT: Eligibility.BOT,
    PersonKind.DEACTIVATED: Eligibility.DEACTIVATED,
}


def eligibility(person: Person | None, groups: Collection[str]) -> Eligibility:
    """Whether they may decide for any of `groups`; where there are no groups, nobody may."""
    if person is None or not person.id:
        return Eligibility.UNKNOWN
    if person.kind is not PersonKind.MEMBER:
        return _BY_KIND.get(person.kind, Eligibility.UNKNOWN)
    return Eligibility.ELIGIBLE if person.groups.intersection(groups) else Eligibility.NOT_IN_GROUP
