"""Which names an expression may use at its place in a runbook: a misspelt one is found when the file is read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.condition import ELEMENT, Path


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a value has inside. Without members, elements and openness it is a single text, number or truth value."""

    members: Mapping[str, Names] = field(default_factory=dict)
    elements: Names | None = None  # of a list
    is_open: bool = False  # it may have any further members: labels

    @property
    def is_single(self) -> bool:
        return not self.members and self.elements is None and not self.is_open

    def at(self, path: Path) -> Names | None:
        """None where there is no such name."""
        names = self
        for part in path:
            found = names.elements if part == ELEMENT or part.isdecimal() else names.members.get(part)
            if found is None:
                return OPEN if names.is_open else None
            names = found
        return names


SINGLE = Names()
OPEN = Names(is_open=True)


def listed(elements: Names) -> Names:
    return Names(elements=elements)


def having(**members: Names) -> Names:
    return Names(members=members)


def singles(*names: str, **further: Names) -> Names:
    return Names(members={**dict.fromkeys(names, SINGLE), **further})


def unknown(names: Names, path: Path) -> str:
    """What is wrong with a path, and what to write instead; "" where it leads somewhere."""
    if names.at(path) is not None:
        return ""
    known = next(at for at in range(len(path) - 1, -1, -1) if names.at(path[:at]) is not None)
    parent = names.at(path[:known]) or names
    said, wrong = spelt(path[:known]), path[known]
    full = f"{said}.{wrong}" if said else wrong
    if not parent.members:
        return f"{full} is not known: {said} has no parts"
    near = difflib.get_close_matches(wrong, parent.members, n=1)
    if near:
        return f"{full} is not known here; did you mean {f'{said}.{near[0]}' if said else near[0]}?"
    return f"{full} is not known here; {f'{said} has' if said else 'there are'} {', '.join(sorted(parent.members))}"


def spelt(path: Path) -> str:
    return ".".join(path)
