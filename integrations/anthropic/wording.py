"""What a failure of Claude means and what to do about it, in a sentence for people. Never the vendor's own text."""

from __future__ import annotations

from bot.domain.model import ModelError, ModelFailure, StopReason

SENTENCES = {
    ModelFailure.NO_KEY: "Claude is not set up: set ANTHROPIC_API_KEY to get explanations and answers.",
    ModelFailure.BAD_KEY: "Claude does not accept the bot's key, or the key may not use this model: check "
    "ANTHROPIC_API_KEY.",
    ModelFailure.NO_CREDIT: "The Claude account has no credit left or reached its spending limit: an owner of the "
    "account can raise it.",
    ModelFailure.RATE_LIMITED: "Claude takes no more requests from this account for now: ask again in a minute.",
    ModelFailure.OVERLOADED: "Claude is overloaded at the moment: ask again in a minute.",
    ModelFailure.TIMEOUT: "Claude did not answer in time: ask again, or ask something narrower.",
    ModelFailure.UNREACHABLE: "Claude cannot be reached: check the network of the bot and ANTHROPIC_BASE_URL.",
    ModelFailure.TOO_LARGE: "The request was too large for Claude: ask about a shorter time or fewer services.",
    ModelFailure.CONTEXT_FULL: "The conversation no longer fits into the model: start a new thread, or ask something "
    "narrower.",
    ModelFailure.REFUSED: "Claude declined to answer this.",
    ModelFailure.TRUNCATED: "Claude's answer was cut off at its limit before it was complete, so it is not used.",
    ModelFailure.GARBAGE: "Claude's answer could not be read, so it is not used: ask again; if it stays, check "
    "ANTHROPIC_BASE_URL.",
    ModelFailure.UNKNOWN_MODEL: "The API does not know the model that is set: check ANTHROPIC_MODEL_FAST, _MAIN and "
    "_DEEP.",
    ModelFailure.NOT_ACCEPTED: "Claude did not accept the request as the bot made it: the log has its id; check the "
    "settings of the model.",
    ModelFailure.SERVER: "Claude has a failure of its own at the moment: ask again in a minute; see its status page.",
}
BROKEN_OFF = "The connection to Claude broke off in the middle of the answer: ask again for the rest."
WRONG_FORM = "Claude's answer did not have the form that was asked for, twice, so it is not used."
REDIRECTED = "ANTHROPIC_BASE_URL leads elsewhere: set it to the address of the API itself."
NO_CA_CERTS = "Claude is not asked: the file in ANTHROPIC_CA_CERTS cannot be read."

# Categories of refusals: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
_CATEGORIES = {
    "cyber": "it looked like help with an attack, as text of attacks in logs or alerts can",
    "bio": "it looked like something dangerous in biology",
    "frontier_llm": "it looked like work on a competing model",
    "reasoning_extraction": "it asked for the model's inner reasoning",
    "general_harms": "it looked like something harmful",
}
_NOTICES = {
    StopReason.TOO_LONG: "The answer was cut off at its limit: ask for the rest.",
    StopReason.PAUSED: "Claude wanted to go on for longer than it was let: ask for the rest.",
    StopReason.CONTEXT_FULL: SENTENCES[ModelFailure.CONTEXT_FULL],
    StopReason.STOPPED: "The answer was stopped before its end.",
}


def failed(
    reason: ModelFailure, sentence: str = "", *, retry_after: float | None = None, category: str = ""
) -> ModelError:
    if not sentence and reason is ModelFailure.RATE_LIMITED and retry_after is not None:
        sentence = f"Claude takes no more requests from this account for now: ask again in {_span(retry_after)}."
    return ModelError(reason, sentence or SENTENCES[reason], retry_after=retry_after, category=category)


def refused(category: str) -> str:
    why = _CATEGORIES.get(category)
    if why is None:
        return "Claude declined to answer this: the rest of the incident goes on without it."
    return f"Claude declined to answer this because {why}: the rest of the incident goes on without it."


def notice(stop: StopReason, category: str) -> str:
    """Empty where the answer is whole."""
    return refused(category) if stop is StopReason.REFUSED else _NOTICES.get(stop, "")


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min"
