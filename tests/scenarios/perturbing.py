"""The same incident told otherwise: other noise, other names, other times. The true cause stays the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from sandbox.scenario.load import CATALOG, RECIPE, SHIPPED, names
from sandbox.scenario.model import Scenario, Truth

VARIANTS = Path(__file__).parent / "variants"
HOURS = 6 * 3600.0  # how far back a change is looked for
# None is a word of any scenario, and none hints at what a service does.
NEW_NAMES = (
    "kestrel", "marmot-api", "ibex-svc", "lapwing", "dormouse", "puffin-gateway", "wombat", "axolotl", "quokka",
    "tamarin",
)  # fmt: skip

_UNASKED = re.compile(r"(level: (?:info|debug), per_minute: )[\d.]+")  # sources ask for warnings and errors alone

Edit = Callable[[str], str]


def folders() -> Mapping[str, Path]:
    """Shipped scenarios, and those that only tests play."""
    own = {path.parent.name: path.parent for path in sorted(VARIANTS.glob(f"*/{RECIPE}"))}
    return {name: SHIPPED / name for name in names()} | own


def edited(folder: Path, into: Path, edit: Edit) -> Path:
    """A copy of a scenario's folder with every file edited, with few of the log lines that nobody asks for."""
    copy = into / folder.name
    shutil.copytree(folder, copy)
    for file in copy.rglob("*.yaml"):
        file.write_text(edit(_UNASKED.sub(r"\g<1>0.05", file.read_text(encoding="utf-8"))), encoding="utf-8")
    return copy


def with_seed(seed: int) -> Edit:
    return lambda text: re.sub(r"(?m)^seed: \d+", f"seed: {seed}", text)


def with_noise(times: float) -> Edit:
    return lambda text: re.sub(r"\bnoise: ([\d.]+)", lambda found: f"noise: {float(found[1]) * times:g}", text)


def without_signals(text: str) -> str:
    """A catalog in which nobody has written queries yet: what is asked then are the usual names."""
    return re.sub(r"(?m)^    signals:\n(?:^ {6,}.*\n)+", "", text)


def with_new_names(folder: Path) -> tuple[Edit, Mapping[str, str]]:
    """Services are called otherwise in catalog, signals, logs, alerts, repositories, history and runbooks."""
    services = list(yaml.safe_load((folder / CATALOG).read_text(encoding="utf-8"))["services"])
    new = dict(zip(services, NEW_NAMES, strict=False))
    assert len(new) == len(services), "more services than new names: add names"
    longest_first = sorted(map(re.escape, services), key=len, reverse=True)
    old = re.compile(rf"(?<![\w-])({'|'.join(longest_first)})(?![\w-])")
    return (lambda text: old.sub(lambda found: new[found[1]], text)), new


def deployed_earlier(scenario: Scenario, seconds: float) -> Scenario:
    """All deployments were recorded so much earlier (negative: later), as where a roll-out takes its time."""
    return replace(scenario, deployments=tuple(replace(d, at=d.at - seconds) for d in scenario.deployments))


def innocent_closer(scenario: Scenario, truth: Truth, at: float, repository: str = "") -> Scenario:
    """The newest deployment that is not to blame happened at `at`; that of `repository`, where one is named."""
    suspects = [d for d in scenario.deployments if d.ref != truth.subject and 0 < scenario.onset - d.at < HOURS]
    own = [d for d in suspects if d.repository == repository]
    closest = max(own or suspects, key=lambda d: d.at)
    moved = [replace(d, at=at) if d is closest else d for d in scenario.deployments]
    return replace(scenario, deployments=tuple(sorted(moved, key=lambda d: -d.at)))
