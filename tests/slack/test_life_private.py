"""Of a private incident only those in its channel are told; a merged one answers with its survivor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Role, presses
from tests.slack.life_asking import told
from tests.slack.life_office import Life, life
from tests.slack.office import BOT

HIDDEN = "Payroll is readable"


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Life]:
    async with life(tmp_path) as office:
        yield office


async def test_asked_by_id_from_elsewhere_there_is_no_such_incident(made: Life) -> None:
    incident = await made.private("ana", title=HIDDEN)
    for word in (
        "status", "catchup", "alerts", "timeline", "timeline {id} x", "sev {id} 2", "resolve {id} done", "similar",
        "lead {id} me", "actions", "postmortem", "update {id} all good", "page {id} payments", "merge {id} {id}",
    ):  # fmt: skip
        words = word.replace("{id}", incident.id) if "{id}" in word else f"{word} {incident.id}"
        answer = await told(made, words, "general", who="bo")
        missing = await told(made, words.replace(incident.id, "INC-2026-0404"), "general", who="bo")
        assert answer.replace(incident.id, "INC-2026-0404") == missing
        assert HIDDEN not in answer
    assert HIDDEN in await told(made, f"status {incident.id}", "general", who="ana")


async def test_lists_leave_it_out(made: Life) -> None:
    incident = await made.private("ana", title=HIDDEN)
    assert HIDDEN not in await told(made, "list", "general", who="bo")
    assert HIDDEN in await told(made, "list", "general", who="ana")
    assert HIDDEN in await told(made, "list sev1", made.name(incident), who="ana")


async def test_what_is_told_of_it_elsewhere_is_for_who_asked_alone(made: Life) -> None:
    incident = await made.private("ana", title=HIDDEN)
    for words in (f"status {incident.id}", "list", f"catchup {incident.id}", f"rename {incident.id} {HIDDEN}, too"):
        before = len(made.private_words("ana", "general"))
        await made.here.control.say("ana", "general", f"@{BOT} {words}")
        await made.here.quiet()
        assert HIDDEN in made.private_words("ana", "general")[before]
        assert not any(HIDDEN in text for text in made.public_words("general"))


async def test_the_home_tab_shows_it_to_its_members_alone(made: Life) -> None:
    await made.private("ana", title=HIDDEN)
    for who in ("ana", "bo"):
        await made.here.control.open_home(who)
    await made.here.quiet()
    assert HIDDEN in str(await made.here.control.home("ana"))
    assert HIDDEN not in str(await made.here.control.home("bo"))


async def test_its_buttons_work_for_members_alone(made: Life) -> None:
    incident = await made.private("ana")
    public = await made.incident()
    await made.press(public, presses.TAKE_LEAD, incident.id, who="bo")
    assert made.roles.held == {}
    await made.press(public, presses.TAKE_LEAD, incident.id, who="ana")
    assert made.roles.held == {(incident.id, Role.LEAD): made.id("ana")}


async def test_where_slack_does_not_tell_who_is_in_it_nobody_is(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await made.private("ana", title=HIDDEN)
    assert made.here.desk.life is not None

    async def unreachable(place: Any) -> frozenset[str]:
        raise ChatError("unreachable", is_final=False)

    monkeypatch.setattr(made.here.desk.life.scope._members, "members", unreachable)
    assert HIDDEN not in await told(made, f"status {incident.id}", "general", who="ana")


async def test_a_merged_incident_answers_with_its_survivor(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = await made.incident(title="Old"), await made.incident(title="New")
    get, here = made.here.store.incidents.get, made.here.store.incidents.in_place

    def merged(found: Incident | None) -> Incident | None:
        return replace(found, merged_into=new.id) if found and found.id == old.id else found

    async def get_merged(incident_id: str) -> Incident | None:
        return merged(await get(incident_id))

    async def here_merged(channel: str, thread: str | None) -> Incident | None:
        return merged(await here(channel, thread))

    monkeypatch.setattr(made.here.store.incidents, "get", get_merged)
    monkeypatch.setattr(made.here.store.incidents, "in_place", here_merged)
    answer = await told(made, f"status {old.id}", "general")
    assert answer.startswith(f"{old.id} was merged into {new.id}.\n")
    assert "New" in answer
    assert f"{new.id} was lowered" in await told(made, "sev 2", made.name(old))
    assert (await made.now(new)).severity == "SEV2"
