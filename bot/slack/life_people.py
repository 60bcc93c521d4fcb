"""Who does what, who is on call, and who is called: answered to commands."""

from __future__ import annotations

from bot.domain.life import DUTIES, Role, presses
from bot.domain.ports.life import Choice
from bot.slack.inbound import Asked
from bot.slack.life_around import Around, order
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant
from bot.slack.life_words import WHOM, PersonWords, RoleWords, read_person, read_role, read_target
from bot.slack.mrkdwn import escape

MOST_NAMED = 5  # services in a hint


class PeopleWords:
    """`lead`, `role`, `handoff`, `page` and `oncall`."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._roles = around.desks.roles
        self.words = frozenset({"lead", "role", "handoff", "page"})

    async def answer(self, asked: Asked, meant: Meant) -> Told:
        match asked.command.name:
            case "lead":
                who = read_person(meant.rest, asked.user)
                return await self._assign(asked, meant, RoleWords(role=Role.LEAD, who=who, trouble=who.trouble))
            case "role":
                return await self._assign(asked, meant, read_role(meant.rest, asked.user))
            case "handoff":
                return await self._handoff(asked, meant)
        return await self._page(asked, meant)

    # --- roles -------------------------------------------------------------------------------------------------------

    async def _assign(self, asked: Asked, meant: Meant, words: RoleWords) -> Told:
        word = asked.command.name
        if words.trouble:
            return self._around.usage(words.trouble, word, _EXAMPLES[word])
        if words.role is None or not words.who.is_named:
            return await self._holders(meant, words.role)
        if refused := await self._cannot_take(words.who.person):
            return Told(text=refused)
        return await self.give(f"said:{asked.id}", meant, asked.user, words.role, words.who.person)

    async def give(self, id: str, meant: Meant, by: str, role: Role, person: str) -> Told:
        """Where people work on it the roles' own desk says it."""
        sentence = await self._roles.assign(order(id, meant.incident, by), role, person)
        return await self._around.private(meant, sentence)

    async def _holders(self, meant: Meant, role: Role | None) -> Told:
        held = await self._roles.holders(meant.incident.id)
        lines = []
        for one in (role,) if role else Role:
            who = f"*{await self._around.name(held[one])}*" if one in held else "nobody"
            lines.append(f"\u2022 {one}: {who}. {DUTIES[one][0]}")
        example = f"`{self._around.command} role scribe @bo`"
        text = "\n".join([f"*Roles of {meant.incident.id}*; {example} ({escape(WHOM)}) changes one.", *lines])
        return Told(text=text, is_secret=meant.is_secret)

    async def _cannot_take(self, person: str) -> str:
        """Why this person cannot take a role."""
        if not person:
            return ""
        refused = await self._around.scope.may_not_change(person, "take a role")
        return f"Nothing was changed. {refused}" if refused else ""

    async def _handoff(self, asked: Asked, meant: Meant) -> Told:
        words = read_person(meant.rest.removeprefix("lead ").strip(), asked.user)
        if trouble := _no_taker(words, asked.user):
            return self._around.usage(trouble, "handoff", "@bo")
        if refused := await self._cannot_take(words.person):
            return Told(text=refused)
        sentence = await self._roles.offer(order(f"said:{asked.id}", meant.incident, asked.user), words.person)
        return await self._around.private(meant, sentence)

    # --- on call -----------------------------------------------------------------------------------------------------

    async def _page(self, asked: Asked, meant: Meant) -> Told:
        target = await self._target(meant.rest)
        question = await self._around.desks.paging.ask(meant.incident, target)
        value = f"{meant.incident.id} {target}".strip()
        choice = Choice(action=presses.PAGE, text="Page them", value=value, is_danger=True)
        return Told(text=await self._around.shown(question), buttons=[choice], is_secret=meant.is_secret)

    async def on_call(self, asked: Asked) -> Told:
        """Of a service, or of the incident that is worked on here."""
        target = await self._target(asked.command.argument)
        if not target:
            here = await self._around.scope.meant(asked, "")
            if isinstance(here, Told) or not here.incident.service:
                known = self._around.services[:MOST_NAMED]
                trouble = f"Name a service, such as {', '.join(known)}." if known else "Name a service."
                return self._around.usage(trouble, "oncall", known[0] if known else "checkout")
            target = here.incident.service
        return Told(text=await self._around.shown(await self._around.desks.paging.who(target)))

    async def _target(self, text: str) -> str:
        typed = await self._around.word(read_target(text), 80)
        return (self._around.known_service(typed) or typed) if typed else ""


_EXAMPLES = {"lead": "@ana", "role": "scribe @bo"}


def _no_taker(words: PersonWords, asker: str) -> str:
    if words.trouble:
        return words.trouble
    if not words.is_named or not words.person:
        return "Say to whom; `lead nobody` gives it up." if words.is_named else "Say to whom."
    return "You cannot hand over to yourself: `lead me` takes the lead." if words.person == asker else ""
