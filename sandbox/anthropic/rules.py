"""What the real API refuses. https://platform.claude.com/docs/en/api/errors"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.anthropic.asked import blocks_of, documents_in
from sandbox.anthropic.models import ModelCard

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MOST_BREAKPOINTS = 4
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_KNOWN = frozenset(
    (
        "model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
        "cache_control", "metadata", "service_tier", "speed", "inference_geo", "diagnostics", "stop_sequences",
        "stream", "container",
    )
)  # fmt: skip
_USER = ("text", "image", "document", "search_result", "tool_result")
_ASSISTANT = ("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use")


class Refused(Exception):
    def __init__(self, status: int, message: str, *, kind: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": kind or TYPES.get(status, "api_error"), "message": message}
        if code:
            self.error["details"] = {"error_code": code}


def invalid(message: str) -> Refused:
    return Refused(400, message)


def check(body: Mapping[str, Any], model: ModelCard, *, counts: bool = False) -> None:
    """Raises Refused."""
    for name in body:
        if name in ("temperature", "top_p", "top_k"):
            raise invalid(f"{name}: sampling parameters are not supported")
        if name not in _KNOWN:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if not counts:
        _check_length(body, model)
    _check_tools(body, model)
    _check_config(body, model)
    _check_messages(body, model)
    _check_citations(body)
    if len(breakpoints(body)) > MOST_BREAKPOINTS:
        raise invalid("A maximum of 4 blocks with cache_control may be provided.")


def _check_length(body: Mapping[str, Any], model: ModelCard) -> None:
    length = body.get("max_tokens")
    if not isinstance(length, int) or isinstance(length, bool):
        raise invalid("max_tokens: Field required")
    if length < 1:
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    if length > model.max_output:
        raise invalid(f"max_tokens: {length} > {model.max_output}, which is the maximum for {model.id}")


def _check_tools(body: Mapping[str, Any], model: ModelCard) -> None:
    names = [tool.get("name") for tool in body.get("tools", ())]
    for index, tool in enumerate(body.get("tools", ())):
        if not _TOOL_NAME.fullmatch(str(tool.get("name", ""))):
            raise invalid(f"tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if tool.get("input_schema", {}).get("type") != "object":
            raise invalid(f"tools.{index}.custom.input_schema.type: Field required")
    if len(set(names)) != len(names):
        raise invalid("tools: Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice and not names:
        raise invalid("tool_choice may only be specified while providing tools")
    if choice and choice.get("type") in ("any", "tool") and not model.forced_tools:
        raise invalid(f"tool_choice: forced tool use is not supported on {model.id}")


def _check_config(body: Mapping[str, Any], model: ModelCard) -> None:
    config = body.get("output_config") or {}
    if (effort := config.get("effort")) is not None:
        if not model.effort:
            raise invalid("This model does not support the effort parameter.")
        if effort not in _EFFORTS:
            raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    form = config.get("format")
    if form is not None and (form.get("type") != "json_schema" or not isinstance(form.get("schema"), dict)):
        raise invalid("output_config.format: Input should be a json_schema with its schema")
    if form is not None:
        _check_schema(form["schema"])
    thinking = body.get("thinking")
    if thinking and thinking.get("type") not in model.thinking:
        raise invalid(f"thinking.type: {thinking.get('type')} is not supported on {model.id}")


def _check_schema(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _check_schema(item)
    elif isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            raise invalid("output_config.format.schema: 'additionalProperties' must be explicitly set to false")
        for item in schema.values():
            _check_schema(item)


def _check_messages(body: Mapping[str, Any], model: ModelCard) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    if messages[0].get("role") != "user":
        raise invalid('messages: first message must use the "user" role')
    owed: list[str] = []
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in ("user", "assistant", "system"):
            raise invalid(f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
        blocks = _content(message, index)
        if role == "system":
            _check_system(messages, index, model)
            continue
        _check_blocks(blocks, role, index)
        owed = _check_results(blocks, owed, role, index)
    if owed:
        raise _missing(owed, len(messages) - 1)


def _content(message: Mapping[str, Any], index: int) -> list[dict[str, Any]]:
    content = message.get("content")
    if not isinstance(content, str | list):
        raise invalid(f"messages.{index}.content: Field required")
    if not content:
        raise invalid(f"messages.{index}: user messages must have non-empty content")
    return blocks_of(content)


def _check_system(messages: list[dict[str, Any]], index: int, model: ModelCard) -> None:
    if not model.system_turns:
        raise invalid("role 'system' is not supported on this model")
    following = messages[index + 1]["role"] if index + 1 < len(messages) else "assistant"
    if messages[index - 1]["role"] != "user" or following != "assistant":
        raise invalid(f"messages.{index}: a system message must follow a user message, and precede an assistant's")


def _check_blocks(blocks: list[dict[str, Any]], role: str, index: int) -> None:
    for place, block in enumerate(blocks):
        kind = block.get("type")
        where = f"messages.{index}.content.{place}"
        if kind not in (_USER if role == "user" else _ASSISTANT):
            raise invalid(f"{where}: blocks of type {kind} are not allowed in {role} messages")
        if kind == "text":
            if not block.get("text", "").strip():
                raise invalid("messages: text content blocks must contain non-whitespace text")
            if role == "user" and block.get("citations"):
                raise invalid(f"{where}.text.citations: citations are not allowed in user text")
        if kind == "search_result" and not all(item.get("text", "").strip() for item in block.get("content") or [{}]):
            raise invalid(f"{where}.search_result.content: text blocks must be non-empty")
        if block.get("cache_control") and kind in ("thinking", "redacted_thinking"):
            raise invalid(f"{where}.{kind}.cache_control: Extra inputs are not permitted")


def _check_results(blocks: list[dict[str, Any]], owed: list[str], role: str, index: int) -> list[str]:
    """The ids of calls that the next message has to answer."""
    given = [str(block.get("tool_use_id")) for block in blocks if block["type"] == "tool_result"]
    if unknown := [call for call in given if call not in owed]:
        raise invalid(
            f"messages.{index}.content: unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(unknown)}. "
            "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
        )
    if missing := [call for call in owed if call not in given]:
        raise _missing(missing, index - 1)
    kinds = [block["type"] == "tool_result" for block in blocks]
    if given and kinds != sorted(kinds, reverse=True):
        raise invalid(f"messages.{index}: `tool_result` blocks must come first in the content")
    return [block["id"] for block in blocks if block["type"] == "tool_use"] if role == "assistant" else []


def _missing(calls: list[str], index: int) -> Refused:
    return invalid(
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _check_citations(body: Mapping[str, Any]) -> None:
    wanted = [bool((item.get("citations") or {}).get("enabled")) for item in documents_in(body["messages"])]
    if any(wanted) and not all(wanted):
        raise invalid("citations must be enabled for all documents or for none of them")
    if any(wanted) and (body.get("output_config") or {}).get("format"):
        raise invalid("citations are not supported together with output_config.format")


def breakpoints(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each prefix that ends in a breakpoint, as text without the marks, and how long it is kept."""
    return [(prefix, life) for prefix, life in prefixes(body) if life]


def prefixes(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The prefix up to each block; with how long it is to be kept, where it ends in a breakpoint."""
    prefix = ""
    for block in _in_order(body):
        mark = block.get("cache_control")
        prefix += json.dumps({name: value for name, value in block.items() if name != "cache_control"})
        yield prefix, mark.get("ttl", "5m") if mark else ""


def _in_order(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = [*body.get("tools", ()), *blocks_of(body.get("system") or [])]
    for message in body["messages"]:
        blocks += [{"role": message["role"], **block} for block in blocks_of(message["content"])]
    return blocks
