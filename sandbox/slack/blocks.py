"""Block Kit's limits as one pure function: blocks and where they will stand in, problems with JSON pointers out.

Source: docs.slack.dev/reference/block-kit/blocks and the model classes of Slack's own SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any

from sandbox.slack import block_objects as parts
from sandbox.slack.block_objects import Problem, element, known, size_problems, string, text_object, text_value, wrong
from sandbox.slack.values import JsonObject

__all__ = ["Problem", "Surface", "problems", "rendered_length"]


class Surface(Enum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


MAX_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
SECTION_TEXT, SECTION_FIELDS, FIELD_TEXT = 3000, 10, 2000
HEADER_TEXT, INPUT_LABEL, IMAGE_TITLE = 150, 2000, 2000
CONTEXT_ELEMENTS, ACTIONS_ELEMENTS, CONTEXT_ACTIONS_ELEMENTS = 10, 25, 5
MARKDOWN_TEXT = 12_000  # summed over all markdown blocks of a message
TABLE_ROWS, TABLE_COLUMNS = 100, 20
CARD_TITLE, CARD_BODY, CAROUSEL_CARDS, CONTAINER_BLOCKS = 150, 200, 10, 10
VIDEO_TITLE, VIDEO_AUTHOR = 199, 49  # "less than" 200 and 50
TASK_STATES = {"pending", "in_progress", "complete", "error"}
ALERT_LEVELS = {"default", "info", "warning", "error", "success"}
CONTAINER_WIDTHS = {"narrow", "standard", "wide", "full"}
RICH_TEXT_PARTS = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
TABLE_CELLS = {"raw_text", "raw_number", "rich_text"}
DATA_TABLE_ROWS = 101  # a header row and up to 100
MESSAGE_ONLY = {"markdown", "table", "data_table", "context_actions", "plan", "task_card", "carousel", "card", "file"}


def problems(blocks: Sequence[Any], surface: Surface, *, root: str = "/blocks") -> list[Problem]:
    """Everything Slack would refuse, in the order of the blocks; empty when the blocks are good."""
    found: list[Problem] = []
    if len(blocks) > MAX_BLOCKS[surface]:
        found += wrong(root, f"no more than {MAX_BLOCKS[surface]} items allowed")
    for index, block in enumerate(blocks):
        found += _block(block, f"{root}/{index}", surface)
    found += _unique_block_ids(blocks, root)
    found += _unique_action_ids(blocks, root)
    found += _summed(blocks, root)
    return found


def _block(block: Any, at: str, surface: Surface) -> Iterator[Problem]:
    if not isinstance(block, dict):
        yield from wrong(at, "must be an object")
        return
    kind = block.get("type")
    check = CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None or (surface is not Surface.MESSAGE and kind in MESSAGE_ONLY):
        yield from wrong(f"{at}/type", f"unsupported type: {kind}")
        return
    yield from string(block, "block_id", at, parts.ID_LENGTH)
    yield from check(block, at)


def _section(block: JsonObject, at: str) -> Iterator[Problem]:
    if "text" not in block and "fields" not in block:
        yield from wrong(at, "missing required field: text or fields")
    yield from text_object(block, "text", at, SECTION_TEXT, required=False)
    if "fields" in block:
        yield from size_problems(block, "fields", at, SECTION_FIELDS)
        for index, field in enumerate(block["fields"] if isinstance(block["fields"], list) else ()):
            if isinstance(field, dict):
                yield from text_value(field, f"{at}/fields/{index}", FIELD_TEXT)
            else:
                yield from wrong(f"{at}/fields/{index}", "must be an object")
    if "accessory" in block:
        yield from element(block["accessory"], f"{at}/accessory", parts.IN_SECTION)


def _header(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from text_object(block, "text", at, HEADER_TEXT, plain=True)


def _divider(block: JsonObject, at: str) -> Iterator[Problem]:
    return iter(())


def _image(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from parts.image(block, at)
    yield from text_object(block, "title", at, IMAGE_TITLE, required=False, plain=True)


def _context(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from size_problems(block, "elements", at, CONTEXT_ELEMENTS)
    for index, value in enumerate(_list(block, "elements")):
        here = f"{at}/elements/{index}"
        if isinstance(value, dict) and value.get("type") == "image":
            yield from parts.image(value, here)
        elif isinstance(value, dict):
            yield from text_value(value, here, SECTION_TEXT)
        else:
            yield from wrong(here, "must be an object")


def _elements(most: int, allowed: set[str]) -> Callable[[JsonObject, str], Iterator[Problem]]:
    def check(block: JsonObject, at: str) -> Iterator[Problem]:
        yield from size_problems(block, "elements", at, most)
        for index, value in enumerate(_list(block, "elements")):
            yield from element(value, f"{at}/elements/{index}", allowed)

    return check


def _input(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from text_object(block, "label", at, INPUT_LABEL, plain=True)
    yield from text_object(block, "hint", at, INPUT_LABEL, required=False, plain=True)
    if "element" not in block:
        yield from wrong(at, "missing required field: element")
    else:
        yield from element(block["element"], f"{at}/element", parts.IN_INPUT)


def _markdown(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from string(block, "text", at, MARKDOWN_TEXT, required=True)


def _rich_text(block: JsonObject, at: str) -> Iterator[Problem]:
    if not isinstance(block.get("elements"), list):
        yield from wrong(at, "missing required field: elements")
    for index, value in enumerate(_list(block, "elements")):
        here = f"{at}/elements/{index}"
        if not isinstance(value, dict) or not known(value.get("type"), RICH_TEXT_PARTS):
            yield from wrong(f"{here}/type", f"must be one of: {', '.join(sorted(RICH_TEXT_PARTS))}")
        elif not isinstance(value.get("elements"), list):
            yield from wrong(here, "missing required field: elements")
        elif value["type"] == "rich_text_list" and not known(value.get("style"), {"bullet", "ordered"}):
            yield from wrong(f"{here}/style", "must be one of: bullet, ordered")


def _video(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from text_object(block, "title", at, VIDEO_TITLE, plain=True)
    yield from string(block, "author_name", at, VIDEO_AUTHOR)
    yield from string(block, "alt_text", at, parts.ALT_TEXT, required=True)
    for key in ("video_url", "thumbnail_url"):
        yield from string(block, key, at, parts.URL, required=True)
    if not str(block.get("video_url", "")).startswith("https://"):
        yield from wrong(f"{at}/video_url", "must be an https URL")


def _table(most_rows: int) -> Callable[[JsonObject, str], Iterator[Problem]]:
    def check(block: JsonObject, at: str) -> Iterator[Problem]:
        yield from size_problems(block, "rows", at, most_rows)
        for index, row in enumerate(_list(block, "rows")):
            here = f"{at}/rows/{index}"
            if not isinstance(row, list):
                yield from wrong(here, "must be an array")
                continue
            if len(row) > TABLE_COLUMNS:
                yield from wrong(here, f"no more than {TABLE_COLUMNS} items allowed")
            for column, cell in enumerate(row):
                if not isinstance(cell, dict) or not known(cell.get("type"), TABLE_CELLS):
                    yield from wrong(f"{here}/{column}/type", f"must be one of: {', '.join(sorted(TABLE_CELLS))}")
        if len(_list(block, "column_settings")) > TABLE_COLUMNS:
            yield from wrong(f"{at}/column_settings", f"no more than {TABLE_COLUMNS} items allowed")

    return check


def _data_table(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from string(block, "caption", at, SECTION_TEXT, required=True)
    yield from _table(DATA_TABLE_ROWS)(block, at)
    size = block.get("page_size", 5)
    if not isinstance(size, int) or not 1 <= size <= 100:
        yield from wrong(f"{at}/page_size", "must be between 1 and 100")


def _task_card(block: JsonObject, at: str) -> Iterator[Problem]:
    for key in ("task_id", "title"):
        yield from string(block, key, at, parts.ID_LENGTH, required=True)
    if not known(block.get("status"), TASK_STATES):
        yield from wrong(f"{at}/status", f"must be one of: {', '.join(sorted(TASK_STATES))}")
    for key in ("details", "output"):
        if key in block and (not isinstance(block[key], dict) or block[key].get("type") != "rich_text"):
            yield from wrong(f"{at}/{key}", "must be a rich_text block")


def _plan(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from string(block, "title", at, parts.ID_LENGTH, required=True)
    for index, task in enumerate(_list(block, "tasks")):
        yield from _task_card(task if isinstance(task, dict) else {}, f"{at}/tasks/{index}")


def _alert(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from text_object(block, "text", at, SECTION_TEXT)
    if not known(block.get("level", "default"), ALERT_LEVELS):
        yield from wrong(f"{at}/level", f"must be one of: {', '.join(sorted(ALERT_LEVELS))}")


def _card(block: JsonObject, at: str) -> Iterator[Problem]:
    if not any(key in block for key in ("hero_image", "title", "actions", "body")):
        yield from wrong(at, "at least one of hero_image, title, actions, body is required")
    for key, limit in (("title", CARD_TITLE), ("subtitle", CARD_TITLE), ("body", CARD_BODY)):
        yield from text_object(block, key, at, limit, required=False)
    for key in ("hero_image", "icon"):
        if key in block:
            yield from element(block[key], f"{at}/{key}", {"image"})
    for index, value in enumerate(_list(block, "actions")):
        yield from element(value, f"{at}/actions/{index}", parts.IN_ACTIONS)


def _carousel(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from size_problems(block, "elements", at, CAROUSEL_CARDS)
    for index, card in enumerate(_list(block, "elements")):
        here = f"{at}/elements/{index}"
        if not isinstance(card, dict) or card.get("type") != "card":
            yield from wrong(f"{here}/type", "must be a card")
        else:
            yield from _card(card, here)


def _container(block: JsonObject, at: str) -> Iterator[Problem]:
    if "title" not in block and "rich_text_title" not in block:
        yield from wrong(at, "missing required field: title or rich_text_title")
    yield from text_object(block, "title", at, CARD_TITLE, required=False, plain=True)
    yield from text_object(block, "subtitle", at, CARD_TITLE, required=False)
    yield from size_problems(block, "child_blocks", at, CONTAINER_BLOCKS)
    if not known(block.get("width", "standard"), CONTAINER_WIDTHS):
        yield from wrong(f"{at}/width", f"must be one of: {', '.join(sorted(CONTAINER_WIDTHS))}")
    if block.get("has_header_divider") and block.get("is_collapsible"):
        yield from wrong(f"{at}/has_header_divider", "cannot be set when is_collapsible is true")
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield from wrong(f"{at}/default_collapsed", "needs is_collapsible")
    for index, child in enumerate(_list(block, "child_blocks")):
        here = f"{at}/child_blocks/{index}"
        if isinstance(child, dict) and child.get("type") == "container":
            yield from wrong(f"{here}/type", "unsupported type: container")
        else:
            yield from _block(child, here, Surface.MESSAGE)


def _file(block: JsonObject, at: str) -> Iterator[Problem]:
    yield from string(block, "external_id", at, parts.ID_LENGTH, required=True)
    if block.get("source") != "remote":
        yield from wrong(f"{at}/source", "must be remote")


CHECKS: dict[str, Callable[[JsonObject, str], Iterator[Problem]]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "context": _context,
    "actions": _elements(ACTIONS_ELEMENTS, parts.IN_ACTIONS),
    "context_actions": _elements(CONTEXT_ACTIONS_ELEMENTS, parts.IN_CONTEXT_ACTIONS),
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "video": _video,
    "table": _table(TABLE_ROWS),
    "data_table": _data_table,
    "task_card": _task_card,
    "plan": _plan,
    "alert": _alert,
    "card": _card,
    "carousel": _carousel,
    "container": _container,
    "file": _file,
}


def _list(holder: JsonObject, key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []


def _unique_block_ids(blocks: Sequence[Any], root: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        name = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(name, str) and name in seen:
            yield from wrong(f"{root}/{index}/block_id", f"`block_id` must be unique: {name}")
        seen.add(str(name))


def _unique_action_ids(blocks: Sequence[Any], root: str) -> Iterator[Problem]:
    """An action_id stands once in a block."""
    for index, block in enumerate(blocks):
        seen: set[str] = set()
        for place, value in enumerate(_list(block, "elements") if isinstance(block, dict) else ()):
            name = value.get("action_id") if isinstance(value, dict) else None
            if isinstance(name, str) and name in seen:
                yield from wrong(f"{root}/{index}/elements/{place}/action_id", f"`action_id` must be unique: {name}")
            seen.add(str(name))


def _summed(blocks: Sequence[Any], root: str) -> Iterator[Problem]:
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    markdown = sum(len(str(b.get("text", ""))) for b in blocks if isinstance(b, dict) and b.get("type") == "markdown")
    if kinds.count("markdown") > 1 and markdown > MARKDOWN_TEXT:
        yield from wrong(root, f"markdown blocks must be less than {MARKDOWN_TEXT + 1} characters together")
    if kinds.count("table") > 1:
        yield from wrong(root, "only_one_table_allowed")


def rendered_length(value: Any) -> int:
    """How many characters a reader sees: all texts, labels and titles."""
    if isinstance(value, list):
        return sum(rendered_length(item) for item in value)
    if not isinstance(value, dict):
        return 0
    shown = {"text", "title", "caption"}
    own = sum(len(part) for key, part in value.items() if key in shown and isinstance(part, str))
    return own + sum(rendered_length(part) for part in value.values())
