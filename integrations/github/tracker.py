"""Follow-ups as issues of a repository. https://docs.github.com/en/rest/issues/issues"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from bot.domain.incident import Incident
from bot.domain.life import FollowUp
from bot.domain.plaintext import plain
from bot.domain.postmortem.markdown import escaped
from bot.domain.redact import redact
from integrations.github.actions import Asked
from integrations.github.wire import Wire

TITLE_LIMIT, TEXT_LIMIT = 200, 500  # characters
PERMISSION = "issues, and write access to them"
PAGE = 100  # GitHub's largest
MOST_PAGES = 10  # of issues since the follow-up was noted, which are looked through for its own
SLACK = timedelta(minutes=5)  # between our clock and GitHub's


class IssueJson(msgspec.Struct):
    number: int
    html_url: str
    body: str | None = None


class GitHubTracker:
    """The `Tracker` port. An issue carries the follow-up's id where nobody sees it, and is looked for by that."""

    def __init__(self, asked: Asked, repository: str) -> None:
        self._asked = asked
        self._repository = repository

    async def open_issue(self, follow_up: FollowUp, incident: Incident) -> str:
        return await self._asked.call(lambda wire: self._opened(wire, follow_up, incident))

    def _opened(self, wire: Wire, follow_up: FollowUp, incident: Incident) -> str:
        """Raises SourceError."""
        there = self._known(wire, follow_up)
        if there is not None:
            return there.html_url
        content = {"title": _title(follow_up), "body": body(follow_up, incident)}
        return wire.post(self._repository, "/issues", IssueJson, content, permission=PERMISSION).html_url

    def _known(self, wire: Wire, follow_up: FollowUp) -> IssueJson | None:
        """The list is asked, and not the search, which knows of an issue only some time after it was opened."""
        since = (follow_up.created_at - SLACK).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in range(1, MOST_PAGES + 1):
            params = {
                "state": "all", "since": since, "sort": "created", "direction": "asc", "per_page": str(PAGE),
                "page": str(page),
            }  # fmt: skip
            found = wire.get(self._repository, "/issues", list[IssueJson], params, permission=PERMISSION).value
            if (own := next((one for one in found if marker(follow_up) in (one.body or "")), None)) is not None:
                return own
            if len(found) < PAGE:
                break
        return None


def marker(follow_up: FollowUp) -> str:
    return f"<!-- first-responder: {follow_up.id} -->"


def body(follow_up: FollowUp, incident: Incident) -> str:
    """Markdown: what comes from people is text and nothing else in it."""
    due = f", due {follow_up.due_on:%Y-%m-%d}" if follow_up.due_on else ""
    title = _text(incident.title, TITLE_LIMIT)
    parts = [
        _text(follow_up.text, TEXT_LIMIT),
        f"Follow-up {follow_up.id} ({follow_up.priority}{due}) of {incident.id}: {title}.",
        *([f"Noted in {follow_up.link}"] if follow_up.link else []),
        "Opened by First Responder.",
        marker(follow_up),
    ]
    return "\n\n".join(parts)


def _text(text: str, limit: int) -> str:
    """Nobody is called by it either."""
    return escaped(plain(redact(text), limit)).replace("@", "&#64;")


def _title(follow_up: FollowUp) -> str:
    return plain(redact(follow_up.text), TITLE_LIMIT)
