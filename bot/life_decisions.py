"""What people can decide about an incident, wired by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.flows.life.assigning import Assigning
from bot.flows.life.cadence import Cadences
from bot.flows.life.drafting import Drafting, public_names
from bot.flows.life.drafting_postmortem import DraftPostmortem
from bot.flows.life.follow_ups import FollowUps
from bot.flows.life.handoff import HandingOver
from bot.flows.life.incident_chart import IncidentCharts
from bot.flows.life.linking import Linking
from bot.flows.life.postmortem import Postmortems
from bot.flows.life.promote import Promotion
from bot.flows.life.publishing import PublishPostmortem
from bot.flows.life.roles import Roles
from bot.flows.life.situations import Situations
from bot.flows.life.steering import Steering
from bot.flows.life.updates import Updates
from bot.life_elsewhere import libraries, tracker
from bot.life_given import DRAWN_FROM, Beside, Given
from bot.slack.blocks.postmortem_card import PostmortemWords
from bot.slack.canvas_address import CanvasAddress
from bot.slack.canvases import SlackCanvases
from bot.slack.chat import SlackPictures
from bot.slack.telling import SlackTelling
from integrations.resvg import ResvgRenderer


class Decisions:
    """Everything by its name, built in the order in which one needs the other."""

    def __init__(self, given: Given, beside: Beside) -> None:
        store, api, clock = given.store, given.api, given.clock
        self.given = given
        self.beside = beside
        self.drawing = ResvgRenderer(given.lent.threads)
        self.pictures = SlackPictures(api)
        self.telling = SlackTelling(api, store.effects, given.rooms, self.pictures, clock)
        self.canvases = SlackCanvases(api)
        self.shared: Mapping[str, Any] = {"incidents": store.incidents, "clock": clock}
        self.told: Mapping[str, Any] = {"life": store.life, "telling": self.telling}
        self.situations = Situations(
            life=store.life,
            briefings=store.briefings,
            timeline=store.timeline,
            runs=store.runs,
            approvals=store.approvals,
            clock=clock,
        )
        self.charts = IncidentCharts(
            **self.shared,
            timeline=store.timeline,
            briefings=store.briefings,
            guards=given.guards_named(DRAWN_FROM),
            catalog=given.catalog,
            drawing=self.drawing,
        )
        self.steering, self.promotion = self._steering()
        self.roles, self.handing = self._roles()
        self.cadences = Cadences(**self.shared, **self.told, effects=store.effects)
        self.updates = self._updates()
        self.follow_ups = self._follow_ups()
        self.postmortems = self._postmortems()

    def _steering(self) -> tuple[Steering, Promotion]:
        given, store, around = self.given, self.given.store, self.beside.surroundings
        linking = Linking(**self.shared, timeline=store.timeline, ties=store.life.ties, surroundings=around)
        promotion = Promotion(
            **self.shared,
            briefings=store.briefings,
            places=store.places,
            effects=store.effects,
            timeline=store.timeline,
            rooms=given.rooms,
            cards=given.cards,
            old_cards=given.cards,
            voices=around,
            surroundings=around,
            dress=given.responder.dress,
            show=given.responder.brief,
        )
        steering = Steering(
            **self.shared,
            desk=store.desk,
            ties=store.life.ties,
            linking=linking,
            promotion=promotion,
            on_change=given.changed,
        )
        return steering, promotion

    def _roles(self) -> tuple[Roles, HandingOver]:
        given, store = self.given, self.given.store
        assigning = Assigning(
            **self.told,
            timeline=store.timeline,
            effects=store.effects,
            directory=given.directory,
            clock=given.clock,
            surroundings=self.beside.surroundings,
        )
        handing = HandingOver(
            **self.shared, **self.told, assigning=assigning, situations=self.situations, effects=store.effects
        )
        roles = Roles(
            life=store.life,
            incidents=store.incidents,
            assigning=assigning,
            handing_over=handing,
            on_change=given.changed,
        )
        return roles, handing

    def _updates(self) -> Updates:
        given, store = self.given, self.given.store
        drafting = Drafting(**self.shared, situations=self.situations, public_name=public_names(given.catalog))
        return Updates(
            **self.shared,
            **self.told,
            timeline=store.timeline,
            effects=store.effects,
            directory=given.directory,
            cadences=self.cadences,
            drafting=drafting,
            on_change=given.changed,
            channel=given.settings.life.announcements,
        )

    def _follow_ups(self) -> FollowUps:
        given, store = self.given, self.given.store
        return FollowUps(
            **self.shared,
            life=store.life,
            timeline=store.timeline,
            directory=given.directory,
            tracker=tracker(given.settings, given.lent),
            on_change=given.changed,
        )

    def _postmortems(self) -> Postmortems:
        given, store = self.given, self.given.store
        words = PostmortemWords()
        write = DraftPostmortem(
            timeline=store.timeline,
            briefings=store.briefings,
            life=store.life,
            directory=given.directory,
            model=given.model,
            catalog=given.catalog,
            clock=given.clock,
        )
        publish = PublishPostmortem(
            canvases=self.canvases,
            libraries=libraries(given.settings, given.lent),
            surroundings=self.beside.surroundings,
            telling=self.telling,
            effects=store.effects,
            learn=given.learn,
            follow_ups=self.follow_ups,
            cause_kind=write.cause_kind,
            words=words,
            canvas_address=CanvasAddress(given.api),
        )
        return Postmortems(
            **self.shared,
            **self.told,
            timeline=store.timeline,
            effects=store.effects,
            directory=given.directory,
            write=write,
            publish=publish,
            words=words,
            on_change=given.changed,
        )
