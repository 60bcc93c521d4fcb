"""What is answered to a person, and who else sees it: values in, Block Kit out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.card import Picture
from bot.domain.incident import Incident
from bot.domain.ports.life import Choice
from bot.slack.blocks.limits import SECTION_LIMIT, Block, image, section

BUTTON_TEXT, BUTTON_VALUE = 75, 2000  # characters, as Slack has it


@dataclass(frozen=True, kw_only=True)
class Told:
    """`text` as mrkdwn. `is_public`: everybody where `incident` is worked on is told; else who asked is.

    `is_secret`: only who asked sees it, also where others could read along.
    """

    text: str
    is_public: bool = False
    incident: Incident | None = None
    buttons: Sequence[Choice] = ()
    picture: Picture | None = None
    is_secret: bool = False
    is_refused: bool = False  # what was pressed changed nothing: it can be pressed again

    @property
    def blocks(self) -> list[Block] | None:
        """None where the text alone says it all."""
        if not self.buttons and self.picture is None:
            return None
        shown = [section(part) for part in _parts(self.text)]
        if self.picture is not None:
            shown.append(image(self.picture.file_id, self.picture.alt))
        if self.buttons:
            shown.append({"type": "actions", "elements": [button(choice) for choice in self.buttons]})
        return shown


def button(choice: Choice) -> Block:
    made: dict[str, Any] = {
        "type": "button",
        "action_id": choice.action,
        "text": {"type": "plain_text", "text": choice.text[:BUTTON_TEXT]},
        "value": choice.value[:BUTTON_VALUE],
    }
    return made | ({"style": "danger"} if choice.is_danger else {})


def _parts(text: str) -> list[str]:
    """Whole lines, as many as a section holds."""
    parts = [""]
    for line in text.split("\n"):
        line = line[:SECTION_LIMIT]
        if len(parts[-1]) + len(line) + 1 > SECTION_LIMIT:
            parts.append(line)
        else:
            parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts
