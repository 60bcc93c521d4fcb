"""A message's Block Kit as lines of plain text, for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BRIEFLY = ("Then", "Likely causes", "Could not check")  # the lists that a terminal shows; the rest is on the page
_COMMAND = re.compile(r"\s*`([^`\n]+)`$")
_LIST_TITLE = re.compile(r"\*([^*\n]+)\*\n")


@dataclass(frozen=True, kw_only=True)
class Line:
    text: str
    is_title: bool = False
    is_command: bool = False  # to be copied: never wrapped


def lines(message: Mapping[str, Any]) -> Iterator[str]:
    """What a reader sees, top to bottom, without markup."""
    for block in message.get("blocks") or ():
        yield from _block(block)


def briefly(message: Mapping[str, Any]) -> Iterator[Line]:
    """The header, the verdict, what to do and the causes; each command on a line of its own."""
    blocks: Sequence[Mapping[str, Any]] = message.get("blocks") or ()
    verdict = next((block for block in blocks if block.get("type") == "section"), None)
    for block in blocks:
        title = _LIST_TITLE.match(str((block.get("text") or {}).get("text", "")))
        if block.get("type") == "header":
            yield from (Line(text=text, is_title=True) for text in _block(block))
        elif block is verdict:
            yield from _apart(_block(block))
        elif title and title[1] in BRIEFLY:
            heading, *rest = _block(block)
            yield Line(text="")
            yield Line(text=heading, is_title=True)
            yield from _apart(rest)


def _apart(texts: Iterator[str] | Sequence[str]) -> Iterator[Line]:
    for text in texts:
        command = _COMMAND.search(text)
        before = text[: command.start()] if command else text
        if before.strip():
            yield Line(text=before)
        if command:
            yield Line(text=command[1], is_command=True)


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "header" | "section":
            if text := block.get("text"):
                yield from _plain(text)
            for part in block.get("fields") or ():
                yield from _plain(part)
        case "context":
            for element in block.get("elements") or ():
                if element.get("type") != "image":
                    yield from _plain(element)
        case "divider":
            yield ""
        case "image":
            yield f"[image: {block.get('alt_text', '')}]"


def _plain(text: Mapping[str, Any]) -> Iterator[str]:
    words = str(text.get("text", ""))
    if text.get("type") == "mrkdwn":
        words = re.sub(r"<([^|>]+)\|([^>]+)>", r"\2", words)
        words = re.sub(r"<([^>]+)>", r"\1", words)
        words = re.sub(r"(?<!\w)[*_]([^*_\n]+)[*_](?!\w)", r"\1", words)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        words = words.replace(entity, character)
    yield from words.split("\n")
