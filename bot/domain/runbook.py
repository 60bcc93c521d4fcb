"""A procedure that an operator wrote down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RunbookStep:
    title: str
    command: str = ""  # text to show; nothing runs it from here


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """When a runbook fits; every field that is set raises the match, an alert name wins outright."""

    alerts: tuple[str, ...] = ()  # exact alert names
    services: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # words of the alert's title, description or of a likely cause


@dataclass(frozen=True, kw_only=True)
class Runbook:
    id: str
    title: str
    owner: str
    trigger: Trigger
    steps: tuple[RunbookStep, ...]
    summary: str = ""
    link: str | None = None
