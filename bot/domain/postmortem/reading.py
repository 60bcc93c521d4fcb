"""A postmortem as people have left it, read back: what becomes memory, and what is to be done. Pure.

People edit the text as they like; what is not where it was is not found, and nothing is made up for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.life.follow_up import Priority
from bot.domain.plaintext import plain
from bot.domain.postmortem.blameless import Blame, blame
from bot.domain.postmortem.markdown import NOTHING
from bot.domain.postmortem.statement import Section

FIELD_LIMIT, LINE_LIMIT, MOST_ITEMS = 2000, 500, 30
TRIED = "Tried without success: "
UNSETTLED = "The cause is not settled."
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<title>.+?)[ \t]*#*[ \t]*$")
_ANCHOR = re.compile(r'<a id="fact-[a-z]\d+"></a>')
_MARK = re.compile(r"[ \t]*\[\[(?P<id>[A-Z]\d+)\]\]\([^)\s]*\)")
_INNER = re.compile(r"\[\[(?P<id>[A-Z]\d+)\]\]\(#fact-[^)\s]*\)")
_ESCAPE = re.compile(r"\\([\\`*_\[\]<>#|~])")
_BULLET = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+")
_PRIORITY = re.compile(r"^[*_\[( ]*(?P<priority>P[0-2])\b[*_\]): ]*", re.IGNORECASE)
_OWNER = re.compile(r"[ \t]*Owner: (?P<owner>[^.]+)\.$")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_ARGUMENT = ("For it: ", "Against it: ")
_OURS = ("It lasted ", "It was over at ", "It is not resolved yet")


@dataclass(frozen=True, kw_only=True)
class ReadAction:
    text: str
    priority: Priority


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """Plain text, without marks of facts; empty where the text does not tell."""

    symptoms: str
    cause: str
    fix: str
    unhelpful: str
    lessons: tuple[str, ...]
    actions: tuple[ReadAction, ...]


def read_back(markdown: str) -> ReadBack:
    lines = _lines(markdown)
    badly = lines.get(Section.WENT_BADLY, ())
    return ReadBack(
        symptoms=_field(lines.get(Section.IMPACT, ())),
        cause=_field([line for line in lines.get(Section.ROOT_CAUSE, ()) if line != UNSETTLED]),
        fix=_field(lines.get(Section.RESOLUTION, ())),
        unhelpful=_field([line.removeprefix(TRIED) for line in badly if line.startswith(TRIED)]),
        lessons=tuple(lines.get(Section.LESSONS, ())[:MOST_ITEMS]),
        actions=tuple(_action(line) for line in lines.get(Section.ACTION_ITEMS, ())[:MOST_ITEMS]),
    )


def lines_of(markdown: str, section: Section) -> Sequence[str]:
    """What stands under a heading, as people read it."""
    return _lines(markdown).get(section, ())


def missing(markdown: str) -> tuple[Section, ...]:
    """Sections that the text has no heading for."""
    there = {_title(line) for line in markdown.splitlines()}
    return tuple(section for section in Section if section.casefold() not in there)


def blaming(markdown: str, names: Mapping[str, str]) -> tuple[tuple[str, Blame], ...]:
    """Sentences that look for somebody to blame, each with what is wrong with it first. Facts are quotes."""
    found: list[tuple[str, Blame]] = []
    for line in markdown.splitlines():
        if _ANCHOR.search(line):
            continue
        for sentence in _SENTENCES.split(plainly(line)):
            if said := blame(sentence, names):
                found.append((sentence, said[0]))
    return tuple(found)


def plainly(line: str) -> str:
    """A line of Markdown as people read it: without marks of facts, bullets and escapes."""
    text = _MARK.sub("", _ANCHOR.sub("", line))
    return plain(_ESCAPE.sub(r"\1", _BULLET.sub("", text)), LINE_LIMIT)


def for_canvas(markdown: str) -> str:
    """Canvases know no anchors within the page: those marks become words."""
    return _ANCHOR.sub("", _INNER.sub(r"[\g<id>]", markdown))


def _lines(markdown: str) -> Mapping[str, Sequence[str]]:
    """What stands under each heading that we know."""
    known = {section.casefold(): section for section in Section}
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in markdown.splitlines():
        if (title := _title(line)) is not None:
            section = known.get(title)
            here = found.setdefault(section, []) if section else None
        elif here is not None and (text := plainly(line)) and text != NOTHING:
            here.append(text)
    return found


def _title(line: str) -> str | None:
    found = _HEADING.match(line)
    return found["title"].strip("*_ ").casefold() if found else None


def _field(lines: Sequence[str]) -> str:
    told = [line for line in lines if not line.startswith((*_ARGUMENT, *_OURS))]
    text = " ".join(dict.fromkeys(told))
    return text if len(text) <= FIELD_LIMIT else f"{text[: FIELD_LIMIT - 1]}…"


def _action(line: str) -> ReadAction:
    found = _PRIORITY.match(line)
    text = _OWNER.sub("", _PRIORITY.sub("", line)).strip()
    return ReadAction(text=text or line, priority=Priority(found["priority"].upper()) if found else Priority.P1)
