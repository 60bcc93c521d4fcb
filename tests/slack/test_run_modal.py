"""The form of a run: lists where there is something to choose from, and what is wrong said at its field."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.ports.deciding import Offer
from bot.domain.runbook import CatalogKind, Parameter, ParameterProblem, ParameterType
from bot.slack.acting_ids import PICK_RUNBOOK, RUN_MODAL
from bot.slack.run_modal import FormFields, form_view, pick_view, problem_blocks, read_form
from sandbox.slack.blocks import Surface, problems
from sandbox.slack.elements import initial_values
from tests.slack.acting_cases import runbook

INCIDENT = "INC-2026-0042"
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
OFFER = Offer(runbook=runbook(parameters=PARAMETERS), why="fits the alert's name", defaults={"service": "checkout"})


def catalog(kind: CatalogKind) -> tuple[str, ...]:
    return {CatalogKind.SERVICES: ("payments", "checkout")}.get(kind, ())


def element(view: dict[str, Any], name: str) -> dict[str, Any]:
    block = next(block for block in view["blocks"] if block.get("block_id") == f"parameter:{name}")
    return {**block["element"], "optional": block["optional"]}


def accepted(view: dict[str, Any]) -> None:
    assert problems(view["blocks"], Surface.MODAL) == []
    assert view["callback_id"] == RUN_MODAL
    assert len(view["title"]["text"]) <= 24
    assert len(view["private_metadata"]) <= 3000


def test_the_runbook_that_fits_best_is_chosen_already() -> None:
    view = pick_view([OFFER, Offer(runbook=runbook(id="restart", title="Restart"), why="for any service")], INCIDENT)
    accepted(view)
    sent = initial_values(view["blocks"], {})
    assert read_form({"values": sent}, view["private_metadata"]) == FormFields(
        incident=INCIDENT, runbook="bad-deployment-rollback", is_pick=True
    )
    chosen = {PICK_RUNBOOK: {"value": "restart"}}
    picked = read_form(initial_values(view["blocks"], chosen), view["private_metadata"])
    assert picked is not None
    assert picked.runbook == "restart"


def test_without_runbooks_there_is_nothing_to_send() -> None:
    view = pick_view([], INCIDENT)
    accepted(view)
    assert "submit" not in view


def test_more_runbooks_than_a_list_takes_are_told_of() -> None:
    view = pick_view([Offer(runbook=runbook(id=f"r{n}"), why="") for n in range(130)], INCIDENT)
    accepted(view)
    assert "30 more" in view["blocks"][1]["elements"][0]["text"]


def test_every_parameter_has_the_field_of_its_type() -> None:
    view = form_view(OFFER, INCIDENT, catalog=catalog)
    accepted(view)
    service, replicas, mode = (element(view, name) for name in ("service", "replicas", "mode"))
    assert [option["value"] for option in service["options"]] == ["checkout", "payments"]
    assert service["initial_option"]["value"] == "checkout"
    assert (replicas["type"], replicas["min_value"], replicas["max_value"]) == ("number_input", "1", "20")
    assert (replicas["is_decimal_allowed"], element(view, "ratio")["is_decimal_allowed"]) == (False, True)
    assert [option["value"] for option in mode["options"]] == ["gentle", "hard"]
    assert mode["initial_option"]["value"] == "gentle"
    assert element(view, "fast")["initial_option"]["value"] == "false"
    assert element(view, "tag")["type"] == "plain_text_input"
    optional = {name: element(view, name)["optional"] for name in ("service", "replicas", "tag")}
    assert optional == {"service": True, "replicas": False, "tag": False}


def test_what_is_sent_is_what_was_typed() -> None:
    view = form_view(OFFER, INCIDENT, catalog=catalog)
    typed = {
        "parameter:replicas": {"value": "3"},
        "parameter:tag": {"value": " v1.2 "},
        "parameter:fast": {"value": "true"},
        "reason": {"value": "memory grows"},
        "dry_run": {"value": ["dry"]},
    }
    assert read_form({"values": initial_values(view["blocks"], typed)}, view["private_metadata"]) == FormFields(
        incident=INCIDENT,
        runbook="bad-deployment-rollback",
        parameters={
            "service": "checkout",
            "replicas": "3",
            "ratio": "0.5",
            "fast": "true",
            "mode": "gentle",
            "tag": "v1.2",
        },
        reason="memory grows",
        is_dry=True,
    )


def test_what_is_left_empty_is_not_told() -> None:
    view = form_view(Offer(runbook=runbook(parameters=PARAMETERS[1:2]), why=""), INCIDENT)
    sent = read_form(initial_values(view["blocks"], {}), view["private_metadata"])
    assert sent is not None
    assert (sent.parameters, sent.reason, sent.is_dry) == ({}, "", False)


def test_what_was_said_before_and_what_is_wrong_stand_in_the_form() -> None:
    view = form_view(OFFER, INCIDENT, "Actions are stopped by <@U1>: *no*.", typed={"tag": "v9"}, catalog=catalog)
    accepted(view)
    assert element(view, "tag")["initial_value"] == "v9"
    assert "Actions are stopped by &lt;@U1&gt;: ∗no∗." in view["blocks"][0]["text"]["text"]


def test_a_large_catalog_is_chosen_from_in_groups_and_one_without_names_is_typed() -> None:
    view = form_view(OFFER, INCIDENT, catalog=lambda kind: [f"service-{n:04}" for n in range(450)])
    accepted(view)
    groups = element(view, "service")["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 100, 100, 50]
    assert groups[0]["label"]["text"] == "service-0000 – service-0099"
    assert element(form_view(OFFER, INCIDENT), "service")["type"] == "plain_text_input"


def test_names_that_are_too_long_for_a_list_are_typed() -> None:
    view = form_view(OFFER, INCIDENT, catalog=lambda kind: ["s" * 200])
    accepted(view)
    assert element(view, "service")["type"] == "plain_text_input"


def test_what_is_wrong_is_said_at_its_field() -> None:
    wrong = [ParameterProblem(name="tag", sentence="must be told"), ParameterProblem(name="colour", sentence="is none")]
    assert problem_blocks(wrong, OFFER.runbook) == {"parameter:tag": "tag must be told."}


@pytest.mark.parametrize("metadata", ["", "[]", "null", "{}", "no JSON", '"x"', "1"])
def test_a_view_that_is_not_ours_is_not_read(metadata: str) -> None:
    assert read_form({"values": {}}, metadata) is None


def test_hostile_words_of_a_runbook_do_nothing() -> None:
    bad = "<!channel> *x* " + "y" * 4000
    offer = Offer(
        runbook=runbook(
            title=bad,
            summary=bad,
            owner=bad,
            parameters=(Parameter(name="p", type=ParameterType.STRING, description=bad, matches=bad),),
        ),
        why=bad,
        defaults={"p": bad},
    )
    view = form_view(offer, INCIDENT, bad)
    accepted(view)
    accepted(pick_view([offer], INCIDENT))
    assert "<!channel>" not in "".join(block["text"]["text"] for block in view["blocks"] if block["type"] == "section")
