"""Which mentions would have notified someone."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.pings import targets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing", ()),
        ("<!channel> <!here> <!everyone>", ("channel", "here", "everyone")),
        ("<!subteam^S0123|@oncall> and <@U0123> and <@W9|ana>", ("S0123", "U0123", "W9")),
        ("<@U1> <@U1>", ("U1",)),
        ("&lt;!channel&gt; &lt;@U1&gt;", ()),
        ("@channel @here", ()),
        ("<#C1|general> <https://a.example|@channel>", ()),
    ],
)
def test_mentions_in_text(text: str, found: tuple[str, ...]) -> None:
    assert targets(text, []) == found


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}, ("here",)),
        ({"type": "section", "text": {"type": "plain_text", "text": "<!here>"}}, ()),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "<@U1>"}]}, ("U1",)),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "<!channel>"}]}, ("channel",)),
        ({"type": "markdown", "text": "# <@U1>"}, ("U1",)),
        ({"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}, ()),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "user", "user_id": "U1"},
                            {"type": "usergroup", "usergroup_id": "S1"},
                            {"type": "broadcast", "range": "here"},
                            {"type": "text", "text": "<!channel>"},
                        ],
                    }
                ],
            },
            ("U1", "S1", "here"),
        ),
        (
            {
                "type": "container",
                "child_blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!everyone>"}}],
            },
            ("everyone",),
        ),
    ],
)
def test_mentions_in_blocks(block: dict[str, Any], found: tuple[str, ...]) -> None:
    assert targets("", [block]) == found


def test_mentions_in_attachments() -> None:
    assert targets("", [], [{"text": "<!here>", "pretext": "<@U1>"}]) == ("here", "U1")
