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
