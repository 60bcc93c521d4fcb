"""A message's Block Kit as lines of plain text, for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def lines(message: Mapping[str, Any]) -> Iterator[str]:
    """What a reader sees, top to bottom, without markup."""
    for block in message.get("blocks") or ():
        yield from _block(block)


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
