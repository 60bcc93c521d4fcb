"""What only a person can do, or knows: asked in the thread of the run's card. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.run import Run, StepRun, StepState
from bot.slack.acting_ids import HAPPENED, NOT_HAPPENED, UNDO
from bot.slack.blocks.acting import actions, button, confirm, said, spelled
from bot.slack.blocks.limits import Block, Message, context, section

TITLE, SENTENCE = 100, 1200
_LEADS = {
    StepState.WAITING: (":point_right:", "For a person to do:"),
    StepState.UNKNOWN: (":question:", "Did it happen?"),
    StepState.VERIFY_FAILED: (":warning:", "It did not help:"),
    StepState.FAILED: (":warning:", "It failed:"),
    StepState.TIMED_OUT: (":warning:", "It took too long:"),
}
_CAN_BE_UNDONE = (StepState.VERIFY_FAILED, StepState.FAILED, StepState.TIMED_OUT)
ANSWERED = "This was answered, or needs no answer any more."
_OTHER = (":point_right:", "A person is needed:")


def render(run: Run, step: StepRun, title: str, sentence: str, *, is_open: bool = True) -> Message:
    """`is_open`: the buttons are there."""
    sign, lead = _LEADS.get(step.state, _OTHER)
    text = f"{sign} *{lead} {spelled(title, TITLE)}*\n{said(sentence, SENTENCE)}"
    blocks: list[Block] = [section(text)]
    if is_open and (buttons := _buttons(step)):
        blocks.append(actions(*buttons))
    blocks.append(context(f"Run {said(run.id, TITLE)}" if is_open else ANSWERED))
    return Message(text=said(f"{lead} {title}. {sentence}", SENTENCE), blocks=blocks)


def closed(message: Mapping[str, Any]) -> Message:
    """As it stands in Slack, with its buttons taken away."""
    blocks = [block for block in message["blocks"] if block.get("type") not in ("actions", "context")]
    return Message(text=str(message.get("text") or ""), blocks=[*blocks, context(ANSWERED)])


def _buttons(step: StepRun) -> tuple[Block, ...]:
    key = step.key.text
    if step.state in _CAN_BE_UNDONE:
        return (button("Undo it", UNDO, key, style="primary"),)
    if step.state is StepState.UNKNOWN:
        sure = confirm(
            "Did you look?", "It will not be done again: say so only if you saw that it happened.", "It happened"
        )
        return (
            button("It happened", HAPPENED, key, confirm=sure),
            button("It did not happen", NOT_HAPPENED, key),
        )
    return (
        button("I did it", HAPPENED, key, style="primary"),
        button("It cannot be done", NOT_HAPPENED, key),
    )
