"""A postmortem as Markdown: each sentence with links to its facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.domain.postmortem.statement import Fact, Outline, Section, Statement

NOTHING = "Nothing on record."
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


def to_markdown(outline: Outline) -> str:
    return "\n".join(_lines(outline)).rstrip() + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    yield f"# {outline.incident} {escaped(outline.title)}"
    for section in Section:
        yield ""
        yield f"## {section}"
        yield ""
        if section is Section.ACTION_ITEMS:
            yield from _actions(outline) if outline.actions else [NOTHING]
            continue
        lines = outline.sections.get(section, ())
        yield from (_line(one, outline.facts) for one in lines) if lines else [NOTHING]
    yield ""
    yield "## Facts"
    yield ""
    yield from (_fact(fact) for fact in outline.facts.values() if fact.id in _used(outline))


def _line(said: Statement, facts: Mapping[str, Fact]) -> str:
    when = f"{said.at:%H:%M:%S} UTC " if said.at else ""
    return f"- {when}{escaped(said.text)} {_marks(said.facts, facts)}"


def _actions(outline: Outline) -> Iterator[str]:
    for item in sorted(outline.actions, key=lambda item: item.priority):
        owner = f" Owner: {escaped(item.owner)}." if item.owner else ""
        yield f"- **{item.priority}** {escaped(item.text)}{owner} {_marks(item.facts, outline.facts)}"


def _marks(names: tuple[str, ...], facts: Mapping[str, Fact]) -> str:
    return " ".join(_mark(name, facts.get(name)) for name in names)


def _mark(name: str, fact: Fact | None) -> str:
    """To the fact itself where it has an address, else to its line at the end."""
    link = fact.link if fact and fact.link else f"#fact-{name.lower()}"
    return f"[[{name}]]({_address(link)})"


def _fact(fact: Fact) -> str:
    when = f"{fact.at:%Y-%m-%d %H:%M:%S} UTC: " if fact.at else ""
    link = f" ([source]({_address(fact.link)}))" if fact.link else ""
    return f'- <a id="fact-{fact.id.lower()}"></a>**{fact.id}** {when}{escaped(fact.text)}{link}'


def _used(outline: Outline) -> frozenset[str]:
    said = [name for lines in outline.sections.values() for one in lines for name in one.facts]
    return frozenset(said).union(*(item.facts for item in outline.actions))


def escaped(text: str) -> str:
    """Text from outside: nothing in it is markup, and it stays on its line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _address(link: str) -> str:
    """Only what a browser opens as a page; brackets and blanks would end the link early."""
    if not link.startswith(("https://", "http://", "#")):
        return "#"
    return link.replace(" ", "%20").replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")
