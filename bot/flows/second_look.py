"""A second look at an analysis, of a model that sees the same evidence and what was claimed. It can only lower."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.analysis import CheckedAnalysis, CheckedHypothesis
from bot.domain.confidence import Confidence
from bot.domain.model import ModelError, Parsed
from bot.flows.metered import MeteredModel, NotAllowed
from prompts import render

if TYPE_CHECKING:
    from bot.domain.analysis.wire import SaidOpinions
    from bot.flows.analyse import Asking

log = logging.getLogger(__name__)

TASK = "second_opinion"
PROMPT = "second_opinion.v1"
DEADLINE = 20.0  # seconds: the analysis waits for it, and goes without it after that
MAX_TOKENS = 4_000  # with its thinking; an opinion has some 200
NO_WAIT = timedelta(0)  # for the rate limit: the next question of people needs it more
ASK = "Say of each hypothesis how sure the evidence allows one to be."


def is_worth_it(analysis: CheckedAnalysis) -> bool:
    """It can only lower, so it is asked where something high could be."""
    return analysis.top is not None and analysis.top.confidence is Confidence.HIGH


async def second_look(asking: Asking, analysis: CheckedAnalysis, model: MeteredModel) -> Parsed[SaidOpinions] | None:
    """None: it is not asked for, not worth it, not allowed, or it failed. Raises NotStored."""
    from bot.domain.analysis.wire import SaidOpinions

    task = model.second_opinion
    if task is None or not is_worth_it(analysis):
        return None
    request = replace(
        asking.request(render(PROMPT), asking.briefing.made_at, ask=f"{_claimed(analysis)}\n\n{ASK}"),
        task=task,
        max_tokens=MAX_TOKENS,
        deadline=DEADLINE,
    )
    call = replace(asking.call(model.name_for(task)), task=TASK)
    try:
        return await model.parse(request, SaidOpinions, call, patience=NO_WAIT)
    except (ModelError, NotAllowed) as error:
        log.info("%s gets no second look: %s", asking.incident.id, error)
        return None


def _claimed(analysis: CheckedAnalysis) -> str:
    summary = [f"- {claim.text} [{', '.join(claim.evidence)}]" for claim in analysis.summary]
    hypotheses = sorted(analysis.hypotheses, key=lambda hypothesis: hypothesis.place)
    return "\n".join(
        ["What the first look claimed, as data:", "Summary", *summary, "Hypotheses", *map(_told, hypotheses)]
    )


def _told(hypothesis: CheckedHypothesis) -> str:
    claim = hypothesis.claim
    about = {
        "kind": hypothesis.kind.value,
        "service": hypothesis.service or "none",
        "confidence": hypothesis.confidence.value,
        "for it": ", ".join(claim.evidence) or "nothing",
        "against it": ", ".join(hypothesis.against) or "nothing",
    }
    return f"{hypothesis.place}. {claim.text} ({'; '.join(f'{name}: {said}' for name, said in about.items())})"
