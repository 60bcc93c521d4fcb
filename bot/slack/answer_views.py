"""Answers to questions, as mrkdwn: pure."""

from __future__ import annotations

from bot.domain.answers import Answer, Part, Quote
from bot.domain.plaintext import plain
from bot.slack.blocks.limits import SECTION_LIMIT, fitted
from bot.slack.mrkdwn import code, escape, link

QUOTE_LIMIT = 400  # characters of one passage
COMMAND_LIMIT = 500  # a longer one is not shown: half a command is dangerous
LINK_LIMIT = 300  # longer addresses would eat the room
MOST_CITES = 4
NOTHING_YET = "The sources are still being asked; there is nothing more to tell yet."
MESSAGE_LIMIT = 3800  # characters of a message's text; Slack cuts longer ones
QUOTED = "_Quoted from the evidence, the timeline and memory._"
NEAREST = "_I did not understand that as a question that I know. These passages share its words:_"
UNKNOWN = (
    "I don't know: nothing in the evidence, the timeline or memory speaks of it. You can ask what changed, whether it "
    "happened before, who owns a service, who is on call, what was tried, how bad it is, what to do, what was ruled "
    "out, or what could not be checked."
)


def quoted_text(answer: Answer) -> str:
    if answer.is_guess and answer.is_empty:
        return UNKNOWN
    lead = NEAREST if answer.is_guess else QUOTED
    room = (SECTION_LIMIT - len(lead)) // max(1, len(answer.parts)) - 1
    return "\n".join([*(_part(part, room) for part in answer.parts), lead])


def catch_up_text(status: str, answer: Answer) -> str:
    """`status`: how the incident stands, as mrkdwn."""
    room = (MESSAGE_LIMIT - len(status)) // max(1, len(answer.parts)) - 1
    parts = [_part(part, min(room, SECTION_LIMIT)) for part in answer.parts]
    return "\n".join([status, *parts] if parts else [status, NOTHING_YET])


def _part(part: Part, room: int) -> str:
    heading = f"*{escape(part.heading)}*"
    if not part.quotes:
        return f"{heading}\n{escape(part.nothing)}"
    return f"{heading}\n{fitted(map(_quote, part.quotes), room - len(heading) - 1, total=len(part.quotes))}"


def _quote(quote: Quote) -> str:
    cites = " ".join(f"[{escape(cite)}]" for cite in quote.cites[:MOST_CITES])
    if cites and quote.link and len(quote.link) <= LINK_LIMIT:
        cites = link(quote.link, cites.replace("] [", "], ["))
    text = f"• {escape(plain(quote.text, QUOTE_LIMIT))}{' ' if cites else ''}{cites}"
    command = code(quote.command) if quote.command else ""
    return f"{text}\n    {command}" if command and len(command) <= COMMAND_LIMIT else text
