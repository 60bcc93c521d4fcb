"""The part of the composition root that is about the model: who is asked, out of which purse, and what it is for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError
from bot.domain.model import ModelTask
from bot.domain.ports import Clock
from bot.domain.ports.model import Model
from bot.domain.ports.opinion import ThreadNotes
from bot.domain.spend import ModelCall, Notice
from bot.flows.analyse import Analyse, KeptOpinions, Show
from bot.flows.metered import IsStopped, MeteredModel, never_stopped
from bot.flows.pseudonymous import PseudonymousModel
from bot.opened import known_services
from bot.settings import SECOND_FAST, SECOND_MAIN, SECOND_OFF, BotSettings, Settings
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.store import Store

log = logging.getLogger(__name__)

_SECOND = {SECOND_OFF: None, SECOND_FAST: ModelTask.FAST, SECOND_MAIN: ModelTask.MAIN}


@asynccontextmanager
async def metered_model(
    settings: Settings,
    store: Store,
    notes: ThreadNotes,
    clock: Clock,
    *,
    is_stopped: IsStopped = never_stopped,
) -> AsyncIterator[MeteredModel | None]:
    """None where no key is set: everything else works without. `is_stopped`: see `MeteredModel`."""
    claude = settings.vendors.get("anthropic")
    if not isinstance(claude, AnthropicSettings) or not claude.is_set_up:
        yield None
        return
    client = Claude(claude)
    ledger = Ledger(store.spending, settings.memory.limits)

    async def tell(call: ModelCall, notices: Sequence[Notice]) -> None:
        await _tell(store, notes, call, notices)

    try:
        yield MeteredModel(
            await asyncio.to_thread(told_pseudonyms, client, settings.bot),
            ledger,
            AnthropicTariff(claude),
            clock,
            tell,
            is_stopped=is_stopped,
            second_opinion=_SECOND[settings.bot.second_opinion],
        )
    finally:
        await client.close()


def told_pseudonyms(model: Model, bot: BotSettings) -> Model:
    """`model` itself where operators want it told the real names. Raises ConfigFileError."""
    if not bot.pseudonyms:
        return model
    services = known_services(bot).services.values()
    names = {name for one in services for name in (one.name, *one.aliases, one.log_name) if name}
    return PseudonymousModel(model, stays=names)


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
