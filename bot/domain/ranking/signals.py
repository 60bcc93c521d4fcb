"""What a metric is about, guessed from its name where nobody says so."""

from __future__ import annotations

import re

from bot.domain.ranking.observed import Signal

# The first that fits wins, so what is more specific stands first.
_WORDS = (
    (Signal.AVAILABILITY, r"avail|success|uptime|healthy"),
    (Signal.USE, r"cpu|throttl"),
    (Signal.ERRORS, r"error|fail|fault|exception|5xx|reject|drop|timeouts"),
    (Signal.WAITING, r"(client|outgoing|outbound|upstream|egress).*(latency|duration|time|seconds)"),
    (Signal.LATENCY, r"latency|duration|response.?time|elapsed|(^|[^a-z])p(50|75|90|95|99|999)($|[^0-9])"),
    (Signal.FLOW, r"byte|network|packet|syscall|socket|disk.?(read|write|io)|iops|(^|_)(rx|tx)(_|$)"),
    (
        Signal.USE,
        r"mem|heap|usage|utili[sz]|saturat|queue|pool|connections|threads|lag(_|$|s\b)|(^|[^a-z])load|disk|filesystem",
    ),
    (Signal.TRAFFIC, r"request|workload|throughput|traffic|invocation|calls|qps|rps|ops|hits|count"),
)
_PATTERNS = tuple((signal, re.compile(words, re.IGNORECASE)) for signal, words in _WORDS)


def guess(metric: str) -> Signal | None:
    """None where the name says nothing: such a metric is left out, since nobody knows which side of it hurts."""
    return next((signal for signal, pattern in _PATTERNS if pattern.search(metric)), None)
