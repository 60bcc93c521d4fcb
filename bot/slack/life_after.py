"""Updates, follow-ups, the postmortem and the measures: answered to commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.domain.incident import Incident
from bot.domain.life import Audience, Draft, DraftState, FollowUp, FollowUpState, Priority, presses
from bot.domain.plaintext import plain
from bot.domain.ports.life import Choice, StatsReport
from bot.slack.blocks.limits import SECTION_LIMIT, fitted
from bot.slack.inbound import Asked
from bot.slack.life_around import TEXT_LIMIT, WORD_LIMIT, Around, order
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant
from bot.slack.life_words import SPANS, Verb, read_days, read_follow_up, read_postmortem
from bot.slack.mrkdwn import escape, link

MOST_LISTED = 20
MOST_DONE_BUTTONS = 5
TEXT_SHOWN = 200
STATES = {
    DraftState.DRAFT: "waits for a reviewer",
    DraftState.REJECTED: "was rejected",
    DraftState.APPROVED: "is approved and being published",
    DraftState.PUBLISHED: "is published",
}


class AfterWords:
    """`update`, `action`, `actions`, `postmortem` and `stats`."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self.words = frozenset({"update", "action", "actions", "postmortem"})

    async def answer(self, asked: Asked, meant: Meant) -> Told:
        match asked.command.name:
            case "update":
                return await self._update(asked, meant)
            case "action" if meant.rest:
                return await self._add(asked, meant)
            case "action" | "actions":
                return await self._list(asked, meant)
        return await self._postmortem(asked, meant)

    # --- updates -----------------------------------------------------------------------------------------------------

    async def _update(self, asked: Asked, meant: Meant) -> Told:
        updates, incident = self._around.desks.updates, meant.incident
        if text := await self._around.text(meant.rest, TEXT_LIMIT):
            sent = await updates.send(order(f"said:{asked.id}", incident, asked.user, text), Audience.INTERNAL)
            return await self._around.private(meant, sent)
        draft = await self._around.shown(await updates.draft(incident.id, Audience.INTERNAL))
        choice = Choice(action=presses.WRITE_UPDATE, text="Edit and send", value=incident.id)
        quoted = "\n".join(f"> {line}" for line in draft.split("\n"))
        text = f"*A draft for {incident.id}*; nothing was sent:\n{quoted}"
        return Told(text=text, buttons=[choice], is_secret=meant.is_secret)

    # --- follow-ups --------------------------------------------------------------------------------------------------

    async def _add(self, asked: Asked, meant: Meant) -> Told:
        words = read_follow_up(meant.rest, asked.user, self._around.clock.now().date())
        if words.trouble:
            return self._around.usage(words.trouble, "action", "add an alert on pool use @bo by friday P1")
        text = await self._around.word(words.text, WORD_LIMIT)
        done = await self._around.desks.follow_ups.add(
            order(f"said:{asked.id}", meant.incident, asked.user, text),
            owner=words.owner,
            due_on=words.due_on,
            priority=words.priority or Priority.P1,
        )
        return await self._around.private(meant, done)

    async def _list(self, asked: Asked, meant: Meant) -> Told:
        found = await self._around.desks.follow_ups.of_incident(meant.incident.id)
        if meant.rest.lower() in ("mine", "my", "me"):
            found = [one for one in found if one.owner == asked.user]
        names = await self._around.people.names_of([one.owner for one in found if one.owner])
        text = follow_ups_text(meant.incident, found, names, self._around.command)
        mine = [one for one in found if one.state is FollowUpState.OPEN][:MOST_DONE_BUTTONS]
        return Told(text=text, buttons=[done_button(one) for one in mine], is_secret=meant.is_secret)

    # --- the postmortem ----------------------------------------------------------------------------------------------

    async def _postmortem(self, asked: Asked, meant: Meant) -> Told:
        words = read_postmortem(meant.rest)
        desk, around = self._around.desks.postmortems, self._around
        if words.trouble:
            return around.usage(words.trouble, "postmortem", "reject the impact is missing")
        given = order(f"said:{asked.id}", meant.incident, asked.user, await around.word(words.why))
        match words.verb:
            case Verb.SHOW:
                return self._shown(meant, await desk.get(meant.incident.id))
            case Verb.DRAFT | Verb.REDRAFT:
                return self._shown(meant, await desk.draft(given, afresh=words.verb is Verb.REDRAFT))
            case Verb.REJECT if not given.word:
                choice = Choice(action=presses.REJECT_POSTMORTEM, text="Reject with a reason", value=given.incident)
                text = f"Say why, so that the next one is better: `{around.command} postmortem reject REASON`."
                return Told(text=text, buttons=[choice], is_secret=meant.is_secret)
            case Verb.REJECT:
                return await around.private(meant, await desk.reject(given))
        return await around.private(meant, await desk.approve(given))

    def _shown(self, meant: Meant, draft: Draft | None) -> Told:
        incident, command = meant.incident, self._around.command
        if draft is None:
            how = (
                f"`{command} resolve` ends the incident first."
                if incident.status.is_open
                else f"`{command} postmortem draft` writes one from what is on record."
            )
            return Told(text=f"{incident.id} has no postmortem yet. {how}", is_secret=meant.is_secret)
        last = draft.history[-1]
        why = f": {escape(plain(last.reason, TEXT_SHOWN))}" if last.reason else ""
        where = f" {link(draft.file, 'The file')}." if draft.file.startswith("http") else ""
        text = (
            f"The postmortem of {incident.id} {STATES[draft.state]}{why}. "
            f"It has {len(draft.markdown.splitlines())} lines and was {escape(last.what)} at {last.at:%Y-%m-%d %H:%M} "
            f"UTC.{where}"
        )
        return Told(text=text, buttons=review_buttons(draft), is_secret=meant.is_secret)

    # --- measures ----------------------------------------------------------------------------------------------------

    async def stats(self, asked: Asked) -> Told:
        days = read_days(asked.command.argument)
        if isinstance(days, str):
            return self._around.usage(days, "stats", " or ".join(f"{span}d" for span in SPANS[1:2]))
        until = self._around.clock.now()
        report = await self._around.desks.stats.stats(until - timedelta(days=days), until)
        return await self._report(report)

    async def _report(self, report: StatsReport) -> Told:
        lines = fitted(
            (f"\u2022 {escape(line)}" for line in report.lines), SECTION_LIMIT - 200, total=len(report.lines)
        )
        text = "\n".join(filter(None, (f"*{escape(report.title)}*", lines)))
        if report.chart is None or self._around.uploads is None:
            return Told(text=text)
        picture = await self._around.uploads.upload(
            report.chart, name="stats.png", title=report.title, alt=report.alt or report.title
        )
        return Told(text=text, picture=picture)

    async def chart(self, meant: Meant) -> Told:
        """Of one incident: alerts, actions and the metric."""
        report = await self._around.desks.stats.incident_chart(meant.incident.id)
        if report is None or report.chart is None:
            return Told(text=f"There is nothing to draw of {meant.incident.id}.", is_secret=meant.is_secret)
        return await self._report(report)


def review_buttons(draft: Draft) -> Sequence[Choice]:
    show = Choice(action=presses.SHOW_POSTMORTEM, text="Read and edit", value=draft.incident)
    if draft.state in (DraftState.PUBLISHED, DraftState.APPROVED):
        return [show]
    value = f"{draft.incident} {draft.version}"
    return [
        show,
        Choice(action=presses.APPROVE_POSTMORTEM, text="Approve and publish", value=value),
        Choice(action=presses.REJECT_POSTMORTEM, text="Reject", value=draft.incident, is_danger=True),
    ]


def done_button(follow_up: FollowUp) -> Choice:
    number = follow_up.id.rpartition("/")[2]
    return Choice(action=presses.FOLLOW_UP_DONE, text=f"{number} is done", value=follow_up.id)


def follow_up_line(one: FollowUp, owner: str) -> str:
    """`owner`: their name; "" for nobody."""
    number = one.id.rpartition("/")[2]
    due = f", due {one.due_on}" if one.due_on else ""
    state = "" if one.state is FollowUpState.OPEN else f" ({one.state})"
    where = f" {link(one.issue or one.link, chr(0x2197))}" if one.issue or one.link else ""
    text = escape(plain(one.text, TEXT_SHOWN))
    return f"{number}. *{one.priority}* {text} \u00b7 {owner or 'nobody'}{due}{state}{where}"


def follow_ups_text(incident: Incident, found: Sequence[FollowUp], names: Mapping[str, str], command: str) -> str:
    if not found:
        return f"{incident.id} has no follow-ups yet. `{command} action TEXT @owner by friday` makes one."
    ordered = sorted(found, key=lambda one: one.state is not FollowUpState.OPEN)
    lines = (follow_up_line(one, escape(plain(names.get(one.owner, one.owner), 60))) for one in ordered)
    heading = f"*Follow-ups of {incident.id}*"
    return f"{heading}\n{fitted(lines, SECTION_LIMIT - 200, total=len(found), most=MOST_LISTED)}"
