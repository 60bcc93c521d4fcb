"""A real Prometheus on loopback that holds a scenario's series, for comparison."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.bot_process import usable_port
from sandbox.scenario.model import TimeSeries

STARTS_WITHIN = 120.0  # seconds; on a busy machine
IS_INSTALLED = bool(shutil.which("prometheus") and shutil.which("promtool"))


@contextmanager
def real_prometheus(series: Iterable[TimeSeries], folder: Path, *, until: float) -> Iterator[str]:
    """Its address. Only samples up to `until` are put in."""
    data = folder / "data"
    metrics = folder / "metrics.txt"
    metrics.write_text("".join(_open_metrics(series, until)))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(metrics), str(data)],
        check=True,
        capture_output=True,
    )
    config = folder / "prometheus.yml"
    config.write_text("scrape_configs: []\n")
    address = f"127.0.0.1:{usable_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={data}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_ready(f"http://{address}", process)
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(10)


def _open_metrics(series: Iterable[TimeSeries], until: float) -> Iterator[str]:
    for item in series:
        labels = ",".join(f'{name}="{value}"' for name, value in item.labels.items() if name != "__name__")
        head = f"{item.labels['__name__']}{{{labels}}}"
        for at, value in zip(item.times, item.values, strict=True):
            if at <= until:
                yield f"{head} {value!r} {at:.3f}\n"
    yield "# EOF\n"


def _wait_until_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/-/ready", timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the real Prometheus did not become ready")
