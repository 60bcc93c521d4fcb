"""What one can try stands in the page, whoever one is."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.sandbox.page.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_hints_are_shown_to_everybody_and_nothing_where_there_are_none(stage: Stage) -> None:
    channel = await stage.channel("inc-hints")
    await stage.show(channel)
    await expect(stage.page.locator("#hints")).to_be_hidden()
    stage.workspace.hints = ("Type `/inc runbook`.", "Become *Bo Chen* and react with :white_check_mark:.")
    await stage.show(channel, person="bo")
    hints = stage.page.locator("#hints li")
    await expect(hints).to_have_count(2)
    await expect(hints.first.locator("code")).to_have_text("/inc runbook")
    await expect(stage.page.locator("#person-switcher")).to_contain_text("Bo Chen")
    await stage.page.locator("#person-switcher").click()
    await stage.page.get_by_role("menuitem").filter(has_text="Ana Ruiz").click()
    await expect(stage.page.locator("#person-switcher")).to_contain_text("Ana Ruiz")
    await expect(hints).to_have_count(2)
