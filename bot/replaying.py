"""`first-responder replay`: the analysis of a stored incident, made anew with another prompt or model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.analysing import told_pseudonyms
from bot.app import SystemClock
from bot.domain.analysis import CheckedAnalysis, check
from bot.domain.compose import compose
from bot.domain.errors import SettingsError
from bot.domain.grounding import Verdict
from bot.domain.model import ModelTask
from bot.domain.plaintext import plain
from bot.domain.setting import read
from bot.domain.spend import dollars
from bot.flows.analyse import PROMPT, Asking, checked, ledger_of
from bot.flows.investigate import request_for
from bot.opened import known_services, opened
from bot.settings import BotSettings
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from prompts import Rendered, render, render_source

TEXT_LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class Version:
    analysis: CheckedAnalysis
    model: str
    prompt: str
    micro_dollars: int


def replay(environ: Mapping[str, str], incident: str, prompt: Path | None, model: str) -> int:
    """The exit code: 0, or 1 where nothing is kept of the incident. Raises SettingsError, ModelError."""
    claude = read(AnthropicSettings, environ)
    if not claude.is_set_up:
        raise SettingsError("ANTHROPIC_API_KEY is not set: without a key there is no analysis to replay.")
    if model:
        claude = replace(claude, main=model)
    return asyncio.run(_replay(read(BotSettings, environ), claude, incident, _prompt(prompt), Console()))


def _prompt(file: Path | None) -> Rendered:
    from jinja2 import TemplateError

    if file is None:
        return render(PROMPT)
    try:
        return render_source(file.read_text(), file.name)
    except OSError as error:
        raise SettingsError(f"--prompt {file}: it cannot be read ({error.strerror}).") from None
    except (TemplateError, UnicodeDecodeError) as error:
        raise SettingsError(f"--prompt {file}: {error}. Instructions hold no variables.") from None


async def _replay(
    bot: BotSettings, settings: AnthropicSettings, incident_id: str, prompt: Rendered, screen: Console
) -> int:
    asking, before = await _kept(bot, incident_id)
    if asking is None:
        screen.print(Text(f"No findings of {plain(incident_id, TEXT_LIMIT)} are kept here."))
        return 1
    from bot.domain.analysis.wire import SaidAnalysis

    client = Claude(settings)
    try:
        model = told_pseudonyms(client, bot)
        parsed = await model.parse(asking.request(prompt, asking.briefing.made_at), SaidAnalysis)
    finally:
        await client.close()
    now = Version(
        analysis=check(parsed.value, asking.ledger, instructions=prompt.text),
        model=settings.model_for(ModelTask.MAIN),
        prompt=f"{prompt.template} {prompt.hash}",
        micro_dollars=AnthropicTariff(settings).charge(parsed.spent).micro_dollars,
    )
    _show(screen, before, now)
    return 0


async def _kept(bot: BotSettings, incident_id: str) -> tuple[Asking | None, Version | None]:
    clock = SystemClock()
    async with opened(bot) as store:
        incident = await store.incidents.get(incident_id)
        findings = await store.briefings.findings(incident_id)
        kept = await store.answers.latest(incident_id)
    if incident is None or findings is None:
        return None, None
    briefing = compose(request_for(incident, known_services(bot), clock), findings, clock.now())
    ledger = ledger_of(incident, briefing)
    analysis = checked(kept, ledger) if kept else None
    asking = Asking(incident=incident, briefing=briefing, ledger=ledger)
    if kept is None or analysis is None:
        return asking, None
    asked = f"{kept.prompt} {kept.asked.prompt_hash}"
    return asking, Version(
        analysis=analysis, model=kept.asked.model, prompt=asked, micro_dollars=kept.charge.micro_dollars
    )


def _show(screen: Console, before: Version | None, now: Version) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "stored" if before else "", "replayed"):
        table.add_column(heading, overflow="fold")
    old = dict(_rows(before)) if before else {}
    new = dict(_rows(now))
    for name in {**old, **new}:
        was, is_now = old.get(name, ""), new.get(name, "")
        table.add_row(Text(name), Text(was), Text(is_now, style="" if was == is_now or not before else "bold"))
    screen.print(table)
    if before is None:
        screen.print("Nothing to compare with: no analysis of this incident is stored.")


def _rows(version: Version) -> Iterator[tuple[str, str]]:
    analysis = version.analysis
    yield "model", version.model
    yield "prompt", version.prompt
    yield "cost", dollars(version.micro_dollars)
    yield "headline", analysis.headline.text if analysis.headline else "none that its evidence shows"
    for place, h in enumerate(analysis.hypotheses, start=1):
        cites = " ".join(h.claim.evidence)
        yield f"cause {place}", f"{plain(h.claim.text, TEXT_LIMIT)} ({h.confidence}, {h.claim.verdict}) {cites}"
    yield "severity", analysis.severity.severity.value
    counts = {verdict: sum(claim.verdict is verdict for claim in analysis.claims) for verdict in Verdict}
    yield "claims", ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    yield "steps", f"{len(analysis.steps)} shown, {len(analysis.refused)} refused"
