"""What is set about memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from bot.domain.spend import MICRO, RESERVE_SHARE, Caps, Limits

MOST = 1_000_000_000  # of anything that is set here: sums in micro-dollars stay within 64 bits
LONGEST_ANSWER_MINUTES = 525_600.0  # a year: times before the first one cannot be reckoned with


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    pages: tuple[str, ...] = setting(
        "RUNBOOK_PAGES",
        default=(),
        help="where Markdown runbooks are, with commas between them: a folder, "
        "https://host/repository.git#branch:path, github:owner/name/path@branch",
    )
    retention_days: int = setting(
        "RETENTION_DAYS", default=0, help="days after which an incident is forgotten everywhere; 0 keeps all of them"
    )
    notes_file: str = setting(
        "NOTES_FILE", default="", help="file of notes about services that people edit, for example MEMORY.md"
    )
    model: str = setting(
        "EMBEDDING_MODEL_DIR",
        default="",
        help="folder with model.safetensors and tokenizer.json of all-MiniLM-L6-v2; by default the installed package's",
    )
    cap_incident: float = setting(
        "SPEND_CAP_INCIDENT", default=5.0, help="US dollars an incident may cost of the model; 0 is no cap"
    )
    cap_person: float = setting(
        "SPEND_CAP_PERSON", default=10.0, help="US dollars a person's questions may cost in one UTC day; 0 is no cap"
    )
    cap_service: float = setting(
        "SPEND_CAP_SERVICE", default=20.0, help="US dollars a service may cost of the model in one UTC day; 0 is no cap"
    )
    cap_day: float = setting(
        "SPEND_CAP_DAY", default=50.0, help="US dollars the model may cost in one UTC day in all; 0 is no cap"
    )
    sev1_share: float = setting(
        "SPEND_SEV1_SHARE", default=RESERVE_SHARE, help="share of SPEND_CAP_DAY that is kept for SEV1, from 0 to 1"
    )
    requests_per_minute: float = setting(
        "MODEL_REQUESTS_PER_MINUTE",
        default=50.0,  # what the lowest tier may: https://platform.claude.com/docs/en/api/rate-limits
        help="calls of the model a minute, of all processes together; 0 is no limit of ours",
    )
    tokens_per_minute: float = setting(
        "MODEL_TOKENS_PER_MINUTE",
        default=400_000.0,
        help="tokens to and from the model a minute, of all processes together; 0 is no limit of ours",
    )
    answer_minutes: float = setting(
        "ANSWER_CACHE_MINUTES",
        default=60.0,
        help="minutes for which the same question about the same evidence is answered without asking the model again; "
        "0 asks it each time",
    )

    def __post_init__(self) -> None:
        for name, value in (
            ("SPEND_CAP_INCIDENT", self.cap_incident),
            ("SPEND_CAP_PERSON", self.cap_person),
            ("SPEND_CAP_SERVICE", self.cap_service),
            ("SPEND_CAP_DAY", self.cap_day),
            ("MODEL_REQUESTS_PER_MINUTE", self.requests_per_minute),
            ("MODEL_TOKENS_PER_MINUTE", self.tokens_per_minute),
            ("ANSWER_CACHE_MINUTES", self.answer_minutes),
        ):
            if not 0 <= value <= MOST:
                raise SettingsError(f"{name} takes a number from 0 to {MOST:,}.")
        if not 0 <= self.sev1_share <= 1:
            raise SettingsError("SPEND_SEV1_SHARE takes a number from 0 to 1.")
        if self.retention_days < 0:
            raise SettingsError("RETENTION_DAYS takes a number of days above zero, or 0 to keep everything.")

    @property
    def limits(self) -> Limits:
        caps = Caps(
            incident=round(self.cap_incident * MICRO),
            person=round(self.cap_person * MICRO),
            service=round(self.cap_service * MICRO),
            day=round(self.cap_day * MICRO),
            reserve_share=self.sev1_share,
        )
        return Limits(caps=caps, requests_per_minute=self.requests_per_minute, tokens_per_minute=self.tokens_per_minute)

    @property
    def answer_age(self) -> timedelta:
        """How old an answer may be that is given again; zero: none is."""
        return timedelta(minutes=min(self.answer_minutes, LONGEST_ANSWER_MINUTES))
