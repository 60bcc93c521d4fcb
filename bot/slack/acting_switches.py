"""`stop` and `resume`: people engage and release the kill switch, and read what is stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.kill_switch import Resumption, Scope, resume
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Effects, Incidents
from bot.domain.ports.deciding import SwitchDesk
from bot.domain.redact import redact
from bot.slack import acting_views as views
from bot.slack.acting_people import ActingPeople
from bot.slack.acting_views import Said
from bot.slack.acting_words import SwitchWords, read_switch
from bot.slack.inbound import Asked
from bot.slack.mrkdwn import escape

WHY_LIMIT = 300  # characters


@dataclass(frozen=True, kw_only=True)
class _Where:
    scope: Scope
    name: str  # of the service, or the incident's id


class Switching:
    def __init__(
        self,
        *,
        switches: SwitchDesk,
        incidents: Incidents,
        people: ActingPeople,
        effects: Effects,
        services: Sequence[str],
        known_service: Callable[[str], str | None],
        clock: Clock,
        command: str,
    ) -> None:
        """`known_service`: the catalog's name for what somebody typed, where it has one."""
        self._switches = switches
        self._incidents = incidents
        self._people = people
        self._effects = effects
        self._services = services
        self._known_service = known_service
        self._clock = clock
        self._command = command

    async def answer(self, asked: Asked) -> Said:
        word = asked.command.name
        words = read_switch(await self._people.typed(asked.command.argument))
        if words.kind is None:
            return await self._shown(words)
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        words = self._with_service(words)
        if word == "stop":
            words = _with_reason(words)
        elif words.rest:
            lead = f"“{escape(plain(words.rest, views.NAME_SHOWN))}” is not understood, so nothing was changed."
            return Said(text=f"{lead}\n{views.switch_forms(self._command)}")
        where = await self._where(words, incident, word)
        if isinstance(where, str):
            return Said(text=where)
        return await (self._stop if word == "stop" else self._resume)(asked, words, where)

    async def _shown(self, words: SwitchWords) -> Said:
        switches = await self._switches.all()
        names = await self._people.names_of([switch.who for switch in switches])
        told = views.switches_text(switches, names, self._command)
        if not words.rest:
            return Said(text=told)
        odd = escape(plain(words.rest, views.NAME_SHOWN))
        return Said(text=f"Nothing was changed: what is “{odd}”? Say `ai`, `actions` or `all` first.\n{told}")

    def _with_service(self, words: SwitchWords) -> SwitchWords:
        """ "stop actions checkout" """
        if words.scope is None and (service := self._known_service(words.rest)):
            return SwitchWords(kind=words.kind, scope=Scope.SERVICE, name=service, why=words.why)
        return words

    async def _where(self, words: SwitchWords, incident: Incident | None, word: str) -> _Where | str:
        """Or what is to be said instead."""
        if words.scope is Scope.GLOBAL:
            return _Where(scope=Scope.GLOBAL, name="")
        if words.scope is Scope.SERVICE:
            return await self._service(words, incident, word)
        if words.name:
            named = await self._incidents.get(words.name.upper())
            if named is None:
                known = f"`{self._command} list` shows the open ones"
                return f"Nothing was changed: there is no incident {escape(plain(words.name.upper(), 40))}; {known}."
            incident = named
        if incident is None:
            assert words.kind is not None
            return views.which_place(word, words.kind, self._command)
        return _Where(scope=Scope.INCIDENT, name=incident.id)

    async def _service(self, words: SwitchWords, incident: Incident | None, word: str) -> _Where | str:
        """By the catalog's name, or as an open incident or a switch that is engaged has it."""
        own = incident.service if incident else None
        typed = words.name or own or ""
        if known := self._known_service(typed):
            return _Where(scope=Scope.SERVICE, name=known)
        open_ones = {one.service for one in await self._incidents.list_open() if one.service}
        engaged = {switch.name for switch in await self._switches.all() if switch.scope is Scope.SERVICE}
        others = {name.casefold(): name for name in (*open_ones, *engaged, *([own] if own else []))}
        if typed.casefold() in others:
            return _Where(scope=Scope.SERVICE, name=others[typed.casefold()])
        form = f" `{self._command} {word} {words.kind} everywhere` is for all of them."
        return views.unknown_service(typed, (*self._services, *others.values()), form)

    async def _stop(self, asked: Asked, words: SwitchWords, where: _Where) -> Said:
        assert words.kind is not None
        if refused := await self._people.may_not_stop(asked.user, "stop it"):
            return Said(text=refused)
        begun = self._clock.now()
        why = redact(plain(words.why, WHY_LIMIT))
        switch = await self._switches.stop(words.kind, where.scope, where.name, who=asked.user, why=why)
        is_new = switch.at >= begun and switch.who == asked.user
        names = await self._people.names_of([switch.who])
        return Said(text=views.stopped_text(switch, names, self._command, is_new=is_new), is_public=True)

    async def _resume(self, asked: Asked, words: SwitchWords, where: _Where) -> Said:
        assert words.kind is not None
        if refused := await self._people.may_not_act(asked.user, "let it go on"):
            return Said(text=refused)
        owed = await self._owed(asked, words, where)
        done = await self._switches.resume(words.kind, where.scope, where.name, who=asked.user)
        if owed and not done.lifted:
            return Said(text=owed, is_public=True)
        return await self._resumed(asked, words, where, done)

    async def _owed(self, asked: Asked, words: SwitchWords, where: _Where) -> str:
        """What all are to be told once it goes on; kept before it does, since after a crash nothing is left to lift."""
        assert words.kind is not None
        key = f"resumed:{asked.id}"
        if known := (await self._effects.begin(key)).result:
            return known
        planned = resume(await self._switches.all(), words.kind, where.scope, where.name)
        if not planned.lifted:
            return ""
        text = (await self._resumed(asked, words, where, planned)).text
        await self._effects.finish(key, text)
        return text

    async def _resumed(self, asked: Asked, words: SwitchWords, where: _Where, done: Resumption) -> Said:
        assert words.kind is not None
        names = await self._people.names_of([asked.user, *([done.still.who] if done.still else [])])
        by = names.get(asked.user, asked.user)
        return views.resumed_text(done, words.kind, where.scope, where.name, by, names, self._command)


def _with_reason(words: SwitchWords) -> SwitchWords:
    """To stop must be easy: "stop actions it makes it worse" gives a reason without "because"."""
    why = " because ".join(filter(None, (words.rest, words.why)))
    return SwitchWords(kind=words.kind, scope=words.scope, name=words.name, why=why)
