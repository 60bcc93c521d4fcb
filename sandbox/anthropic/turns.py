"""What the model of a script does, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.anthropic.asked import Asked


@dataclass(frozen=True)
class Cite:
    """A search result of the request, by its source; the first of that source."""

    source: str
    passage: int = 0
    until: int | None = None  # exclusive; one passage where it is not set


@dataclass(frozen=True)
class Say:
    """One block of text, and `then` more of them, each with its own citations."""

    text: str
    cites: Sequence[Cite | str] = ()
    then: Sequence[Say] = ()
    thinking: str = ""


@dataclass(frozen=True)
class Use:
    name: str
    input: Any = None  # an empty object where it is not set
    raw: str | None = None  # sent in its place, word for word


@dataclass(frozen=True)
class CallTools:
    calls: Sequence[Use]
    text: str = ""
    thinking: str = ""


@dataclass(frozen=True)
class Json:
    """A typed answer; not checked against the form, so that scripts can give wrong ones."""

    value: Any
    thinking: str = ""

    @property
    def text(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)


@dataclass(frozen=True)
class Refuse:
    category: str | None = "cyber"
    text: str = ""  # said before it was stopped


@dataclass(frozen=True)
class Truncate:
    """Ends at max_tokens: in text, or within the input of a call."""

    text: str = ""
    call: Use | None = None  # its `raw` is where it was cut


@dataclass(frozen=True)
class Fill:
    """Ends because the window of the model is full."""

    text: str = ""


@dataclass(frozen=True)
class Pause:
    """Stops in the middle of a long turn, which may be gone on with."""

    text: str = ""


@dataclass(frozen=True)
class Error:
    """Answers with an error in the place of a message."""

    status: int
    type: str = ""  # by the status where it is not set
    retry_after: float | None = None
    message: str = "scripted"
    code: str = ""  # details.error_code
    should_retry: str = ""  # x-should-retry


@dataclass(frozen=True)
class StreamError:
    """An error event within a stream that began well, after so many events of `turn`."""

    type: str = "overloaded_error"
    after: int = 1
    turn: Turn = Say("one two three four")


@dataclass(frozen=True)
class CutAfter:
    """The connection breaks after so many events. `politely`: the body ends as if that were all."""

    events: int
    turn: Turn = Say("one two three four five six seven eight")
    politely: bool = False


@dataclass(frozen=True)
class Garbage:
    """200, and not what the protocol says."""

    body: str = "<html><body><h1>It works!</h1></body></html>"
    content_type: str = "text/html"


@dataclass(frozen=True)
class Slow:
    """Seconds. There are pings while nothing else comes."""

    turn: Turn
    first_token_after: float = 0.0
    per_token: float = 0.0
    ping_every: float = 5.0


Turn: TypeAlias = (
    Say | CallTools | Json | Refuse | Truncate | Fill | Pause | Error | StreamError | CutAfter | Garbage | Slow
)
Script: TypeAlias = Sequence[Turn] | Callable[[Asked], Turn]
