"""What was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    DEPLOYMENT = "deployment"
    RELEASE = "release"
    MERGE = "merge"  # merged is not deployed
    WORKFLOW = "workflow run"  # a run of the pipeline that is known to no deployment
    EVENT = "change event"  # what another tool reported of itself


@dataclass(frozen=True, kw_only=True)
class ChangeFact:
    service: str
    kind: ChangeKind
    at: datetime
    version: str
    title: str
    author: str = ""
    previous: str | None = None  # the version before, where known: the rollback target
    environment: str = ""
    succeeded: bool | None = None  # a deployment's last status; None where unknown
    files: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()  # of its commits since `previous`, the most first
    commits: int | None = None  # since `previous`, as the next two
    added: int | None = None  # lines
    removed: int | None = None
    flags: tuple[str, ...] = ()  # what in it deserves a look: "database migration", "dependencies", "configuration"
    compare: str | None = None  # link to all that changed since `previous`
    rollback: str = ""  # the exact ref or release to go back to, where it is known to have run well
    is_rollback: bool = False  # it went back to a version that ran before `previous`
