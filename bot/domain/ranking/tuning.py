"""The constants of the ranking in one place, so that the influence of each can be measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """None was fitted: each is a round number with a reason, and halving or doubling any one changes little."""

    loud: float = 30.0  # robust deviations from which louder says nothing more: near-constant series divide by little
    tail: float = 0.1  # the edge of this share of the baseline, on each side, is the scale: fair to skewed series
    relative_floor: float = 0.05  # a scale is at least this share of normal: less is rounding
    latency_floor: float = 0.005  # seconds: below five milliseconds, latencies are artefacts of histogram buckets
    ratio_floor: float = 0.005  # of 1.0: half a percent of requests fail everywhere now and then
    recent: int = 4  # samples just before the onset: what was already so then is not what began
    waiting: float = 0.25  # weight of waiting for others: it accuses somebody below more than the service itself
    accused: float = 1.0  # weight of a caller's wait that no slow callee explains: the way to the callee is at fault
    traffic: float = 0.1  # weight of a change in traffic: callers decide it
    flow: float = 0.25  # weight of bytes and system calls per request: the service's own, but noisy
    cut_off: float = 0.5  # weight of callees losing traffic that the service itself still gets: it stops in between
    explained: float = 0.8  # how much of a symptom the same symptom below explains; all would leave no doubt
    other_signal: float = 0.5  # weight of signals other than the alert's, where the alert is known
    loss: float = 2.0  # weight of the share of the alert's loss that arises in the service: as much as two full signals
    decay: float = 0.9  # for every call further below the alert's service: nearer is likelier, slightly
    outside: float = 0.3  # weight of what the alert's service does not call: shared machines exist
    log_rise: float = 10.0  # times as many error lines count as a full signal
