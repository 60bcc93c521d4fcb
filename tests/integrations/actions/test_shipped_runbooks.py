"""The runbooks that come along ask of the actions what these really take."""

from __future__ import annotations

from pathlib import Path

from memory.runbooks import lint_runbooks
from tests.integrations.actions.bench import everything
from tests.memory.declared_actions import ACTIONS

RUNBOOKS = Path(__file__).parents[3] / "runbooks"


async def test_they_pass_with_the_real_actions(tmp_path: Path) -> None:
    async with everything(tmp_path) as made:
        others = [action for action in ACTIONS if action.name not in made]
        assert {action.name.partition(".")[0] for action in others} == {"exec", "kubectl", "slack"}
        found = lint_runbooks(sorted(RUNBOOKS.glob("*.yaml")), [*made.values(), *others])
    assert [str(problem) for problem in found.problems] == []
