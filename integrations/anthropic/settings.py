"""How to reach Claude, which models do what, how hard they think, and what they cost."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.domain.errors import SettingsError
from bot.domain.model import Effort, ModelTask
from bot.domain.setting import setting
from integrations.access import check_address, check_secret
from integrations.anthropic.prices import Prices, read_prices

PUBLIC = "https://api.anthropic.com"
AS_THE_MODEL_DOES = "default"
_MODEL_ID = re.compile(r"[\w.:@/-]{1,120}")
_EFFORTS = (*(effort.value for effort in Effort), AS_THE_MODEL_DOES)


@dataclass(frozen=True, kw_only=True)
class AnthropicSettings:
    api_key: str | None = setting(
        "ANTHROPIC_API_KEY",
        default=None,
        secret=True,
        help="Key of the Claude API. Without it the bot works, and ranks causes and answers by its rules alone.",
    )
    url: str = setting(
        "ANTHROPIC_BASE_URL", default=PUBLIC, help="Address of the API, or of a gateway that speaks its protocol."
    )
    ca_certs: str | None = setting(
        "ANTHROPIC_CA_CERTS", default=None, help="File of certificate authorities to trust, for a gateway of one's own."
    )
    fast: str = setting(
        "ANTHROPIC_MODEL_FAST", default="claude-haiku-5-5", help="Model for triage, routing and short updates."
    )
    main: str = setting(
        "ANTHROPIC_MODEL_MAIN", default="claude-sonnet-5-5", help="Model for analyses, questions and postmortems."
    )
    deep: str = setting(
        "ANTHROPIC_MODEL_DEEP", default="claude-opus-5-5", help="Model for a hard root cause, asked only on request."
    )
    fast_effort: str = setting(
        "ANTHROPIC_EFFORT_FAST", default="low", help="How hard that model thinks: low, medium, high, xhigh, max; "
        "default: as the model does by itself, which older models need."
    )  # fmt: skip
    main_effort: str = setting("ANTHROPIC_EFFORT_MAIN", default="medium", help="The same, of the main model.")
    deep_effort: str = setting("ANTHROPIC_EFFORT_DEEP", default="high", help="The same, of the deep model.")
    prices: tuple[str, ...] = setting(
        "ANTHROPIC_PRICES",
        default=(),
        help="US dollars for a million tokens, where a model is not known here or has another price: "
        "model=input/output, or model=input/output/cache read/5-minute write/1-hour write, with commas between models; "
        "model>100000=... for longer prompts.",
    )
    timeout: float = setting(
        "ANTHROPIC_TIMEOUT", default=60.0, help="Seconds of silence after which a request is given up."
    )
    cache_ttl: str = setting(
        "ANTHROPIC_CACHE_TTL", default="5m", help="How long the instructions stay in the API's cache: 5m or 1h."
    )
    system_turns: bool = setting(
        "ANTHROPIC_SYSTEM_TURNS",
        default=True,
        help="false: for models before Opus 4.8, Sonnet 5 and other clouds, which take no system messages within a "
        "conversation; the bot's own notes are then sent as ordinary text.",
    )

    def __post_init__(self) -> None:
        check_address("ANTHROPIC_BASE_URL", self.url)
        check_secret("ANTHROPIC_API_KEY", self.api_key)
        if not 0 < self.timeout < math.inf:
            raise SettingsError("ANTHROPIC_TIMEOUT takes a number of seconds above zero.")
        if self.cache_ttl not in ("5m", "1h"):
            raise SettingsError("ANTHROPIC_CACHE_TTL takes 5m or 1h.")
        for task in ModelTask:
            self._check(task)

    def _check(self, task: ModelTask) -> None:
        name, model, effort = task.value.upper(), self.model_for(task), getattr(self, f"{task.value}_effort")
        if not _MODEL_ID.fullmatch(model):
            raise SettingsError(f"ANTHROPIC_MODEL_{name} takes a model's id, such as claude-sonnet-5-5.")
        if effort not in _EFFORTS:
            raise SettingsError(f"ANTHROPIC_EFFORT_{name} takes one of {', '.join(_EFFORTS)}.")
        if model not in self.price_list.models:
            raise SettingsError(
                f"ANTHROPIC_MODEL_{name} names {model}, whose price is not known here, so no spending limit could "
                f"hold: add {model}=input/output to ANTHROPIC_PRICES, in US dollars for a million tokens."
            )

    @property
    def is_set_up(self) -> bool:
        return bool(self.api_key)

    @cached_property
    def price_list(self) -> Prices:
        return read_prices("ANTHROPIC_PRICES", self.prices)

    @property
    def models(self) -> Mapping[ModelTask, str]:
        return {task: self.model_for(task) for task in ModelTask}

    def model_for(self, task: ModelTask) -> str:
        return {ModelTask.FAST: self.fast, ModelTask.MAIN: self.main, ModelTask.DEEP: self.deep}[task]

    def effort_for(self, task: ModelTask) -> Effort | None:
        """None: the model's own default."""
        word = {ModelTask.FAST: self.fast_effort, ModelTask.MAIN: self.main_effort, ModelTask.DEEP: self.deep_effort}
        return None if word[task] == AS_THE_MODEL_DOES else Effort(word[task])
