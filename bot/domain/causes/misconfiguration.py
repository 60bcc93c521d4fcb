"""Is something set wrongly? An image, a probe, a name, a permission, a certificate, a setting that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes import platform
from bot.domain.causes.case import Case, Cited, got_worse, is_symptom
from bot.domain.causes.complaints import Complaint, complaint, unreachable_registry
from bot.domain.causes.limits import is_certificate
from bot.domain.causes.weigh import hypothesis, reason
from bot.domain.causes.words import clock, names_service, span
from bot.domain.evidence import ChangeKind, EventFact, LogFact, PodFact

FIRST_DAYS = 14  # of a certificate: what expires later is no part of this incident
SAID = 3.0  # a program says what is wrong with its settings in so many words
_ROLLOUT_STUCK = "ProgressDeadlineExceeded"
_MOUNTS = ("FailedMount", "FailedAttachVolume")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A reason to think that `subject` of `service` is set wrongly."""

    service: str
    subject: str  # "image shop/checkout:v2", "liveness probe", "settings", "permission"
    statement: str
    reasons: tuple[Reason, ...]


def consider(case: Case) -> Iterator[Hypothesis]:
    found: dict[tuple[str, str], list[Setting]] = {}
    for setting in _settings(case):
        found.setdefault((setting.service, setting.subject), []).append(setting)
    told = {key: [r for s in those for r in s.reasons] for key, those in found.items()}
    for (service, subject), reasons in told.items():
        is_strongest = not any(
            key[0] == service and _sum(other) > _sum(reasons) for key, other in told.items() if key[1] != subject
        )
        extra = _rollout(case, service) if is_strongest else []
        statement = found[service, subject][0].statement
        yield hypothesis(CauseKind.CONFIGURATION, service, subject, statement, [*reasons, *extra])
    yield from _stuck(case, {service for service, _ in found})


def _settings(case: Case) -> Iterator[Setting]:
    yield from _images(case)
    yield from _containers(case)
    yield from _probes(case)
    yield from _mounts(case)
    yield from _placement(case)
    yield from _certificates(case)
    yield from _logged(case)


def _sum(reasons: list[Reason]) -> float:
    return sum(r.weight for r in reasons)


# --- what the platform says ------------------------------------------------------------------------------------------


def _images(case: Case) -> Iterator[Setting]:
    for pods in case.pods:
        fact = pods.fact
        if fact.waiting not in platform.IMAGE_REASONS or unreachable_registry(fact.note):
            continue
        image = platform.image_of(fact.note)
        name = f"image {image}" if image else "image"
        reasons = [reason(4.0, f"{platform.which(fact)} wait: {fact.waiting}", pods.id)]
        reasons += [
            reason(0.5, f"pulling it failed {e.fact.count} times", e.id)
            for e in platform.events(case, "Failed", "BackOff")
            if e.fact.service == fact.service and image and image in e.fact.note
        ][:1]
        reasons += platform.placed(case, fact.service, fact.since, pods.id)
        statement = f"The {name} of {fact.service} cannot be pulled: {fact.waiting}"
        yield Setting(service=fact.service, subject=name, statement=statement, reasons=tuple(reasons))


def _containers(case: Case) -> Iterator[Setting]:
    for pods in case.pods:
        fact = pods.fact
        if fact.waiting in platform.SETTINGS_REASONS:
            said = f": {fact.note}" if fact.note else ""
            reasons = [reason(4.0, f"{platform.which(fact)} cannot be started: {fact.waiting}{said}", pods.id)]
            reasons += platform.placed(case, fact.service, fact.since, pods.id)
            statement = f"Containers of {fact.service} cannot be made as they are set up: {fact.waiting}"
            yield Setting(service=fact.service, subject="settings", statement=statement, reasons=tuple(reasons))


def _probes(case: Case) -> Iterator[Setting]:
    """A probe that fails is the symptom of an application that does, unless the application fares well."""
    kills = [e for e in platform.events(case, "Killing") if "probe" in e.fact.note.lower()]
    for event in platform.events(case, "Unhealthy"):
        kind = _probe_of(event.fact)
        service = event.fact.service
        weight = 1.0 if kind == "readiness" else 2.5
        text = f"the {kind} probe failed {event.fact.count} times, last at {clock(event.fact.last_seen)}"
        reasons = [reason(weight, text, event.id)]
        reasons += [reason(1.5, f"it had containers killed {e.fact.count} times", e.id) for e in kills[:1]]
        reasons += _application(case, service)
        reasons += platform.placed(case, service, event.fact.first_seen, event.id)
        statement = f"The {kind} probe of {service} fails {_on(event.fact)}"
        yield Setting(service=service, subject=f"{kind} probe", statement=statement, reasons=tuple(reasons))


def _probe_of(event: EventFact) -> str:
    words = event.note.lower()
    return next((kind for kind in ("liveness", "startup", "readiness") if kind in words), "readiness")


def _on(event: EventFact) -> str:
    return f"on {event.objects} objects" if event.objects > 1 else f"on {event.subject}"


def _application(case: Case, service: str) -> Iterator[Reason]:
    pods = [p for p in case.pods if p.fact.service == service and p.fact.exit_code is not None]
    clean = [p for p in pods if p.fact.exit_code in platform.CLEAN_EXITS]
    failing = [p for p in pods if p.fact.exit_code not in (*platform.CLEAN_EXITS, platform.KILLED)]
    out_of_memory = [p for p in pods if p.fact.terminated == "OOMKilled"]
    if clean and not out_of_memory:
        code = clean[0].fact.exit_code
        yield reason(1.0, f"the application itself ended cleanly (exit code {code})", clean[0].id)
    for ended in out_of_memory[:1]:
        yield reason(-3.0, "it was killed for lack of memory", ended.id)
    for ended in failing[:1]:
        yield reason(-1.5, f"the application itself ends with exit code {ended.fact.exit_code}", ended.id)
    if logs := [log for log in case.notable_logs(service) if log.fact.level.lower() not in ("warn", "warning")]:
        most = max(logs, key=lambda log: (log.fact.count, log.id))
        yield reason(-1.5, f"the application logs {most.fact.count} new error lines itself", most.id)
    felt = [m for m in case.signals(service) if is_symptom(m.fact)]
    if hurt := [m for m in felt if got_worse(m.fact)]:
        yield reason(-1.0, f"{hurt[0].fact.metric} of the application is off too", hurt[0].id)
    elif felt:
        yield reason(0.5, f"{felt[0].fact.metric} of the application stayed normal", felt[0].id)


def _mounts(case: Case) -> Iterator[Setting]:
    for event in platform.events(case, *_MOUNTS):
        fact = event.fact
        missing = "not found" in fact.note.lower() or "couldn't" in fact.note.lower()
        reasons = [reason(3.0 if missing else 1.5, f"a volume cannot be mounted, {fact.count} times", event.id)]
        reasons += platform.placed(case, fact.service, fact.first_seen, event.id)
        statement = f"A volume of {fact.service} cannot be mounted {_on(fact)}"
        yield Setting(service=fact.service, subject="volume", statement=statement, reasons=tuple(reasons))


def _placement(case: Case) -> Iterator[Setting]:
    """No node fits for another reason than room: a selector, a taint, a claim that is not there."""
    for pods in case.pods:
        fact = pods.fact
        if fact.pending and fact.note and "insufficient" not in fact.note.lower():
            reasons = [reason(3.0, f"no node may take {platform.which(fact)}: {fact.note}", pods.id)]
            reasons += platform.placed(case, fact.service, fact.since, pods.id)
            statement = f"No node may run pods of {fact.service} as they are set up"
            yield Setting(service=fact.service, subject="scheduling", statement=statement, reasons=tuple(reasons))


def _certificates(case: Case) -> Iterator[Setting]:
    for probe in case.probes:
        days, fact = probe.fact.certificate_days, probe.fact
        told = "certificate" in fact.error.lower()
        if told or (days is not None and days <= 0):
            text = f"{fact.url}: {fact.error or 'its certificate has expired'}"
            yield _certificate(case, fact.service, reason(4.0, text, probe.id))
    for item in case.forecasts:
        left = item.fact.runs_out_at - case.request.now
        if is_certificate(item.fact) and left.days < FIRST_DAYS:
            is_gone = left.total_seconds() <= 0
            text = f"the {item.fact.subject} {'has expired' if is_gone else f'expires in {span(left)}'}"
            yield _certificate(case, item.fact.service, reason(4.0 if is_gone else 0.5, text, item.id))


def _certificate(case: Case, service: str, why: Reason) -> Setting:
    reasons = (why, *platform.placed(case, service, None, *why.evidence))
    return Setting(
        service=service, subject="certificate", statement=f"The certificate of {service} is not valid", reasons=reasons
    )


# --- what programs say -----------------------------------------------------------------------------------------------


def _logged(case: Case) -> Iterator[Setting]:
    """Of several lines with the same complaint, the most frequent one speaks."""
    told: dict[tuple[str, str], tuple[Complaint, Cited[LogFact]]] = {}
    for log in sorted(case.logs, key=lambda log: (-log.fact.count, len(log.id), log.id)):
        said = complaint(f"{log.fact.pattern} {log.fact.sample}")
        if said and said.kind is CauseKind.CONFIGURATION and log in case.notable_logs(log.fact.service):
            told.setdefault((log.fact.service, said.subject), (said, log))
    for (service, subject), (said, log) in told.items():
        lines = f"{log.fact.count} log lines" if log.fact.count > 1 else "a log line"
        reasons = [reason(SAID * said.weight, f"{service} says so in {lines}", log.id)]
        reasons += platform.placed(case, service, None, log.id)
        reasons += _callee_is_hurt(case, said, log)
        statement = f"{service} {said.verb}{f': {said.name}' if said.name else ''}"
        yield Setting(service=service, subject=subject, statement=statement, reasons=tuple(reasons))


def _callee_is_hurt(case: Case, said: Complaint, log: Cited[LogFact]) -> Iterator[Reason]:
    """A name or a permission that fails because what stands behind it does."""
    for name in case.below(log.fact.service):
        moved = case.first_move(name)
        if moved and names_service(said.name or log.fact.sample, name):
            yield reason(-1.5, f"{name}, which it names, is hurt itself", moved.id, log.id)


# --- rollouts --------------------------------------------------------------------------------------------------------


def _rollout(case: Case, service: str) -> list[Reason]:
    """A rollout that hangs, pods that end at once: what is set wrongly keeps new pods from working."""
    told: list[Reason] = []
    if stuck := _stuck_of(case, service):
        told.append(reason(1.5, f"the rollout of {service} is stuck", *stuck))
    if crashing := platform.crashing(case, service):
        told.append(reason(1.0, f"{platform.which(crashing.fact)} crash on start", crashing.id))
    return told


def _stuck(case: Case, explained: set[str]) -> Iterator[Hypothesis]:
    """A rollout that hangs where nothing says why, and nobody reported a deployment that could be named."""
    for service in dict.fromkeys((case.service, *case.below(case.service))):
        ids = _stuck_of(case, service)
        is_known = any(c.fact.service == service and c.fact.kind is ChangeKind.DEPLOYMENT for c in case.changes)
        if not ids or is_known or service in explained:
            continue
        reasons = [reason(2.5, "it has not got on within its deadline", *ids)]
        if crashing := platform.crashing(case, service):
            reasons.append(reason(1.0, f"{platform.which(crashing.fact)} crash: {_ended(crashing.fact)}", crashing.id))
        reasons += platform.placed(case, service, None, *ids)
        statement = f"The rollout of {service} is stuck: its new pods do not get ready"
        yield hypothesis(CauseKind.CONFIGURATION, service, "rollout", statement, reasons)


def _stuck_of(case: Case, service: str) -> tuple[str, ...]:
    told = [e.id for e in platform.events(case, _ROLLOUT_STUCK) if e.fact.service == service]
    return (*told, *(c.id for c in platform.conditions(case, _ROLLOUT_STUCK) if c.fact.service == service))


def _ended(pods: PodFact) -> str:
    return f"exit code {pods.exit_code}" if pods.exit_code is not None else pods.waiting
