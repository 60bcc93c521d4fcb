"""A model that is told stand-ins for hosts, addresses, people and accounts, and whose words have the real names again.

        caller --> real names --> [ hide ] --> stand-ins --> model
        caller <-- real names <-- [restore] <-- stand-ins <-- model

Nothing is kept between requests. Names are numbered in the order in which they occur in a request, so the turns of a
conversation that grows are told as they were before: caches hold, and thinking that goes back fits what stood before.
Instructions and tools are ours and hold no such names; what the model itself wrote goes back as it wrote it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bot.domain.model import (
    AssistantTurn,
    Citation,
    Document,
    Ended,
    ModelError,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    OperatorNote,
    Parsed,
    Partial,
    TextPart,
    ToolCall,
    ToolResult,
    ToolResults,
    Turn,
    UserTurn,
)
from bot.domain.ports.model import Model
from bot.domain.pseudonyms import Hidden, Pseudonyms, Restorer

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")

NO_BLOCKS = "[]"
MISFIT = "The model's answer does not fit its form with the real names in it, so it was set aside."


class PseudonymousModel:
    """The `Model` port."""

    def __init__(self, model: Model, *, stays: Iterable[str] = (), known: Mapping[str, Hidden] | None = None) -> None:
        """`stays`, `known`: see `Pseudonyms`."""
        self._model = model
        self._stays = frozenset(stays)
        self._known = dict(known or {})

    async def parse(self, request: ModelRequest, shape: type[T]) -> Parsed[T]:
        told = self._told(request)
        try:
            parsed = await self._model.parse(told.request, shape)
        except ModelError as error:
            raise told.failed(error) from None
        value = _refitted(parsed.value, shape, told.names)
        if value is None:
            raise ModelError(ModelFailure.GARBAGE, MISFIT, spent=parsed.spent)
        return replace(parsed, value=value, turn=told.turn(parsed.turn))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        told = self._told(request)
        words = _Words(told.names)
        try:
            async with aclosing(self._model.stream(told.request)) as events:
                async for event in events:
                    match event:
                        case TextPart():
                            for part in words.feed(event):
                                yield part
                        case Citation():
                            yield told.citation(event)
                        case ToolCall():
                            for part in words.finish():
                                yield part
                            yield told.call(event)
                        case Ended():
                            for part in words.finish():
                                yield part
                            yield told.ended(event)
                        case _:
                            yield event
        except ModelError as error:
            for part in words.finish():
                yield part
            raise told.failed(error) from None

    async def count(self, request: ModelRequest) -> int:
        return await self._model.count(self._told(request).request)

    def _told(self, request: ModelRequest) -> _Told:
        return _Told(request, Pseudonyms(self._known, stays=self._stays))


class _Told:
    """One request as the model is told it, and its words as they are meant."""

    def __init__(self, request: ModelRequest, names: Pseudonyms) -> None:
        self.names = names
        self._documents: list[tuple[Document, Document]] = []  # as they are, as they are told
        self.request = replace(request, turns=tuple(self._turn(turn) for turn in request.turns))

    def _turn(self, turn: Turn) -> Turn:
        match turn:
            case UserTurn():
                documents = self._hidden(turn.documents)
                return replace(turn, text=self.names.hide(turn.text), documents=documents)
            case OperatorNote():
                return replace(turn, text=self.names.hide(turn.text))
            case AssistantTurn():
                # Blocks that the model wrote hold stand-ins already. Where there are none, the text is sent.
                return replace(turn, text=self.names.hide(turn.text)) if turn.content == NO_BLOCKS else turn
            case ToolResults():
                return replace(turn, results=tuple(self._result(result) for result in turn.results))

    def _result(self, result: ToolResult) -> ToolResult:
        documents = self._hidden(result.documents)
        return replace(result, text=self.names.hide(result.text), documents=documents)

    def _hidden(self, documents: Iterable[Document]) -> tuple[Document, ...]:
        hide, hidden = self.names.hide, []
        for document in documents:
            passages = tuple(hide(passage) for passage in document.passages)
            hidden.append(Document(id=hide(document.id), title=hide(document.title), passages=passages))
            self._documents.append((document, hidden[-1]))
        return tuple(hidden)

    def turn(self, turn: AssistantTurn) -> AssistantTurn:
        """For reading with the real names; what goes back stays as it came."""
        return replace(turn, text=self.names.restore(turn.text), calls=tuple(self.call(call) for call in turn.calls))

    def call(self, call: ToolCall) -> ToolCall:
        return replace(call, input={name: _restored(value, self.names) for name, value in call.input.items()})

    def citation(self, citation: Citation) -> Citation:
        """Of the document as it was handed over: whole passages of it, word by word."""
        places = citation.passages
        for document, told in self._documents:
            if told.id == citation.document_id and _passages(told, places) == citation.cited_text:
                return replace(citation, document_id=document.id, cited_text=_passages(document, places))
        restore = self.names.restore
        return replace(citation, document_id=restore(citation.document_id), cited_text=restore(citation.cited_text))

    def ended(self, ended: Ended) -> Ended:
        return replace(ended, turn=self.turn(ended.turn), notice=self.names.restore(ended.notice))

    def failed(self, error: ModelError) -> ModelError:
        if error.partial is not None:
            said = self.names.restore(error.partial.text)
            citations = tuple(self.citation(citation) for citation in error.partial.citations)
            error.partial = Partial(text=said, citations=citations)
        return error


class _Words:
    """Text as it comes, restored; the end of a piece may be kept back until the next one of its block."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names
        self._block = 0
        self._restorer: Restorer | None = None

    def feed(self, part: TextPart) -> Iterator[TextPart]:
        if self._restorer is None or part.block != self._block:
            yield from self.finish()
            self._restorer, self._block = self._names.restorer(), part.block
        if text := self._restorer.feed(part.text):
            yield replace(part, text=text)

    def finish(self) -> Iterator[TextPart]:
        text = self._restorer.finish() if self._restorer else ""
        self._restorer = None
        if text:
            yield TextPart(text=text, block=self._block)


def _passages(document: Document, places: Iterable[int]) -> str:
    return "".join(document.passages[place] for place in places if place < len(document.passages))


def _restored(value: object, names: Pseudonyms) -> object:
    """Of JSON: every string in it that is no key."""
    if isinstance(value, str):
        return names.restore(value)
    if isinstance(value, Mapping):
        return {name: _restored(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(item, names) for item in value]
    return value


def _refitted(value: T, shape: type[T], names: Pseudonyms) -> T | None:
    """With the real names, checked against its form again; None where it does not fit.

    A real name may be longer than its stand-in: words that become too long for the form by it are cut.
    """
    from pydantic import ValidationError

    told = _restored(value.model_dump(mode="json", by_alias=True), names)
    try:
        return shape.model_validate_json(json.dumps(told))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    for item in wrong:
        if item["type"] != "string_too_long":
            return None
        _cut(told, item["loc"], int(item["ctx"]["max_length"]))
    try:
        return shape.model_validate_json(json.dumps(told))
    except ValidationError:
        return None


def _cut(told: object, path: tuple[int | str, ...], limit: int) -> None:
    """What stands at the end of `path`."""
    *way, last = path
    place = told
    for step in way:
        place = _at(place, step)
    text = _at(place, last)
    if isinstance(text, str) and isinstance(place, dict | list):
        place[last] = text[: limit - 1].rstrip() + "…"  # type: ignore[index]


def _at(place: object, step: int | str) -> object:
    if isinstance(place, list) and isinstance(step, int):
        return place[step]
    return place.get(step) if isinstance(place, dict) else None
