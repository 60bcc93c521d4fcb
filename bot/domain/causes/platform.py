"""What the platform says, read for the rules: what goes on still, what is over, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain.briefing import Reason
from bot.domain.causes.case import Case, Cited
from bot.domain.causes.weigh import reason
from bot.domain.causes.words import span
from bot.domain.evidence import ConditionFact, EventFact, PodFact

OVER_AFTER = timedelta(minutes=10)  # back-offs pause for five minutes at most: quiet for longer is quiet
LONG_BEFORE = timedelta(hours=2)  # what the platform has been saying for so long did not begin this trouble
ELSEWHERE = -1.5
LONG_AGO = -2.0
KILLED = 137  # 128 + SIGKILL: by the memory limit, or by a kubelet whose patience ended
TERMINATED = 143  # 128 + SIGTERM: it was asked to stop, and did
CLEAN_EXITS = frozenset({0, TERMINATED})
_QUOTED = re.compile(r"image [\"“'`]?([\w./:@-]+)")
IMAGE_REASONS = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
# Without a container that could be started, whatever it is set to.
# https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_container.go
SETTINGS_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


def ready(case: Case, service: str) -> Cited[ConditionFact] | None:
    """Whether the platform says that all is well with the pods of `service`."""
    return next((c for c in case.conditions if c.fact.service == service and c.fact.is_good), None)


def is_over(case: Case, event: EventFact) -> bool:
    """All pods have been ready since, or for long enough that it would have come again."""
    clear = ready(case, event.service)
    if clear is None:
        return False
    since = clear.fact.since
    return event.last_seen <= case.request.now - OVER_AFTER or (since is not None and event.last_seen < since)


def is_past(case: Case, pods: PodFact) -> bool:
    """They ended, and run again."""
    return ready(case, pods.service) is not None and not pods.waiting and not pods.pending and bool(pods.terminated)


def events(case: Case, *reasons: str) -> tuple[Cited[EventFact], ...]:
    """Those of these reasons that are not over."""
    return tuple(e for e in case.events if e.fact.reason in reasons and not is_over(case, e.fact))


def conditions(case: Case, *names: str) -> tuple[Cited[ConditionFact], ...]:
    return tuple(c for c in case.conditions if c.fact.condition in names)


def crashing(case: Case, service: str) -> Cited[PodFact] | None:
    """Pods that end again and again, those of most first."""
    found = [
        p
        for p in case.pods
        if p.fact.service == service and "CrashLoop" in p.fact.waiting and not is_past(case, p.fact)
    ]
    return max(found, key=lambda p: (p.fact.count, p.fact.restarts, p.id)) if found else None


def image_of(note: str) -> str:
    found = _QUOTED.search(note)
    return found[1].rstrip(".:") if found else ""


def aged(case: Case, since: datetime | None, *ids: str) -> Iterator[Reason]:
    """What has been so for hours did not begin the trouble."""
    if since and since < case.began - LONG_BEFORE:
        yield reason(LONG_AGO, f"it has been so for {span(case.request.now - since)}", *ids)


def placed(case: Case, service: str, since: datetime | None, *ids: str) -> Iterator[Reason]:
    """What speaks against any fact of the platform: it is about something else, or older than the trouble."""
    if service != case.service and service not in case.below(case.service):
        yield reason(ELSEWHERE, f"{case.service} does not depend on {service}", *ids)
    yield from aged(case, since, *ids)


def which(pods: PodFact) -> str:
    """ "2 of 4 pods of checkout (such as checkout-7c9f)"."""
    named = f"such as {pods.pod}" if pods.count > 1 else pods.pod
    return f"{pods.count} of {pods.total} pods of {pods.service} ({named})"
