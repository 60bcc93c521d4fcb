"""`first-responder check`: is the key accepted, are the models there, and for how long?"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.model import ModelError, ModelFailure, ModelTask
from bot.domain.plaintext import plain
from integrations.anthropic.connection import Connection
from integrations.anthropic.failures import known, understood
from integrations.anthropic.settings import AnthropicSettings
from integrations.descriptor import CheckResult, CheckState, Tools

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import ModelInfo

SOON = timedelta(days=60)  # before a model retires: time to try another one
NAME_LIMIT = 60
NO_MODEL = "Something else than Claude answers at ANTHROPIC_BASE_URL: check the address."


async def check(settings: AnthropicSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.is_set_up:
        detail = "ANTHROPIC_API_KEY is not set: causes are ranked by rules, questions answered from memory and evidence"
        return (CheckResult(subject="Claude", state=CheckState.NOT_SET_UP, detail=detail),)
    connection = Connection(settings)
    try:
        client = await connection.client()
        tasks: dict[str, list[ModelTask]] = {}
        for task, model in settings.models.items():
            tasks.setdefault(model, []).append(task)
        now = tools.clock.now()
        found = await asyncio.gather(*(_one(client, model, tasks[model], now) for model in tasks))
    except ModelError as error:
        found = [_problem("Claude", error)]
    finally:
        await connection.close()
    # A key that is wrong is wrong for all of them: said once.
    return tuple({result.detail: result for result in found}.values())


async def _one(client: AsyncAnthropic, model: str, tasks: list[ModelTask], now: datetime) -> CheckResult:
    subject = f"Claude ({' and '.join(tasks)})"
    try:
        info = await client.models.retrieve(model)
        if isinstance(getattr(info, "display_name", None), str):
            return _told(subject, model, info, now)
        failure = ModelError(ModelFailure.GARBAGE, NO_MODEL)  # the library lets JSON of any shape pass
    except known() as error:
        failure = understood(error).error
    if failure.reason is ModelFailure.UNKNOWN_MODEL:
        remedy = f"check ANTHROPIC_MODEL_{tasks[0].upper()}, and that the key's workspace may use it"
        detail = f"the API does not know {model}"
        return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=detail, remedy=remedy)
    return _problem("Claude", failure)


def _told(subject: str, model: str, info: ModelInfo, now: datetime) -> CheckResult:
    name = f"{plain(info.display_name, NAME_LIMIT)} ({model})"
    if info.lifecycle == "retired":
        detail, remedy = f"{name} is retired", "set another model in its place"
        return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=detail, remedy=remedy)
    if isinstance(info.retires_at, datetime):
        detail = f"{name} answers, and retires on {info.retires_at:%Y-%m-%d}"
        if info.retires_at - now < SOON:
            remedy = "try its successor on past incidents, then set it in its place"
            return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=detail, remedy=remedy)
        return CheckResult(subject=subject, state=CheckState.OK, detail=detail)
    return CheckResult(subject=subject, state=CheckState.OK, detail=f"{name} is there, no retirement planned")


def _problem(subject: str, error: ModelError) -> CheckResult:
    found, _, remedy = error.sentence.rstrip(".").partition(": ")
    remedy = remedy or "try again; if it stays, see the vendor's status page"
    return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=found, remedy=remedy)
