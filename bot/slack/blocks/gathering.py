"""The card while the sources are being asked: which have answered, which have not."""

from __future__ import annotations

from itertools import chain

from bot.domain.card import CardView
from bot.domain.evidence import Finding, Outcome
from bot.domain.plaintext import plain
from bot.slack.blocks import heading
from bot.slack.blocks.limits import SECTION_LIMIT, Message, context, fitted, section
from bot.slack.mrkdwn import escape

SOURCE_LIMIT = 40
DETAIL_LIMIT = 160


def render(view: CardView) -> Message:
    incident = view.incident
    lines = chain(["*Looking into it*"], map(_answered, view.findings), map(_waiting, view.pending))
    done, total = len(view.findings), len(view.findings) + len(view.pending)
    progress = f"{done} of {total} sources have answered." if total else "Asking the sources."
    blocks = [
        heading.title(incident),
        heading.state(incident),
        section(fitted(lines, SECTION_LIMIT, total=total + 1)),
        context(f"{progress} The briefing will replace this message."),
    ]
    text = f"{incident.severity} {escape(heading.name(incident))}. Looking into it: {progress}"
    return Message(text=text, blocks=blocks)


def _waiting(name: str) -> str:
    return f":hourglass_flowing_sand: {escape(plain(name, SOURCE_LIMIT))}"


def _answered(finding: Finding) -> str:
    name, took = escape(plain(finding.source, SOURCE_LIMIT)), f"{finding.seconds:.1f} s"
    detail = escape(plain(finding.detail, DETAIL_LIMIT))
    match finding.outcome:
        case Outcome.FOUND:
            count = len(finding.evidence)
            return f":white_check_mark: {name} {took}, {count} fact{'s' if count != 1 else ''}"
        case Outcome.NOTHING:
            return f":white_check_mark: {name} {took}, nothing found"
        case Outcome.FAILED:
            return f":warning: {name} {took}, could not look" + (f": {detail}" if detail else "")
        case Outcome.SKIPPED:
            return f":heavy_minus_sign: {name}, {detail or 'not set up'}"
