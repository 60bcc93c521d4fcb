"""A request for approval as people see it: who asks, why, and exactly what would be done. Pure.

What is approved can be read in full: where it is too long for a message it also stands in a file in the thread, and
until the file is there, there are no buttons. The bot puts no reactions of its own on the message: a count of one
beside a check mark reads like an approval at three in the morning.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.action import Isolation, Plan, Reversibility, Risk
from bot.domain.approval import Request, Standing, State
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.slack.acting_ids import APPROVE, DENY, WITHDRAW, decision_value
from bot.slack.blocks import exact
from bot.slack.blocks.acting import actions, button, confirm, fields, mention, moment, said, spelled, weight
from bot.slack.blocks.limits import MESSAGE_LIMIT, Block, Message, context, header, section
from bot.slack.mrkdwn import code, escape, link

EXACT_ROOM = 2900  # characters of what is done; Slack does not say what a rich text may hold, a section holds 3000
PREVIEW_ROOM, PROGRAM_ROOM = 1500, 1500
EXACT_LINES, PREVIEW_LINES = 40, 15  # the buttons must not be pages away
SENTENCE, TARGET, NAME, ROLLBACK = 400, 300, 80, 400
MOST_GROUPS = 8
MOST_EVIDENCE, EVIDENCE_LIMIT, LINK_LIMIT = 6, 140, 300
DIGITS = 12  # of other digests, as of the request's own

_RISKS = {
    Risk.READ: "\N{LARGE GREEN CIRCLE} reads only",
    Risk.CHANGE: "\N{LARGE ORANGE CIRCLE} change",
    Risk.DESTROY: "\N{LARGE RED CIRCLE} destroys, or cannot be undone",
}
_UNDOING = {
    Reversibility.NOTHING_TO_UNDO: "nothing to undo",
    Reversibility.REVERSIBLE: "yes",
    Reversibility.IRREVERSIBLE: "no, never",
}
_ISOLATION = {
    Isolation.NOT_NEEDED: "no program runs here",
    Isolation.BUBBLEWRAP: "bubblewrap",
    Isolation.LANDLOCK: "Landlock",
    Isolation.NONE: "none",
}
_HEADS = {
    State.WAITING: "\N{LOCK} Approval needed",
    State.APPROVED: "\N{WHITE HEAVY CHECK MARK} Approved",
    State.DENIED: "\N{NO ENTRY} Denied",
    State.WITHDRAWN: "\N{BLACK SQUARE FOR STOP} Taken back",
    State.EXPIRED: "\N{HOURGLASS} Expired, so it is denied",
    State.MESSAGE_EDITED: "\N{WARNING SIGN} Void",
    State.MESSAGE_DELETED: "\N{WARNING SIGN} Void",
    State.CONSUMED: "\N{WHITE HEAVY CHECK MARK} Approved and begun",
}


@dataclass(frozen=True, kw_only=True)
class EvidenceLine:
    id: str  # "E3"
    text: str = ""
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestView:
    """`standing`: None right after it was asked. `is_whole`: the file with all of it is there, or is not needed."""

    request: Request
    title: str = ""  # of the incident
    preview: str = ""
    rollback: str = ""
    evidence: Sequence[EvidenceLine] = ()
    standing: Standing | None = None
    word: str = ""
    is_whole: bool = True

    @property
    def state(self) -> State:
        return self.standing.state if self.standing else State.WAITING


def render(view: RequestView) -> Message:
    """Within Slack's limits whatever is in it. What is approved is cut last, and then there is a file."""
    for tried in (view, replace(view, evidence=()), replace(view, evidence=(), preview="", rollback="")):
        blocks = list(_blocks(tried))
        if weight(blocks) <= MESSAGE_LIMIT:
            break
    return Message(text=_spoken(view), blocks=blocks)


def needs_file(request: Request, preview: str = "") -> bool:
    """Whether a message cannot hold all of it."""
    plan = request.plan
    return (
        exact.block(_exactly(plan)[0], EXACT_ROOM, EXACT_LINES)[1]
        or len(exact.exact(plan.target)) > TARGET
        or len(_program_text(plan)) > PROGRAM_ROOM
        or exact.block(_previewed(preview), PREVIEW_ROOM, PREVIEW_LINES)[1]
    )


def full_text(request: Request, preview: str = "", rollback: str = "") -> str:
    """All of it, for the file."""
    shown, _ = _exactly(request.plan)
    record, _ = exact.lines((request.record,), is_command=False)
    parts = [
        ("This is done, exactly", shown),
        ("To", exact.lines((request.plan.target,), is_command=False)[0]),
        ("Preview", _previewed(preview)),
        ("Rollback", _previewed(rollback)),
        (f"The record that the digest {request.digest} is of", record),
    ]
    return "\n\n".join(f"{title}:\n{text}" for title, text in parts if text) + "\n"


# --- the parts -------------------------------------------------------------------------------------------------------


def _blocks(view: RequestView) -> Iterator[Block]:
    """While it is open, all that one must know to decide; after that, who decided and what."""
    request, plan = view.request, view.request.plan
    yield header(f"{_HEADS[view.state]}: {_what(plan)}")
    if not view.state.is_open:
        yield section("\n".join(_standing(view)))
    yield section("\n".join(_asked(view)))
    yield from _action(view)
    if view.state.is_open:
        yield from _particulars(view)
        yield section("\n".join(_standing(view)))
    if word := said(view.word, SENTENCE):
        yield context(word)
    if view.state is State.WAITING and view.is_whole:
        yield _buttons(request)
    yield context(" \u00b7 ".join(_foot(request)))


def _particulars(view: RequestView) -> Iterator[Block]:
    plan = view.request.plan
    yield fields(list(_facts(plan)))
    if program := _program_text(plan):
        yield context(program if len(program) <= PROGRAM_ROOM else "Its program and files: see the file in the thread.")
    if view.preview:
        yield section("*What it would do, as its target says*")
        yield exact.block(_previewed(view.preview), PREVIEW_ROOM, PREVIEW_LINES)[0]
    if view.rollback:
        yield section(f"*If it does not help:* {said(view.rollback, ROLLBACK)}")
    if shown := list(_evidence(view)):
        yield context("\n".join(shown))


def _what(plan: Plan) -> str:
    return plain(exact.exact(f"{plan.call.action} in {plan.call.environment}"), NAME * 2)


def _asked(view: RequestView) -> Iterator[str]:
    request = view.request
    who = f"{mention(request.requester)} asks" if request.requester else "The bot asks by itself"
    led = f", after a message of {mention(request.author)}" if request.author not in ("", request.requester) else ""
    yield f"*{spelled(request.plan.target, TARGET)}*"
    about = f": {said(view.title, NAME)}" if view.title else ""
    step = f"runbook {_named(request.runbook)}, step {_named(request.step)}"
    yield f"{who}{led} \u00b7 {step} \u00b7 {escape(request.incident)}{about}"
    if request.reason:
        yield f"*Why:* {said(request.reason, SENTENCE)}"


def _exactly(plan: Plan) -> tuple[str, bool]:
    """The lines, and the arguments one by one where no line is the command itself; whether a secret was hidden."""
    command = shlex.join(plan.argv)
    texts = plan.lines if not command or command in plan.lines else (command, *plan.lines)
    return exact.lines(texts, is_command=bool(plan.argv))


def _action(view: RequestView) -> Iterator[Block]:
    shown, is_hidden = _exactly(view.request.plan)
    made, is_cut = exact.block(shown, EXACT_ROOM, EXACT_LINES)
    yield section("*Exactly this is done:*" if view.state.is_open else "*Exactly this was asked for:*")
    yield made
    notes = []
    if is_cut or needs_file(view.request, view.preview):
        read = ": read it before you decide" if view.state is State.WAITING else ""
        notes.append(f"Not all fits here. *All of it is in the file in the thread{read}.*")
    if not view.is_whole:
        notes.append("The file is on its way; until then nobody can decide.")
    if is_hidden:
        notes.append("What looks like a secret is shown as [hidden].")
    if "\\u" in f"{shown}{exact.exact(view.request.plan.target)}".lower():
        notes.append(
            ":warning: Signs that look like others, or cannot be seen, are spelled out as \\u and their number."
        )
    if notes:
        yield context("\n".join(notes))


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "Risk", _RISKS[plan.risk]
    yield "Can be undone", _UNDOING[plan.reversibility]
    yield "Touches at most", f"{plan.radius.count} {spelled(plan.radius.unit, NAME)}"
    yield "Environment", spelled(plan.call.environment, NAME) or "not known"
    yield "Service", spelled(plan.call.service or "", NAME) or "not known"
    yield "Kept apart by", _ISOLATION[plan.isolation]


def _program_text(plan: Plan) -> str:
    if not plan.binary:
        return ""
    parts = [f"Program {_path(plan.binary)} (sha256 {_digits(plan.binary_digest)})"]
    if plan.directory:
        parts.append(f"in {_path(plan.directory)}")
    parts += [f"with {_path(path)} (sha256 {_digits(digest)})" for path, digest in plan.operand_digests.items()]
    if plan.environment_names:
        parts.append(f"given {escape(', '.join(plan.environment_names))}")
    return ", ".join([*parts, f"for {plan.call.timeout:g} s at most"])


def _path(path: str) -> str:
    return code(exact.exact(redact(path), is_command=True))


def _previewed(text: str) -> str:
    return exact.lines(tuple(text.split("\n")), is_command=False)[0]


def _named(name: str) -> str:
    return code(plain(exact.exact(name), NAME)) or "without a name"


def _digits(digest: str) -> str:
    return escape(plain(digest.removeprefix("sha256:"), DIGITS + 1)[:DIGITS])


def _evidence(view: RequestView) -> Iterator[str]:
    known = {line.id: line for line in view.evidence}
    ids = view.request.evidence
    for id_ in ids[:MOST_EVIDENCE]:
        line = known.get(id_, EvidenceLine(id=id_))
        mark = f"[{plain(id_, 20)}]"
        shown = link(line.link, mark) if line.link and len(line.link) <= LINK_LIMIT else escape(mark)
        yield f"{shown} {said(line.text, EVIDENCE_LIMIT)}".rstrip()
    if len(ids) > MOST_EVIDENCE:
        yield f"and {len(ids) - MOST_EVIDENCE} more"


def _standing(view: RequestView) -> Iterator[str]:
    request, standing = view.request, view.standing
    match view.state:
        case State.WAITING:
            yield from _needed(request, len(standing.approvals) if standing else 0)
        case State.APPROVED:
            yield "*Approved.* All is checked once more, then it begins. Until then, removing \u2705 takes it back."
        case State.CONSUMED:
            yield f"*Begun{_at(standing)}.* The approval is used up."
        case State.EXPIRED:
            yield f"*Nobody decided in time{_at(standing)}: that counts as denied.*"
        case State.DENIED | State.WITHDRAWN:
            who = mention(standing.by) if standing and standing.by else "somebody"
            verb = "Denied" if view.state is State.DENIED else "Taken back"
            yield f"\u274c *{verb} by {who}{_at(standing)}.* It will not be done."
        case State.MESSAGE_EDITED | State.MESSAGE_DELETED:
            yield f"*{escape(standing.sentence) if standing else 'Void.'}* It will not be done."
    if standing:
        yield from (f"\u2705 {mention(r.reviewer.id)} approved at {moment(r.at)}" for r in standing.approvals)


def _at(standing: Standing | None) -> str:
    return f" at {moment(standing.at)}" if standing and standing.at else ""


def _needed(request: Request, given: int) -> Iterator[str]:
    names = [f"*{said(name, NAME)}*" for name in request.groups[:MOST_GROUPS]]
    left = len(request.groups) - len(names)
    groups = " or ".join([*names, *([f"{left} more groups"] if left else [])]) or "nobody (no group is set up)"
    people = "approval" if request.needed == 1 else "approvals by different people"
    yield f"*{given} of {request.needed}* {people}, from {groups}{_barred(request)}."
    until = moment(request.expires_at)
    yield f"React with \u2705 or \u274c on this message, or press a button, until {until}. One \u274c is enough."


def _barred(request: Request) -> str:
    """Who may not, though they be in the group."""
    if request.own_approval_counts:
        return ""
    own = [mention(user) for user in dict.fromkeys((request.requester, request.author)) if user]
    return f"; not {' nor '.join(own)}" if own else ""


def _buttons(request: Request) -> Block:
    value = decision_value(request)
    sure = None
    if request.plan.risk is Risk.DESTROY:
        text = f"{request.plan.call.action} in {request.plan.call.environment} cannot be undone."
        sure = confirm("Are you sure?", exact.exact(text), "Approve")
    return actions(
        button("Approve", APPROVE, value, style="primary", confirm=sure),
        button("Deny", DENY, value, style="danger"),
        button("Take back", WITHDRAW, request.id),
    )


def _foot(request: Request) -> Iterator[str]:
    yield f"Request {escape(plain(request.id, NAME))}"
    yield f"run {escape(plain(request.run, NAME))}"
    yield f"digest `{request.shown_digest}`"


def _spoken(view: RequestView) -> str:
    """For notifications and screen readers: nobody is mentioned."""
    request = view.request
    head = f"{_HEADS[view.state]}: {_what(request.plan)}. {request.plan.target}."
    why = f" Why: {request.reason}" if request.reason else ""
    return said(exact.exact(head + why), SENTENCE * 2)
