"""Where people see runs and are asked: run cards, outputs, requests for approval, questions."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.approval import Message, Request, Standing
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.ports import Briefings, Effects
from bot.domain.run import Part, Run, StepRun, StepState
from bot.domain.runbook import Runbook
from bot.slack.blocks import approval_request, person_asked, run_card
from bot.slack.blocks.acting import said
from bot.slack.blocks.approval_request import EvidenceLine, RequestView
from bot.slack.blocks.limits import Message as Content
from bot.slack.blocks.limits import section
from bot.slack.blocks.run_card import RunView
from bot.slack.message_edits import MessageEdits
from bot.slack.people import People
from bot.slack.posting import Posted, Posting, Spot, spot_of
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

SENTENCE_LIMIT = 1200  # characters of a reminder
# As sentences about decisions and switches hold them. Words in capitals have no digits.
USER_ID = re.compile(r"\b[UW](?=[A-Z0-9]*\d)[A-Z0-9]{8,11}\b")
MOST_NAMED = 5  # in one text


class SlackRunBoard:
    """The `RunBoard` port. Edits of a message that still changes may be dropped for newer ones; its last one is waited
    for. Whatever was posted before a crash is found again and not posted twice.
    """

    def __init__(self, api: WebApi, effects: Effects, briefings: Briefings | None = None) -> None:
        self._posting = Posting(api, effects)
        self._briefings = briefings
        self._people = People(api)
        self._nobody: set[str] = set()  # ids that Slack does not know
        self._edits = MessageEdits(self._posting)
        self._versions: dict[str, int] = {}  # of runs: what is older than what was shown is not shown
        self._links: dict[str, str] = {}  # of requests' messages, by the request's id
        self._asked: dict[str, _Asked] = {}  # by step: what has buttons
        self._seen: set[str] = set()  # runs that were shown since the start

    # --- runs --------------------------------------------------------------------------------------------------------

    async def show_run(self, run: Run, runbook: Runbook, steps: Sequence[StepRun], incident: Incident) -> Message:
        links = {step.request: await self._link(step.request) for step in steps if step.request}
        run = replace(run, why=await self._named(run.why))
        steps = [replace(step, summary=await self._named(step.summary)) for step in steps]
        view = RunView(run=run, runbook=runbook, steps=steps, incident=incident.id, title=incident.title, links=links)
        content = run_card.render(view)
        key = run_key(run.id)
        posted = await self._posting.once(key, _place(incident), content, since=run.created_at)
        if not posted.is_new and run.version >= self._versions.get(run.id, 0):
            self._versions[run.id] = run.version
            await self._edits.show(posted.message, key, content, is_last=run.state.is_over)
        if run.id not in self._seen:
            if not posted.is_new:
                await self._close_left_over(run, posted.replies, steps)
            self._seen.add(run.id)
        await self._close_asked(run, steps)
        return posted.message

    async def show_output(self, run: Run, step: StepRun, title: str) -> None:
        content, is_longer = run_card.output(replace(step, summary=await self._named(step.summary)), title)
        spot = await self._thread_of(run)
        await self._posting.once(f"output:{step.key.text}", spot, content, since=run.created_at)
        if is_longer:
            name = f"{step.key.text.replace(':', '-')}.txt"
            text = run_card.output_file(step)
            await self._posting.upload_once(f"output-file:{step.key.text}", spot, text, name=name, title=name)

    async def ask_person(self, run: Run, step: StepRun, title: str, sentence: str) -> None:
        key = asked_key(step)
        sentence = await self._named(sentence)
        content = person_asked.render(run, step, title, sentence)
        posted = await self._posting.once(key, await self._thread_of(run), content, since=run.created_at)
        self._asked[step.key.text] = _Asked(key, posted, run, step, title, sentence)

    async def _close_asked(self, run: Run, steps: Sequence[StepRun]) -> None:
        """What was answered, or is being undone, has no buttons any more."""
        open_ones = _asked_now(run, steps)
        for step in steps:
            asked = self._asked.get(step.key.text)
            if asked is None or asked.key in open_ones:
                continue
            del self._asked[step.key.text]
            content = person_asked.render(asked.run, asked.step, asked.title, asked.sentence, is_open=False)
            await self._edits.show(asked.posted.message, asked.key, content, is_last=True)

    async def _close_left_over(self, run: Run, spot: Spot, steps: Sequence[StepRun]) -> None:
        """Of what a process before this one asked, what was answered just before it was killed."""
        asked_now = _asked_now(run, steps)
        async for key, message in self._posting.keyed(f"asked:{run.id}:", spot):
            if key not in asked_now and any(block.get("type") == "actions" for block in message.get("blocks") or ()):
                posted = Message(channel=spot.channel, ts=str(message["ts"]))
                await self._edits.show(posted, key, person_asked.closed(message), is_last=True)

    async def _thread_of(self, run: Run) -> Spot:
        posted = await self._posting.known(run_key(run.id))
        if posted is not None:
            return posted.replies
        if run.card is None:
            raise ChatError("thread_not_found", f"the run {run.id} has no card yet", is_final=False)
        return Spot(channel=run.card.channel, thread=run.card.ts)

    # --- requests ----------------------------------------------------------------------------------------------------

    async def ask(self, request: Request, incident: Incident, preview: str = "", rollback: str = "") -> Message:
        key = request_key(request.id)
        is_long = approval_request.needs_file(request, preview)
        view = RequestView(
            request=request,
            title=incident.title,
            preview=preview[: approval_request.PREVIEW_ROOM * 2],
            rollback=rollback[: approval_request.ROLLBACK * 2],
            evidence=await self._evidence(request),
            is_whole=not is_long,
        )
        posted = await self._posting.once(
            key, _place(incident), approval_request.render(view), since=request.created_at, kept=_kept(view)
        )
        if is_long:
            await self._attach(request, posted, approval_request.full_text(request, preview, rollback))
            content = approval_request.render(replace(view, is_whole=True))
            await self._edits.show(posted.message, key, content, is_last=True)
        return posted.message

    async def _attach(self, request: Request, posted: Posted, text: str) -> None:
        name = f"{request.id}-{request.shown_digest}.txt"
        key = f"request-file:{request.id}"
        await self._posting.upload_once(key, posted.replies, text, name=name, title=f"All of request {request.id}")

    async def show_request(self, request: Request, standing: Standing, word: str = "") -> None:
        key = request_key(request.id)
        posted = await self._posting.known(key)
        if posted is None:
            return
        view = replace(_view(request, posted.kept), standing=standing, word=await self._named(word))
        await self._edits.show(posted.message, key, approval_request.render(view), is_last=True)

    async def say(self, request: Request, sentence: str, *, key: str) -> None:
        posted = await self._posting.known(request_key(request.id))
        if posted is None:
            raise ChatError("thread_not_found", f"the request {request.id} was not posted yet", is_final=False)
        text = said(await self._named(sentence), SENTENCE_LIMIT)
        content = Content(text=text, blocks=[section(text)])
        await self._posting.once(f"said:{request.id}:{key}", posted.replies, content, since=request.created_at)

    async def _evidence(self, request: Request) -> tuple[EvidenceLine, ...]:
        if self._briefings is None or not request.evidence:
            return ()
        findings = await self._briefings.findings(request.incident) or ()
        wanted = frozenset(request.evidence)
        return tuple(
            EvidenceLine(id=item.id, text=item.text[: approval_request.EVIDENCE_LIMIT * 2], link=item.link or "")
            for finding in findings
            for item in finding.evidence
            if item.id in wanted
        )

    async def _link(self, request_id: str) -> str:
        """ "" where it was not posted yet, or Slack does not tell: the card does not wait for it."""
        if request_id not in self._links:
            posted = await self._posting.known(request_key(request_id))
            if posted is None:
                return ""
            try:
                self._links[request_id] = await self._posting.link(posted.message)
            except ChatError as error:
                log.info("the request %s has no link: %s", request_id, error)
                return ""
        return self._links[request_id]

    async def _named(self, text: str) -> str:
        """With names in place of user ids; as text, since a mention would notify them."""
        ids = list(dict.fromkeys(USER_ID.findall(text)))[:MOST_NAMED]
        wanted = [id_ for id_ in ids if id_ not in self._nobody]
        if not wanted:
            return text
        names = await self._people.names_of(wanted)
        self._nobody.update(id_ for id_ in wanted if id_ not in names)
        return USER_ID.sub(lambda found: names.get(found[0], found[0]), text)


@dataclass(frozen=True)
class _Asked:
    key: str
    posted: Posted
    run: Run
    step: StepRun
    title: str
    sentence: str


def _asked_now(run: Run, steps: Sequence[StepRun]) -> frozenset[str]:
    """Keys of the questions that may wait for somebody: of no run that is over, and of no step that is being undone."""
    if run.state.is_over:
        return frozenset()
    undone = {
        (step.key.step, step.key.item)
        for step in steps
        if step.key.part is Part.ROLLBACK and step.state is not StepState.PLANNED  # only shown so far
    }
    return frozenset(
        asked_key(step)
        for step in steps
        if step.key.part is not Part.ACT or (step.key.step, step.key.item) not in undone
    )


def asked_key(step: StepRun) -> str:
    return f"asked:{step.key.text}:{step.state}"


def run_key(run_id: str) -> str:
    return f"run-card:{run_id}"


def request_key(request_id: str) -> str:
    return f"request:{request_id}"


def _place(incident: Incident) -> Spot:
    spot = spot_of(incident)
    if spot is None:
        raise ChatError("channel_not_found", "the incident has no place in Slack yet", is_final=False)
    return spot


def _kept(view: RequestView) -> Mapping[str, str]:
    """What the request's record does not say, to show it again when something is decided."""
    evidence = [[line.id, line.text, line.link] for line in view.evidence]
    return {
        "title": view.title,
        "preview": view.preview,
        "rollback": view.rollback,
        "evidence": json.dumps(evidence, ensure_ascii=False),
    }


def _view(request: Request, kept: Mapping[str, str]) -> RequestView:
    lines = json.loads(kept.get("evidence", "[]"))
    return RequestView(
        request=request,
        title=kept.get("title", ""),
        preview=kept.get("preview", ""),
        rollback=kept.get("rollback", ""),
        evidence=tuple(EvidenceLine(id=id_, text=text, link=link) for id_, text, link in lines),
    )
