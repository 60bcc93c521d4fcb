"""What stands behind the commands of an incident's life: pure, texts in, values out.

Texts are mrkdwn as Slack sends it: people in it are `<@U...>`. `trouble`: a sentence on what cannot be understood, in
plain text; nothing is done then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.alert import Severity
from bot.domain.life import Priority, Role
from bot.slack.life_dates import DUE, iso_day, read_due

ID = re.compile(r"INC-\d[\w-]*", re.IGNORECASE)
_FIRST_ID = re.compile(rf"\s*({ID.pattern})[.,:;]?(?:\s+|$)", re.IGNORECASE)
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_BECAUSE = re.compile(r"[\s:,;.\-\u2013\u2014]*(?:(?:because|since|as)\b[\s:,]*)?", re.IGNORECASE)
_SELF = frozenset({"me", "myself", "i"})
_NOBODY = frozenset({"nobody", "noone", "none", "no-one", "unassign", "remove"})
_LEADING = frozenset({"to", "is", "as", "for", "the", "with"})
_ROLES = {
    "lead": Role.LEAD,
    "leader": Role.LEAD,
    "commander": Role.LEAD,
    "ic": Role.LEAD,
    "comms": Role.COMMUNICATIONS,
    "communications": Role.COMMUNICATIONS,
    "communication": Role.COMMUNICATIONS,
    "communicator": Role.COMMUNICATIONS,
    "liaison": Role.COMMUNICATIONS,
    "scribe": Role.SCRIBE,
    "notes": Role.SCRIBE,
    "secretary": Role.SCRIBE,
}
WHOM = "@somebody, me or nobody"


def subject(argument: str) -> tuple[str, str]:
    """The id of an incident that stands first, in capitals, and the rest; "" without one."""
    found = _FIRST_ID.match(argument)
    return (found[1].upper(), argument[found.end() :].strip()) if found else ("", argument.strip())


def reason(text: str) -> str:
    """Without the "because" that it begins with."""
    return text[_end(_BECAUSE.match(text)) :].strip()


def _end(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


# --- severity --------------------------------------------------------------------------------------------------------

_SEVERITY = re.compile(r"\W*(?:to\s+)?(?:sev|severity|p)?[- ]*(\d+)\b", re.IGNORECASE)
_NAMED = {"critical": Severity.SEV1, "major": Severity.SEV2, "minor": Severity.SEV3, "low": Severity.SEV4}


@dataclass(frozen=True, kw_only=True)
class SeverityWords:
    """`way`: -1 one up (worse), 1 one down, where no number was said."""

    severity: Severity | None = None
    way: int = 0
    why: str = ""
    trouble: str = ""


def read_severity(text: str) -> SeverityWords:
    """ "2 because only one region is hurt"; nothing at all without a text."""
    if not text.strip():
        return SeverityWords()
    if found := _SEVERITY.match(text):
        why = reason(text[found.end() :])
        if found[1] not in ("1", "2", "3", "4"):
            return SeverityWords(trouble=f"There is no SEV{found[1][:6]}: severities go from 1, the worst, to 4.")
        return SeverityWords(severity=Severity(f"SEV{found[1]}"), why=why)
    word, _, rest = text.strip().partition(" ")
    if word.lower() in _NAMED:
        return SeverityWords(severity=_NAMED[word.lower()], why=reason(rest))
    if word.lower() in ("up", "down", "higher", "lower", "raise"):
        return SeverityWords(way=1 if word.lower() in ("down", "lower") else -1, why=reason(rest))
    return SeverityWords(trouble=f"“{word}” is no severity: say 1 (the worst) to 4.")


def moved(severity: Severity, way: int) -> Severity | None:
    """One step up (-1) or down (1); None where there is none."""
    rank = severity.rank + way
    return Severity(f"SEV{rank}") if 1 <= rank <= 4 else None


# --- people ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PersonWords:
    """`person`: a user id; "" for nobody, or where none was named (then `is_named` is False)."""

    person: str = ""
    is_named: bool = False
    rest: str = ""
    trouble: str = ""


def read_person(text: str, asker: str) -> PersonWords:
    """ "@ana", "me", "nobody", also after "to" and "is"."""
    said = text.strip()
    while said and said.split()[0].lower() in _LEADING:
        said = said.partition(" ")[2].strip()
    if not said:
        return PersonWords()
    if found := _MENTION.match(said):
        return PersonWords(person=found[1], is_named=True, rest=said[found.end() :].strip(" .,:;"))
    word, _, rest = said.partition(" ")
    low = word.lower().strip(".,")
    if low in _SELF:
        return PersonWords(person=asker, is_named=True, rest=rest.strip())
    if low in _NOBODY or said.lower() in ("no one", "-"):
        return PersonWords(is_named=True)
    if word.startswith("<!subteam") or word.startswith("<!"):
        return PersonWords(trouble="One person takes a role, not a group: name somebody.")
    return PersonWords(trouble=f"I do not know who “{word[:40]}” is: pick somebody from the list that opens after @.")


@dataclass(frozen=True, kw_only=True)
class RoleWords:
    role: Role | None = None
    who: PersonWords = PersonWords()
    trouble: str = ""


def read_role(text: str, asker: str) -> RoleWords:
    """ "scribe @bo"; "@bo scribe" is the same, and "@bo" alone the lead."""
    said = text.strip()
    if not said:
        return RoleWords()
    first, _, rest = said.partition(" ")
    role = _ROLES.get(first.lower().strip(":,"))
    if role is not None:
        who = read_person(rest, asker)
        return RoleWords(role=role, who=who, trouble=who.trouble)
    who = read_person(said, asker)
    if who.is_named:
        name = who.rest.split()[-1].lower() if who.rest else "lead"
        if name in _ROLES:
            return RoleWords(role=_ROLES[name], who=who)
        first = name
    return RoleWords(trouble=f"“{first[:40]}” is no role: there are lead, comms and scribe.")


# --- follow-ups ------------------------------------------------------------------------------------------------------

_PRIORITY = re.compile(r"(?:^|\s)(p\d)[.,;]?$", re.IGNORECASE)
_FIRST_PRIORITY = re.compile(r"(p[0-2])[:,]?\s+(?=\S)", re.IGNORECASE)
_OWNER = re.compile(r"(?:^|\s)(?:for\s+|owner\s+)?<@([UW][A-Z0-9]+)(?:\|[^>]*)?>[.,;]?$")
_TO_ME = re.compile(r"\s(?:for|owner)\s+me[.,;]?$", re.IGNORECASE)
_DAY_LIKE = re.compile(r"(?:^|\s)(?:by|until|due)\s+(\d{4}-\d{1,2}-\d{1,2})\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FollowUpWords:
    text: str = ""
    owner: str = ""  # a user id
    due_on: date | None = None
    priority: Priority | None = None
    trouble: str = ""


def read_follow_up(text: str, asker: str, today: date) -> FollowUpWords:
    """What is to be done; at its end, in any order: the owner, the day, the priority."""
    said = text.strip()
    owner, due, priority = "", None, None
    if first := _FIRST_PRIORITY.match(said):
        priority, said = Priority(first[1].upper()), said[first.end() :]
    while True:
        if (found := _OWNER.search(said)) and not owner:
            owner = found[1]
        elif (found := _TO_ME.search(said)) and not owner:
            owner = asker
        elif (found := DUE.search(said)) and due is None:
            told = read_due(found, today)
            if isinstance(told, str):
                return FollowUpWords(trouble=told)
            due = told
        elif (found := _PRIORITY.search(said)) and priority is None:
            if found[1].upper() not in set(Priority):
                return FollowUpWords(trouble=f"There is no {found[1].upper()}: priorities are P0, P1 and P2.")
            priority = Priority(found[1].upper())
        else:
            break
        said = said[: found.start()].rstrip(" ,;")
    if not said:
        return FollowUpWords(trouble="Say what is to be done.")
    if (stray := _DAY_LIKE.search(said)) and due is None and isinstance(day := iso_day(stray[1], today), str):
        return FollowUpWords(trouble=day)
    return FollowUpWords(text=said, owner=owner, due_on=due, priority=priority)


# --- the rest --------------------------------------------------------------------------------------------------------


class Verb(StrEnum):
    """What is to be done with a postmortem."""

    SHOW = "show"
    DRAFT = "draft"
    REDRAFT = "redraft"
    APPROVE = "approve"
    REJECT = "reject"


_VERBS = {
    "": Verb.SHOW, "show": Verb.SHOW, "edit": Verb.SHOW, "draft": Verb.DRAFT, "write": Verb.DRAFT,
    "redraft": Verb.REDRAFT, "rewrite": Verb.REDRAFT, "approve": Verb.APPROVE, "publish": Verb.APPROVE,
    "reject": Verb.REJECT,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PostmortemWords:
    verb: Verb = Verb.SHOW
    why: str = ""
    trouble: str = ""


def read_postmortem(text: str) -> PostmortemWords:
    word, _, rest = text.strip().partition(" ")
    verb = _VERBS.get(word.lower().strip(".,:"))
    if verb is None:
        return PostmortemWords(trouble=f"“{word[:40]}” is none of draft, approve and reject.")
    if verb is Verb.DRAFT and rest.strip().lower() in ("again", "afresh"):
        verb = Verb.REDRAFT
    return PostmortemWords(verb=verb, why=reason(rest) if verb is Verb.REJECT else "")


_SPAN = re.compile(r"(?:of |for )?(?:the )?(?:last )?(\d+)\s*(d|days?|w|weeks?|months?|m)?", re.IGNORECASE)
SPANS = (7, 30, 90)  # days that are offered
LONGEST_SPAN = 366


def read_days(text: str) -> int | str:
    """How many days back; a sentence where that is not understood."""
    said = {"": "30", "week": "7", "month": "30", "quarter": "90"}.get(text.strip().lower(), text.strip())
    found = _SPAN.fullmatch(said)
    if found is None:
        return f"“{text.strip()[:40]}” is no time: say 7d, 30d or 90d."
    unit = {"w": 7, "m": 30}.get((found[2] or "d")[0].lower(), 1)
    days = int(found[1]) * unit if len(found[1]) < 5 else 0
    return days if 1 <= days <= LONGEST_SPAN else f"From 1 to {LONGEST_SPAN} days can be looked back: say 30d."


@dataclass(frozen=True, kw_only=True)
class ListWords:
    """`which`: "open", "all", "closed", "mine"."""

    which: str = "open"
    severity: Severity | None = None
    trouble: str = ""


_LISTS = {
    "": "open", "open": "open", "active": "open", "all": "all", "recent": "all", "closed": "closed",
    "resolved": "closed", "mine": "mine", "my": "mine", "me": "mine",
}  # fmt: skip


def read_list(text: str) -> ListWords:
    said = re.sub(r"\s*incidents?$", "", text.strip(), flags=re.IGNORECASE).lower()
    if which := _LISTS.get(said):
        return ListWords(which=which)
    if found := re.fullmatch(r"(?:sev|p)?[- ]?([1-4])", said):
        return ListWords(severity=Severity(f"SEV{found[1]}"))
    return ListWords(trouble=f"“{said[:40]}” is no list: there are all, closed, mine and sev1 to sev4.")


@dataclass(frozen=True, kw_only=True)
class LinkWords:
    """`other`: an incident's id, or an address."""

    other: str = ""
    trouble: str = ""


_ADDRESS = re.compile(r"<?(https?://[^\s<>|]+)(?:\|[^<>]*)?>?", re.IGNORECASE)


def read_link(text: str) -> LinkWords:
    said = re.sub(r"^(?:to|with)\s+", "", text.strip(), flags=re.IGNORECASE)
    if found := ID.match(said):
        return LinkWords(other=found[0].upper())
    if found := _ADDRESS.match(said):
        return LinkWords(other=found[1].replace("&amp;", "&"))
    what = f"“{said[:60]}” is neither" if said else "Name"
    return LinkWords(trouble=f"{what} an incident's id (INC-2026-0042) nor the address of a page (https://...).")


def read_target(text: str) -> str:
    """A service or a team, of "the payments team"."""
    said = re.sub(r"^(?:(?:for|of|the|in|into|to)\s+)+", "", text.strip(), flags=re.IGNORECASE)
    said = re.sub(r"\s+(?:team|service|people)$", "", said, flags=re.IGNORECASE)
    return said.strip(" .,@")


def read_split(text: str) -> str:
    """An alert's number, or a service."""
    said = re.sub(r"^(?:(?:alert|service|number|out|the)\s+)+", "", text.strip(), flags=re.IGNORECASE)
    return said.lstrip("#").strip()


def read_page_number(text: str) -> int | None:
    """Of "page 2"; None: it is something else, which is to be added."""
    found = re.fullmatch(r"(?:page\s+)?(\d{1,3})|(?:page|p)\s*(\d{1,3})", text.strip(), re.IGNORECASE)
    return int(found[1] or found[2]) if found else None
