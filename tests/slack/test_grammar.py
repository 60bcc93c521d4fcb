"""One grammar for `/inc` and `@bot`."""

from __future__ import annotations

import pytest

from bot.slack.grammar import WORDS, Command, parse
from bot.slack.life_inbound import is_recorded


@pytest.mark.parametrize(
    ("typed", "name", "argument"),
    [
        ("help", "help", ""),
        ("", "help", ""),
        ("   ", "help", ""),
        ("STATUS", "status", ""),
        ("status inc-2026-0001", "status", "inc-2026-0001"),
        ("ls", "list", ""),
        ("declare checkout is down", "new", "checkout is down"),
        ("log rolled back  now", "timeline", "rolled back  now"),
        ("note never on Fridays", "note", "never on Fridays"),
        ("catch me up", "catchup", ""),
        ("catch up please", "catchup", ""),
        ("ask what changed", "ask", "what changed"),
        ("what changed?", "ask", "what changed?"),
        ("status of orders?", "ask", "status of orders?"),
        ("who owns checkout", "ask", "who owns checkout"),
        ("new is checkout down?", "new", "is checkout down?"),
        ("connections of the pool", "ask", "connections of the pool"),
        ("wie schlimm ist das", "ask", "wie schlimm ist das"),
        ("runbook", "runbook", ""),
        ("run free-disk", "runbook", "free-disk"),
        ("rb free-disk a=1 --dry-run", "runbook", "free-disk a=1 --dry-run"),
        ("run free-disk a=1 b=2", "runbook", "free-disk a=1 b=2"),
        ("run free-disk dry run", "runbook", "free-disk dry run"),
        ("run free-disk because it fills", "runbook", "free-disk because it fills"),
        ("run me through what happened", "ask", "run me through what happened"),
        ("runbook for a full disk?", "ask", "runbook for a full disk?"),
        ("stop actions because who knows what it does?", "stop", "actions because who knows what it does?"),
        ("STOP all", "stop", "all"),
        ("halt ai", "stop", "ai"),
        ("resume ai everywhere", "resume", "ai everywhere"),
        ("help sev", "help", "sev"),
        ("help me understand it", "ask", "help me understand it"),
        ("INC-2026-0042", "status", "INC-2026-0042"),
        # what other tools say
        ("severity 2", "sev", "2"),
        ("sev1", "sev", "1"),
        ("SEV-3 because it is calm", "sev", "3 because it is calm"),
        ("ic <@U1>", "lead", "<@U1>"),
        ("commander <@U1>", "lead", "<@U1>"),
        ("assign scribe <@U1>", "role", "scribe <@U1>"),
        ("comms <@U1>", "role", "comms <@U1>"),
        ("escalate payments", "page", "payments"),
        ("task write it down", "action", "write it down"),
        ("action items", "actions", ""),
        ("follow up on the pool", "action", "on the pool"),
        ("add note rolled back", "timeline", "rolled back"),
        ("retro draft", "postmortem", "draft"),
        ("pm", "postmortem", ""),
        ("post mortem draft", "postmortem", "draft"),
        ("hand over to <@U1>", "handoff", "to <@U1>"),
        ("on call checkout", "oncall", "checkout"),
        ("who checkout", "oncall", "checkout"),
        ("ack", "investigate", ""),
        ("fixing the pool", "identify", "the pool"),
        ("fixed by a rollback", "resolve", "by a rollback"),
        ("close", "resolve", ""),
        ("status monitoring", "mitigate", ""),
        ("status INC-2026-0042 resolved", "resolve", "INC-2026-0042"),
        ("update me please", "catchup", ""),
        # one word, two things it might mean
        ("open", "list", ""),
        ("open incidents", "list", "incidents"),
        ("open checkout is down", "new", "checkout is down"),
        ("open again", "reopen", ""),
        ("log", "timeline", ""),
        ("note checkout: slow", "note", "checkout: slow"),
        ("resume", "resume", ""),
        ("unresolve it came back", "reopen", "it came back"),
        # a question stays a question, and so does a sentence that only begins like a command
        ("is checkout resolved?", "ask", "is checkout resolved?"),
        ("resolve dns issue in checkout?", "ask", "resolve dns issue in checkout?"),
        ("mitigated by the rollback?", "ask", "mitigated by the rollback?"),
        ("who leads?", "ask", "who leads?"),
        ("who is on call", "ask", "who is on call"),
        ("lead time of deployments", "ask", "lead time of deployments"),
        ("list of affected services", "ask", "list of affected services"),
        ("merge the branches of ours", "ask", "merge the branches of ours"),
        ("page me when it is done", "ask", "page me when it is done"),
        ("stats of the database", "ask", "stats of the database"),
        ("stats for the last 30 days", "stats", "for the last 30 days"),
        ("promote it to production now", "ask", "promote it to production now"),
        ("resolve?", "help", "resolve"),
        ("status?", "status", ""),
    ],
)
def test_words_and_their_aliases(typed: str, name: str, argument: str) -> None:
    command = parse(typed)
    assert (command.name, command.argument) == (name, argument)


@pytest.mark.parametrize(
    "typed", ["sev 2", "resolve it is over", "investigate", "promote", "action do it", "stop ai", "postmortem approve"]
)
def test_what_changes_something_is_kept_before_it_is_acknowledged(typed: str) -> None:
    assert is_recorded(parse(typed))


@pytest.mark.parametrize(
    "typed",
    ["status", "sev", "lead", "resolve", "resolve INC-2026-0042", "update", "cancel x", "merge INC-2026-0042",
     "page checkout", "postmortem", "timeline", "timeline page 2", "stop", "help sev", "what changed?"],
)  # fmt: skip
def test_what_only_tells_or_asks_or_opens_a_form_is_not(typed: str) -> None:
    assert not is_recorded(parse(typed))


@pytest.mark.parametrize(("typed", "nearest"), [("statsu", "status"), ("lst", "list"), ("hlep", "help"), ("zzz", None)])
def test_a_wrong_word_gets_the_nearest_right_one(typed: str, nearest: str | None) -> None:
    assert parse(typed) == Command(name="unknown", typed=typed, nearest=nearest)


def test_no_word_means_two_things() -> None:
    words = [name for word in WORDS for name in (word.name, *word.also)]
    assert len(words) == len(set(words))
