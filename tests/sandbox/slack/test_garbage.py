"""Whatever comes in, an answer in Slack's words goes out."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.slack.blocks import CHECKS, Surface, problems, rendered_length
from sandbox.slack.messages import with_ids
from sandbox.slack.pings import targets
from sandbox.slack.values import JsonObject
from sandbox.slack.web_api import METHODS, WebApi
from sandbox.slack.workspace import Workspace
from tests.sandbox.slack.conftest import PEOPLE

scalars = st.none() | st.booleans() | st.integers(-5, 200) | st.text(max_size=8)
KEYS = (
    "type text elements element accessory fields options option_groups label value action_id block_id confirm "
    "placeholder rows tasks title child_blocks actions slack_file image_url alt_text positive_button status details"
)
TYPES = [*CHECKS, "button", "static_select", "overflow", "image", "mrkdwn", "plain_text", "feedback_buttons"]
anything = st.recursive(
    scalars | st.sampled_from(TYPES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split(" ")), inner, max_size=5),
    max_leaves=12,
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(list(CHECKS))}, optional=dict.fromkeys(KEYS.split(" ")[1:], anything)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(blocks, max_size=2))
def test_any_blocks_are_judged_and_good_ones_can_be_kept(given_blocks: list[JsonObject]) -> None:
    found = problems(given_blocks, Surface.MESSAGE)
    targets("", given_blocks)
    rendered_length(given_blocks)
    if not found:
        assert all(block["block_id"] for block in with_ids(given_blocks))


ARGUMENTS = (
    "channel channel_id ts timestamp text blocks metadata users user name cursor limit types files changes canvas_id "
    "criteria view trigger_id view_id user_id prompts thread_ts chunks link title type oldest latest attachments "
    "document_content unfurls post_at email usergroup loading_messages length filename"
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(set(METHODS) - {"chat.scheduleMessage", "apps.connections.open"})),
    st.dictionaries(st.sampled_from(ARGUMENTS.split(" ")), anything, max_size=6),
)
def test_any_arguments_get_ok_or_an_error_code(method: str, args: dict[str, Any]) -> None:
    workspace = Workspace(PEOPLE)
    workspace.subscriptions = frozenset()  # nobody listens
    general = workspace.channel("general")
    general.members.append(workspace.bot.id)
    args = {key: value for key, value in args.items() if value is not None}
    args |= {key: general.id for key in ("channel", "channel_id") if key in args}
    answer = WebApi(workspace).run(method, workspace.bot_token, args)
    assert answer.body["ok"] or answer.body["error"]
