"""Requests for approval, runs, the forms of a run, the kill switch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.domain.action import Risk
from bot.domain.approval import PersonKind, State
from bot.domain.kill_switch import ResumeReason, Resumption, Scope, Stopped, Switch
from bot.domain.ports.deciding import Offer, OrderAnswer
from bot.domain.run import Run, RunState, StepRun, StepState
from bot.domain.runbook import CatalogKind, Parameter, ParameterProblem, ParameterType
from bot.slack import acting_views, run_modal
from bot.slack.blocks import approval_request, person_asked, run_card
from bot.slack.blocks.approval_request import EvidenceLine, RequestView
from bot.slack.blocks.run_card import RunView
from tests.slack import acting_cases
from tests.slack.samples.made_of import ANA, BO, COMMAND, HOSTILE, ID, LONG, NOW, UNICODE
from tests.slack.samples.registry import of, of_file

LATER = NOW + timedelta(seconds=47)
NAMES = {ANA: "Ana Ruiz", BO: HOSTILE}


# --- requests --------------------------------------------------------------------------------------------------------


def request(**changes: Any) -> Any:
    return acting_cases.request(**({"created_at": NOW, "expires_at": NOW + timedelta(minutes=10)} | changes))


def _asked(text: str = "", **changes: Any) -> RequestView:
    if text:
        plan = acting_cases.plan(lines=(text,) * 3, argv=(), target=text)
        changes = {"reason": text, "plan": plan, "evidence": tuple(f"E{n}" for n in range(50)), **changes}
    evidence = (
        EvidenceLine(id="E3", text=text or "5xx at 18 %", link="https://prom.example/g?x=1"),
        EvidenceLine(id="E7"),
    )
    return RequestView(
        request=request(**changes),
        title=text or "High error ratio",
        preview=text or "6 pods",
        rollback=text or "back to v2.31.0",
        evidence=evidence,
        word=text,
    )


def _decided(state: State) -> RequestView:
    by = acting_cases.review(at=LATER)
    return replace(_asked(), standing=acting_cases.standing(state, by=BO, at=LATER, approvals=(by,)))


def _rendered(state: State) -> object:
    return approval_request.render(_decided(state))


of(
    approval_request.render,
    normal=lambda: approval_request.render(_asked()),
    empty=lambda: approval_request.render(
        RequestView(request=request(evidence=(), groups=(), reason="", requester=""))
    ),
    two_needed=lambda: approval_request.render(_asked(needed=2, author=BO, groups=("on-call", "platform"))),
    deadly=lambda: approval_request.render(_asked(plan=acting_cases.plan(risk=Risk.DESTROY))),
    file_on_its_way=lambda: approval_request.render(replace(_asked(LONG), is_whole=False)),
    extreme=lambda: approval_request.render(_asked(LONG)),
    hostile=lambda: approval_request.render(_asked(HOSTILE)),
    unicode=lambda: approval_request.render(_asked(UNICODE)),
    **{state.value: partial(_rendered, state) for state in State if state is not State.WAITING},
)
of_file(
    approval_request.full_text,
    "normal",
    lambda: approval_request.full_text(_asked().request, "6 pods", "back to v2.31.0"),
)


# --- runs ------------------------------------------------------------------------------------------------------------


def _run(**changes: Any) -> Run:
    return acting_cases.run(**({"created_at": NOW} | changes))


def _step(state: StepState, text: str = "rolled back.", **changes: Any) -> StepRun:
    told = {"started_at": NOW, "ended_at": LATER, "summary": text, "verified": text}
    return acting_cases.step("roll-back", state, **(told | changes))


def _view(steps: list[StepRun], **changes: Any) -> RunView:
    book = changes.pop("runbook", None) or acting_cases.runbook()
    return RunView(run=_run(**changes), runbook=book, steps=steps, incident=ID, title="High error ratio")


def _many_steps() -> list[StepRun]:
    return [_step(StepState.FAILED, LONG, item=n) for n in range(50)]


of(
    run_card.render,
    normal=lambda: run_card.render(_view([_step(StepState.WAITING, request="A-1")])),
    empty=lambda: run_card.render(_view([], runbook=acting_cases.runbook(steps=()), parameters={}, reason="")),
    dry=lambda: run_card.render(_view([_step(StepState.PLANNED)], is_dry=True)),
    over=lambda: run_card.render(_view([_step(StepState.SUCCEEDED)], state=RunState.SUCCEEDED, ended_at=LATER)),
    failed=lambda: run_card.render(_view([_step(StepState.FAILED)], state=RunState.FAILED, why="it did not start")),
    ending=lambda: run_card.render(_view([_step(StepState.STARTED, ended_at=None)], cancelled_by=BO)),
    extreme=lambda: run_card.render(
        _view(_many_steps(), parameters={f"p{n}": LONG for n in range(50)}, reason=LONG, why=LONG)
    ),
    hostile=lambda: run_card.render(
        _view([_step(StepState.UNKNOWN, HOSTILE)], reason=HOSTILE, parameters={"service": HOSTILE}, why=HOSTILE)
    ),
)
of(
    run_card.output,
    normal=lambda: run_card.output(_step(StepState.SUCCEEDED, output="deployment rolled back\nok"), "Roll back"),
    empty=lambda: run_card.output(_step(StepState.SUCCEEDED, "", ended_at=None), "Roll back"),
    extreme=lambda: run_card.output(_step(StepState.FAILED, LONG, output=f"{LONG}\n" * 50, is_cut=True), LONG),
    hostile=lambda: run_card.output(_step(StepState.FAILED, HOSTILE, output=HOSTILE), HOSTILE),
)
of_file(run_card.output_file, "normal", lambda: run_card.output_file(_step(StepState.SUCCEEDED, output="a\nb")))


def _person(state: StepState) -> object:
    return person_asked.render(_run(), _step(state), "Call them", "Nobody knows.")


of(
    person_asked.render,
    **{
        state.value: partial(_person, state)
        for state in (StepState.WAITING, StepState.UNKNOWN, StepState.VERIFY_FAILED, StepState.TIMED_OUT)
    },
    answered=lambda: person_asked.render(_run(), _step(StepState.WAITING), "Call them", "Ask.", is_open=False),
    extreme=lambda: person_asked.render(_run(), _step(StepState.WAITING), LONG, LONG),
    hostile=lambda: person_asked.render(_run(), _step(StepState.WAITING), HOSTILE, HOSTILE),
)


def _closed(title: str) -> object:
    asked = person_asked.render(_run(), _step(StepState.UNKNOWN), title, "Nobody knows.")
    return person_asked.closed({"text": asked.text, "blocks": asked.blocks})


of(
    person_asked.closed,
    normal=partial(_closed, "Call them"),
    extreme=partial(_closed, LONG),
    hostile=partial(_closed, HOSTILE),
)


# --- the forms of a run ----------------------------------------------------------------------------------------------

PARAMETERS = (
    Parameter(
        name="service", type=ParameterType.CATALOG, source=CatalogKind.SERVICES, default="{{ incident.service }}"
    ),
    Parameter(name="replicas", type=ParameterType.INTEGER, least=1, most=20, description="How many pods"),
    Parameter(name="ratio", type=ParameterType.NUMBER, default=0.5),
    Parameter(name="fast", type=ParameterType.BOOLEAN, default=False),
    Parameter(name="mode", type=ParameterType.ENUM, values=("gentle", "hard"), default="gentle"),
    Parameter(name="tag", type=ParameterType.STRING, matches="[a-z0-9.]+"),
)


def _offer(text: str = "", **changes: Any) -> Offer:
    title = {"title": text, "summary": text, "owner": text} if text else {}
    book = acting_cases.runbook(**(title | {"parameters": PARAMETERS} | changes))
    return Offer(runbook=book, why=text or "fits the alert's name", defaults={"service": text[:100] or "checkout"})


def _offers(text: str = "", count: int = 2) -> list[Offer]:
    return [_offer(text, id=f"restart-{n}") for n in range(count)]


def _names(kind: CatalogKind) -> tuple[str, ...]:
    return ("payments", "checkout") if kind is CatalogKind.SERVICES else ()


def _very_many_names(kind: CatalogKind) -> tuple[str, ...]:
    return tuple(f"service-{n:04d}" for n in range(250))


of(
    run_modal.pick_view,
    normal=lambda: run_modal.pick_view(_offers(), ID),
    empty=lambda: run_modal.pick_view([], ID),
    extreme=lambda: run_modal.pick_view(_offers(LONG, 130), ID),
    hostile=lambda: run_modal.pick_view(_offers(HOSTILE), ID),
)
of(
    run_modal.form_view,
    normal=lambda: run_modal.form_view(_offer(), ID, catalog=_names),
    empty=lambda: run_modal.form_view(_offer(parameters=(), steps=()), ID),
    with_an_error=lambda: run_modal.form_view(_offer(), ID, "replicas must be 3, not 7", typed={"replicas": "7"}),
    extreme=lambda: run_modal.form_view(_offer(LONG), ID, LONG, catalog=_very_many_names),
    hostile=lambda: run_modal.form_view(_offer(HOSTILE), ID, HOSTILE, typed={"tag": HOSTILE}),
)
PROBLEM = ParameterProblem(name="replicas", sentence=f"must be 3, not 7 {HOSTILE}")
of(
    run_modal.problem_blocks,
    normal=lambda: run_modal.problem_blocks([PROBLEM, replace(PROBLEM, name="none of it")], _offer().runbook),
)

# --- what is said about runs and switches ----------------------------------------------------------------------------

NO_RUN = OrderAnswer(sentence="All that is wrong.", problems=(PROBLEM,) * 2)

of(acting_views.outside, normal=lambda: acting_views.outside(COMMAND))
of(
    acting_views.offers_text,
    normal=lambda: acting_views.offers_text(_offers(), ID, COMMAND),
    empty=lambda: acting_views.offers_text([], ID, COMMAND),
    extreme=lambda: acting_views.offers_text(_offers(LONG, 50), ID, COMMAND),
    hostile=lambda: acting_views.offers_text(_offers(HOSTILE), ID, COMMAND),
)
of(
    acting_views.unknown_runbook,
    normal=lambda: acting_views.unknown_runbook("restrat-0", _offers(), COMMAND),
    empty=lambda: acting_views.unknown_runbook("x", [], COMMAND),
    hostile=lambda: acting_views.unknown_runbook(HOSTILE, _offers(), COMMAND),
)
of(acting_views.nearest, normal=lambda: acting_views.nearest("restrat", ["restart", "free-disk"]))
of(acting_views.trouble_text, hostile=lambda: acting_views.trouble_text(HOSTILE, COMMAND))
of(
    acting_views.order_text,
    normal=lambda: acting_views.order_text(OrderAnswer(sentence="R-1 begins."), "restart", COMMAND),
    hostile=lambda: acting_views.order_text(NO_RUN, "restart", COMMAND),
    extreme=lambda: acting_views.order_text(OrderAnswer(sentence=LONG), "restart", COMMAND),
)
of(acting_views.did_not_work, hostile=lambda: acting_views.did_not_work(ValueError(HOSTILE)))
of(acting_views.message_view, normal=lambda: acting_views.message_view("Run a runbook", "It is loading."))
of(
    acting_views.not_for,
    **{kind.value: partial(acting_views.not_for, kind, "start runs") for kind in PersonKind},
)


def _switch(text: str = "the runbook is wrong", **changes: Any) -> Switch:
    made: dict[str, Any] = {
        "stopped": Stopped.ACTIONS,
        "scope": Scope.SERVICE,
        "name": "checkout",
        "who": ANA,
        "why": text,
        "at": NOW,
    }
    return Switch(**(made | changes))


of(
    acting_views.switch_line,
    normal=lambda: acting_views.switch_line(_switch(), NAMES),
    hostile=lambda: acting_views.switch_line(_switch(HOSTILE, who=BO, name=HOSTILE), NAMES),
)
of(
    acting_views.switches_text,
    normal=lambda: acting_views.switches_text(
        [_switch(), _switch(scope=Scope.GLOBAL, name="", who="")], NAMES, COMMAND
    ),
    empty=lambda: acting_views.switches_text([], NAMES, COMMAND),
    extreme=lambda: acting_views.switches_text([_switch(LONG, name=f"s{n}") for n in range(6)], NAMES, COMMAND),
)
of(acting_views.switch_forms, normal=lambda: acting_views.switch_forms(COMMAND))
of(acting_views.which_place, normal=lambda: acting_views.which_place("stop", Stopped.ALL, COMMAND))
of(
    acting_views.unknown_service,
    normal=lambda: acting_views.unknown_service("chekout", ["checkout"], " `/inc help`"),
    hostile=lambda: acting_views.unknown_service(HOSTILE, [], ""),
)
of(
    acting_views.stopped_text,
    normal=lambda: acting_views.stopped_text(_switch(), NAMES, COMMAND, is_new=True),
    again=lambda: acting_views.stopped_text(_switch(), NAMES, COMMAND, is_new=False),
    hostile=lambda: acting_views.stopped_text(_switch(HOSTILE, who=BO, name=HOSTILE), NAMES, COMMAND, is_new=True),
)


def _resumed(reason: ResumeReason, lifted: tuple[Switch, ...] = (), still: Switch | None = None) -> object:
    done = Resumption(reason=reason, left=(), lifted=lifted, still=still)
    return acting_views.resumed_text(done, Stopped.ALL, Scope.SERVICE, "checkout", HOSTILE, NAMES, COMMAND)


of(
    acting_views.resumed_text,
    lifted=lambda: _resumed(ResumeReason.LIFTED, (_switch(),)),
    not_stopped=lambda: _resumed(ResumeReason.WAS_NOT_STOPPED),
    still=lambda: _resumed(ResumeReason.STILL_STOPPED, (), _switch(HOSTILE, who=BO)),
)
