"""Where the alerts of one batch go: decided and written down one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.flapping import FlapLimits, flapping_text, is_flapping, quiet_text, recoveries
from bot.domain.grouping import BECAUSE, BY_HAND, WINDOW, Around, Decision, DecisionKind, decide, named
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.lifecycle import Step, move
from bot.domain.maintenance import MaintenanceWindow, counts_from, maintenance_text, window_over
from bot.domain.plaintext import plain
from bot.domain.ports import Said, TriageTransaction
from bot.domain.redact import redact
from bot.domain.self_alert import LoopBreaker, SelfAlert
from bot.domain.storm import Rush, StormLimits, Weather, entitled
from bot.domain.together import Learned

logger = logging.getLogger(__name__)

FLAPPING = "flapping"  # the key under which an incident is told of as flapping, once
TITLE_LIMIT = 120  # characters of an alert's title on the timeline of another incident


def no_neighbours(_: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Rules:
    window: timedelta = WINDOW
    on_recovery: IncidentStatus = IncidentStatus.RESOLVED
    neighbours: Callable[[str], Mapping[str, str]] = no_neighbours
    storm: StormLimits | None = None
    flapping: FlapLimits | None = None
    maintenance: tuple[MaintenanceWindow, ...] = ()


class Sorting:
    """Of one transaction."""

    def __init__(
        self, transaction: TriageTransaction, rules: Rules, learned: Learned, breaker: LoopBreaker, now: datetime
    ) -> None:
        self.breaker = breaker  # after what was placed so far
        self.dropped = 0  # alerts: more about the bot itself than it takes
        self._transaction = transaction
        self._rules = rules
        self._learned = learned
        self._now = now
        self._rush: Rush | None = None  # read when it is first asked for: after that it is counted on
        self._storms: dict[str, bool] = {}  # storms that took alerts, and whether they are new
        self._held = ""

    def place(self, alert: Alert, received_at: datetime) -> Sequence[str]:
        """Incidents that are new or changed by it."""
        at = counts_from(self._rules.maintenance, alert.service, received_at, self._now)
        episode = self._transaction.episode(alert.episode)
        is_repeat = episode is not None and alert.status is AlertStatus.FIRING  # the most frequent: needs no incidents
        if not is_repeat and self._is_echo(alert, at):
            return ()
        around = self._around(alert)
        since = at - self._rules.window
        candidates = () if is_repeat else self._transaction.candidates(alert, since, around.names)
        decision = decide(alert, episode, candidates, at, window=self._rules.window, around=around)
        if self._waits(alert, decision, candidates):
            return ()
        decision = self._weathered(alert, self._in_maintenance(alert, decision), candidates, at)
        decision = self._damped(alert, decision, candidates, at)
        logger.debug("%s from %s: %s, %s", alert.fingerprint, alert.source, decision.kind, decision.reason)
        return self._carry_out(alert, decision, candidates, at)

    def held(self) -> str:
        """Why alerts since the last call wait; "" where none does."""
        held, self._held = self._held, ""
        return held

    def finish(self) -> Sequence[str]:
        """After the last alert. Incidents that are changed by it."""
        for incident_id, is_new in self._storms.items():
            services = self._transaction.services(incident_id)
            self._transaction.revise(incident_id, partial(entitled, services=services, is_new=is_new))
        return self._settle()

    # --- what is decided ---------------------------------------------------------------------------------------------

    def _is_echo(self, alert: Alert, at: datetime) -> bool:
        verdict = self.breaker.judge(alert, at)
        if verdict is not SelfAlert.OTHERS:
            self.breaker = self.breaker.after(alert, at)
        self.dropped += verdict.is_dropped
        return verdict.is_dropped

    def _around(self, alert: Alert) -> Around:
        if alert.status is AlertStatus.RESOLVED:
            return Around()
        services = self._rules.neighbours(alert.service) if alert.service else {}
        return Around(services=services, conditions=self._learned.of(named(alert)))

    def _waits(self, alert: Alert, decision: Decision, candidates: Sequence[Incident]) -> bool:
        """It would open an incident within a maintenance: its delivery is held, and what has not recovered by the end
        is placed then. What belongs to an incident that is open goes there.
        """
        window = window_over(self._rules.maintenance, alert.service, self._now)
        is_over = any(one.id == decision.incident_id and not one.status.is_open for one in candidates)
        would_open = decision.kind is DecisionKind.NEW or (decision.kind is DecisionKind.JOIN and is_over)
        if window is None or not would_open or alert.severity is Severity.SEV1 or alert.source == BY_HAND:
            return False
        self._held = maintenance_text(window)
        return True

    def _in_maintenance(self, alert: Alert, decision: Decision) -> Decision:
        window = window_over(self._rules.maintenance, alert.service, self._now)
        if window is None or decision.kind is not DecisionKind.NEW or alert.source == BY_HAND:
            return decision
        because = "; ".join(filter(None, (f"within the {maintenance_text(window)}", decision.because)))
        return replace(decision, reason=GroupingReason.IN_MAINTENANCE, because=because)

    def _weathered(self, alert: Alert, decision: Decision, candidates: Sequence[Incident], at: datetime) -> Decision:
        """In a storm, what would open an incident joins the storm's; what is critical has its own and is told there."""
        limits = self._rules.storm
        if limits is None or decision.kind not in (DecisionKind.NEW, DecisionKind.JOIN) or alert.source == BY_HAND:
            return decision
        rush = self._rush or self._transaction.rush(limits.alerts, limits.incidents)
        self._rush = rush
        weather = rush.weather(at, limits)
        if decision.kind is DecisionKind.JOIN:
            return _apart(alert, decision, candidates, limits, weather)
        if weather is Weather.CALM:
            return decision
        storm = rush.storm if weather is Weather.GOES_ON else None
        if alert.severity is Severity.SEV1:
            return replace(decision, beside=decision.beside or (storm.incident_id if storm else None))
        if storm is None:
            return replace(decision, reason=GroupingReason.STORM)
        join, reason = DecisionKind.JOIN, GroupingReason.STORM
        return Decision(kind=join, reason=reason, incident_id=storm.incident_id, because=decision.because)

    def _damped(self, alert: Alert, decision: Decision, candidates: Sequence[Incident], at: datetime) -> Decision:
        """A condition that comes back again and again is said to flap."""
        if decision.reason is GroupingReason.RECURRED and self._flaps(alert, decision, candidates, at):
            return replace(decision, reason=GroupingReason.FLAPPING)
        return decision

    def _flaps(self, alert: Alert, decision: Decision, candidates: Sequence[Incident], at: datetime) -> bool:
        """With the recovery that the decision stands for."""
        limits = self._rules.flapping
        home = next((one for one in candidates if one.id == decision.incident_id), None)
        if limits is None or home is None:
            return False
        return is_flapping(recoveries(alert, home, at - limits.within) + bool(decision.ends), limits)

    # --- what is done ------------------------------------------------------------------------------------------------

    def _carry_out(
        self, alert: Alert, decision: Decision, candidates: Sequence[Incident], at: datetime
    ) -> Sequence[str]:
        incident_id = decision.incident_id
        if decision.kind is DecisionKind.NEW:
            return self._open(alert, decision, at)
        if decision.kind is DecisionKind.REMEMBER or decision.remember:
            self._transaction.remember_recovery(alert, at)
        if decision.kind in (DecisionKind.REMEMBER, DecisionKind.IGNORE) or incident_id is None:
            return ()
        if decision.kind is DecisionKind.JOIN:
            self._join(incident_id, alert, decision, at)
        elif decision.ends:
            self._recover(incident_id, alert, decision, candidates, at)
        return (incident_id,)

    def _open(self, alert: Alert, decision: Decision, at: datetime) -> Sequence[str]:
        opened = self._transaction.open_incident(_kept(alert, decision), decision.reason, at)
        self._heard(at, opens=True)
        if decision.reason is GroupingReason.STORM:
            self._stormy(opened.id, at, is_new=True)
        if decision.because:
            self._tell(opened.id, f"because/{alert.episode}", f"{_title(alert)}: {decision.because}", at)
        if decision.beside is None:
            return (opened.id,)
        self._tell(opened.id, f"beside/{decision.beside}", _beside(decision.beside), at)
        told = f"Critical and never seen here: {_title(alert)} has an incident of its own, {opened.id}. "
        self._tell(decision.beside, f"beside/{opened.id}", f"{told}Merge them where they are one.", at)
        return opened.id, decision.beside

    def _join(self, incident_id: str, alert: Alert, decision: Decision, at: datetime) -> None:
        self._transaction.join(incident_id, _kept(alert, decision), decision.reason, at)
        self._heard(at, opens=False)
        if self._rush is not None and self._rush.storm is not None and self._rush.storm.incident_id == incident_id:
            self._stormy(incident_id, at, is_new=False)
        if decision.because:
            self._tell(incident_id, f"because/{alert.episode}", f"{_title(alert)}: {decision.because}", at)

    def _recover(
        self, incident_id: str, alert: Alert, decision: Decision, candidates: Sequence[Incident], at: datetime
    ) -> None:
        limits, leads_to = self._rules.flapping, self._rules.on_recovery
        if limits is not None and self._flaps(alert, decision, candidates, at):
            leads_to = IncidentStatus.MONITORING
            self._tell(incident_id, FLAPPING, flapping_text(_title(alert), limits), at)
        for ended in decision.ends:
            self._transaction.recover(incident_id, ended, at, leads_to=leads_to)

    def _settle(self) -> Sequence[str]:
        """Incidents in which a condition flapped are over once they were quiet, unless people have the last word."""
        limits = self._rules.flapping
        if limits is None or self._rules.on_recovery.is_open:
            return ()
        return [self._resolve(name, limits) for name in self._transaction.quiet(self._now - limits.quiet)]

    def _resolve(self, incident_id: str, limits: FlapLimits) -> str:
        def resolved(before: Incident) -> Incident:
            return move(before, Step.RESOLVE, self._now, by_person=False).after

        said = Said(key=f"quiet/{self._now.isoformat()}", text=quiet_text(limits), at=self._now, who="")
        return self._transaction.steer(incident_id, resolved, said).id

    def _heard(self, at: datetime, *, opens: bool) -> None:
        if self._rush is not None and self._rules.storm is not None:
            self._rush = self._rush.heard(at, self._rules.storm, opens=opens)

    def _stormy(self, incident_id: str, at: datetime, *, is_new: bool) -> None:
        if self._rush is not None:
            self._rush = self._rush.stormy(incident_id, at)
        self._storms.setdefault(incident_id, is_new)

    def _tell(self, incident_id: str, key: str, text: str, at: datetime) -> None:
        self._transaction.tell(incident_id, Said(key=key, text=text, at=at, who=""))


def _apart(
    alert: Alert, decision: Decision, candidates: Sequence[Incident], limits: StormLimits, weather: Weather
) -> Decision:
    """What is critical and new is not looked for among the many alerts of its service, unless people know already that
    it is critical there.
    """
    home = next((one for one in candidates if one.id == decision.incident_id), None)
    is_hidden = home is not None and (weather is not Weather.CALM or home.alert_count >= limits.alerts)
    is_unseen = alert.severity is Severity.SEV1 and decision.reason is GroupingReason.SAME_SERVICE
    if home is None or not (is_hidden and is_unseen) or home.severity is Severity.SEV1:
        return decision
    because = f"{alert.service} is burning in {home.id} as well"
    new, reason = DecisionKind.NEW, GroupingReason.UNSEEN_CRITICAL
    return Decision(kind=new, reason=reason, because=because, beside=home.id)


def _beside(other: str) -> str:
    return f"It may belong to {other}, but is critical and new: merge them where they are one."


def _title(alert: Alert) -> str:
    return plain(redact(alert.title), TITLE_LIMIT) or "an alert"


def _kept(alert: Alert, decision: Decision) -> Alert:
    """With what its reason rests on."""
    kept = redacted(alert)
    if not decision.because:
        return kept
    return replace(kept, labels={**kept.labels, BECAUSE: redact(decision.because)})


def redacted(alert: Alert) -> Alert:
    """As it is kept: monitors copy log lines and connection strings into what they say."""
    return replace(
        alert,
        title=redact(alert.title),
        description=redact(alert.description),
        labels={name: redact(value) for name, value in alert.labels.items()},
        links=tuple(replace(link, title=redact(link.title), url=redact(link.url)) for link in alert.links),
    )
