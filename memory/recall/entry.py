"""A record as the search sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    id: str
    fields: Mapping[str, str]
    passages: tuple[str, ...] = ()  # of a long text; empty where it is one
    called: tuple[str, ...] = ()  # what it is about, in names: a service, a folder, a file
    exact: tuple[str, ...] = ()  # names of alerts and codes of errors that it is for
    again: str = ""  # records with the same one tell of the same thing that happened again
