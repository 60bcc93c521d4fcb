"""What to do about it, as far as it follows from the record. People add what only they know."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.words import span
from bot.domain.life.follow_up import Priority
from bot.domain.plaintext import plain
from bot.domain.postmortem.judging import MOST_FACTS, SOON
from bot.domain.postmortem.material import ONSET, OPENED, Material
from bot.domain.postmortem.notes import Notes
from bot.domain.postmortem.statement import ActionItem

NAME_LIMIT = 80
_LASTING = {
    CauseKind.DEPLOYMENT: "Find out why the change to {service} passed its checks, and add one that it fails.",
    CauseKind.EXHAUSTION: "Give {service} lasting room or a limit for {subject}, and an alert before it runs out.",
    CauseKind.DEPENDENCY: "Make what depends on {service} bear its failure: time-out, retry budget, fallback.",
    CauseKind.TRAFFIC: "Decide how {service} sheds or absorbs such load: limits, scaling, queueing.",
    CauseKind.CONFIGURATION: "Check the setting of {service} before it is rolled out: it was seen only afterwards.",
    CauseKind.INFRASTRUCTURE: "Make {service} survive the loss of what it runs on: {subject}.",
}


def action_items(material: Material, notes: Notes, cause: Hypothesis | None) -> Iterator[ActionItem]:
    for follow_up in notes.follow_ups:
        yield ActionItem(text=follow_up.text, priority=Priority.P1, facts=follow_up.facts)
    if cause is not None and cause.kind in _LASTING:
        basis = tuple(dict.fromkeys(name for reason in cause.reasons_for for name in reason.evidence))
        service = plain(cause.service, NAME_LIMIT) or "the service"
        text = _LASTING[cause.kind].format(service=service, subject=plain(cause.subject, NAME_LIMIT) or "it")
        if basis:
            yield ActionItem(text=text, priority=Priority.P0, facts=basis, owner=f"the team of {service}")
    elif not notes.causes:
        yield ActionItem(text="Settle the cause.", priority=Priority.P0, facts=(OPENED,))
    incident = material.incident
    late = incident.opened_at - incident.started_at
    if late > SOON:
        text = f"Alert earlier: {span(late)} went by between the onset and the first alert."
        yield ActionItem(text=text, priority=Priority.P1, facts=(ONSET, OPENED))
    if unseen := tuple(material.gaps()):
        count = "one source" if len(unseen) == 1 else f"{len(unseen)} sources"
        text = f"See to it that {count} can be looked at the next time."
        yield ActionItem(text=text, priority=Priority.P2, facts=unseen[:MOST_FACTS])
