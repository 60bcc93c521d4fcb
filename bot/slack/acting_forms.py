"""The modal of a run: opened before its trigger ends, filled in, and made into an order."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from bot.domain.errors import FirstResponderError
from bot.domain.plaintext import plain
from bot.domain.ports.deciding import Order, OrderAnswer
from bot.domain.runbook import CatalogNames
from bot.slack import acting_views as views
from bot.slack.acting_ids import PICK_RUNBOOK
from bot.slack.acting_runs import Form, Ordering, reason_of
from bot.slack.acting_views import Said
from bot.slack.run_modal import REASON, TITLE, FormFields, form_view, pick_view, problem_blocks, read_form
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

PREPARE = 1.2  # seconds: a trigger ends after 3, and opening takes one of them at the worst
START = 1.0  # seconds: with what is looked up before it, within the 3 in which Slack wants a form to be answered
ERROR_SHOWN = 300  # characters

View = Mapping[str, Any]
Answer = dict[str, Any]  # what the acknowledgement of a form says
Keep = Callable[[Order], Awaitable[None]]  # puts an order on disk, to be worked off with the events


class RunForms:
    def __init__(self, *, api: WebApi, ordering: Ordering, catalog: CatalogNames | None) -> None:
        self._api = api
        self._ordering = ordering
        self._catalog = catalog

    async def open(self, trigger: str, making: Coroutine[Any, Any, Said | Form]) -> Said | None:
        """What is to be said; None where a modal tells it. While it is not known yet what to show, one says so."""
        task = asyncio.ensure_future(making)
        try:
            await asyncio.wait({task}, timeout=PREPARE)
            if task.done():
                made = task.result()
                if isinstance(made, Said):
                    return made
                await self._api.call("views.open", trigger_id=trigger, view=self._view(made))
                return None
            waiting = views.message_view(TITLE, "I look up what fits here \u2026")
            opened = await self._api.call("views.open", trigger_id=trigger, view=waiting)
            view = await self._late(task)
            await self._api.call("views.update", view_id=opened["view"]["id"], view=view)
        finally:
            task.cancel()
        return None

    async def _late(self, task: asyncio.Task[Said | Form]) -> View:
        try:
            made = await task
        except FirstResponderError as error:
            made = Said(text=views.did_not_work(error))
        return views.message_view(TITLE, made.text) if isinstance(made, Said) else self._view(made)

    def _view(self, form: Form, error: str = "", typed: Mapping[str, str] | None = None) -> View:
        if form.offer is None:
            return pick_view(form.offers, form.incident)
        return form_view(form.offer, form.incident, error, catalog=self._catalog, typed=typed)

    # --- filled in ---------------------------------------------------------------------------------------------------

    async def submitted(self, body: Mapping[str, Any], keep: Keep) -> Answer:
        """How the form is answered, in time; empty: it closes. `keep`: for an order that takes longer."""
        view, user = body["view"], str(body["user"]["id"])
        fields = read_form(view["state"], str(view.get("private_metadata") or ""))
        if fields is None:
            return _update(views.message_view(TITLE, "This form is none that I know; open it again."))
        try:
            async with asyncio.timeout(PREPARE):
                made = await self._ordering.form_for(fields.incident, fields.runbook, user)
            if isinstance(made, Said):
                return _update(views.message_view(TITLE, made.text))
            if fields.is_pick:
                return _update(self._view(made))
            return await self._ordered(_order(view, fields, user), made, keep)
        except TimeoutError:
            return _error(fields, "It takes too long to look up what can be run; send it again.")
        except FirstResponderError as error:
            return _error(fields, plain(f"That did not work: {error}. Send it again.", ERROR_SHOWN))

    async def _ordered(self, order: Order, form: Form, keep: Keep) -> Answer:
        task = asyncio.ensure_future(self._ordering.start(order))
        await asyncio.wait({task}, timeout=START)
        if not task.done():
            task.add_done_callback(_noted)
            await keep(order)
            return {}
        answer = task.result()
        return {} if answer.run is not None else self._refused(order, form, answer)

    def _refused(self, order: Order, form: Form, answer: OrderAnswer) -> Answer:
        """At its fields where all that is wrong has one, else above the form."""
        assert form.offer is not None
        errors = problem_blocks(answer.problems, form.offer.runbook)
        if answer.problems and len(errors) == len(answer.problems):
            return {"response_action": "errors", "errors": dict(errors)}
        problems = [f"{problem.name} {problem.sentence}." for problem in answer.problems]
        return _update(self._view(form, " ".join(problems) or answer.sentence, order.parameters))


def _order(view: View, fields: FormFields, user: str) -> Order:
    told = json.dumps([fields.incident, fields.runbook, dict(fields.parameters), fields.is_dry], sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]  # what was refused and put right is another order
    return Order(
        id=f"form:{view['id']}:{digest}",
        incident=fields.incident,
        runbook=fields.runbook,
        parameters=dict(fields.parameters),
        requester=user,
        reason=reason_of(fields.reason),
        is_dry=fields.is_dry,
    )


def _update(view: View) -> Answer:
    return {"response_action": "update", "view": view}


def _error(fields: FormFields, text: str) -> Answer:
    """At a field that the form always has: what was typed stays."""
    return {"response_action": "errors", "errors": {PICK_RUNBOOK if fields.is_pick else REASON: text}}


def _noted(task: asyncio.Task[OrderAnswer]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("an order is started again from its record: %s", error)
