"""Typed settings that live beside the thing they set.

A settings class is a frozen dataclass whose fields are made with `setting(...)`. `read` fills it from a mapping of
environment variables; the process's own environment is read by the command line alone, `bot.__main__` and `bot.cli`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, get_type_hints

from bot.domain.errors import SettingsError

S = TypeVar("S")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def setting(env: str, *, help: str, default: Any = MISSING, secret: bool = False) -> Any:
    """A dataclass field read from the variable `env`.

    Types understood: str, int, float, bool, tuple[str, ...] (comma-separated) and each of them with None.
    `secret`: its value is never shown, logged or put into an error.
    """
    metadata = {"env": env, "help": help, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


def read(cls: type[S], environ: Mapping[str, str]) -> S:
    """Build `cls` from `environ`; raises SettingsError naming the variable and the remedy."""
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for item in fields(cls):  # type: ignore[arg-type]
        raw = environ.get(item.metadata["env"], "").strip()
        if raw:
            values[item.name] = _convert(raw, hints[item.name], item)
        elif item.default is MISSING:
            raise SettingsError(f"{item.metadata['env']} is not set: {item.metadata['help']}")
    return cls(**values)


def named_numbers(env: str, pairs: Sequence[str]) -> dict[str, float]:
    """ "name=number" pairs, as {name: number}, all above zero. Raises SettingsError."""
    found: dict[str, float] = {}
    for pair in pairs:
        name, sign, raw = (part.strip() for part in pair.partition("="))
        if not sign or not name:
            raise SettingsError(f"{env} takes name=number pairs with commas between them; {pair!r} is none.")
        try:
            number = float(raw)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise SettingsError(f"{env} takes numbers above zero; {raw!r} of {name} is none.")
        if name in found:
            raise SettingsError(f"{env} names {name} twice: leave one of them out.")
        found[name] = number
    return found


def check_names(env: str, names: Collection[str], known: Collection[str]) -> None:
    """Raises SettingsError where one of `names` is not known."""
    for name in names:
        if name not in known:
            raise SettingsError(f"{env} names {name!r}, which there is not; there are: {', '.join(sorted(known))}.")


def _convert(raw: str, hint: Any, item: Field[Any]) -> Any:
    env = item.metadata["env"]
    text = str(hint)
    if "tuple" in text:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if "bool" in text:
        return _boolean(raw, env)
    for kind, words in ((int, "a whole number"), (float, "a number")):
        if kind.__name__ in text:
            try:
                return kind(raw)
            except ValueError:
                shown = "its value" if item.metadata["secret"] else repr(raw)
                raise SettingsError(f"{env} takes {words}; {shown} is none. {item.metadata['help']}") from None
    return raw


def _boolean(raw: str, env: str) -> bool:
    word = raw.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise SettingsError(f"{env} takes true or false; {raw!r} is neither.")
