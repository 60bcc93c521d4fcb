"""Every message and view that the bot can produce: within Slack's limits, harmless, and as it was seen last.

    UPDATE_SNAPSHOTS=1 pytest tests/slack/test_snapshots.py

writes the snapshots anew; what changed then stands in the diff of `tests/slack/snapshots`.
"""

from __future__ import annotations

import difflib
import inspect
import json
import os
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bot.slack
import bot.slack.blocks
from bot.slack.acting_views import Said
from bot.slack.blocks.limits import Message
from sandbox.slack.api.drafts import MAX_RENDERED
from sandbox.slack.api.views import (
    CALLBACK_ID_LENGTH,
    PRIVATE_METADATA_LENGTH,
    TITLE_LENGTH,
    VIEW_BYTES,
)
from sandbox.slack.blocks import Surface, problems, rendered_length
from sandbox.slack.elements import initial_values
from sandbox.slack.pings import targets
from tests.slack.samples import SAMPLES, Sample
from tests.slack.samples.made_of import ANA, BO, PERSON_NAMED
from tests.slack.samples.registry import name_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"

# Modules whose public functions build what people see.
WHOLE_PACKAGES = (bot.slack.blocks,)
SINGLE_MODULES = ("views", "run_modal", "home", "inputs", "telling", "life_said", "life_reading", "life_after")
ENDINGS = ("_views", "_forms")
# Words that are sent as they are, from beyond bot.slack.
WORDS = ("bot.domain.life", "bot.flows.life")
WORD_ENDINGS = ("_text", "_words", "_note", "_drafts", "digest")
BUILT = (
    "Message",
    "Block",
    "str",
    "Said",
    "View",
    "Content",
    "dict[str, Any]",
    "Mapping[str, Any]",
    "Mapping[str, str]",
)
UNSEEN = {"domain.life.announcement_text.digest", "views.people_in"}  # text that nobody reads

# What a person has written as an update: whom they mention is mentioned.
PEOPLES_OWN = {"domain.life.announcement_text.announcement_text", "domain.life.nudge_words.posted_text"}

TEXT_LIMIT = 4000  # Slack: `text` of chat.update; of chat.postMessage it is what Slack shows without folding
PLAIN_ROOM = 12_000  # of an answer in mrkdwn without blocks: Slack cuts at 40,000, a whole message ends at 13,200
BLOCKS_WANTED = 40  # of Slack's 50: some blocks become several


# --- coverage --------------------------------------------------------------------------------------------------------


def modules() -> Iterator[ModuleType]:
    for package in WHOLE_PACKAGES:
        yield package
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(found.name)
    for found in pkgutil.iter_modules(bot.slack.__path__):
        if found.name in SINGLE_MODULES or found.name.endswith(ENDINGS):
            yield import_module(f"bot.slack.{found.name}")
    for package in map(import_module, WORDS):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.name.endswith(WORD_ENDINGS):
                yield import_module(found.name)


def builders() -> Iterator[Callable[..., object]]:
    """Functions, and what classes without a state of their own have."""
    for module in modules():
        yield from _public(module, module.__name__)
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if name.endswith("Words") and kind.__module__ == module.__name__ and "__init__" not in vars(kind):
                yield from _public(kind, module.__name__)


def _public(holder: object, module: str) -> Iterator[Callable[..., object]]:
    for name, function in inspect.getmembers(holder, inspect.isfunction):
        if not name.startswith("_") and function.__module__ == module and _builds(function):
            yield function


def _builds(function: Callable[..., object]) -> bool:
    """Those that return something else read forms, or count."""
    returned = str(inspect.signature(function).return_annotation)
    inner = returned.removeprefix("list[").removeprefix("tuple[").removeprefix("Sequence[")
    return any(inner == name or inner.startswith((f"{name}]", f"{name},", f"{name} ")) for name in BUILT)


def test_every_builder_has_a_sample() -> None:
    covered = {sample.builder for sample in SAMPLES.values()}
    missing = sorted({name_of(builder) for builder in builders()} - covered - UNSEEN)
    assert missing == [], f"add samples of these to tests/slack/samples: {missing}"


def test_there_are_builders_to_cover() -> None:
    found = {name_of(builder) for builder in builders()}
    assert {"blocks.card", "blocks.briefing.render", "views.declare_form", "run_modal.form_view"} <= found
    assert "run_modal.read_form" not in found, "it reads"


# --- limits ----------------------------------------------------------------------------------------------------------


def test_every_snapshot_has_its_sample() -> None:
    known = {path_of(sample) for sample in SAMPLES.values()}
    left = sorted(str(path.relative_to(SNAPSHOTS)) for path in SNAPSHOTS.rglob("*.json") if path not in known)
    if UPDATE:
        for name in left:
            (SNAPSHOTS / name).unlink()
        return
    assert left == [], "these belong to no sample any more; UPDATE_SNAPSHOTS=1 removes them"


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_it_keeps_the_limits_and_looks_as_before(sample: Sample) -> None:
    made = sample.make()
    assert list(refused(made, sample)) == []
    if sample.is_hostile:
        named = {target for target in mentioned(made) if target not in (ANA, BO)}
        allowed = {PERSON_NAMED} if sample.builder in PEOPLES_OWN else set()
        assert named <= allowed, "foreign text mentions nobody"
    same_as_snapshot(sample, made)


def refused(made: Any, sample: Sample) -> Iterator[str]:
    """What Slack would refuse, or our own room for it is passed."""
    match made:
        case _ if sample.is_file:
            return
        case str() | Said():
            text = made if isinstance(made, str) else made.text
            if len(text) > PLAIN_ROOM:
                yield f"{len(text)} characters of text"
        case Message():
            if not 0 < len(made.text) <= TEXT_LIMIT:
                yield f"{len(made.text)} characters of fallback text"
            yield from _message(made.blocks)
        case (built, bool()):
            yield from refused(built, sample)
        case list():
            yield from _message(made)
        case {"type": "modal" | "home"}:
            yield from _view(made)
        case {"type": "button"}:
            yield from _message([{"type": "actions", "elements": [made]}])
        case {"type": "mrkdwn" | "plain_text"}:
            yield from _message([{"type": "section", "text": made}])
        case {"type": str()}:
            yield from _message([made])
        case {"confirm": _, "deny": _}:
            button = {"type": "button", "text": {"type": "plain_text", "text": "x"}, "action_id": "x", "confirm": made}
            yield from _message([{"type": "actions", "elements": [button]}])
        case Mapping():  # errors of a form, by block id
            if any(not isinstance(text, str) or len(text) > 2000 for text in made.values()):
                yield "no errors of a form"
        case _:
            yield f"nobody knows how to check a {type(made).__name__}"


def _message(blocks: list[dict[str, Any]]) -> Iterator[str]:
    yield from (f"{problem.message} at {problem.pointer}" for problem in problems(blocks, Surface.MESSAGE))
    if len(blocks) > BLOCKS_WANTED:
        yield f"{len(blocks)} blocks"
    if (length := rendered_length(blocks)) > MAX_RENDERED:
        yield f"{length} characters in all"


def _view(view: Mapping[str, Any]) -> Iterator[str]:
    surface = Surface.MODAL if view["type"] == "modal" else Surface.HOME
    yield from (f"{problem.message} at {problem.pointer}" for problem in problems(view["blocks"], surface))
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        yield "view_too_large"
    for key, limit in (("private_metadata", PRIVATE_METADATA_LENGTH), ("callback_id", CALLBACK_ID_LENGTH)):
        if len(str(view.get(key, ""))) > limit:
            yield f"{key} is too long"
    for key in ("title", "submit", "close"):
        if key in view and not 0 < len(view[key]["text"]) <= TITLE_LENGTH:
            yield f"{key} has {len(view[key]['text'])} characters"
    if surface is Surface.MODAL and "title" not in view:
        yield "a modal without a title"
    if any(block["type"] == "input" for block in view["blocks"]) and not view.get("submit"):
        yield "a form that cannot be sent"
    initial_values(view["blocks"], {})  # raises where an initial value is none of the options


def mentioned(made: Any) -> tuple[str, ...]:
    match made:
        case str():
            return targets(made, [])
        case Said() | Message():
            return targets(made.text, getattr(made, "blocks", []))
        case (built, *_):
            return mentioned(built)
        case Mapping():
            return targets("", made["blocks"] if "blocks" in made else [dict(made)])
        case list():
            return targets("", made)
    return ()


# --- snapshots -------------------------------------------------------------------------------------------------------


def path_of(sample: Sample) -> Path:
    module, _, name = sample.builder.rpartition(".")
    return SNAPSHOTS / module / f"{name}.{sample.case}.json"


def same_as_snapshot(sample: Sample, made: object) -> None:
    path = path_of(sample)
    text = json.dumps(plainly(made), indent=1, ensure_ascii=False) + "\n"
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return
    assert path.exists(), f"{sample.name} has no snapshot: run with UPDATE_SNAPSHOTS=1 and read what it shows"
    was = path.read_text()
    if was != text:
        told = "\n".join(difflib.unified_diff(was.splitlines(), text.splitlines(), "was", "is", lineterm="", n=2))
        pytest.fail(
            f"{sample.name} has changed; if it is meant so, run with UPDATE_SNAPSHOTS=1:\n{told}", pytrace=False
        )


def plainly(made: object) -> object:
    """Values as JSON; long texts line by line, so that a difference can be read."""
    match made:
        case Message():
            return {"text": made.text, "blocks": plainly(made.blocks)}
        case Said():
            return {"text": plainly(made.text), "is_public": made.is_public}
        case str() if "\n" in made:
            return made.split("\n")
        case list() | tuple():
            return [plainly(one) for one in made]
        case Mapping():
            return {key: plainly(value) for key, value in made.items()}
    return made
