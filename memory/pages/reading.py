"""One Markdown file as a page: front matter, title, and the alerts it says it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from bot.domain.plaintext import plain
from bot.domain.remembered import Page

TITLE_LIMIT = 200
NAME_LIMIT = 120
MOST_ALERTS = 50
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#{1,3}[ \t]+(.+?)[ \t]*#*[ \t]*$|^([^\n#>|`-][^\n]*)\n(?:=+|-{3,})[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"^([ \t]*)(```|~~~).*?^[ \t]*\2[^\n]*$", re.MULTILINE | re.DOTALL)
# As alert names are written: KubePodCrashLooping, etcdNoLeader. One word with a change of case inside.
_ALERT_NAME = re.compile(r"[A-Za-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]+)+|[A-Z]{2,}[a-z][A-Za-z0-9]+")
_FRONT_ALERTS = ("alerts", "alert", "alertname", "alertnames", "alert_names")
_LINK_IN_TITLE = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def read_page(
    *, source: str, path: str, text: str, link: str | None = None, updated_at: datetime | None = None
) -> Page:
    """The text is kept as it is. Front matter that is no YAML counts as text."""
    front = _front_matter(text)
    headings = _headings(text)
    title = _word(front, "title") or next(iter(headings), "") or PurePosixPath(path).stem
    return Page(
        id=f"{source}:{path}",
        title=plain(title, TITLE_LIMIT),
        text=text,
        source=source,
        path=path,
        link=link,
        alerts=tuple(dict.fromkeys(_alerts(front, headings, path)))[:MOST_ALERTS],
        service=plain(_word(front, "service") or _word(front, "component"), NAME_LIMIT) or None,
        owner=plain(_word(front, "owner") or _word(front, "team"), NAME_LIMIT),
        updated_at=updated_at,
    )


def _front_matter(text: str) -> Mapping[str, Any]:
    found = _FRONT.match(text)
    if found is None:
        return {}
    try:
        read = yaml.safe_load(found.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {str(name).lower(): value for name, value in read.items()} if isinstance(read, dict) else {}


def _word(front: Mapping[str, Any], name: str) -> str:
    value = front.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _headings(text: str) -> list[str]:
    """As a reader sees them."""
    bare = _FENCED.sub("", _FRONT.sub("", text, count=1))
    found = (match.group(1) or match.group(2) for match in _HEADING.finditer(bare))
    return [_LINK_IN_TITLE.sub(r"\1", heading).strip().strip("*_` ") for heading in found]


def _alerts(front: Mapping[str, Any], headings: list[str], path: str) -> Iterator[str]:
    for name in _FRONT_ALERTS:
        value = front.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item.strip():
                yield plain(item.strip(), NAME_LIMIT)
    for said in (*headings, PurePosixPath(path).stem):
        word = said.split(":")[-1].strip() if " " in said else said
        if _ALERT_NAME.fullmatch(word):
            yield word
