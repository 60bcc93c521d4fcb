"""Arguments that name files: they have to lie where a step may look."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from integrations.programs.argument import bad


def check_path(argument: str, name: str, directory: str, allowed: Collection[str]) -> None:
    """Raises ActionRefused where `argument` leads, by itself or by a link, to a file outside of `allowed`."""
    for part in _paths_in(argument):
        if ".." in Path(part).parts:
            raise bad(name, "a path with .. in it is not allowed: write where it leads.")
        if not part.startswith("/") and not directory:
            continue  # in the temporary folder there is nothing to be found
        real = os.path.realpath(os.path.join(directory or "/", part))
        if not is_within(real, allowed) and (part.startswith("/") or os.path.lexists(os.path.join(directory, part))):
            where = f" (it leads to {real})" if real != part else ""
            raise bad(name, f"{part}{where} is not in EXEC_READABLE or EXEC_WRITABLE.")


def is_within(path: str, allowed: Collection[str]) -> bool:
    return any(Path(path).is_relative_to(os.path.realpath(place)) for place in allowed)


def files_in(argument: str, directory: str) -> list[str]:
    """Real paths of the files that an argument names."""
    found = [os.path.realpath(os.path.join(directory or "/", part)) for part in _paths_in(argument)]
    return [path for path in found if Path(path).is_file()]


def _paths_in(argument: str) -> list[str]:
    """The argument itself, and what stands behind the = of an option or right behind its letter."""
    parts = [argument]
    if argument.startswith("-"):
        _, sign, value = argument.partition("=")
        parts = [value] if sign else [argument[argument.index("/") :]] if "/" in argument else []
    return [part for part in parts if part]
