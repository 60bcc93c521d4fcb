"""What others make of the same lines: drain3 with general masks, and masks alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

# An interpreter that has drain3: it pins releases of its dependencies that few environments can share.
INTERPRETER = "BENCH_DRAIN3_PYTHON"
_ABSENT = 3
_LONGEST = 600.0  # seconds
# drain3's defaults, with masks for what every system has: ids, addresses, numbers.
_SCRIPT = """
import json, sys, time
try:
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig
except ImportError:
    sys.exit(3)
masks = (
    (r"\\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\\b", "ID"),
    (r"(?<![\\w.])(?:\\d{1,3}\\.){3}\\d{1,3}(?::\\d+)?(?![\\w.])", "IP"),
    (r"\\b0x[0-9a-fA-F]+\\b", "HEX"),
    (r"\\b(?=[0-9a-f]*\\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\\b", "HEX"),
    (r"(?<![A-Za-z0-9])[-+]?\\d+(?:\\.\\d+)?(?![A-Za-z0-9])", "NUM"),
)
answers = []
for lines in json.load(sys.stdin):
    config = TemplateMinerConfig()
    config.profiling_enabled = False
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in masks]
    miner = TemplateMiner(config=config)
    started = time.perf_counter()
    found = [miner.add_log_message(line)["cluster_id"] for line in lines]
    answers.append({"found": found, "seconds": time.perf_counter() - started})
json.dump(answers, sys.stdout)
"""
_MASKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])",
        r"\b0x[0-9a-fA-F]+\b",
        r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b",
        r"(?<![A-Za-z0-9])[-+]?\d+(?:\.\d+)?(?![A-Za-z0-9])",
    )
)


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """The cluster of each line, and how long that took."""

    found: tuple[str, ...]
    seconds: float


def masks_alone(line: str) -> str:
    """The same masks that drain3 is given here."""
    for pattern in _MASKS:
        line = pattern.sub("<*>", line)
    return line


def drain3(logs: Sequence[Sequence[str]]) -> tuple[Grouped, ...] | None:
    """Each log by a miner of its own; None where drain3 is not installed."""
    python = os.environ.get(INTERPRETER, sys.executable)
    done = subprocess.run(
        [python, "-c", _SCRIPT], input=json.dumps(logs), capture_output=True, text=True, timeout=_LONGEST, check=False
    )
    if done.returncode == _ABSENT:
        return None
    if done.returncode:
        raise SystemExit(f"drain3 failed: {done.stderr.strip()[-400:]}")
    return tuple(
        Grouped(found=tuple(map(str, answer["found"])), seconds=answer["seconds"]) for answer in json.loads(done.stdout)
    )
