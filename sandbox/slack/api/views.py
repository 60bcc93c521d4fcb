"""views.*: modals and App Home."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.slack import modals
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.api.drafts import check_blocks
from sandbox.slack.blocks import Surface
from sandbox.slack.errors import SlackError
from sandbox.slack.values import JsonObject, View
from sandbox.slack.wire import view_json

VIEW_BYTES = 250 * 1000
TITLE_LENGTH = 24  # title, submit and close
PRIVATE_METADATA_LENGTH = 3000
CALLBACK_ID_LENGTH = 255
MAX_STACK = 3  # docs.slack.dev, modals: up to three views at a time


def _body(call: ApiCall, kind: str) -> JsonObject:
    body = call.object("view", "invalid_arguments")
    if body is None:
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: view"])
    if len(json.dumps(body).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    if body.get("type") != kind:
        raise _wrong(f"must be {kind} [json-pointer:/view/type]")
    if not isinstance(body.get("blocks"), list):
        raise _wrong("missing required field: blocks [json-pointer:/view]")
    _check_texts(body, kind)
    surface = Surface.MODAL if kind == "modal" else Surface.HOME
    try:
        check_blocks(call, body["blocks"], surface, root="/view/blocks")
    except SlackError as refusal:
        raise SlackError("invalid_arguments", messages=refusal.messages) from None
    return body


def _wrong(problem: str) -> SlackError:
    return SlackError("invalid_arguments", messages=[f"[ERROR] {problem}"])


def _check_texts(body: JsonObject, kind: str) -> None:
    if kind == "modal" and not isinstance(body.get("title"), dict):
        raise _wrong("missing required field: title [json-pointer:/view]")
    for key in ("title", "submit", "close"):
        text = body.get(key)
        if isinstance(text, dict) and len(str(text.get("text", ""))) > TITLE_LENGTH:
            raise _wrong(f"must be less than {TITLE_LENGTH + 1} characters [json-pointer:/view/{key}/text]")
    if len(str(body.get("private_metadata", ""))) > PRIVATE_METADATA_LENGTH:
        raise _wrong(
            f"must be less than {PRIVATE_METADATA_LENGTH + 1} characters [json-pointer:/view/private_metadata]"
        )
    if len(str(body.get("callback_id", ""))) > CALLBACK_ID_LENGTH:
        raise _wrong(f"must be less than {CALLBACK_ID_LENGTH + 1} characters [json-pointer:/view/callback_id]")
    has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in body["blocks"])
    if kind == "modal" and has_input and not body.get("submit"):
        raise _wrong("submit is required when an input block is present [json-pointer:/view/submit]")


def _shown(call: ApiCall, view: View) -> JsonObject:
    return {"view": view_json(call.workspace, view)}


def open_view(call: ApiCall) -> JsonObject:
    body = _body(call, "modal")
    modals.check_external_id(call.workspace, str(body.get("external_id", "")))
    trigger = call.workspace.tickets.use_trigger(call.need("trigger_id", "invalid_trigger_id"))
    return _shown(call, modals.show(call.workspace, trigger.user, body, on_top=False))


def push(call: ApiCall) -> JsonObject:
    body = _body(call, "modal")
    modals.check_external_id(call.workspace, str(body.get("external_id", "")))
    trigger = call.workspace.tickets.use_trigger(call.need("trigger_id", "invalid_trigger_id"))
    stack = call.workspace.modals.get(trigger.user, [])
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    return _shown(call, modals.show(call.workspace, trigger.user, body, on_top=True))


def update(call: ApiCall) -> JsonObject:
    view = modals.find(call.workspace, view_id=call.text("view_id"), external_id=call.text("external_id"))
    if view is None:
        raise SlackError("not_found")
    if call.text("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    modals.change(call.workspace, view, _body(call, view.kind))
    return _shown(call, view)


def publish(call: ApiCall) -> JsonObject:
    user = call.need("user_id", "user_not_found")
    if user not in call.workspace.members:
        raise SlackError("user_not_found")
    body = _body(call, "home")
    current = call.workspace.homes.get(user)
    if call.text("hash") and (current is None or call.text("hash") != current.hash):
        raise SlackError("hash_conflict")
    view = modals.new_view(call.workspace, user, "home", body)
    if current is not None:
        view = replace(view, id=current.id, root_view_id=current.id)
    call.workspace.homes[user] = view
    call.workspace.live.announce("home", user=user)
    return _shown(call, view)


METHODS: dict[str, Method] = {
    "views.open": open_view,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
