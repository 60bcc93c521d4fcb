"""From a webhook's bytes to typed, clean values: what every vendor's format needs alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from bot.domain.alert import Link
from bot.domain.errors import UnreadablePayload
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain

T = TypeVar("T")

# Longer than anything shown, short enough that a hostile payload stays small in the store.
TITLE_LIMIT = 300
DESCRIPTION_LIMIT = 4_000
NAME_LIMIT = 200  # fingerprints, services, label names and label values
LABELS_LIMIT = 64
LABEL_NAMES = 1_000  # remembered: those of one place are the same in every alert
URL_LIMIT = 2_000
QUERY_LIMIT = 8_000  # a longer expression would not fit into a GET to Prometheus either

_BOM = b"\xef\xbb\xbf"
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `(?P<at>(?:\$|key)[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_LONE_SURROGATE = re.compile(rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_WEB = ("https://", "http://")


def decode(decoder: msgspec.json.Decoder[T], body: bytes, *, at: str = "") -> T:
    """Raises UnreadablePayload naming the field as a path below `at`: "alerts[0].status: expected `str`, got `int`"."""
    body = body.removeprefix(_BOM)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _wrong_shape(str(error), body, at) from None
    except UnicodeDecodeError as error:
        detail = f"byte {error.object[error.start]:#04x} is not valid there"
        raise UnreadablePayload(f"body: expected JSON in UTF-8, but {detail}", field="body") from None
    except msgspec.DecodeError as error:
        raise _not_json(str(error), body) from None
    except RecursionError:
        raise UnreadablePayload("body: nested too deeply to be read", field="body") from None


def text_of(value: str | None, limit: int = NAME_LIMIT) -> str:
    """Without control, bidi and zero-width characters, cut with a mark at `limit`."""
    if not value:
        return ""
    stripped = value.strip()
    is_plain = len(stripped) <= limit and stripped.isascii() and stripped.isprintable()
    return stripped if is_plain else plain(stripped, limit)


@lru_cache(maxsize=LABEL_NAMES)
def _label_name(name: str) -> str:
    return text_of(name)


def _name_of(name: str) -> str:
    return _label_name(name) if len(name) <= NAME_LIMIT else text_of(name)  # nobody fills the memory with long ones


def clean_labels(labels: Mapping[str, str], first: tuple[str, ...] = ()) -> dict[str, str]:
    """At most LABELS_LIMIT of them, those named in `first` before the others; how many were cut is a label itself."""
    names = list(labels)
    if len(names) > LABELS_LIMIT:
        kept = [name for name in first if name in labels]
        names = (kept + [name for name in names if name not in kept])[: LABELS_LIMIT - 1]
    cleaned = {_name_of(name): text_of(labels[name]) for name in names}
    if len(labels) > LABELS_LIMIT:
        cleaned["labels_cut"] = str(len(labels) - len(names))
    return cleaned


def web_link(title: str, url: str | None) -> Link | None:
    """None where it is no web address: nothing else is ever made a link."""
    if not url:
        return None
    address = url.strip()
    if not address[:8].lower().startswith(_WEB) or len(address) > URL_LIMIT:
        return None
    return Link(title=title, url=address) if address.isprintable() and " " not in address else None


def web_links(**urls: str | None) -> tuple[Link, ...]:
    """One for each that is a web address, under its name."""
    return tuple(link for title, url in urls.items() if (link := web_link(title, url)))


def whole_query(text: str | None) -> str | None:
    """An expression is used as it is or not at all: cut or cleaned it would ask something else."""
    query = (text or "").strip()
    shown = query.replace("\n", " ").replace("\t", " ")
    return query if query and len(query) <= QUERY_LIMIT and shown.isprintable() else None


def required_time(value: str, *, at: str) -> datetime:
    """Raises UnreadablePayload where it is no time."""
    moment = read_moment(value)
    if moment is None:
        raise UnreadablePayload(f"{at}: expected an ISO 8601 time, got {plain(value, 60)!r}", field=at)
    return moment


def _wrong_shape(message: str, body: bytes, at: str) -> UnreadablePayload:
    problem = _PROBLEM.fullmatch(message)
    what, path = (problem["what"], problem["at"] or "$") if problem else (message, "$")
    path = _named(path.removeprefix("key in ").strip("`"), body)
    if missing := _MISSING.fullmatch(what):
        path, what = f"{path}.{missing['name']}", "is missing"
    field = f"{at}{path.removeprefix('$')}".lstrip(".") or "body"
    return UnreadablePayload(f"{field}: {plain(what[0].lower() + what[1:], 200)}", field=plain(field, 200))


def _named(path: str, body: bytes) -> str:
    """The path with the names of the entries where msgspec says `[...]`."""
    if "[...]" not in path:
        return path
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return "$"
    named = "$"
    for step in _STEP.finditer(path):
        name = next((k for k, v in value.items() if not isinstance(v, str)), "...") if step["any"] else step["name"]
        named += f"[{step['index']}]" if name is None else f".{name}"
        value = _child(value, name, step["index"])
    return named


def _child(value: Any, name: str | None, index: str | None) -> Any:
    try:
        return value[int(index)] if index is not None else value[name]
    except (LookupError, TypeError):
        return {}


def _not_json(message: str, body: bytes) -> UnreadablePayload:
    if not body.strip():
        what = "is empty; expected a JSON object"
    elif b"\x00" in body[:4]:
        what = "expected JSON in UTF-8, this looks like UTF-16 or UTF-32"
    elif _LONE_SURROGATE.search(body):
        what = "a lone surrogate (\\ud800 to \\udfff without its other half) is no character"
    else:
        what = f"expected JSON: {message.removeprefix('JSON is malformed: ')}"
    return UnreadablePayload(f"body: {what}", field="body")
