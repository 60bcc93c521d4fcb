"""The views people have open: a stack of modals for each person."""

from __future__ import annotations

import secrets

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_id
from sandbox.slack.messages import with_ids
from sandbox.slack.values import JsonObject, View
from sandbox.slack.workspace import Workspace


def _hash(workspace: Workspace) -> str:
    return f"{workspace.now()}.{secrets.token_hex(4)}"


def new_view(workspace: Workspace, user: str, kind: str, body: JsonObject) -> View:
    view_id = random_id("V")
    return View(
        id=view_id,
        kind=kind,
        user=user,
        body={**body, "blocks": with_ids(body["blocks"])},
        hash=_hash(workspace),
        external_id=str(body.get("external_id", "")),
        root_view_id=view_id,
    )


def check_external_id(workspace: Workspace, external_id: str) -> None:
    if external_id and find(workspace, external_id=external_id) is not None:
        raise SlackError("duplicate_external_id")


def show(workspace: Workspace, user: str, body: JsonObject, *, on_top: bool) -> View:
    """A new modal: on top of the person's stack, or instead of it."""
    stack = workspace.modals.setdefault(user, [])
    if not on_top:
        stack.clear()
    view = new_view(workspace, user, "modal", body)
    if stack:
        view.previous_view_id, view.root_view_id = stack[-1].id, stack[0].id
    stack.append(view)
    workspace.live.announce("view", user=user)
    return view


def find(workspace: Workspace, *, view_id: str = "", external_id: str = "") -> View | None:
    views = [view for stack in workspace.modals.values() for view in stack] + list(workspace.homes.values())
    for view in views:
        if (view_id and view.id == view_id) or (external_id and view.external_id == external_id):
            return view
    return None


def change(workspace: Workspace, view: View, body: JsonObject) -> None:
    """What a person has typed stays where the block and action ids stay."""
    view.body = {**body, "blocks": with_ids(body["blocks"])}
    view.external_id = str(body.get("external_id", "")) or view.external_id
    view.hash = _hash(workspace)
    kept = {block["block_id"] for block in view.body["blocks"]}
    view.state = {block: values for block, values in view.state.items() if block in kept}
    workspace.live.announce("home" if view.kind == "home" else "view", user=view.user)


def close(workspace: Workspace, view: View, *, everything: bool = False) -> None:
    stack = workspace.modals.get(view.user, [])
    if everything:
        stack.clear()
    elif view in stack:
        stack.remove(view)
    workspace.live.announce("view", user=view.user)
