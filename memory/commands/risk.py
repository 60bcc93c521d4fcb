"""What a command would do, judged by its worst part. Where in doubt it is unknown, never read-only."""

from __future__ import annotations

import re

from bot.domain.remembered import CommandRisk
from memory.commands.shell import shell_risk
from memory.commands.sql import sql_risk

SHELL = frozenset({"", "sh", "shell", "bash", "zsh", "console", "terminal", "shell-session", "shellsession"})
SQL = frozenset({"sql", "pgsql", "postgresql", "postgres", "mysql", "psql"})
QUERIES = frozenset({"promql", "logql", "kql", "lucene", "esql"})  # they can only ask
REDIS = "redis"
# Calls that change something in the languages that consoles speak. What does not match may still change: unknown.
_CODE_CHANGES = re.compile(
    r"\b(save|update\w*|destroy\w*|delete\w*|create\w*|insert\w*|drop\w*|truncate|remove\w*|enqueue\w*|perform_\w+|"
    r"clear\w*|reset\w*|revoke\w*|kill\w*|touch|toggle\w*|increment\w*|decrement\w*|enable\w*|disable\w*|block\w*|unlock\w*|"
    r"flushall|flushdb|write|unlink|rm|rmtree|set|expire\w*|requeue|retry\w*|cancel\w*|fail|drop!?|archive\w*)[!]?"
    r"(?=\s*[\(!]|\s*$|\s*\n|\s+[:'\"\w\[{])|\.save\b|\.delete\b|=\s*nil\s*$|\w!(\s|\(|$)"
)


def risk_of(text: str, language: str = "") -> CommandRisk:
    """`language` as a fence names it; nothing is taken for a shell."""
    name = language.lower()
    if name in QUERIES:
        return CommandRisk.READ
    if name in SQL:
        return sql_risk(text)
    if name == REDIS:
        return shell_risk(f"redis-cli {text}")
    if name in SHELL:
        return shell_risk(text)
    return CommandRisk.MUTATING if _CODE_CHANGES.search(text) else CommandRisk.UNKNOWN
