"""The chart of the alert's own expression: drawn and uploaded beside the briefing, which never waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence

from bot.domain.card import Picture
from bot.domain.chart import alt_text, annotated
from bot.domain.errors import ChatError, NotStored
from bot.domain.evidence import Finding, TriggerChart
from bot.domain.ports import ChartRenderer, Effects, Pictures

log = logging.getLogger(__name__)


class DrawChart:
    """One picture an incident, begun once all sources have answered: it shows what they say besides."""

    def __init__(self, *, renderer: ChartRenderer, pictures: Pictures, effects: Effects) -> None:
        self._renderer = renderer
        self._pictures = pictures
        self._effects = effects
        self._tasks: dict[str, asyncio.Task[Picture | None]] = {}

    def begin(self, incident_id: str, findings: Sequence[Finding]) -> bool:
        """Start drawing where a finding has data for it. True where a picture is, or will be, there."""
        chart = next((finding.chart for finding in findings if finding.chart), None)
        if chart is not None and incident_id not in self._tasks:
            self._tasks[incident_id] = asyncio.create_task(self._draw(incident_id, annotated(chart, findings)))
        return incident_id in self._tasks

    async def again(self, incident_id: str, findings: Sequence[Finding]) -> bool:
        """Draws it from newer data, in the place of the one before. False where there is none, or it could not be made:
        then the one before stays.
        """
        chart = next((finding.chart for finding in findings if finding.chart), None)
        if chart is None:
            return False
        task = asyncio.create_task(self._make(incident_id, annotated(chart, findings)))
        if await asyncio.shield(task) is None:
            return False
        self._tasks[incident_id] = task
        return True

    def ready(self, incident_id: str) -> Picture | None:
        """The picture, if it is there already."""
        task = self._tasks.get(incident_id)
        return task.result() if task and task.done() else None

    async def wait(self, incident_id: str) -> Picture | None:
        """The picture once it is there; None where it could not be made."""
        task = self._tasks.get(incident_id)
        return await asyncio.shield(task) if task else None

    async def _draw(self, incident_id: str, chart: TriggerChart) -> Picture | None:
        """The one that was made before a restart, else a new one."""
        try:
            effect = await self._effects.begin(_key(incident_id))
        except NotStored as error:
            log.warning("%s: the briefing goes without its chart: %s", incident_id, error)
            return None
        if effect.result is not None:
            return Picture(**json.loads(effect.result))
        return await self._make(incident_id, chart)

    async def _make(self, incident_id: str, chart: TriggerChart) -> Picture | None:
        alt = alt_text(chart)
        try:
            png = await self._renderer.render(chart)
            picture = await self._pictures.upload(png, name=f"{incident_id}.png", title=chart.title, alt=alt)
            kept = json.dumps({"file_id": picture.file_id, "alt": picture.alt})
            await self._effects.finish(_key(incident_id), kept)
        except (ChatError, NotStored) as error:
            log.warning("%s: the briefing goes without its newest chart: %s", incident_id, error)
            return None
        return picture


def _key(incident_id: str) -> str:
    return f"chart:{incident_id}"
