"""The shapes of vendors' answers are first used by several threads at once, which must not end the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

TIMES = 300
PROGRAM = """
import importlib, sys, threading
import msgspec
from bot.shapes import known
from {module} import {shape}
module = sys.modules["{module}"]
sys.setswitchinterval(1e-6)  # seconds: threads meet in the midst of anything
for _ in range({times}):
    shape = importlib.reload(module).{shape}
    begin = threading.Barrier(6)
    def convert():
        begin.wait()
        msgspec.convert({answer}, known(shape))
    threads = [threading.Thread(target=convert) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("whole")
"""
SHAPES = {
    "integrations.prometheus.wire": ("RulesAnswer", {"data": {"groups": [{"rules": [{"name": "a", "query": "b"}]}]}}),
    "integrations.argocd.client": ("Applications", {"items": []}),
}


@pytest.mark.parametrize("module", SHAPES)
def test_several_threads_may_be_the_first_to_use_a_shape(module: str) -> None:
    shape, answer = SHAPES[module]
    program = PROGRAM.format(module=module, shape=shape, answer=answer, times=TIMES)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "whole"), ran.stderr[-2000:]
