"""Runbooks of the operators: one YAML file each."""

from __future__ import annotations

from memory.runbooks.load import Lint, lint_runbooks, load_runbooks
from memory.runbooks.schema import file_schema
from memory.runbooks.source import RunbookSource
from memory.runbooks.uses import DeclaredAction

__all__ = ["DeclaredAction", "Lint", "RunbookSource", "file_schema", "lint_runbooks", "load_runbooks"]
