"""Parameters of a step become arguments of a program: what may not, is refused by name."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from bot.domain.action import ActionRefused, Refusal, Value

LONGEST = 4096  # characters of one argument; paths are no longer on Linux (PATH_MAX)
_SHOWN = 60


def bad(parameter: str, detail: str) -> ActionRefused:
    return ActionRefused(Refusal.BAD_PARAMETER, f"{parameter}: {detail}", parameter=parameter)


def shown(value: object) -> str:
    """A value as part of a sentence: short, and with nothing in it that misleads the eye."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def check_names(parameters: Mapping[str, Value], known: Collection[str]) -> None:
    for name in parameters:
        if name not in known:
            raise bad(shown(name), f"there is no such parameter; there are {', '.join(sorted(known))}.")


def text(parameters: Mapping[str, Value], name: str, default: str | None = None) -> str:
    """Printable ASCII of one line. Raises ActionRefused; without a default it has to be there."""
    value = parameters.get(name, default)
    if value is None:
        raise bad(name, "it is needed.")
    return check_text(value, name)


def check_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise bad(name, f"a text is needed, not {type(value).__name__}.")
    if len(value) > LONGEST:
        raise bad(name, f"it has {len(value)} characters; {LONGEST} are allowed.")
    for place, char in enumerate(value):
        if not char.isascii():
            raise bad(name, f"{shown(char)} at {place + 1} is not ASCII: letters of other scripts look like these.")
        if not char.isprintable():
            raise bad(name, f"the control character {shown(char)} at {place + 1} is not allowed.")
    return value


def texts(parameters: Mapping[str, Value], name: str, limit: int) -> tuple[str, ...]:
    value = parameters.get(name, ())
    if not isinstance(value, list | tuple):
        raise bad(name, f"a list of texts is needed, not {type(value).__name__}.")
    if len(value) > limit:
        raise bad(name, f"it has {len(value)} entries; {limit} are allowed.")
    return tuple(check_text(item, f"{name}[{place}]") for place, item in enumerate(value))


def whole_number(parameters: Mapping[str, Value], name: str, least: int, most: int, default: int | None = None) -> int:
    """Digits in a text count: templates make texts."""
    value = parameters.get(name, default)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad(name, f"a whole number is needed, not {shown(value)}." if name in parameters else "it is needed.")
    if not least <= value <= most:
        raise bad(name, f"{shown(value)} is not between {least} and {most}.")
    return value


def yes_or_no(parameters: Mapping[str, Value], name: str) -> bool:
    value = parameters.get(name, False)
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise bad(name, f"true or false is needed, not {shown(value)}.")
    return value


def seconds(timeout: float, most: float) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not math.isfinite(timeout):
        raise bad("timeout", f"a number of seconds is needed, not {shown(timeout)}.")
    if not 0 < timeout <= most:
        raise bad("timeout", f"{timeout:g} seconds are not between 0 and {most:g}.")
    return float(timeout)
