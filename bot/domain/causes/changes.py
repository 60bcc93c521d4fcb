"""Was it a change? Time alone proves little: the changed service must have moved after it, nothing below before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.calm import calm
from bot.domain.causes.case import SAME_TIME, Case, Cited, is_symptom, moved_at
from bot.domain.causes.own_errors import REACTION, errors_since, is_since
from bot.domain.causes.platform import crashing, events, which
from bot.domain.causes.traffic import growth, surged
from bot.domain.causes.weigh import apart, hypothesis, reason
from bot.domain.causes.words import clock, span
from bot.domain.context import CHANGE_WINDOW
from bot.domain.evidence import ChangeFact, ChangeKind

# How much closeness to the first symptom says, by the time between.
CLOSENESS = (
    (timedelta(minutes=5), 2.0),
    (timedelta(minutes=15), 1.6),
    (timedelta(hours=1), 1.0),
    (CHANGE_WINDOW, 0.4),
)
SLOW_REACTION = -1.0
AFTER_THE_ALERT = -6.0  # it cannot be the cause
AFTER_THE_SYMPTOMS = -4.0  # as good as: only a wrong clock could save it
UNINVOLVED = -2.0
NOT_DEPLOYED = {
    ChangeKind.MERGE: (-2.0, "a merge is not a deployment"),
    ChangeKind.RELEASE: (-0.5, "a release is not a deployment"),
    ChangeKind.WORKFLOW: (-1.0, "a run of the pipeline that no deployment is known of"),
    ChangeKind.EVENT: (-0.5, "a tool told of it, it may be no deployment"),
}
# What a change touches that goes wrong more often than code: migrations cannot be undone by going back alone.
FLAGS = (("migration", 0.5), ("configuration", 0.3), ("dependencies", 0.2))
CRASHES = 1.5


def consider(case: Case) -> Iterator[Hypothesis]:
    for change in _candidates(case):
        fact = change.fact
        statement = f"{fact.kind.capitalize()} of {fact.service} {fact.version} at {clock(fact.at)}"
        yield hypothesis(CauseKind.DEPLOYMENT, fact.service, fact.version, statement, _reasons(case, change))


def _candidates(case: Case) -> list[Cited[ChangeFact]]:
    """A release or merge whose version was deployed is spoken for by its deployment."""
    deployed = {(c.fact.service, c.fact.version) for c in case.changes if c.fact.kind is ChangeKind.DEPLOYMENT}
    return [
        c
        for c in case.changes
        if c.fact.kind is ChangeKind.DEPLOYMENT or (c.fact.service, c.fact.version) not in deployed
    ]


def _reasons(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    fact = change.fact
    yield _timing(case, change)
    if fact.service == case.service:
        yield reason(1.0, f"a change of {fact.service} itself", *change.ids)
        yield from _own_reaction(case, change)
    else:
        yield from _involvement(case, change)
    yield from _explained_from_below(case, change)
    yield from errors_since(case, change)
    yield from _crashes(case, change)
    yield from _flagged(case, change)
    if fact.kind in NOT_DEPLOYED:
        yield reason(*NOT_DEPLOYED[fact.kind], *change.ids)
    if newer := _replaced_by(case, fact):
        yield reason(-3.0, f"{newer.fact.version} replaced it before the trouble", *newer.ids)
    if fact.succeeded is False:
        yield reason(0.75, "the deployment reported failure", *change.ids)
    if elsewhere := _other_environment(case, fact):
        yield reason(-3.0, f"it went to {fact.environment}, not to {elsewhere}", *change.ids)
    yield from _outlived(case, fact)


def _crashes(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """New pods that do not come up, from after the change on."""
    fact = change.fact
    if pods := crashing(case, fact.service):
        since = pods.fact.since
        if since is None or since >= fact.at - SAME_TIME:
            code = f" (exit code {pods.fact.exit_code})" if pods.fact.exit_code is not None else ""
            yield reason(CRASHES, f"{which(pods.fact)} crash since{code}", pods.id, *change.ids)
    stuck = [e for e in events(case, "ProgressDeadlineExceeded") if e.fact.service == fact.service]
    if stuck and fact.succeeded is not False and stuck[0].fact.last_seen >= fact.at:
        yield reason(CRASHES, f"the rollout of {fact.service} is stuck since", stuck[0].id, *change.ids)


def _flagged(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """Only where it came in time to matter: what is in it proves nothing by itself."""
    if change.fact.at > case.began + SAME_TIME:
        return
    told = [(weight, flag) for flag in change.fact.flags for word, weight in FLAGS if word in flag.lower()]
    if told:
        names = ", ".join(flag for _, flag in told)
        yield reason(max(weight for weight, _ in told), f"there is more than code in it: {names}", *change.ids)


def _timing(case: Case, change: Cited[ChangeFact]) -> Reason:
    at, onset, ids = change.fact.at, case.request.onset, case.began_ids
    if at > onset + SAME_TIME:
        return reason(AFTER_THE_ALERT, f"it came {span(at - onset)} after the alert", *change.ids)
    if at > case.began + SAME_TIME:
        return reason(AFTER_THE_SYMPTOMS, f"it came {span(at - case.began)} after the first symptom", *change.ids, *ids)
    before = case.began - at
    weight = next((w for within, w in CLOSENESS if before <= within), 0.1)
    return reason(weight, f"{apart(before)} the first symptom", *change.ids, *ids)


def _own_reaction(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    at = change.fact.at
    first = case.first_move(case.service)
    if at > case.began + SAME_TIME:
        return
    if surge := surged(case, before=at - SAME_TIME):
        yield reason(-1.5, f"the load was {growth(surge.fact):.1f} times the usual before it", surge.id)
    if first is None:
        if quiet := [m.id for m in case.signals(case.service) if is_symptom(m.fact)]:
            yield reason(SLOW_REACTION, f"nothing of {case.service} moved after it", *change.ids, *quiet)
        return
    delay = moved_at(first.fact) - at
    if delay < -SAME_TIME:
        yield reason(-1.5, f"{first.fact.metric} was off {span(delay)} before it", first.id)
    elif delay <= REACTION:
        yield reason(1.5, f"{first.fact.metric} left its normal {apart(-delay)} it", first.id, *change.ids)
    else:
        yield reason(
            SLOW_REACTION, f"nothing of {case.service} moved for {span(delay)} after it", first.id, *change.ids
        )


def _involvement(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """A neighbour's change is a suspect only where the neighbour itself moved between the change and the trouble."""
    fact = change.fact
    if fact.service not in case.below(case.service):
        yield reason(-1.5, f"{case.service} does not depend on {fact.service}", *change.ids)
    first = case.first_move(fact.service)
    if first is None:
        quiet = [m.id for m in case.signals(fact.service)]
        if not quiet and any(is_since(log.fact, fact) for log in case.notable_logs(fact.service)):
            return  # nobody measured it; its own errors, which are weighed by themselves, say that it was hurt
        what = "its signals stayed normal" if quiet else "no sign that it was hurt"
        yield reason(UNINVOLVED, f"{fact.service}: {what}", *change.ids, *quiet)
    elif moved_at(first.fact) < fact.at - SAME_TIME:
        yield reason(UNINVOLVED, f"{fact.service} was off before it", first.id, *change.ids)
    elif moved_at(first.fact) > case.began + SAME_TIME:
        yield reason(UNINVOLVED, f"{fact.service} moved only after {case.service} did", first.id, *case.began_ids)
    elif (delay := moved_at(first.fact) - fact.at) <= REACTION:
        text = f"{first.fact.metric} of {fact.service} left its normal {apart(-delay)} it"
        yield reason(2.5, text, first.id, *change.ids)
    else:
        yield reason(
            SLOW_REACTION, f"nothing of {fact.service} moved for {span(delay)} after it", first.id, *change.ids
        )


def _explained_from_below(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    own = case.first_move(change.fact.service)
    if own is None or moved_at(own.fact) < change.fact.at - SAME_TIME:
        return  # nothing to explain, or it counts against the change already
    if deeper := case.moved_first_below(change.fact.service, moved_at(own.fact)):
        ahead = span(moved_at(own.fact) - moved_at(deeper.fact))
        yield reason(-1.5, f"{deeper.fact.service}, which it calls, moved {ahead} earlier", deeper.id, own.id)


def _outlived(case: Case, change: ChangeFact) -> Iterator[Reason]:
    """A bad version does not heal by itself."""
    newer = any(c.fact.service == change.service and c.fact.at > change.at for c in case.changes)
    normal = calm(case)
    if normal and not newer:
        text = f"{case.service} is normal now with it still in place"
        yield reason(UNINVOLVED, text, *(m.id for m in normal))


def _replaced_by(case: Case, change: ChangeFact) -> Cited[ChangeFact] | None:
    """The newest later deployment of the same service to the same place that the trouble came after."""
    later = [
        c
        for c in case.changes
        if c.fact.kind is ChangeKind.DEPLOYMENT
        and (c.fact.service, c.fact.environment) == (change.service, change.environment)
        and change.at < c.fact.at <= case.began + SAME_TIME
        and c.fact.version != change.version
    ]
    return max(later, key=lambda c: (c.fact.at, c.id)) if later else None


def _other_environment(case: Case, change: ChangeFact) -> str | None:
    """Where the trouble is, if the change went elsewhere; None where either is unknown."""
    service = next((s for s in case.request.services if s.name == change.service), None)
    here = case.request.alert.environment or (service.environment if service else "")
    if not here or not change.environment or here[:4].lower() == change.environment[:4].lower():
        return None
    return here
