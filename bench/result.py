"""One measured figure beside its baseline and its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    name: str
    value: float
    unit: str
    runs: int
    baseline: float | None = None  # in the same unit, measured in the same run
    baseline_name: str = ""
    goal: float | None = None  # of the ratio where there is a baseline, of the value otherwise
    at_least: bool = False  # the goal is a floor; otherwise it is a ceiling
    low: float | None = None
    high: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def reached(self) -> bool | None:
        if self.goal is None:
            return None
        figure = self.ratio if self.ratio is not None else self.value
        return figure >= self.goal if self.at_least else figure <= self.goal

    def as_row(self) -> tuple[str, ...]:
        spread = f" ({self.low:.3g} to {self.high:.3g})" if self.low is not None and self.high is not None else ""
        base = f"{self.baseline:.4g} {self.unit} {self.baseline_name}" if self.baseline is not None else ""
        sign = ">=" if self.at_least else "<="
        return (
            self.name,
            f"{self.value:.4g} {self.unit}{spread}, {self.runs} runs",
            base,
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            f"{sign} {self.goal:g}" if self.goal is not None else "",
            {True: "yes", False: "NO", None: ""}[self.reached],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "runs": self.runs,
            "low": self.low,
            "high": self.high,
            "baseline": self.baseline,
            "baseline_name": self.baseline_name,
            "ratio": self.ratio,
            "goal": self.goal,
            "at_least": self.at_least,
            "reached": self.reached,
        }
