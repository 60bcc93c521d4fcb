"""A kill right after a decision was kept: what all are to know is told once, after the next start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import SystemClock
from bot.domain.incident import Incident
from bot.flows.life.linking import Linking
from bot.flows.life.steering import Steering
from bot.slack import life_ids as ids
from tests.flows.acting.test_crashes import Killed
from tests.slack.acting import Acting, acting
from tests.slack.killed import killed_at, reborn, recorded_only
from tests.slack.life_fakes import RealMembers
from tests.slack.life_office import Life, life
from tests.slack.office import Office


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Life]:
    async with life(tmp_path) as office:
        yield office


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path) as office:
        yield office


async def killed(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first word, and worked off anew; twice, since a look that finds nothing to do must say nothing."""
    with killed_at(here, monkeypatch, "chat.postMessage"), pytest.raises(Killed):
        await reborn(here).run_once()
    await reborn(here).run_once()
    await reborn(here).run_once()


async def told_after(made: Life, incident: Incident, words: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """By command; what all read in the incident's channel then."""
    await made.here.quiet()
    before = len(made.public_words(made.name(incident)))
    await recorded_only(made.here)
    assert (await made.here.control.command("ana", made.name(incident), "/inc", words)).ok
    await killed(made.here, monkeypatch)
    return made.public_words(made.name(incident))[before:]


async def test_a_new_severity(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await made.incident()
    told = await told_after(made, incident, "sev 3 because it is calm", monkeypatch)
    assert told == [f"*Ana Ruiz*: {incident.id} is SEV3 now. “it is calm”"]
    assert (await made.now(incident)).severity == "SEV3"


@pytest.mark.parametrize(
    ("first", "then", "severity"), [("3", "up", "SEV2"), ("2", "up", "SEV1"), ("3", "down", "SEV4")]
)
async def test_one_step_is_one_step_also_to_the_end(
    made: Life, monkeypatch: pytest.MonkeyPatch, first: str, then: str, severity: str
) -> None:
    incident = await made.incident()
    await made.slash(f"sev {first}", made.name(incident))
    told = await told_after(made, incident, f"sev {then}", monkeypatch)
    assert told == [f"*Ana Ruiz*: {incident.id} is {severity} now."]
    assert (await made.now(incident)).severity == severity


async def test_nothing_is_told_to_all_where_nothing_was_changed(made: Life) -> None:
    incident = await made.incident()
    before = made.public_words(made.name(incident))
    assert "is SEV1 already" in await made.slash("sev 1", made.name(incident))
    assert "nothing above SEV1" in await made.slash("sev up", made.name(incident))
    assert made.public_words(made.name(incident)) == before


async def test_how_it_stands(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await made.incident()
    told = await told_after(made, incident, "resolve the pool was grown", monkeypatch)
    assert told == [f"*Ana Ruiz*: {incident.id} is resolved. “the pool was grown”"]


async def test_a_form_that_resolves(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await made.incident()
    await made.here.control.command("ana", made.name(incident), "/inc", "resolve")
    view = await made.form()
    await recorded_only(made.here)
    before = len(made.public_words(made.name(incident)))
    assert (await made.here.control.submit("ana", view["id"], {"fix": {"value": "rolled back"}})).ok
    await killed(made.here, monkeypatch)
    assert made.public_words(made.name(incident))[before:] == [f"*Ana Ruiz*: {incident.id} is resolved. “rolled back”"]


async def test_that_one_goes_on_in_another(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident, other = await made.incident(), await made.incident()
    store = made.here.store
    shared: dict[str, Any] = {"incidents": store.incidents, "ties": store.life.ties, "clock": SystemClock()}
    linking = Linking(**shared, timeline=store.timeline, surroundings=RealMembers(made.here.api))  # type: ignore[arg-type]
    real = Steering(**shared, desk=store.desk, linking=linking, promotion=None, on_change=lambda: None)  # type: ignore[arg-type]
    monkeypatch.setattr(made.steer, "merge", real.merge)
    ts = await made.post(incident, ids.CONFIRM_MERGE, f"{incident.id} {other.id}")
    await made.here.quiet()
    before = len(made.public_words(made.name(other)))
    await recorded_only(made.here)
    assert (await made.here.control.click("ana", ids.CONFIRM_MERGE, channel=made.name(incident), ts=ts)).ok
    await killed(made.here, monkeypatch)
    (told,) = made.public_words(made.name(other))[before:]
    assert told.startswith(f"*Ana Ruiz*: {incident.id} goes on in {other.id}: its alerts are there now")
    assert (await made.now(incident)).merged_into == other.id


async def test_that_it_goes_on(here: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await here.incident()
    channel = here.name(incident)
    assert (await here.here.control.command("ana", channel, "/inc", "stop actions because of a test")).ok
    await here.here.quiet()
    before = len(here.here.bot_messages(channel))
    await recorded_only(here.here)
    assert (await here.here.control.command("bo", channel, "/inc", "resume actions")).ok
    await killed(here.here, monkeypatch)
    told = [message["text"] for message in here.here.bot_messages(channel)[before:]]
    assert told == [f":arrow_forward: *Bo Chen* let actions go on for incident {incident.id}."]
    assert not here.switches.switches
