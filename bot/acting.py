"""The part of the composition root that is about acting: what can be done, who may say yes, where it is shown."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.action import Action
from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError, NotStored
from bot.domain.kill_switch import Stopped, Switch, bites
from bot.domain.policy import Policy
from bot.domain.ports import Clock
from bot.domain.ports.acting import Pager
from bot.domain.ports.opinion import ThreadNotes
from bot.domain.ports.replicas import Membership
from bot.domain.runbook import CatalogKind, CatalogNames, Runbook
from bot.domain.spend import ModelCall
from bot.flows.acting.engine import Engine
from bot.flows.acting.ordering import Ordering
from bot.flows.acting.outside import Outside, nobody_is_gone
from bot.flows.approve import Approve
from bot.flows.life.reviews import ToldApprovals
from bot.flows.switching import Switching
from bot.settings import Settings
from bot.slack.acting_desk import ActingDesk
from bot.slack.directory import SlackDirectory
from bot.slack.post_action import PostAction
from bot.slack.run_board import SlackRunBoard
from bot.slack.web_api import WebApi
from integrations.descriptor import ActionTools, Integration
from integrations.kubectl.settings import KubectlSettings
from integrations.pagerduty.paging import PagerDutyPager
from integrations.pagerduty.settings import PagerDutySettings
from memory.audit_checkpoints import CheckpointFile, Checkpointing
from memory.audit_keys import read_private_key
from memory.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Acting:
    engine: Engine
    desk: ActingDesk


def switching(store: Store, notes: ThreadNotes, clock: Clock) -> Switching:
    async def told(switch: Switch) -> None:
        await _tell(store, notes, switch)

    return Switching(kept=store.switches, clock=clock, stopped=told)


async def _tell(store: Store, notes: ThreadNotes, switch: Switch) -> None:
    """In the thread of every open incident that it bites in; the log has it in any case."""
    try:
        for incident in await store.incidents.list_open():
            if incident.card and bites((switch,), switch.stopped, incident.service, incident.id):
                key = f"switch:{switch.stopped}:{switch.scope}:{switch.name}:{switch.at.isoformat()}:{incident.id}"
                await notes.post(incident.card, switch.sentence, key=key)
    except (ChatError, NotStored) as error:
        log.warning("a switch that was engaged by itself could not be told: %s", error)


def stops_model(switches: Switching) -> Callable[[ModelCall], Any]:
    """Why people stopped the model for this call; "" where they did not."""

    async def why(call: ModelCall) -> str:
        switch = bites(await switches.all(), Stopped.AI, call.service, call.incident_id)
        return switch.sentence if switch else ""

    return why


def actions(
    settings: Settings,
    integrations: Mapping[str, Integration[Any]],
    store: Store,
    api: WebApi,
    tools: ActionTools,
) -> Mapping[str, Action]:
    """By name: what integrations that are set up offer, and our own."""
    post = PostAction(api, store.effects, store.incidents, tools.clock, channels=settings.slack.post_channels)
    made: list[Action] = [post]
    for name, integration in integrations.items():
        if integration.actions is not None:
            made += integration.actions(settings.vendors[name], tools)
    return {action.name: action for action in made}


def pager(settings: Settings, tools: ActionTools, catalog: Catalog) -> Pager | None:
    """None where nobody could be called: then a request that nobody answers is left to expire."""
    given = settings.vendors.get("pagerduty")
    if not isinstance(given, PagerDutySettings) or not given.api_key or given.sender is None:
        return None
    return PagerDutyPager(given, tools, catalog)


def acting(
    settings: Settings,
    store: Store,
    api: WebApi,
    *,
    runbooks: Sequence[Runbook],
    policy: Policy,
    catalog: Catalog,
    actions: Mapping[str, Action],
    switches: Switching,
    pager: Pager | None,
    clock: Clock,
    on_change: Callable[[str], None],
    membership: Membership | None = None,
) -> Acting:
    """`on_change`: is called with the id of an incident of which a run has come to its end. `membership`: of this
    process among several; what those began that are gone is taken over without waiting.
    """
    directory = SlackDirectory(api, policy.groups)
    by_id = {runbook.id: runbook for runbook in runbooks}
    outside = Outside(
        runs=store.runs,
        approvals=ToldApprovals(store.approvals),
        incidents=store.incidents,
        switching=switches,
        directory=directory,
        board=SlackRunBoard(api, store.effects, store.briefings),
        clock=clock,
        actions=actions,
        runbooks=lambda: by_id,
        policy=lambda: policy,
        catalog=lambda: catalog,
        executor=membership.holder if membership else settings.bot.executor_id,
        gone=membership.gone if membership else nobody_is_gone,
        boot=secrets.token_hex(8),
        pager=pager,
        briefings=store.briefings,
        on_end=on_change,
    )
    engine = Engine(outside)
    return Acting(engine=engine, desk=_desk(settings, store, api, outside, engine, directory))


def _desk(
    settings: Settings, store: Store, api: WebApi, outside: Outside, engine: Engine, directory: SlackDirectory
) -> ActingDesk:
    catalog = outside.catalog()
    names = catalog_names(catalog, settings)
    return ActingDesk(
        api=api,
        incidents=store.incidents,
        effects=store.effects,
        runs=Ordering(outside, names, engine.wake),
        approvals=Approve(
            approvals=ToldApprovals(store.approvals),
            directory=directory,
            board=outside.board,
            clock=outside.clock,
            wake=engine.wake,
        ),
        switches=outside.switching,
        directory=directory,
        clock=outside.clock,
        command=settings.slack.command,
        services=tuple(catalog.services),
        known_service=lambda name: service.name if (service := catalog.find(name)) else None,
        catalog=names,
        on_group_change=directory.forget,
    )


@asynccontextmanager
async def checkpointing(settings: Settings, store: Store, clock: Clock) -> AsyncIterator[None]:
    """Keeps checkpoints of the audit log in the background, and one at the end. Raises SettingsError for a bad key."""
    audit = settings.audit
    if not audit.checkpoints:
        yield
        return
    key = await asyncio.to_thread(read_private_key, Path(audit.key_file)) if audit.key_file else None
    kept = Checkpointing(
        store.audit,
        [CheckpointFile(Path(audit.checkpoints))],
        clock,
        every=audit.every,
        interval=audit.interval,
        private_key=key,
    )
    watching = asyncio.create_task(kept.watch())
    try:
        yield
    finally:
        watching.cancel()
        try:
            await kept.look(is_end=True)
        except NotStored as error:
            log.warning("no last checkpoint of the audit log: %s", error)


def catalog_names(catalog: Catalog, settings: Settings) -> CatalogNames:
    kubectl = settings.vendors.get("kubectl")
    namespaces = kubectl.namespaces if isinstance(kubectl, KubectlSettings) else ()
    known: Mapping[CatalogKind, Collection[str]] = {
        CatalogKind.SERVICES: tuple(catalog.services),
        CatalogKind.NAMESPACES: tuple(namespaces),
        CatalogKind.ENVIRONMENTS: tuple(dict.fromkeys(service.environment for service in catalog.services.values())),
    }
    return lambda kind: known[kind]


def policy_of(settings: Settings) -> Policy:
    """Raises ConfigFileError naming file, line, field and remedy."""
    from memory.policy import load_policy

    return load_policy(Path(settings.bot.policy))
