"""Checks of the parts blocks are made of: text objects, options, confirmations and interactive elements.

Limits: docs.slack.dev/reference/block-kit, and the model classes of Slack's own SDK.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.slack.values import JsonObject


@dataclass(frozen=True, kw_only=True)
class Problem:
    pointer: str  # a JSON pointer to what is wrong
    message: str


ID_LENGTH = 255
BUTTON_TEXT, BUTTON_VALUE, URL, ACCESSIBILITY_LABEL = 75, 2000, 3000, 75
OPTION_TEXT, OPTION_VALUE, MAX_OPTIONS, MAX_OVERFLOW, MAX_CHECKS = 75, 150, 100, 5, 10
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
PLACEHOLDER = 150
ALT_TEXT = 2000
MAX_INPUT_LENGTH = 3000
STYLES = {"primary", "danger"}

STATIC_SELECTS = {"static_select", "multi_static_select"}
OTHER_SELECTS = {
    f"{many}{what}_select" for many in ("", "multi_") for what in ("external", "users", "conversations", "channels")
}
PICKERS = {"datepicker", "timepicker", "datetimepicker"}
CHOICES = {"checkboxes", "radio_buttons"}
TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
INTERACTIVE = STATIC_SELECTS | OTHER_SELECTS | PICKERS | CHOICES
IN_ACTIONS = INTERACTIVE | {"button", "overflow", "workflow_button"}
IN_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = INTERACTIVE | TYPED
IN_CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}


def known(value: object, names: Collection[str]) -> bool:
    return isinstance(value, str) and value in names


def wrong(pointer: str, message: str) -> Iterator[Problem]:
    yield Problem(pointer=pointer, message=message)


def length(value: str, limit: int, at: str) -> Iterator[Problem]:
    if len(value) > limit:
        yield from wrong(at, f"must be less than {limit + 1} characters")


def string(holder: JsonObject, key: str, at: str, limit: int, *, required: bool = False) -> Iterator[Problem]:
    value = holder.get(key)
    if value is None:
        if required:
            yield from wrong(at, f"missing required field: {key}")
    elif not isinstance(value, str):
        yield from wrong(f"{at}/{key}", "must be a string")
    else:
        if required and not value:
            yield from wrong(f"{at}/{key}", "must be more than 0 characters")
        yield from length(value, limit, f"{at}/{key}")


def text_object(
    holder: JsonObject, key: str, at: str, limit: int, *, required: bool = True, plain: bool = False
) -> Iterator[Problem]:
    value = holder.get(key)
    at_key = f"{at}/{key}"
    if value is None:
        if required:
            yield from wrong(at, f"missing required field: {key}")
        return
    if not isinstance(value, dict):
        yield from wrong(at_key, "must be an object")
        return
    yield from text_value(value, at_key, limit, plain=plain)


def text_value(value: JsonObject, at: str, limit: int, *, plain: bool = False) -> Iterator[Problem]:
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if not known(value.get("type"), kinds):
        yield from wrong(f"{at}/type", f"must be one of: {', '.join(sorted(kinds))}")
    text = value.get("text")
    if not isinstance(text, str):
        yield from wrong(at, "missing required field: text")
        return
    if not text:
        yield from wrong(f"{at}/text", "must be more than 0 characters")
    yield from length(text, limit, f"{at}/text")


def items(holder: JsonObject, key: str, at: str, most: int, *, least: int = 1) -> list[Any] | None:
    """The list under `key` when its size is right; `size_problems` says why not."""
    value = holder.get(key)
    return value if isinstance(value, list) and least <= len(value) <= most else None


def size_problems(holder: JsonObject, key: str, at: str, most: int, *, least: int = 1) -> Iterator[Problem]:
    value = holder.get(key)
    if not isinstance(value, list):
        yield from wrong(at, f"missing required field: {key}")
    elif len(value) > most:
        yield from wrong(f"{at}/{key}", f"no more than {most} items allowed")
    elif len(value) < least:
        yield from wrong(f"{at}/{key}", f"no less than {least} items allowed")


def element(value: Any, at: str, allowed: Collection[str]) -> Iterator[Problem]:
    """An interactive element, or an image where images may stand."""
    if not isinstance(value, dict):
        yield from wrong(at, "must be an object")
        return
    kind = value.get("type")
    if not known(kind, allowed):
        yield from wrong(f"{at}/type", f"unsupported type: {kind}")
        return
    yield from string(value, "action_id", at, ID_LENGTH)
    yield from text_object(value, "placeholder", at, PLACEHOLDER, required=False, plain=True)
    yield from confirm(value, at)
    if kind == "image":
        yield from image(value, at)
    elif kind in {"button", "workflow_button"}:
        yield from _button(value, at)
    elif kind in STATIC_SELECTS:
        yield from _static_select(value, at)
    elif kind == "overflow":
        yield from options(value, at, MAX_OVERFLOW)
    elif kind in CHOICES:
        yield from options(value, at, MAX_CHECKS)
    elif kind == "feedback_buttons":
        yield from _feedback(value, at)
    elif kind == "icon_button":
        yield from text_object(value, "text", at, BUTTON_TEXT, plain=True)
        yield from string(value, "icon", at, BUTTON_TEXT, required=True)
    elif kind in TYPED:
        yield from _typed(value, at)


def _button(value: JsonObject, at: str) -> Iterator[Problem]:
    yield from text_object(value, "text", at, BUTTON_TEXT, plain=True)
    yield from string(value, "value", at, BUTTON_VALUE)
    yield from string(value, "url", at, URL)
    yield from string(value, "accessibility_label", at, ACCESSIBILITY_LABEL)
    if "style" in value and not known(value["style"], STYLES):
        yield from wrong(f"{at}/style", "must be one of: danger, primary")


def _feedback(value: JsonObject, at: str) -> Iterator[Problem]:
    for key in ("positive_button", "negative_button"):
        button = value.get(key)
        if not isinstance(button, dict):
            yield from wrong(at, f"missing required field: {key}")
            continue
        yield from text_object(button, "text", f"{at}/{key}", BUTTON_TEXT, plain=True)
        yield from string(button, "value", f"{at}/{key}", BUTTON_VALUE, required=True)


def _typed(value: JsonObject, at: str) -> Iterator[Problem]:
    longest, shortest = value.get("max_length"), value.get("min_length")
    for key, limit in (("max_length", longest), ("min_length", shortest)):
        if limit is not None and not (isinstance(limit, int) and 0 <= limit <= MAX_INPUT_LENGTH):
            yield from wrong(f"{at}/{key}", f"must be between 0 and {MAX_INPUT_LENGTH}")


def _static_select(value: JsonObject, at: str) -> Iterator[Problem]:
    groups = value.get("option_groups")
    if groups is None:
        yield from options(value, at, MAX_OPTIONS)
        return
    if "options" in value:
        yield from wrong(at, "only one of options and option_groups is allowed")
    yield from size_problems(value, "option_groups", at, MAX_OPTIONS)
    for index, group in enumerate(items(value, "option_groups", at, MAX_OPTIONS) or ()):
        if not isinstance(group, dict):
            yield from wrong(f"{at}/option_groups/{index}", "must be an object")
            continue
        yield from text_object(group, "label", f"{at}/option_groups/{index}", OPTION_TEXT, plain=True)
        yield from options(group, f"{at}/option_groups/{index}", MAX_OPTIONS)


def options(holder: JsonObject, at: str, most: int) -> Iterator[Problem]:
    yield from size_problems(holder, "options", at, most)
    seen: set[str] = set()
    for index, option in enumerate(items(holder, "options", at, most) or ()):
        here = f"{at}/options/{index}"
        if not isinstance(option, dict):
            yield from wrong(here, "must be an object")
            continue
        yield from text_object(option, "text", here, OPTION_TEXT)
        yield from text_object(option, "description", here, OPTION_TEXT, required=False)
        yield from string(option, "value", here, OPTION_VALUE, required=True)
        if str(option.get("value")) in seen:
            yield from wrong(f"{here}/value", "option values must be unique")
        seen.add(str(option.get("value")))


def confirm(holder: JsonObject, at: str) -> Iterator[Problem]:
    value = holder.get("confirm")
    if value is None:
        return
    if not isinstance(value, dict):
        yield from wrong(f"{at}/confirm", "must be an object")
        return
    yield from text_object(value, "title", f"{at}/confirm", CONFIRM_TITLE, plain=True)
    yield from text_object(value, "text", f"{at}/confirm", CONFIRM_TEXT)
    yield from text_object(value, "confirm", f"{at}/confirm", CONFIRM_BUTTON, plain=True)
    yield from text_object(value, "deny", f"{at}/confirm", CONFIRM_BUTTON, plain=True)


def image(value: JsonObject, at: str) -> Iterator[Problem]:
    """One source, an address or a file of the workspace, and a text for those who cannot see it."""
    sources = [key for key in ("image_url", "slack_file") if key in value]
    if len(sources) != 1:
        yield from wrong(at, "one of image_url and slack_file is required")
    yield from string(value, "image_url", at, URL)
    if isinstance(value.get("image_url"), str) and not value["image_url"].startswith(("http://", "https://")):
        yield from wrong(f"{at}/image_url", "must be a valid URL")
    yield from string(value, "alt_text", at, ALT_TEXT, required=True)
