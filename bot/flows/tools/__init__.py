"""What a model may look up while it answers: all of it reads, none of it reaches another incident's record."""

from bot.flows.tools.read_only import BadInput, Fact, Given, Looked, ReadOnlyTool, Scene
from bot.flows.tools.toolbox import Toolbox

__all__ = ["BadInput", "Fact", "Given", "Looked", "ReadOnlyTool", "Scene", "Toolbox"]
