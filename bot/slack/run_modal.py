"""The modal in which people choose a runbook, fill in its parameters and start it. Pure.

Two views: the first to pick a runbook, the second made for that runbook. What can be chosen from is a list; a form
that was refused says at each field what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.plaintext import plain
from bot.domain.ports.deciding import Offer
from bot.domain.runbook import CatalogNames, Parameter, ParameterProblem, ParameterType, Runbook
from bot.domain.runbook.template import Single, is_template
from bot.slack.acting_ids import PICK_RUNBOOK, RUN_MODAL
from bot.slack.blocks.acting import said
from bot.slack.blocks.limits import Block, context, fitted, section
from bot.slack.mrkdwn import code, escape

# docs.slack.dev, Block Kit: an option's text and value, options of a list, groups of a list, a label, a hint.
OPTION_TEXT, OPTION_VALUE, MOST_OPTIONS, MOST_GROUPS, LABEL, HINT = 75, 150, 100, 100, 2000, 300
TITLE, METADATA = "Run a runbook", 3000
VALUE_LIMIT, REASON_LIMIT, ERROR_LIMIT, STEP_LIMIT = 512, 300, 1000, 90
MOST_STEPS, STEPS_ROOM = 12, 1500
ACTION, REASON, DRY_RUN = "value", "reason", "dry_run"  # action id of every field; block ids
_PARAMETER = "parameter:"
_YES_NO = (("yes", "true"), ("no", "false"))


@dataclass(frozen=True, kw_only=True)
class FormFields:
    """What was sent. `is_pick`: of the first view, so the runbook is all that is known."""

    incident: str
    runbook: str  # its id
    parameters: Mapping[str, str] = field(default_factory=dict)  # as typed; what is empty is left out
    reason: str = ""
    is_dry: bool = False
    is_pick: bool = False


def pick_view(offers: Sequence[Offer], incident_id: str) -> Block:
    """The first view: those that fit best stand first."""
    shown = offers[:MOST_OPTIONS]
    if not shown:
        blocks = [section("No runbook that can run is loaded. `first-responder runbook lint` tells why one is not.")]
        return _view(blocks, {"incident": incident_id}, submit="")
    options = [_offered(offer) for offer in shown]
    picker = {"type": "static_select", "action_id": ACTION, "options": options, "initial_option": options[0]}
    blocks = [_input(PICK_RUNBOOK, "Which runbook?", picker, hint="Those that fit this incident best stand first.")]
    if len(offers) > len(shown):
        blocks.append(context(f"{len(offers) - len(shown)} more are not in this list; name one in the command."))
    return _view(blocks, {"incident": incident_id}, submit="Next")


def form_view(
    offer: Offer,
    incident_id: str,
    error: str = "",
    *,
    catalog: CatalogNames | None = None,
    typed: Mapping[str, str] | None = None,
) -> Block:
    """The second view. `catalog` gives the names to choose from; without it they are typed. `typed`: said before."""
    runbook = offer.runbook
    blocks = [section(f":warning: {said(error, ERROR_LIMIT)}")] if error else []
    blocks.append(section(_about(offer)))
    defaults = {**_written(runbook.parameters), **offer.defaults, **(typed or {})}
    blocks += [_field(parameter, defaults.get(parameter.name, ""), catalog) for parameter in runbook.parameters]
    why = {"type": "plain_text_input", "action_id": ACTION, "multiline": True, "max_length": REASON_LIMIT}
    blocks.append(_input(REASON, "Why?", why, hint="Whoever approves reads this.", optional=True))
    blocks.append(_dry_run())
    return _view(blocks, {"incident": incident_id, "runbook": runbook.id}, submit="Run")


def read_form(view_state: Mapping[str, Any], private_metadata: str) -> FormFields | None:
    """`view_state`: of a submitted view, with or without its "values". None where it is none of ours."""
    try:
        about = json.loads(private_metadata)
        incident, runbook = str(about["incident"]), str(about.get("runbook", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    told = dict(_told(view_state.get("values", view_state)))
    if not runbook:
        return FormFields(incident=incident, runbook=told.get(PICK_RUNBOOK, ""), is_pick=True)
    named = {name.removeprefix(_PARAMETER): value for name, value in told.items() if name.startswith(_PARAMETER)}
    return FormFields(
        incident=incident,
        runbook=runbook,
        parameters={name: value for name, value in named.items() if value},
        reason=told.get(REASON, ""),
        is_dry=bool(told.get(DRY_RUN)),
    )


def problem_blocks(problems: Iterable[ParameterProblem], runbook: Runbook) -> Mapping[str, str]:
    """What is wrong, by the block that it is shown at: the `errors` of a view's answer. Empty where no field is."""
    names = {parameter.name for parameter in runbook.parameters}
    return {
        f"{_PARAMETER}{problem.name}": plain(f"{problem.name} {problem.sentence}.", HINT)
        for problem in problems
        if problem.name in names
    }


# --- what was sent ---------------------------------------------------------------------------------------------------


def _told(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for block, elements in values.items():
        element = elements.get(ACTION) if isinstance(elements, Mapping) else None
        if isinstance(element, Mapping):
            yield str(block), _value(element)


def _value(element: Mapping[str, Any]) -> str:
    if "selected_options" in element:
        return ",".join(str(option.get("value", "")) for option in element["selected_options"] or ())
    if "selected_option" in element:
        return str((element["selected_option"] or {}).get("value", ""))
    return str(element.get("value") or "").strip()


# --- what is shown ---------------------------------------------------------------------------------------------------


def _view(blocks: list[Block], about: Mapping[str, str], *, submit: str) -> Block:
    made: Block = {
        "type": "modal",
        "callback_id": RUN_MODAL,
        "title": _words(TITLE),
        "close": _words("Cancel"),
        "private_metadata": json.dumps(about)[:METADATA],
        "blocks": blocks,
    }
    return made | ({"submit": _words(submit)} if submit else {})


def _offered(offer: Offer) -> Block:
    made = _option(offer.runbook.title, offer.runbook.id)
    return made | ({"description": _words(plain(offer.why, OPTION_TEXT))} if plain(offer.why, OPTION_TEXT) else {})


def _about(offer: Offer) -> str:
    runbook = offer.runbook
    head = f"*{said(runbook.title, LABEL)}* {code(runbook.id)} \u00b7 {said(runbook.owner, OPTION_TEXT)}"
    lines = [head, *([said(runbook.summary, HINT)] if runbook.summary else [])]
    lines += [f"_{said(offer.why, HINT)}_"] if offer.why else []
    steps = [
        f"{number}. {said(step.title or step.id, STEP_LIMIT)}{_does(step.use.action if step.use else '')}"
        for number, step in enumerate(runbook.steps, start=1)
    ]
    return "\n".join([*lines, fitted(steps, STEPS_ROOM, total=len(steps), most=MOST_STEPS)])


def _does(action: str) -> str:
    return f" ({escape(plain(action, STEP_LIMIT))})" if action else ""


def _written(parameters: Iterable[Parameter]) -> Mapping[str, str]:
    """Defaults that are values as they stand, and no templates."""
    told = {parameter.name: _spelled(parameter.default) for parameter in parameters}
    return {name: value for name, value in told.items() if value and not is_template(value)}


def _spelled(value: Single | None) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _field(parameter: Parameter, told: str, catalog: CatalogNames | None) -> Block:
    hint = " ".join(_hints(parameter))
    return _input(
        f"{_PARAMETER}{parameter.name}",
        parameter.name,
        _element(parameter, told, catalog),
        hint=hint,
        optional=parameter.default is not None,
    )


def _element(parameter: Parameter, told: str, catalog: CatalogNames | None) -> Block:
    if parameter.type is ParameterType.BOOLEAN:
        return _select(_YES_NO, "true" if told.lower() in ("true", "yes") else "false" if told else "")
    names = _names(parameter, catalog)
    if names and all(len(name) <= OPTION_VALUE for name in names):
        return _select(tuple((name, name) for name in names), told)
    if parameter.type in (ParameterType.INTEGER, ParameterType.NUMBER):
        return _number(parameter, told)
    element: Block = {"type": "plain_text_input", "action_id": ACTION, "max_length": VALUE_LIMIT}
    return element | ({"initial_value": told[:VALUE_LIMIT]} if told else {})


def _names(parameter: Parameter, catalog: CatalogNames | None) -> Sequence[str]:
    if parameter.type is ParameterType.ENUM:
        return parameter.values
    if parameter.source is not None and catalog is not None:
        return sorted(catalog(parameter.source))[: MOST_OPTIONS * MOST_GROUPS]
    return ()


def _select(named: Sequence[tuple[str, str]], told: str) -> Block:
    """A list; in groups from the first to the last name where they are too many for one."""
    options = [_option(text, value) for text, value in named]
    element: Block = {"type": "static_select", "action_id": ACTION}
    if len(options) <= MOST_OPTIONS:
        element["options"] = options
    else:
        parts = [options[at : at + MOST_OPTIONS] for at in range(0, len(options), MOST_OPTIONS)]
        element["option_groups"] = [{"label": _span(part), "options": part} for part in parts]
    chosen = next((option for option in options if option["value"] == told), None)
    return element | ({"initial_option": chosen} if chosen else {})


def _span(options: Sequence[Block]) -> Block:
    first, last = (plain(options[at]["text"]["text"], OPTION_TEXT // 2 - 2) for at in (0, -1))
    return _words(f"{first} \u2013 {last}")


def _number(parameter: Parameter, told: str) -> Block:
    is_whole = parameter.type is ParameterType.INTEGER
    element: Block = {"type": "number_input", "action_id": ACTION, "is_decimal_allowed": not is_whole}
    for name, bound in (("min_value", parameter.least), ("max_value", parameter.most)):
        if bound is not None:
            element[name] = f"{bound:.0f}" if is_whole else f"{bound:g}"
    return element | ({"initial_value": told} if _is_number(told) else {})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text


def _hints(parameter: Parameter) -> Iterator[str]:
    if parameter.description:
        yield plain(parameter.description, HINT // 2).rstrip(".") + "."
    if parameter.least is not None or parameter.most is not None:
        low = f"at least {parameter.least:g}" if parameter.least is not None else ""
        high = f"at most {parameter.most:g}" if parameter.most is not None else ""
        yield f"It is {' and '.join(filter(None, (low, high)))}."
    if parameter.matches:
        yield plain(f"It looks like {parameter.matches}", HINT // 3)
    if parameter.default is not None:
        yield "Left empty, it takes what the runbook says."


def _dry_run() -> Block:
    option = _option("Dry run: render and check everything, change nothing", "dry")
    return _input(DRY_RUN, "How?", {"type": "checkboxes", "action_id": ACTION, "options": [option]}, optional=True)


def _input(block: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    made: Block = {
        "type": "input",
        "block_id": block,
        "label": _words(plain(label, LABEL)),
        "element": element,
        "optional": optional,
    }
    return made | ({"hint": _words(plain(hint, HINT))} if hint else {})


def _option(text: str, value: str) -> Block:
    return {"text": _words(plain(text, OPTION_TEXT) or "\u2026"), "value": value}


def _words(text: str) -> Block:
    return {"type": "plain_text", "text": text}
