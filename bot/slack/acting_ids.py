"""The names by which buttons, reactions and the modal of runs and requests come back from Slack."""

from __future__ import annotations

from bot.domain.approval import Request
from bot.domain.run import Part, StepKey

APPROVE = "approval_approve"  # value: decision_value
DENY = "approval_deny"  # value: decision_value
WITHDRAW = "approval_withdraw"  # value: the request's id
HAPPENED = "step_happened"  # value: StepKey.text, like the next two
NOT_HAPPENED = "step_not_happened"
UNDO = "step_undo"
CANCEL_RUN = "run_cancel"  # value: the run's id
RUN_RUNBOOK = "run_runbook"  # value: runbook_value
RUN_OTHER = "run_other_runbook"  # value: runbook_value without a runbook
DETAILS = "run_details"  # value: the run's id
RUN_MODAL = "run_modal"  # callback id of both views of the modal
PICK_RUNBOOK = "run_pick_runbook"  # the first view's list: choosing from it leads to the second view

# Slack has two check marks and two crosses that people take for the same.
APPROVING = ("white_check_mark", "heavy_check_mark")
DENYING = ("x", "negative_squared_cross_mark")


def decision_value(request: Request) -> str:
    return f"{request.id}:{request.digest}"


def read_decision(value: str) -> tuple[str, str] | None:
    """The request's id and the digest that was shown; None where it is neither."""
    request, _, digest = value.partition(":")
    return (request, digest) if request and digest else None


def read_step_key(text: str) -> StepKey | None:
    """What `StepKey.text` says; None where it says nothing. Steps' names have no colon, nor have runs' ids."""
    match text.split(":"):
        case [run, step, item, part] if run and step and item.isascii() and item.isdigit() and part in set(Part):
            return StepKey(run=run, step=step, item=int(item), part=Part(part))
        case _:
            return None


def runbook_value(incident_id: str, runbook_id: str = "") -> str:
    """`runbook_id`: "" where it is still to be picked."""
    return f"{incident_id}:{runbook_id}"


def read_runbook(value: str) -> tuple[str, str] | None:
    """The incident's id and the runbook's, which is "" where it is still to be picked."""
    incident, colon, runbook = value.partition(":")
    return (incident, runbook) if incident and colon else None
