"""The reference of all settings, made from the settings themselves; docs/settings.md holds it and a test compares.

`python -m bot.reference` writes it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from bot.life_settings import LifeSettings
from bot.settings import BotSettings
from bot.slack.settings import SlackSettings
from integrations.descriptor import Integration
from memory.audit_settings import AuditSettings
from memory.settings import MemorySettings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """# Settings

All settings are environment variables. `first-responder check` says for each token and source whether it works, and
what to do where it does not.
"""


def settings_page(integrations: Mapping[str, Integration[Any]]) -> str:
    """Markdown, one table for the bot, for Slack, for memory and for each integration."""
    parts = [HEAD, _table("The bot", BotSettings), _table("Slack", SlackSettings), _table("Memory", MemorySettings)]
    parts += [_table("The incident's life", LifeSettings), _table("The audit log", AuditSettings)]
    parts += [_table(integration.title, integration.settings) for integration in integrations.values()]
    return "\n".join(parts)


def _table(title: str, settings: Any) -> str:
    rows = [f"## {title}", "", "| variable | what it is | default |", "|---|---|---|"]
    for item in fields(settings):
        told = item.metadata
        help_text = told["help"].replace("|", "\\|") + (" (secret)" if told["secret"] else "")
        rows.append(f"| `{told['env']}` | {help_text} | {_default(item.default)} |")
    return "\n".join([*rows, ""])


def _default(value: Any) -> str:
    if value is MISSING:
        return "required"
    if value in (None, "", ()):
        return ""
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"`{shown.replace('|', chr(92) + '|')}`"


if __name__ == "__main__":
    from integrations.registry import discover

    PAGE.write_text(settings_page(discover()))
