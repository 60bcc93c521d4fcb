"""An issue as a past incident: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.postmortem_text import Account, read_account
from bot.domain.remembered import PastIncident
from bot.domain.worklog import read_worklog

TITLE_LIMIT, NAME_LIMIT = 200, 120
TEXT_LIMIT = 2000  # characters of what an issue without headings says
LARGEST = 200_000  # characters of an issue that are read; GitHub's own limit is 65,536
FILED_WITHIN = timedelta(days=30)  # a date in the text is the incident's where the issue was opened so soon after it
MAINTAINERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_NOT_ONE = {"not_planned": "it was closed as not planned", "duplicate": "it was closed as a duplicate"}
# "service:checkout", "svc/checkout", "Service: checkout".
_LABEL = re.compile(
    r"(?P<kind>service|svc|component|app|team|alert|severity|sev|priority)\s*[:/=]\s*(?P<name>\S.*)", re.I
)
_SEVERITY = re.compile(r"sev-?\s?(\d)", re.I)
_SERVICE_KINDS = ("service", "svc", "app", "component")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # a template's advice, which nobody sees


class UserJson(msgspec.Struct):
    login: str = ""
    type: str = ""


class IssueJson(msgspec.Struct):
    number: int
    created_at: str
    title: str | None = None
    body: str | None = None
    closed_at: str | None = None
    html_url: str | None = None
    state_reason: str | None = None
    comments: int = 0
    labels: Sequence[Any] = ()  # texts, or objects with a name
    pull_request: Any = None


class RemarkJson(msgspec.Struct):
    body: str | None = None
    author_association: str | None = None
    user: UserJson | None = None


@dataclass(frozen=True, kw_only=True)
class Remark:
    text: str
    is_maintainer: bool

    @classmethod
    def of(cls, told: RemarkJson) -> Remark:
        is_bot = told.user is None or told.user.type == "Bot" or told.user.login.endswith("[bot]")
        return cls(
            text=_COMMENT.sub("", (told.body or "")[:LARGEST]),
            is_maintainer=not is_bot and (told.author_association or "") in MAINTAINERS,
        )


@dataclass(frozen=True, kw_only=True)
class Issue:
    number: int
    title: str
    text: str  # Markdown
    account: Account  # what the text tells
    opened_at: datetime
    closed_at: datetime | None
    link: str | None
    labels: tuple[str, ...]
    remarks: int  # how many comments it has
    skipped: str = ""  # why it is no past incident

    @property
    def is_postmortem(self) -> bool:
        return bool(self.account.cause or self.account.fix)


def read_issue(told: IssueJson) -> Issue | None:
    """None where it has no time of opening that can be read."""
    opened = read_moment(told.created_at)
    if opened is None:
        return None
    text = _COMMENT.sub("", (told.body or "")[:LARGEST])
    is_address = (told.html_url or "").startswith(("http://", "https://"))
    return Issue(
        number=told.number,
        title=plain(told.title or "", TITLE_LIMIT) or f"Issue {told.number}",
        text=text,
        account=read_account(text),
        opened_at=opened,
        closed_at=read_moment(told.closed_at),
        link=told.html_url if is_address else None,
        labels=tuple(name for label in told.labels if (name := _label(label))),
        remarks=told.comments,
        skipped="it is a pull request" if told.pull_request else _NOT_ONE.get(told.state_reason or "", ""),
    )


def wants_remarks(issue: Issue) -> bool:
    """Comments cost a request: they are read where the text itself tells of no fix."""
    return not issue.account.fix and issue.remarks > 0


def past_incident(issue: Issue, remarks: Sequence[Remark], *, id: str) -> PastIncident:
    account = issue.account
    said = [remark.text for remark in remarks if remark.is_maintainer and remark.text.strip()]
    later = next((told for text in reversed(said) if (told := read_account(text)).cause or told.fix), Account())
    worklog = read_worklog(said)
    kinds = _kinds(issue.labels)
    return PastIncident(
        id=id,
        title=issue.title,
        service=_service(kinds) or account.service,
        started_at=_began(issue),
        minutes=account.minutes if account.minutes is not None else _minutes(issue),
        cause=_lines(account.cause or later.cause) or worklog.cause,
        cause_kind="",
        fix=_lines(account.fix or later.fix) or worklog.fix,
        symptoms=_lines(account.symptoms) or (plain(issue.text, TEXT_LIMIT) if not issue.is_postmortem else ""),
        unhelpful=_lines(account.unhelpful or later.unhelpful) or worklog.unhelpful,
        link=issue.link,
        alerts=tuple(dict.fromkeys((*account.alerts, *kinds.get("alert", ())))),
        labels={name: values[0] for name, values in kinds.items() if name in ("team", "component", "severity")},
        outcome=account.outcome,
        origin="github",
    )


def _lines(text: str) -> str:
    """As it is, line by line, without what cannot be seen."""
    return "\n".join(line for line in (plain(part, TEXT_LIMIT) for part in text.splitlines()) if line)


def _began(issue: Issue) -> datetime:
    """The time in the text where it can be the incident's: not after the issue, and not long before it."""
    stated, opened = issue.account.started_at, issue.opened_at
    if stated is None or not timedelta(0) <= opened - stated <= FILED_WITHIN:
        return opened
    is_day_alone = stated.hour == stated.minute == 0
    return opened if is_day_alone and stated.date() == opened.date() else stated


def _minutes(issue: Issue) -> int | None:
    if issue.closed_at is None or issue.closed_at < issue.opened_at:
        return None
    return round((issue.closed_at - issue.opened_at).total_seconds() / 60)


def _label(label: Any) -> str:
    name = label.get("name") if isinstance(label, dict) else label
    return plain(name, NAME_LIMIT) if isinstance(name, str) else ""


def _kinds(labels: Sequence[str]) -> Mapping[str, list[str]]:
    """What labels say, by what they are about."""
    found: dict[str, list[str]] = {}
    for label in labels:
        if (severity := _SEVERITY.fullmatch(label.replace("severity", "sev"))) is not None:
            found.setdefault("severity", []).append(f"SEV{severity[1]}")
        elif (match := _LABEL.fullmatch(label)) is not None:
            kind = match["kind"].lower()
            found.setdefault("severity" if kind == "sev" else kind, []).append(match["name"].strip())
    return found


def _service(kinds: Mapping[str, list[str]]) -> str | None:
    return next((kinds[kind][0] for kind in _SERVICE_KINDS if kind in kinds), None)
