"""Every builder of what people see in Slack, called with what it may get: ordinary, nothing, too much, hostile."""

from __future__ import annotations

from tests.slack.samples import acting, answers, cards, life, pieces
from tests.slack.samples.registry import SAMPLES, Sample

__all__ = ["SAMPLES", "Sample", "acting", "answers", "cards", "life", "pieces"]
