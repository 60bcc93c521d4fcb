"""A change as a fact, and as one sentence."""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.diff import Touch, Touched, touches
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.github.changes import Change
from integrations.github.records import Compared, State

SOURCE = "github"
TITLE_LIMIT = 160
NAME_LIMIT = 100
FILES_KEPT = 50  # of a change, what deserves a look first
FILES_NAMED = 2  # of one kind, in the sentence
FILE_LIMIT = 80  # characters of a name there
AUTHORS_NAMED = 3
_VERBS = {
    ChangeKind.DEPLOYMENT: "was deployed",
    ChangeKind.RELEASE: "was released",
    ChangeKind.MERGE: "was merged",
}
_PAGE = re.compile(r"https?://[^\s<>|\"\\]{3,1000}")
_ENDED = {State.FAILED: "failed", State.STOPPED: "was cancelled", State.UNDER_WAY: "is still running"}


def evidence(change: Change, service: Service, request: ContextRequest, failing: frozenset[str], page: str) -> Evidence:
    """`failing`: words of what fails; `page`: the address of the repository's pages."""
    diff = change.diff
    touched = touches(diff.files, failing=failing, is_all=diff.is_all) if diff else ()
    compare = _compare_link(change, page)
    fact = ChangeFact(
        service=service.name,
        kind=change.kind,
        at=change.at,
        version=_name(change.version),
        title=_title(change.title),
        author=_name(change.author),
        previous=_name(change.previous) if change.previous else None,
        environment=_name(change.environment or service.environment) if change.kind is ChangeKind.DEPLOYMENT else "",
        succeeded=change.state.succeeded,
        files=_files(diff, touched),
        authors=tuple(map(_name, diff.authors)) if diff else (),
        commits=diff.commits if diff else None,
        added=diff.added if diff and diff.is_all else None,
        removed=diff.removed if diff and diff.is_all else None,
        flags=tuple(item.touch.value for item in touched),
        compare=compare or None,
        rollback=change.previous_ref or "" if change.previous_is_good and not change.is_rollback else "",
        is_rollback=change.is_rollback,
    )
    link = compare or _link(change.link) or (f"{page}/commit/{quote(change.ref)}" if change.ref else None)
    return Evidence(source=SOURCE, text=_sentence(change, fact, touched, request), fact=fact, link=link, at=change.at)


def _compare_link(change: Change, page: str) -> str:
    """By commits where they are known: a tag may be moved. For a way back: what it took away."""
    if not change.previous_ref or change.previous_ref == change.ref:
        return ""
    if change.diff and (told := _link(change.diff.link)):
        return told
    refs = (change.ref, change.previous_ref) if change.is_rollback else (change.previous_ref, change.ref)
    return f"{page}/compare/{quote(refs[0])}...{quote(refs[1])}"


def _link(address: str) -> str | None:
    """Only one that a browser opens as a page."""
    return address if _PAGE.fullmatch(address) else None


def _files(diff: Compared | None, touched: tuple[Touched, ...]) -> tuple[str, ...]:
    told = [file for item in touched for file in item.files] + list(diff.files if diff else ())
    return tuple(plain(file, TITLE_LIMIT) for file in list(dict.fromkeys(told))[:FILES_KEPT])


# --- the sentence -----------------------------------------------------------------------------------------------------


def _sentence(change: Change, fact: ChangeFact, touched: tuple[Touched, ...], request: ContextRequest) -> str:
    by = f" by {fact.author}" if fact.author else ""
    title = f": {fact.title}" if fact.title != fact.version else ""
    parts = [f"{_what(change, fact)} at {fact.at:%H:%M:%S} UTC ({_distance(fact, request)}){by}{title}"]
    if change.kind is ChangeKind.WORKFLOW and change.state in _ENDED:
        parts.append(f"the run {_ENDED[change.state]}")
    if fact.previous and not fact.is_rollback:
        at = f" (commit {fact.rollback[:7]})" if fact.rollback and fact.rollback[:7] != fact.previous else ""
        parts.append(f"before it: {fact.previous}{at}")
    parts += _extent(change, fact)
    parts += [_touching(item) for item in touched]
    if change.kind is ChangeKind.MERGE:
        parts.append("merged is not deployed")
    return "; ".join(parts)


def _what(change: Change, fact: ChangeFact) -> str:
    where = f" to {fact.environment}" if fact.environment else ""
    if change.is_rollback:
        begun = "is going back" if change.state is State.UNDER_WAY else "went back"
        tried = "failed to go back" if change.state is State.FAILED else begun
        of = f" (workflow {_name(change.workflow)})" if change.workflow else ""
        return f"{fact.service} {tried} to {fact.version} from {fact.previous}{of}"
    if change.kind is ChangeKind.WORKFLOW:
        return f"{fact.service} {fact.version}: workflow {_name(change.workflow)} ran"
    if change.kind is ChangeKind.DEPLOYMENT and change.state is State.UNDER_WAY:
        return f"{fact.service} {fact.version} is being deployed{where}, begun"
    if change.kind is ChangeKind.DEPLOYMENT and change.state is State.FAILED:
        return f"{fact.service} {fact.version} failed to deploy{where}"
    return f"{fact.service} {fact.version} {_VERBS[change.kind]}{where}"


def _extent(change: Change, fact: ChangeFact) -> list[str]:
    """ "12 commits by ana, ben and 2 more, 34 files, +340/-21 lines" """
    diff = change.diff
    if diff is None:
        return []
    told = []
    if fact.commits:
        told.append(_number(fact.commits, "commit") + _by(fact.authors))
    some = "" if diff.is_all else " or more"
    if diff.files:
        told.append(f"{_number(len(diff.files), 'file')}{some}, +{diff.added:,}/-{diff.removed:,} lines{some}")
    taken = "takes back " if change.is_rollback and told else ""
    lacks = f"it lacks {_number(diff.behind, 'commit')} of {fact.previous}" if diff.behind else ""
    return [part for part in (taken + ", ".join(told), "" if change.is_rollback else lacks) if part]


def _by(authors: tuple[str, ...]) -> str:
    if not authors:
        return ""
    more = f" and {len(authors) - AUTHORS_NAMED} more" if len(authors) > AUTHORS_NAMED else ""
    return f" by {', '.join(authors[:AUTHORS_NAMED])}{more}"


def _touching(item: Touched) -> str:
    if item.touch is Touch.HARMLESS:
        return f"touches {item.touch}"
    more = f" and {len(item.files) - FILES_NAMED} more" if len(item.files) > FILES_NAMED else ""
    return f"touches {item.touch} ({', '.join(plain(name, FILE_LIMIT) for name in item.files[:FILES_NAMED])}{more})"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _distance(fact: ChangeFact, request: ContextRequest) -> str:
    seconds = (request.onset - fact.at).total_seconds()
    minutes = round(abs(seconds) / 60)
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{span} before the onset" if seconds >= 0 else f"{span} after the onset"


def _name(text: str) -> str:
    return plain(text, NAME_LIMIT)


def _title(text: str) -> str:
    return plain(redact(text), TITLE_LIMIT)
