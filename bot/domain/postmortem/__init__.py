"""What is written down after an incident: an outline made of facts, without blame."""

from bot.domain.life.follow_up import Priority
from bot.domain.postmortem.blameless import Blame, BlameKind, blame, without_names
from bot.domain.postmortem.markdown import to_markdown
from bot.domain.postmortem.material import Material
from bot.domain.postmortem.outline import outline
from bot.domain.postmortem.statement import ActionItem, Fact, Outline, Section, Statement

__all__ = [
    "ActionItem",
    "Blame",
    "BlameKind",
    "Fact",
    "Material",
    "Outline",
    "Priority",
    "Section",
    "Statement",
    "blame",
    "outline",
    "to_markdown",
    "without_names",
]
