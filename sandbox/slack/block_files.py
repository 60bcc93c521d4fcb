"""Image blocks that show a file of the workspace: the file must be there, be an image, and be processed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.slack.blocks import Problem
from sandbox.slack.values import File, JsonObject

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace

SHOWN_IMAGES = {"image/png", "image/jpeg", "image/gif"}  # docs.slack.dev, image block: png, jpg, jpeg or gif


def file_problems(workspace: Workspace, blocks: Sequence[JsonObject], *, root: str) -> list[Problem]:
    found = []
    for pointer, reference in _references(list(blocks), root):
        file = find_file(workspace, reference)
        if file is None or not file.completed or file.ready_at > workspace.clock():
            found.append(Problem(pointer=pointer, message="invalid slack file"))
        elif file.mimetype not in SHOWN_IMAGES:
            found.append(Problem(pointer=pointer, message="slack file is not an image"))
    return found


def find_file(workspace: Workspace, reference: JsonObject) -> File | None:
    """By `id`, or by `url`: its permalink or private address."""
    if "id" in reference:
        return workspace.files.get(str(reference["id"]))
    address = str(reference.get("url", ""))
    return next((file for file in workspace.files.values() if f"/{file.id}/" in address), None)


def _references(value: Any, pointer: str) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        if value.get("type") == "image" and isinstance(value.get("slack_file"), dict):
            yield f"{pointer}/slack_file", value["slack_file"]
        for key, item in value.items():
            if key != "slack_file":
                yield from _references(item, f"{pointer}/{key}")
