"""How it stands, how bad it is, what it is called and what it belongs to: answered to commands."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from bot.domain.incident import Incident, PlaceKind
from bot.domain.lifecycle import MoveReason, Step
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports.life import Choice
from bot.slack import life_ids as ids
from bot.slack.inbound import Asked
from bot.slack.life_around import Around, order
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant
from bot.slack.life_words import ID, moved, read_link, read_severity, read_split, subject
from bot.slack.mrkdwn import escape
from bot.slack.views import SEVERITY_MEANING

STEPS: Mapping[str, Step] = {
    "investigate": Step.INVESTIGATE,
    "identify": Step.IDENTIFY,
    "mitigate": Step.MITIGATE,
    "resolve": Step.RESOLVE,
    "reopen": Step.REOPEN,
}
TITLE_LIMIT = 140
_INTO = re.compile(r"\s*(?:in)?to\s+", re.IGNORECASE)
OTHER_LIMIT = 2000  # of an address


class Steering:
    def __init__(self, around: Around) -> None:
        self._around = around
        self._steer = around.desks.steer
        self._words: Mapping[str, Callable[[Asked, Meant], Awaitable[Told]]] = {
            "sev": self._sev,
            "cancel": self._cancel,
            "merge": self._merge,
            "split": self._split,
            "link": self._link,
            "rename": self._rename,
            "promote": self._promote,
            **dict.fromkeys(STEPS, self._step),
        }
        self.words = frozenset(self._words)

    async def answer(self, asked: Asked, meant: Meant) -> Told:
        return await self._words[asked.command.name](asked, meant)

    # --- how it stands -----------------------------------------------------------------------------------------------

    async def _step(self, asked: Asked, meant: Meant) -> Told:
        return await self.move(_id(asked), meant, asked.user, STEPS[asked.command.name], meant.rest)

    async def move(self, id: str, meant: Meant, person: str, step: Step, text: str = "") -> Told:
        """`text`: as typed, why or what was done."""
        word = await self._around.word(text)
        made = await self._steer.move(order(id, meant.incident, person, word), step)
        # A word that is dealt with once more after a crash: those who were to be told of it may not have been yet.
        if not made.is_made and made.reason is not MoveReason.REPEATED:
            return await self._around.private(meant, made.sentence)
        return await self._around.public(meant.incident, person, made.sentence, word)

    async def _sev(self, asked: Asked, meant: Meant) -> Told:
        incident, words = meant.incident, read_severity(meant.rest)
        if words.trouble:
            return self._around.usage(words.trouble, "sev", "2 because only one region is hurt")
        if words.severity is None and not words.way:
            return await self._severities(meant, 0)
        word = await self._around.word(words.why)
        severity = words.severity or moved(incident.severity, words.way)
        # Also where there is nothing beyond: before a crash the same word may have led here.
        given = order(_id(asked), incident, asked.user, word)
        made = await self._steer.regrade(given, severity or incident.severity)
        if made.is_change_of(incident):
            return await self._around.public(incident, asked.user, made.sentence, word)
        if severity is None:
            return await self._severities(meant, words.way)
        return await self._around.private(meant, made.sentence)

    async def _severities(self, meant: Meant, way: int) -> Told:
        end = f"There is nothing {'below SEV4' if way > 0 else 'above SEV1'}. " if way else ""
        lines = [f"\u2022 {severity}: {meaning}" for severity, meaning in SEVERITY_MEANING.items()]
        head = f"{end}{meant.incident.id} is {meant.incident.severity}. `{self._around.command} sev 2 because ...`"
        return Told(text="\n".join([f"{head} changes it.", *lines]), is_secret=meant.is_secret)

    # --- what asks first ---------------------------------------------------------------------------------------------

    async def _cancel(self, asked: Asked, meant: Meant) -> Told:
        incident = meant.incident
        word = await self._around.word(meant.rest)
        if not incident.status.is_open:
            return await self._around.private(meant, f"{incident.id} is {incident.status} already.")
        choice = Choice(
            action=ids.CONFIRM_CANCEL, text="Cancel it", value=f"{incident.id} {word}".strip(), is_danger=True
        )
        why = f" Why: {escape(word)}" if word else ""
        text = f"Cancel {_named(incident)}? It counts as no incident then: a false alarm or a test.{why}"
        return Told(text=text, buttons=[choice], is_secret=meant.is_secret)

    async def _merge(self, asked: Asked, meant: Meant) -> Told:
        around = self._around
        target, _ = subject(_INTO.sub("", meant.rest))
        if not target:
            return around.usage("Name the incident that it goes on in.", "merge", "INC-2026-0041")
        other = await around.incidents.get(target)
        if other is None or not await around.scope.sees(asked, other):
            return Told(text=around.scope.none_such(target, "merge"))
        other = await around.scope.survivor(other)
        if other.id == meant.incident.id:
            return around.usage(f"{target} is this very incident.", "merge", "INC-...")
        value = f"{meant.incident.id} {other.id}"
        choice = Choice(action=ids.CONFIRM_MERGE, text=f"Merge into {other.id}", value=value, is_danger=True)
        text = (
            f"Merge {_named(meant.incident)} into {_named(other)}? Its alerts go there, and {meant.incident.id} is "
            f"cancelled; what comes of it later goes there, too."
        )
        return Told(text=text, buttons=[choice], is_secret=meant.is_secret or other.is_private)

    # --- what it belongs to ------------------------------------------------------------------------------------------

    async def _split(self, asked: Asked, meant: Meant) -> Told:
        which = await self._around.word(read_split(meant.rest), NAME_WORDS)
        if not which:
            example = "3` (an alert's number, as `alerts` tells) or `split checkout"
            return self._around.usage("Say what is to become an incident of its own.", "split", example)
        which = which if which.isdigit() else (self._around.known_service(which) or which)
        if which.isdigit() and not 1 <= int(which) <= meant.incident.alert_count:
            told = f"{meant.incident.id} has no alert {which}: it has {meant.incident.alert_count}."
            return self._around.usage(told, "split", "1")
        done = await self._steer.split(order(_id(asked), meant.incident, asked.user), which)
        return await self._around.private(meant, done)

    async def _link(self, asked: Asked, meant: Meant) -> Told:
        around = self._around
        words = read_link(meant.rest)
        if words.trouble:
            return around.usage(words.trouble, "link", "https://status.example.com/42")
        if ID.fullmatch(words.other):
            other = await around.incidents.get(words.other)
            if other is None or not await around.scope.sees(asked, other):
                return Told(text=around.scope.none_such(words.other, "link"))
        done = await self._steer.link(order(_id(asked), meant.incident, asked.user), words.other[:OTHER_LIMIT])
        return await around.private(meant, done)

    async def _rename(self, asked: Asked, meant: Meant) -> Told:
        title = await self._around.word(meant.rest, TITLE_LIMIT)
        if not title:
            return self._around.usage("Say what it is to be called.", "rename", "Checkout fails in Europe")
        done = await self._steer.rename(order(_id(asked), meant.incident, asked.user), title)
        return await self._around.private(meant, done)

    async def _promote(self, asked: Asked, meant: Meant) -> Told:
        place = meant.incident.place
        if place is not None and place.kind is PlaceKind.CHANNEL:
            return Told(text=f"{meant.incident.id} has a channel of its own: <#{place.channel}>.")
        done = await self._steer.promote(order(_id(asked), meant.incident, asked.user))
        return await self._around.private(meant, done)


NAME_WORDS = 80  # characters of a service's name


def _id(asked: Asked) -> str:
    return f"said:{asked.id}"


def _named(incident: Incident) -> str:
    return f"*{incident.id}* {escape(plain(bare_title(incident.title), TITLE_LIMIT))}"
