"""Reads what a call wants to say, with Slack's limits on text, blocks and metadata."""

from __future__ import annotations

import json

from sandbox.slack.api.call import ApiCall
from sandbox.slack.block_files import file_problems
from sandbox.slack.blocks import Problem, Surface, problems, rendered_length
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Draft
from sandbox.slack.scopes import check
from sandbox.slack.values import JsonObject

MAX_TEXT = 40_000  # chat.postMessage cuts what is longer
MAX_MARKDOWN_TEXT = 12_000
MAX_ATTACHMENTS = 100
MAX_METADATA_BYTES = 16 * 1024  # docs.slack.dev, message metadata
# Undocumented: the whole message is refused with msg_blocks_too_long; people measured about 13,200 characters.
MAX_RENDERED = 13_200


def read_draft(call: ApiCall) -> Draft:
    """Raises no_text when there is nothing to say."""
    text, blocks = call.text("text"), read_blocks(call)
    attachments = read_attachments(call)
    markdown = call.text("markdown_text")
    if markdown:
        text, blocks = _from_markdown(call, markdown)
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    _check_customisation(call)
    return Draft(
        text=text[:MAX_TEXT],
        blocks=blocks or [],
        attachments=attachments or [],
        metadata=read_metadata(call),
        thread_ts=call.text("thread_ts") or None,
        broadcast=call.flag("reply_broadcast"),
    )


def _from_markdown(call: ApiCall, markdown: str) -> tuple[str, list[JsonObject]]:
    if call.text("text") or call.args.get("blocks"):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > MAX_MARKDOWN_TEXT:
        raise SlackError("msg_too_long")
    return markdown, [{"type": "markdown", "text": markdown}]


def _check_customisation(call: ApiCall) -> None:
    if any(call.text(name) for name in ("username", "icon_emoji", "icon_url")):
        check(call.workspace.scopes, ["chat:write.customize"])


def read_blocks(call: ApiCall, name: str = "blocks") -> list[JsonObject] | None:
    blocks = call.objects(name, "invalid_blocks_format")
    if blocks is None:
        return None
    check_blocks(call, blocks, Surface.MESSAGE)
    if rendered_length(blocks) > MAX_RENDERED:
        raise SlackError("msg_blocks_too_long")
    return blocks


def check_blocks(call: ApiCall, blocks: list[JsonObject], surface: Surface, *, root: str = "/blocks") -> None:
    found = problems(blocks, surface, root=root) + file_problems(call.workspace, blocks, root=root)
    if found:
        raise SlackError("invalid_blocks", errors=_lines(found), messages=[f"[ERROR] {line}" for line in _lines(found)])


def _lines(found: list[Problem]) -> list[str]:
    return [f"{problem.message} [json-pointer:{problem.pointer}]" for problem in found]


def read_attachments(call: ApiCall) -> list[JsonObject] | None:
    attachments = call.objects("attachments", "invalid_attachments")
    if attachments is None:
        return None
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for index, attachment in enumerate(attachments):
        blocks = attachment.get("blocks")
        if isinstance(blocks, list):
            check_blocks(call, blocks, Surface.MESSAGE, root=f"/attachments/{index}/blocks")
    return attachments


def read_metadata(call: ApiCall) -> JsonObject | None:
    """An empty object means "take it away"; Slack wants event_type and event_payload, or entities."""
    metadata = call.object("metadata", "invalid_metadata_format")
    if not metadata:
        return metadata
    if len(json.dumps(metadata).encode()) > MAX_METADATA_BYTES:
        raise SlackError("metadata_too_large")
    if "entities" in metadata and "event_type" not in metadata:
        if not isinstance(metadata["entities"], list):
            raise SlackError("invalid_metadata_schema")
        return metadata
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return metadata
