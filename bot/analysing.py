"""The part of the composition root that is about the model: who is asked, out of which purse, and what it is for."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError
from bot.domain.ports import Clock
from bot.domain.ports.opinion import ThreadNotes
from bot.domain.spend import ModelCall, Notice
from bot.flows.analyse import Analyse, KeptOpinions, Show
from bot.flows.metered import MeteredModel
from bot.settings import Settings
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.store import Store

log = logging.getLogger(__name__)


@asynccontextmanager
async def metered_model(
    settings: Settings, store: Store, notes: ThreadNotes, clock: Clock
) -> AsyncIterator[MeteredModel | None]:
    """None where no key is set: everything else works without."""
    claude = settings.vendors.get("anthropic")
    if not isinstance(claude, AnthropicSettings) or not claude.is_set_up:
        yield None
        return
    client = Claude(claude)
    ledger = Ledger(store.spending, settings.memory.limits)

    async def tell(call: ModelCall, notices: Sequence[Notice]) -> None:
        await _tell(store, notes, call, notices)

    try:
        yield MeteredModel(client, ledger, AnthropicTariff(claude), clock, tell)
    finally:
        await client.close()


async def _tell(store: Store, notes: ThreadNotes, call: ModelCall, notices: Sequence[Notice]) -> None:
    """In the thread of the incident whose call it was; to operators in the log in any case."""
    incident = await store.incidents.get(call.incident_id) if call.incident_id else None
    for notice in notices:
        log.warning("model spend: %s", notice.text)
        account = notice.account
        key = f"spend:{account.scope}:{account.name}:{account.day}:{notice.kind}"
        if incident is None or incident.card is None:
            continue
        try:
            await notes.post(incident.card, notice.text, key=key)
        except ChatError as error:
            log.warning("a notice about spend could not be posted: %s", error)


def analysis(
    model: MeteredModel | None,
    store: Store,
    notes: ThreadNotes,
    catalog: Catalog,
    clock: Clock,
    show: Show,
    opinions: KeptOpinions,
) -> Analyse | None:
    if model is None:
        return None
    made = Analyse(
        incidents=store.incidents,
        briefings=store.briefings,
        answers=store.answers,
        model=model,
        notes=notes,
        show=show,
        catalog=catalog,
        clock=clock,
    )
    opinions.analyse = made
    return made
