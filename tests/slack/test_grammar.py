"""One grammar for `/inc` and `@bot`."""

from __future__ import annotations

import pytest

from bot.slack.grammar import WORDS, Command, parse


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
    ],
)
def test_words_and_their_aliases(typed: str, name: str, argument: str) -> None:
    command = parse(typed)
    assert (command.name, command.argument) == (name, argument)


@pytest.mark.parametrize(("typed", "nearest"), [("statsu", "status"), ("lst", "list"), ("hlep", "help"), ("zzz", None)])
def test_a_wrong_word_gets_the_nearest_right_one(typed: str, nearest: str | None) -> None:
    assert parse(typed) == Command(name="unknown", typed=typed, nearest=nearest)


def test_no_word_means_two_things() -> None:
    words = [name for word in WORDS for name in (word.name, *word.also)]
    assert len(words) == len(set(words))
