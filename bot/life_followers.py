"""What follows from an incident's state and from people's decisions, wired by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from bot.domain.life import FollowUp, Order
from bot.domain.lifecycle import Step
from bot.domain.ports.following import Follower
from bot.flows.life.announcing import Announcing
from bot.flows.life.digest import Digest
from bot.flows.life.from_source import AskWhetherOver
from bot.flows.life.merged import PointToSurvivor
from bot.flows.life.overview import Overview
from bot.flows.life.proposing import Proposing
from bot.flows.life.reminders import Reminders
from bot.flows.life.settling import WatchRecord
from bot.flows.life.twin import Twin
from bot.flows.life.unheard import Unheard
from bot.flows.life.watching import Watching
from bot.incident_metrics import Metering
from bot.life_decisions import Decisions
from bot.slack.blocks.follow_up_list import reminder
from bot.slack.emails import SlackEmails
from bot.slack.people import People
from integrations.pagerduty.settings import PagerDutySettings

WATCHED_BY = ("prometheus", "http_probe", "elasticsearch")  # in the order in which a recovery's trigger is looked at


class Followers:
    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self.given = decisions.given

    def all(self) -> Sequence[Follower]:
        given, store = self.given, self.given.store
        effects, channel = store.effects, given.settings.life.announcements
        everybody: list[Follower] = [
            self.decisions.promotion,
            self.decisions.beside.topic,
            PointToSurvivor(incidents=store.incidents, ties=store.life.ties, telling=self.decisions.telling),
            self.decisions.handing,
            Proposing(
                **self.decisions.told,
                briefings=store.briefings,
                effects=effects,
                emails=SlackEmails(given.api),
                directory=given.directory,
            ),
            self.decisions.cadences,
            Announcing(
                **self.decisions.shared, **self.decisions.told, situations=self.decisions.situations, channel=channel
            ),
            self.decisions.postmortems,
            Reminders(
                **self.decisions.told,
                incidents=store.incidents,
                words=reminder,
                has_tracker=bool(given.settings.life.follow_up_repository),
            ),
            self._watching(),
            *self._elsewhere(),
            Overview(
                **self.decisions.shared,
                effects=effects,
                canvases=self.decisions.canvases,
                situations=self.decisions.situations,
                catalog=given.catalog,
            ),
            Metering(metrics=given.metrics, measured=store.measured, incidents=store.incidents),
        ]
        if given.settings.life.asks:
            everybody.append(AskWhetherOver(telling=self.decisions.telling, roles=store.life.roles, effects=effects))
        if given.settings.life.digest and channel:
            everybody.append(self._digest(channel))
        return everybody

    def _announcing(self, channel: str) -> Announcing:
        parts = self.decisions
        return Announcing(**parts.shared, **parts.told, situations=parts.situations, channel=channel)

    def _digest(self, channel: str) -> Digest:
        store = self.given.store
        return Digest(
            channel=channel,
            measured=store.measured,
            watches=store.life.watches,
            incidents=store.incidents,
            effects=store.effects,
            telling=self.decisions.telling,
            overdue=self._overdue,
        )

    async def _overdue(self, day: date) -> Sequence[FollowUp]:
        return await self.decisions.follow_ups.overdue(datetime.combine(day, time(), tzinfo=UTC))

    def _watching(self) -> Watching:
        given, store = self.given, self.given.store

        async def reopen(order: Order) -> object:
            return await self.decisions.steering.move(order, Step.REOPEN)

        return Watching(
            record=WatchRecord(
                watches=store.life.watches,
                incidents=store.incidents,
                briefings=store.briefings,
                timeline=store.timeline,
                effects=store.effects,
            ),
            guards=given.guards_named(WATCHED_BY),
            telling=self.decisions.telling,
            reopen=reopen,
            conclude=given.learn.conclude,
            catalog=given.catalog,
            clock=given.clock,
            span=given.settings.life.watch,
            on_end=given.metrics.watched,
        )

    def _elsewhere(self) -> Sequence[Follower]:
        """What keeps PagerDuty in step; nothing where it is not set up."""
        from integrations.pagerduty.twin import twin

        given, store = self.given, self.given.store
        settings = given.settings.vendors.get("pagerduty")
        elsewhere = twin(settings, given.lent) if isinstance(settings, PagerDutySettings) else None
        if elsewhere is None:
            return ()
        in_step = Twin(
            **self.decisions.shared,
            elsewhere=elsewhere,
            timeline=store.timeline,
            effects=store.effects,
            inbox=store.inbox,
            names=People(given.api),
            on_accepted=given.on_accepted,
        )
        unheard = Unheard(
            incidents=store.incidents,
            agenda=store.agenda,
            elsewhere=elsewhere,
            effects=store.effects,
            after=given.settings.life.unheard,
        )
        return (in_step, unheard)
