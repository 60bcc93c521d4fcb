"""What is said about runbooks to be run and about the kill switch: pure, values in, mrkdwn out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.approval import PersonKind
from bot.domain.kill_switch import ResumeReason, Resumption, Scope, Stopped, Switch
from bot.domain.plaintext import plain
from bot.domain.ports.deciding import Offer, OrderAnswer
from bot.domain.runbook import Parameter
from bot.slack.blocks.limits import SECTION_LIMIT, fitted, section
from bot.slack.mrkdwn import code, escape

MOST_OFFERED = 10  # in a text; the form lists all
NAME_SHOWN, TITLE_SHOWN, WHY_SHOWN, SENTENCE_SHOWN = 60, 120, 200, 1500  # characters
NEAR = 0.5  # of difflib's ratio: ids are long, and one word of them is often all that is remembered
WHAT = {Stopped.AI: "the model", Stopped.ACTIONS: "actions", Stopped.ALL: "the model and actions"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer, as mrkdwn. `is_public`: everybody there is to read it."""

    text: str
    is_public: bool = False


# --- runbooks --------------------------------------------------------------------------------------------------------


def outside(command: str) -> str:
    return (
        f"This channel belongs to no incident, and runbooks are run for one. Use it in an incident's channel; in the "
        f"thread of one mention me with the same words. `{command} list` shows the open ones."
    )


def offers_text(offers: Sequence[Offer], incident_id: str, command: str) -> str:
    if not offers:
        return "There is no runbook that I can carry out; those in `runbooks/` whose steps have actions can be."
    lines = (_offer_line(offer) for offer in offers)
    heading = f"*What can be run for {incident_id}*, what fits best first:"
    usage = f"`{command} runbook ID name=value ...` starts it, and `--dry-run` only shows what it would do."
    room = SECTION_LIMIT - len(heading) - len(usage) - 2
    return "\n".join([heading, fitted(lines, room, total=len(offers), most=MOST_OFFERED), usage])


def _offer_line(offer: Offer) -> str:
    runbook = offer.runbook
    why = f": {escape(plain(offer.why, WHY_SHOWN))}" if offer.why else ""
    parameters = ", ".join(_parameter(p, offer.defaults) for p in runbook.parameters)
    title = escape(plain(runbook.title, TITLE_SHOWN))
    return f"\u2022 {code(runbook.id)} {title}{why}{f' ({parameters})' if parameters else ''}"


def _parameter(parameter: Parameter, defaults: Mapping[str, str]) -> str:
    default = plain(defaults.get(parameter.name, ""), NAME_SHOWN)
    return code(f"{parameter.name}={default}" if default else f"{parameter.name}=...")


def find_offer(offers: Sequence[Offer], typed: str) -> Offer | None:
    return next((offer for offer in offers if offer.runbook.id.casefold() == typed.casefold()), None)


def unknown_runbook(typed: str, offers: Sequence[Offer], command: str) -> str:
    told = f"I know no runbook {code(plain(typed, NAME_SHOWN))} that I can carry out."
    near = nearest(typed, [offer.runbook.id for offer in offers])
    meant = f" Did you mean {code(near)}?" if near else ""
    return f"{told}{meant} `{command} runbook` lists them."


def nearest(typed: str, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(typed.lower(), by_lower, n=1, cutoff=NEAR)
    return by_lower[found[0]] if found else ""


def trouble_text(trouble: str, command: str) -> str:
    usage = f'`{command} runbook ID name=value other="two words" --dry-run because ...`'
    return f"{escape(trouble)} The form: {usage}"


def order_text(answer: OrderAnswer, runbook_id: str, command: str) -> str:
    """`answer.sentence` with names in place of user ids."""
    if not answer.problems:
        return escape(plain(answer.sentence, SENTENCE_SHOWN))
    lines = [f"\u2022 {code(p.name)} {escape(plain(p.sentence, WHY_SHOWN))}" for p in answer.problems]
    named = " ".join(dict.fromkeys(f"{p.name}=..." for p in answer.problems))
    again = f"Say it again with what is right: `{command} runbook {plain(runbook_id, NAME_SHOWN)} {escape(named)}`."
    return "\n".join([f"{code(runbook_id)} was not started:", *lines, again])


def did_not_work(error: Exception) -> str:
    return f"That did not work: {escape(plain(str(error), SENTENCE_SHOWN))}."


def message_view(title: str, text: str) -> Mapping[str, Any]:
    """A modal that only tells something."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(text)],
    }


# --- people ----------------------------------------------------------------------------------------------------------

_WHO = {
    PersonKind.GUEST: "Guests of this workspace",
    PersonKind.STRANGER: "People of other organisations",
    PersonKind.BOT: "Apps",
    PersonKind.DEACTIVATED: "Deactivated accounts",
}


def not_for(kind: PersonKind, what: str) -> str:
    """`what`: "start runs"."""
    if kind not in _WHO:
        return f"Slack did not tell who you are, so I did not {what}; try again in a moment."
    return f"{_WHO[kind]} cannot {what}; ask a full member of this workspace."


# --- the kill switch -------------------------------------------------------------------------------------------------


def with_name(switch: Switch, names: Mapping[str, str]) -> Switch:
    return replace(switch, who=names.get(switch.who, switch.who))


def switch_line(switch: Switch, names: Mapping[str, str]) -> str:
    return escape(plain(with_name(switch, names).sentence, SENTENCE_SHOWN))


MOST_SWITCHES = 15  # each may give a reason of a few lines


def switches_text(switches: Sequence[Switch], names: Mapping[str, str], command: str) -> str:
    newest_last = sorted(switches, key=lambda s: s.at)
    lines = [f":octagonal_sign: {switch_line(switch, names)}" for switch in newest_last[-MOST_SWITCHES:]]
    if len(switches) > len(lines):
        lines.insert(0, f"{len(switches)} switches are engaged; the newest {len(lines)}:")
    return "\n".join([*(lines or ["Nothing is stopped."]), switch_forms(command)])


def switch_forms(command: str) -> str:
    return "\n".join(
        [
            f"`{command} stop ai`, `actions` or `all`: for this incident",
            f"`{command} stop actions service NAME`, `incident INC-...` or `everywhere`",
            f"`{command} stop all because ...` says why; `{command} resume ...`, with the same words, lets it go on.",
        ]
    )


def which_place(word: str, kind: Stopped, command: str) -> str:
    return (
        f"Where? This channel belongs to no incident, so nothing was changed: "
        f"`{command} {word} {kind} incident INC-...`, `service NAME` or `everywhere`."
    )


def unknown_service(typed: str, known: Iterable[str], word: str) -> str:
    near = nearest(typed, known)
    meant = f" Did you mean {code(near)}?" if near else ""
    return f"Nothing was changed: I know no service {code(plain(typed, NAME_SHOWN)) or 'without a name'}.{meant}{word}"


def stopped_text(switch: Switch, names: Mapping[str, str], command: str, *, is_new: bool) -> str:
    head = "" if is_new else "That was stopped already. "
    again = f"`{command} resume {switch.stopped}{_scope_words(switch.scope, switch.name)}` lets it go on."
    return f":octagonal_sign: {head}{switch_line(switch, names)} {again}"


def resumed_text(
    done: Resumption, kind: Stopped, scope: Scope, name: str, by: str, names: Mapping[str, str], command: str
) -> Said:
    """`by`: what the person who lets it go on is called."""
    still = with_name(done.still, names) if done.still else None
    told = escape(plain(replace(done, still=still).sentence, SENTENCE_SHOWN))
    if not done.lifted:
        also = f" `{command} stop` shows what is stopped." if done.reason is ResumeReason.WAS_NOT_STOPPED else ""
        return Said(text=f"{told}{also}")
    where = "everywhere" if scope is Scope.GLOBAL else f"for {scope} {name}"
    lead = f"*{escape(plain(by, NAME_SHOWN))}* let {WHAT[kind]} go on {escape(plain(where, NAME_SHOWN))}."
    return Said(text=f":arrow_forward: {lead}{f' {told}' if still else ''}", is_public=True)


def _scope_words(scope: Scope, name: str) -> str:
    return " everywhere" if scope is Scope.GLOBAL else f" {scope} {escape(plain(name, NAME_SHOWN))}"
