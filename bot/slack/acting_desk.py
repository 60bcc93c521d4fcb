"""What the bot does about intents to act: approvals, buttons of runs, runbooks and the kill switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain.approval import Decision, Message, TakingBack
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Effects, Incidents
from bot.domain.ports.acting import Directory
from bot.domain.ports.deciding import ApprovalDesk, RunDesk, SwitchDesk
from bot.domain.runbook import CatalogNames
from bot.slack import acting_ids as ids
from bot.slack.acting_forms import RunForms
from bot.slack.acting_inbound import ActingIntent, GroupChanged, Ordered, Pressed, Reacted, Tampered
from bot.slack.acting_people import ActingPeople
from bot.slack.acting_runs import Ordering
from bot.slack.acting_switches import Switching
from bot.slack.acting_views import SENTENCE_SHOWN, Said
from bot.slack.inbound import Asked
from bot.slack.mrkdwn import escape
from bot.slack.web_api import WebApi

NO_REQUEST = "ignored: no request's message"
COMMANDS = frozenset({"runbook", "stop", "resume"})


class ActingDesk:
    """Every method may run again for the same event: what is done has the event's id, and is done once."""

    def __init__(
        self,
        *,
        api: WebApi,
        incidents: Incidents,
        effects: Effects,
        runs: RunDesk,
        approvals: ApprovalDesk,
        switches: SwitchDesk,
        directory: Directory,
        clock: Clock,
        command: str,
        services: Sequence[str],
        known_service: Callable[[str], str | None],
        catalog: CatalogNames | None = None,
        on_group_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`known_service`: the catalog's name for what somebody typed, where it has one. `catalog`: the names that
        forms let people choose from. `on_group_change`: who is in a user group of the workspace has changed.
        """
        self._incidents = incidents
        self._runs = runs
        self._approvals = approvals
        self._on_group_change = on_group_change
        self._people = ActingPeople(api, directory, effects)
        self._ordering = Ordering(runs=runs, incidents=incidents, people=self._people, command=command)
        self._switching = Switching(
            switches=switches,
            incidents=incidents,
            people=self._people,
            effects=effects,
            services=services,
            known_service=known_service,
            clock=clock,
            command=command,
        )
        self.forms = RunForms(api=api, ordering=self._ordering, catalog=catalog)

    # --- commands ----------------------------------------------------------------------------------------------------

    async def answer(self, asked: Asked, trigger: str = "") -> Said | None:
        """To one of COMMANDS. `trigger`: a form may be opened with it. None: it was."""
        if asked.command.name == "runbook":
            if trigger:
                return await self.forms.open(trigger, self._ordering.asked(asked, with_form=True))
            said = await self._ordering.asked(asked, with_form=False)
            assert isinstance(said, Said)
            return said
        return await self._switching.answer(asked)

    async def open_form(self, pressed: Pressed, trigger: str) -> Said | None:
        """For the button under a briefing. None: the form is open."""
        read = ids.read_runbook(pressed.value)
        if read is None:
            return Said(text="This button belongs to no runbook that I know.")
        return await self.forms.open(trigger, self._ordering.form_for(*read, pressed.user))

    # --- events ------------------------------------------------------------------------------------------------------

    async def handle(self, intent: ActingIntent) -> str:
        """One word on what came of it. Raises ChatError, NotStored: then it is tried again."""
        match intent:
            case Reacted():
                return await (self._taken_back if intent.removed else self._reacted)(intent)
            case Tampered():
                return await self._tampered(intent)
            case Pressed():
                return await self._pressed(intent)
            case GroupChanged():
                self._on_group_change()
                return "a user group has changed"
            case Ordered(order=order):
                answer = await self._ordering.start(order)
                place = incident.place if (incident := await self._incidents.get(order.incident)) else None
                if place is not None:
                    text = self._ordering.told(answer, order.runbook)
                    await self._people.tell(f"told:{order.id}", place.channel, order.requester, text)
                return f"ordered {order.runbook}"

    async def _reacted(self, reacted: Reacted) -> str:
        message = Message(channel=reacted.channel, ts=reacted.ts)
        verdict = await self._approvals.decide(message, reacted.user, reacted.decision, at=reacted.at, id=reacted.id)
        if verdict is None:
            return NO_REQUEST
        if not verdict.is_counted:
            await self._beside(reacted, verdict.sentence)
        return f"{reacted.decision}: {verdict.reason}"

    async def _taken_back(self, reacted: Reacted) -> str:
        message = Message(channel=reacted.channel, ts=reacted.ts)
        back = await self._approvals.take_back(message, reacted.user, at=reacted.at, id=reacted.id)
        if back is None:
            return NO_REQUEST
        if back is not TakingBack.NOTHING:
            await self._beside(reacted, back.sentence)
        return f"reaction removed: {back}"

    async def _beside(self, reacted: Reacted, sentence: str) -> None:
        thread = await self._people.thread_of(reacted.channel, reacted.ts)
        await self._tell(reacted.id, reacted.channel, reacted.user, sentence, thread)

    async def _tampered(self, tampered: Tampered) -> str:
        message = Message(channel=tampered.channel, ts=tampered.ts)
        told = self._approvals.deleted if tampered.deleted else self._approvals.edited
        was_ours = await told(message, at=tampered.at, id=tampered.id)
        word = "deleted" if tampered.deleted else "edited"
        return f"a request's message was {word}" if was_ours else NO_REQUEST

    async def _pressed(self, pressed: Pressed) -> str:
        match pressed.action:
            case ids.APPROVE | ids.DENY:
                return await self._decided(pressed)
            case ids.WITHDRAW:
                told = await self._approvals.withdraw(pressed.value, pressed.user, at=pressed.at, id=pressed.id)
            case ids.CANCEL_RUN:
                refused = await self._people.may_not_stop(pressed.user, "cancel runs")
                told = refused or await self._runs.cancel(pressed.value, pressed.user)
            case _:
                told = await self._on_step(pressed)
        await self._tell(pressed.id, pressed.channel, pressed.user, told, pressed.thread)
        return f"pressed {pressed.action}"

    async def _decided(self, pressed: Pressed) -> str:
        read = ids.read_decision(pressed.value)
        if read is None:
            return "ignored: a button without a request"
        decision = Decision.APPROVE if pressed.action == ids.APPROVE else Decision.DENY
        verdict = await self._approvals.decide(
            Message(channel=pressed.channel, ts=pressed.ts),
            pressed.user,
            decision,
            at=pressed.at,
            id=pressed.id,
            shown_digest=read[1],
        )
        if verdict is None:
            await self._tell(pressed.id, pressed.channel, pressed.user, "This is no request any more.", pressed.thread)
            return NO_REQUEST
        if not verdict.is_counted:
            await self._tell(pressed.id, pressed.channel, pressed.user, verdict.sentence, pressed.thread)
        return f"{decision}: {verdict.reason}"

    async def _on_step(self, pressed: Pressed) -> str:
        """A sentence for who pressed."""
        key = ids.read_step_key(pressed.value)
        if key is None:
            return "This button belongs to no step that I know."
        if refused := await self._people.may_not_act(pressed.user, "say that, or undo a step,"):
            return refused
        if pressed.action == ids.UNDO:
            return await self._runs.undo(key, pressed.user, id=pressed.id)
        return await self._runs.settle(key, pressed.user, happened=pressed.action == ids.HAPPENED)

    async def _tell(self, id: str, channel: str, user: str, sentence: str, thread: str | None) -> None:
        text = escape(plain(await self._people.named(sentence), SENTENCE_SHOWN))
        await self._people.tell(f"told:{id}", channel, user, text, thread)
