"""Clusters log lines into patterns: masks, then a tree that learns which words are data."""

from __future__ import annotations

from bot.domain.logpattern.drain import DrainTree, Template, TemplateMiner
from bot.domain.logpattern.masking import LINE_LIMIT, WILDCARD, main_line, template
from bot.domain.logpattern.patterns import Line, Pattern, cluster, fragment, rank

__all__ = [
    "LINE_LIMIT",
    "WILDCARD",
    "DrainTree",
    "Line",
    "Pattern",
    "Template",
    "TemplateMiner",
    "cluster",
    "fragment",
    "main_line",
    "rank",
    "template",
]
