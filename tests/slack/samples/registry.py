"""Where samples are put, by the builder that they call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PACKAGES = ("bot.slack.", "bot.")  # left out where a builder is named


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`is_file`: what it makes is uploaded, and no message's limit is its limit."""

    builder: str  # "blocks.briefing.render"
    case: str
    make: Callable[[], object]
    is_file: bool = False

    @property
    def name(self) -> str:
        return f"{self.builder}.{self.case}"

    @property
    def is_hostile(self) -> bool:
        return self.case.startswith("hostile")


SAMPLES: dict[str, Sample] = {}


def name_of(builder: Callable[..., object]) -> str:
    module = builder.__module__
    for package in PACKAGES:
        module = module.removeprefix(package)
    return f"{module}.{builder.__qualname__}"


def of(builder: Callable[..., object], **cases: Callable[[], object]) -> None:
    """Raises ValueError for a second sample of the same name."""
    for case, make in cases.items():
        _add(Sample(builder=name_of(builder), case=case, make=make))


def of_file(builder: Callable[..., object], case: str, make: Callable[[], object]) -> None:
    _add(Sample(builder=name_of(builder), case=case, make=make, is_file=True))


def _add(sample: Sample) -> None:
    if sample.name in SAMPLES:
        raise ValueError(f"two samples are called {sample.name}")
    SAMPLES[sample.name] = sample
