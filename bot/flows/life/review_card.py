"""The message in which a draft is reviewed: one for each time it is put before people anew, edited in place."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Draft
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Telling
from bot.domain.postmortem.review import choices, round_of

log = logging.getLogger(__name__)


class CardWords(Protocol):
    """mrkdwn; what comes from outside is escaped in it."""

    def review(self, incident: Incident, draft: Draft, trouble: str) -> str: ...

    def replaced(self, incident: Incident) -> str: ...


class ReviewCard:
    def __init__(self, *, drafts: Kept[Draft], telling: Telling, words: CardWords) -> None:
        self._drafts = drafts
        self._telling = telling
        self._words = words
        self._shown: dict[str, tuple[int, str]] = {}  # by incident: the version and the trouble that its card shows

    async def show(self, incident: Incident, draft: Draft, trouble: str = "") -> None:
        """Raises ChatError, NotStored. After a start each is written anew once: a crash may have left an older text."""
        if draft.card is None:
            await self._post(incident, draft)
        elif self._shown.get(incident.id) != (draft.version, trouble):
            await self._edit(draft, self._words.review(incident, draft, trouble), is_open=True)
            self._shown[incident.id] = (draft.version, trouble)

    async def retire(self, incident: Incident, draft: Draft) -> None:
        """Another card takes its place."""
        await self._edit(draft, self._words.replaced(incident), is_open=False)

    async def _post(self, incident: Incident, draft: Draft) -> None:
        # Where the message is, is kept as the next version: that one is what its button approves.
        shown = replace(draft, version=draft.version + 1)
        text, key = self._words.review(incident, shown, ""), f"postmortem-card:{incident.id}:{round_of(draft)}"
        card = await self._telling.in_place(incident, text, key=key, choices=choices(shown))
        if card is not None:
            await self._drafts.put(replace(draft, card=(card.channel, card.ts)))

    async def _edit(self, draft: Draft, text: str, *, is_open: bool) -> None:
        if draft.card is None:
            return
        channel, ts = draft.card
        try:
            buttons = choices(draft) if is_open else ()
            await self._telling.change(Message(channel=channel, ts=ts), text, buttons)
        except ChatError as error:
            if not error.is_final:
                raise
            log.info("the card of the postmortem of %s cannot be edited: %s", draft.incident, error)
