"""Interactive elements in blocks: finding one, and what Slack reports when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.slack.errors import ControlError
from sandbox.slack.values import JsonObject

# type -> (key in the report, key of the initial value)
SINGLE = {
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "file_input": ("files", ""),
}
ONE_OPTION = {"static_select", "external_select", "radio_buttons", "overflow"}
MANY_OPTIONS = {"multi_static_select", "multi_external_select", "checkboxes"}


def elements(blocks: Sequence[JsonObject]) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Every interactive element with its block, also those in cards and containers."""
    for block in blocks:
        yield from elements([*block.get("child_blocks", ()), *_cards(block)])
        found = [block.get("accessory"), block.get("element"), *block.get("actions", ())]
        if block.get("type") in {"actions", "context_actions"}:
            found += block["elements"]
        for element in found:
            if isinstance(element, dict) and element.get("type") != "image":
                yield block, element


def _cards(block: JsonObject) -> list[JsonObject]:
    return list(block["elements"]) if block.get("type") == "carousel" else []


def find_element(blocks: Sequence[JsonObject], action_id: str, block_id: str | None) -> tuple[JsonObject, JsonObject]:
    found = [
        (block, element)
        for block, element in elements(blocks)
        if element.get("action_id") == action_id and block_id in (None, block.get("block_id"))
    ]
    if not found:
        raise ControlError(f"there is no element {action_id!r} to use")
    return found[0]


def acted(block: JsonObject, element: JsonObject, chosen: Any, at: str) -> JsonObject:
    """The entry of `actions` in a block_actions payload."""
    action = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block.get("block_id", ""),
        "action_ts": at,
    }
    if element["type"] in {"button", "workflow_button", "icon_button"}:
        shown = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        return action | shown
    if element["type"] == "feedback_buttons":
        return action | _feedback(element, chosen)
    return action | value_of(element, chosen)


def _feedback(element: JsonObject, chosen: Any) -> JsonObject:
    for key in ("positive_button", "negative_button"):
        if chosen in (element[key]["value"], key, key.removesuffix("_button")):
            return {"text": element[key]["text"], "value": element[key]["value"]}
    raise ControlError(f"feedback is one of its two buttons, not {chosen!r}")


def value_of(element: JsonObject, chosen: Any) -> JsonObject:
    """What the element reports for a choice: an option's value, a user's id, a date, a text."""
    kind = str(element["type"])
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": None if chosen is None else _option(element, chosen)}
    if kind in MANY_OPTIONS:
        chosen = [] if chosen is None else chosen
        picked = chosen if isinstance(chosen, list) else [chosen]
        return {"type": kind, "selected_options": [_option(element, one) for one in picked]}
    if kind in SINGLE:
        return {"type": kind, SINGLE[kind][0]: chosen}
    raise ControlError(f"{kind} cannot be used")


def _option(element: JsonObject, chosen: Any) -> JsonObject:
    value = chosen.get("value") if isinstance(chosen, dict) else chosen
    if str(element["type"]).endswith("external_select") and isinstance(chosen, dict):
        return chosen
    for option in _options(element):
        if option.get("value") == value:
            return option
    raise ControlError(f"{value!r} is not one of the options")


def _options(element: JsonObject) -> Iterator[JsonObject]:
    yield from element.get("options") or ()
    for group in element.get("option_groups") or ():
        yield from group["options"]


def initial_values(blocks: Sequence[JsonObject], given: JsonObject) -> JsonObject:
    """The state of a form: what the person gave, else each element's initial value."""
    state: JsonObject = {}
    for block, element in elements(blocks):
        kind = element["type"]
        if (kind not in SINGLE and kind not in ONE_OPTION | MANY_OPTIONS) or kind == "overflow":
            continue
        values = given.get(block["block_id"], {})
        if element["action_id"] in values:
            entry = {"type": kind, **_given(element, values[element["action_id"]])}
        else:
            entry = _initial(element)
        state.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return state


def _given(element: JsonObject, value: Any) -> JsonObject:
    """A state value as Slack writes it, or a bare one."""
    return value if isinstance(value, dict) and _is_state(value) else value_of(element, value)


def _is_state(value: JsonObject) -> bool:
    keys = {key for key, _ in SINGLE.values()} | {"selected_option", "selected_options"}
    return bool(keys & set(value)) and "text" not in value


def _initial(element: JsonObject) -> JsonObject:
    kind = element["type"]
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    key, initial = SINGLE[kind]
    return {"type": kind, key: element.get(initial, [] if kind.startswith("multi_") or kind == "file_input" else None)}


def missing_inputs(blocks: Sequence[JsonObject], state: JsonObject) -> list[str]:
    """The required input blocks without a value."""
    missing = []
    for block in blocks:
        if block.get("type") != "input" or block.get("optional"):
            continue
        entry = state.get(block["block_id"], {}).get(block["element"]["action_id"], {})
        if not any(value for key, value in entry.items() if key != "type"):
            missing.append(block["block_id"])
    return missing
