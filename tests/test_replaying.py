"""A replayed analysis is told no more than the first one was."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.domain.compose import number
from bot.domain.evidence import Evidence, Finding, LogFact, Outcome
from bot.replaying import replay
from bot.testing import NOON
from sandbox.anthropic import Asked, ClaudeApi, Json
from sandbox.serve import serving
from tests.scene import scene

KEY = hashlib.sha256(b"of the stand-in").hexdigest()
HOST, ADDRESS = "db-3.prod.example.com", "10.0.4.7"
LINE = f"{HOST} ({ADDRESS}) refused checkout"
SAID = {
    "summary": [{"text": "31 new errors of checkout say that host-1 (ip-1) refused it.", "evidence": ["E1"]}],
    "hypotheses": [],
    "ruled_out": [],
    "could_not_check": [],
    "next_steps": [],
    "severity": {"severity": "SEV2", "why": "host-1 refused.", "evidence": ["E1"]},
}


async def replayed(folder: Path, api: ClaudeApi, **more: str) -> int:
    fact = LogFact(service="checkout", pattern=LINE, count=31, baseline=0, level="error", sample=LINE, first_seen=NOON)
    evidence = Evidence(source="elasticsearch", text=f"31 new errors of checkout: {LINE}", fact=fact)
    finding = Finding(source="elasticsearch", outcome=Outcome.FOUND, seconds=0.1, evidence=(evidence,))
    async with serving(api.app) as url:
        async with scene(folder) as stage:
            incident_id = await stage.incident()
            await stage.store.briefings.save_findings(incident_id, number([finding]))
        environ: Mapping[str, str] = {
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": url,
            "FIRST_RESPONDER_DATA": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
            "SERVICES_FILE": str(folder / "none.yaml"),
            **more,
        }
        return await asyncio.to_thread(replay, environ, incident_id, None, "")


async def test_a_replay_is_told_stand_ins_and_shows_the_real_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = ClaudeApi(lambda asked: Json(SAID))
    assert await replayed(tmp_path, api) == 0
    assert HOST.encode() not in api.last.raw
    assert ADDRESS.encode() not in api.last.raw
    assert "host-1 (ip-1) refused checkout" in api.last.said
    shown = capsys.readouterr().out
    assert f"{HOST} ({ADDRESS}) refused it" in " ".join(shown.split())


async def test_where_operators_say_so_the_model_is_told_the_real_names(tmp_path: Path) -> None:
    def script(asked: Asked) -> Json:
        assert LINE in asked.said
        return Json(SAID)

    assert await replayed(tmp_path, ClaudeApi(script), MODEL_PSEUDONYMS="false") == 0
