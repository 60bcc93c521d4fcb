"""What buttons carry comes back as it was."""

from __future__ import annotations

import pytest

from bot.domain.run import Part, StepKey
from bot.slack.acting_ids import decision_value, read_decision, read_runbook, read_step_key, runbook_value
from tests.slack.acting_cases import request

KEY = StepKey(run="R-7K3QF2", step="roll-back", item=3, part=Part.ROLLBACK)


def test_what_a_button_carries_comes_back() -> None:
    assert read_step_key(KEY.text) == KEY
    assert read_decision(decision_value(request())) == (request().id, request().digest)
    assert read_runbook(runbook_value("INC-1", "restart")) == ("INC-1", "restart")
    assert read_runbook(runbook_value("INC-1")) == ("INC-1", "")


@pytest.mark.parametrize(
    "text", ["", "R", "R:s:0", "R:s:x:act", "R:s:-1:act", "R:s:0:acts", ":s:0:act", "R:s:0:act:", "R:s:²:act"]
)
def test_what_is_no_step_is_not_read(text: str) -> None:
    assert read_step_key(text) is None


@pytest.mark.parametrize("text", ["", "A-1", "A-1:", ":d"])
def test_what_is_no_decision_is_not_read(text: str) -> None:
    assert read_decision(text) is None


@pytest.mark.parametrize("text", ["", "INC-1", ":restart"])
def test_what_is_no_runbook_is_not_read(text: str) -> None:
    assert read_runbook(text) is None
