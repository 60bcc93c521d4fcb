"""A run as people see it: one message, edited in place, with a line for each step. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.causes.words import span
from bot.domain.plaintext import plain
from bot.domain.run import Part, Run, RunState, StepRun, StepState
from bot.domain.runbook import Runbook, RunbookStep
from bot.slack.acting_ids import CANCEL_RUN
from bot.slack.blocks import exact
from bot.slack.blocks.acting import actions, button, mention, moment, said, spelled, values
from bot.slack.blocks.limits import SECTION_LIMIT, Block, Message, context, fitted, header, section
from bot.slack.mrkdwn import code, escape, link

TITLE, STEP, SUMMARY, WHY = 110, 100, 220, 400  # characters
STEPS_ROOM = 2900
PARAMETERS_ROOM = 900
OUTPUT_ROOM, OUTPUT_LINES = 2600, 30

_STATES = {
    RunState.RUNNING: ("\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}", "Running"),
    RunState.WAITING: ("\N{HOURGLASS WITH FLOWING SAND}", "Waiting for people"),
    RunState.SUCCEEDED: ("\N{WHITE HEAVY CHECK MARK}", "Done"),
    RunState.FAILED: ("\N{CROSS MARK}", "Failed"),
    RunState.REFUSED: ("\N{NO ENTRY}", "Refused"),
    RunState.CANCELLED: ("\N{BLACK SQUARE FOR STOP}", "Cancelled"),
    RunState.STOPPED: ("\N{OCTAGONAL SIGN}", "Stopped by the kill switch"),
}
_STEPS = {
    StepState.PLANNED: (":clipboard:", "planned"),
    StepState.WAITING: (":hourglass_flowing_sand:", "waiting"),
    StepState.STARTED: (":arrows_counterclockwise:", "running"),
    StepState.VERIFYING: (":mag:", "done, being verified"),
    StepState.SUCCEEDED: (":white_check_mark:", "done"),
    StepState.FAILED: (":x:", "failed"),
    StepState.TIMED_OUT: (":hourglass:", "took too long"),
    StepState.VERIFY_FAILED: (":warning:", "done, but it did not help"),
    StepState.UNKNOWN: (":question:", "nobody knows whether it happened"),
    StepState.SKIPPED: (":arrow_right:", "skipped"),
    StepState.REFUSED: (":no_entry:", "refused"),
    StepState.CANCELLED: (":black_square_for_stop:", "cancelled"),
}
_DRY = {StepState.PLANNED: (":clipboard:", "would be done"), StepState.SUCCEEDED: (":clipboard:", "checked")}
_NOT_BEGUN = ":white_circle:"


@dataclass(frozen=True, kw_only=True)
class RunView:
    run: Run
    runbook: Runbook
    steps: Sequence[StepRun]
    incident: str  # its id
    title: str = ""  # of the incident
    links: Mapping[str, str] = field(default_factory=dict)  # of requests' messages, by the request's id


def render(view: RunView) -> Message:
    run = view.run
    sign, word = _STATES[run.state]
    dry = "Dry run: " if run.is_dry else ""
    title = plain(exact.exact(view.runbook.title), TITLE)
    blocks = [header(f"{sign} {dry}{title}"), section(_about(view)), *_parameters(run), section(_steps(view))]
    if run.why:
        blocks.append(section(f"*{word}:* {said(run.why, WHY)}"))
    blocks += _end(run)
    blocks.append(context(" \u00b7 ".join(_foot(view))))
    return Message(text=_spoken(view, dry, word), blocks=blocks)


def _about(view: RunView) -> str:
    run = view.run
    _, word = _STATES[run.state]
    who = f"asked for by {mention(run.requester)}" if run.requester else "started by the bot itself"
    lines = [f"*{word}* \u00b7 {who}"]
    if run.is_dry:
        lines.append("_A dry run: everything is rendered and checked, nothing is changed._")
    if run.reason:
        lines.append(f"*Why:* {said(run.reason, WHY)}")
    return "\n".join(lines)


def _parameters(run: Run) -> list[Block]:
    told = values(list(run.parameters.items()))
    if len(told) > PARAMETERS_ROOM:
        told = f"{len(run.parameters)} values, in the audit log"
    return [context(f"*With* {told}")] if run.parameters else []


# --- steps -----------------------------------------------------------------------------------------------------------


def _steps(view: RunView) -> str:
    """What is still to come gives way first, then what is over; what is open stands in any case."""
    lines = list(_lines(view))
    shown = "\n".join(text for _, text in lines)
    if len(shown) <= STEPS_ROOM:
        return shown or "This runbook has no steps."
    open_ = [text for is_open, text in lines if is_open]
    over = [text for is_open, text in lines if not is_open]
    return fitted([*open_, *over], min(STEPS_ROOM, SECTION_LIMIT), total=len(lines))


def _lines(view: RunView) -> Iterator[tuple[bool, str]]:
    """Each with whether people should see it before others."""
    by_step: dict[str, list[StepRun]] = {}
    for done in view.steps:
        by_step.setdefault(done.key.step, []).append(done)
    for number, step in enumerate(view.runbook.steps, start=1):
        found = by_step.pop(step.id, [])
        if not found:
            yield False, f"{_NOT_BEGUN} {_name(number, step)}"
        many = sum(done.key.part is Part.ACT for done in found) > 1
        for done in sorted(found, key=lambda done: (done.key.item, done.key.part is Part.ROLLBACK)):
            yield _is_open(done), _line(view, done, _name(number, step), many=many or done.key.item > 0)
    for left in by_step.values():  # of another version of the runbook
        for done in left:
            yield _is_open(done), _line(view, done, f"*{said(done.key.step, STEP)}*", many=False)


def _is_open(done: StepRun) -> bool:
    return not done.state.is_over or done.state in (StepState.FAILED, StepState.TIMED_OUT, StepState.VERIFY_FAILED)


def _name(number: int, step: RunbookStep) -> str:
    return f"{number}. *{spelled(step.title or step.id, STEP)}*"


def _line(view: RunView, done: StepRun, name: str, *, many: bool) -> str:
    sign, word = (_DRY if view.run.is_dry else {}).get(done.state) or _STEPS[done.state]
    if done.state is StepState.WAITING:
        word = _waiting(view, done)
    item = f" ({done.key.item + 1})" if many else ""
    undo = "Undo of " if done.key.part is Part.ROLLBACK else ""
    took = f", {duration(done.started_at, done.ended_at)}" if done.started_at and done.ended_at else ""
    told = ". ".join(part.rstrip(". ") for part in (done.summary, done.verified) if part)
    summary = f"\n      {said(told, SUMMARY)}" if told else ""
    return f"{sign} {undo}{name}{item}: {word}{took}{summary}"


def _waiting(view: RunView, done: StepRun) -> str:
    if not done.request:
        return "waiting for a person to do it"
    return f"waiting for {link(view.links.get(done.request), 'an approval')}"


def duration(began: datetime, ended: datetime) -> str:
    seconds = max(0.0, (ended - began).total_seconds())
    return f"{seconds:.1f} s" if seconds < 10 else span(ended - began)


# --- the end ---------------------------------------------------------------------------------------------------------


def _end(run: Run) -> list[Block]:
    if run.state.is_over:
        return []
    if run.cancelled_by:
        return [context(f"{mention(run.cancelled_by)} wants it to end: it ends before the next step.")]
    return [actions(button("Cancel the run", CANCEL_RUN, run.id, style="danger"))]


def _foot(view: RunView) -> Iterator[str]:
    run = view.run
    yield f"Run {escape(plain(run.id, TITLE))}"
    yield f"runbook {code(plain(run.runbook, TITLE))}"
    yield escape(view.incident)
    yield f"started {moment(run.created_at)}"
    if run.ended_at:
        yield f"took {duration(run.created_at, run.ended_at)}"


def _spoken(view: RunView, dry: str, word: str) -> str:
    over = sum(done.state.is_over for done in view.steps)
    counts = f"{over} of {max(len(view.steps), len(view.runbook.steps))} steps are over"
    why = f" {view.run.why}" if view.run.why else ""
    return said(exact.exact(f"{dry}{view.runbook.title}: {word}. {counts}.{why}"), WHY * 2)


# --- in its thread ---------------------------------------------------------------------------------------------------


def output(step: StepRun, title: str) -> tuple[Message, bool]:
    """What a step said; whether some of it does not fit and belongs into a file."""
    sign, word = _STEPS[step.state]
    took = f", {duration(step.started_at, step.ended_at)}" if step.started_at and step.ended_at else ""
    undo = "Undo of " if step.key.part is Part.ROLLBACK else ""
    item = f" ({step.key.item + 1})" if step.key.item else ""
    lines = [f"{sign} *{undo}{spelled(title, STEP)}*{item}: {word}{took}"]
    lines += [said(text, WHY) for text in (step.summary, step.verified) if text]
    blocks, is_longer = [section("\n".join(lines))], False
    if step.output:
        shown, _ = exact.lines(tuple(step.output.split("\n")), is_command=False)
        made, is_longer = exact.block(shown, OUTPUT_ROOM, OUTPUT_LINES)
        blocks.append(made)
    if step.is_cut:
        blocks.append(context("It said more; the rest was not kept."))
    return Message(text=said(f"{undo}{title}: {word}. {step.summary}", WHY * 2), blocks=blocks), is_longer


def output_file(step: StepRun) -> str:
    return exact.lines(tuple(step.output.split("\n")), is_command=False)[0] + "\n"
