"""What the benchmarks send and how they look at the bot's memory."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from sandbox.bot_process import BotProcess
from sandbox.serve import LOOPBACK

TOKEN = "bench-" + "t" * 20


def memory(bot: BotProcess) -> float:
    """Resident memory in MB, with that of its own children."""
    process = psutil.Process(bot.process.pid)
    return float(sum(member.memory_info().rss for member in (process, *process.children(recursive=True))) / 1e6)


def bot_environ(folder: Path, port: int, world: Mapping[str, str]) -> dict[str, str]:
    """Settings of a bot in a world without its vendors, that takes Alertmanager's webhooks."""
    return {
        **{name: value for name, value in world.items() if name.startswith("SLACK_")},
        "FIRST_RESPONDER_DATA": str(folder / "data"),
        "HOST": LOOPBACK,
        "PORT": str(port),
        "ALERTMANAGER_TOKEN": TOKEN,
        "LOG_LEVEL": "WARNING",
    }


def alert_body(fingerprint: str, service: str = "checkout", severity: str = "critical") -> bytes:
    """About 1.2 KB, as Alertmanager sends one alert."""
    labels = {"alertname": "HighErrorRatio", "service": service, "severity": severity, "env": "production"}
    annotations = {"summary": f"Error ratio of {service} above 5 %", "description": "d" * 300}
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    alert = {
        "status": "firing",
        "labels": {**labels, "instance": fingerprint},
        "annotations": annotations,
        "startsAt": started,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=error_ratio+%3E+0.05&g0.tab=1",
        "fingerprint": fingerprint,
    }
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="HighErrorRatio", instance="{fingerprint}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "first-responder",
            "groupLabels": {"alertname": "HighErrorRatio"},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "http://alertmanager.example",
            "alerts": [alert],
        }
    ).encode()


def request_bytes(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\nauthorization: Bearer {TOKEN}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
