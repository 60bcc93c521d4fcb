"""Block Kit's limits: each at its edge, where it is still good, and one past it, with the place of the problem."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.blocks import Surface, problems, rendered_length

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Block:
    return {"type": "button", "action_id": "go", "text": plain("Go"), **more}


def buttons(count: int) -> Block:
    return {"type": "actions", "elements": [button(action_id=f"go{index}") for index in range(count)]}


def select(count: int, **more: Any) -> Block:
    options = [{"text": plain(f"o{index}"), "value": f"v{index}"} for index in range(count)]
    return {"type": "static_select", "action_id": "pick", "options": options, **more}


def actions(element: Block) -> Block:
    return {"type": "actions", "elements": [element]}


def table(rows: int, columns: int) -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


def confirm(**more: str) -> Block:
    texts = {"title": "Sure?", "text": "It restarts.", "confirm": "Yes", "deny": "No", **more}
    return {key: plain(text) for key, text in texts.items()}


def card(**more: Any) -> Block:
    return {"type": "card", "title": plain("t"), **more}


def container(**more: Any) -> Block:
    return {"type": "container", "title": plain("t"), "child_blocks": [{"type": "divider"}], **more}


def task(**more: Any) -> Block:
    return {"type": "task_card", "task_id": "1", "title": "Logs", "status": "complete", **more}


def video(**more: Any) -> Block:
    address = "https://a.example/v"
    return {
        "type": "video", "title": plain("t"), "alt_text": "a", "video_url": address, "thumbnail_url": address, **more,
    }  # fmt: skip


IMAGE: Block = {"type": "image", "alt_text": "chart", "image_url": "https://a.example/c.png"}

# What is at the limit, what is one past it, and where the problem lies.
EDGES: list[tuple[Block, Block, str]] = [
    ({"type": "section", "text": mrkdwn("x" * 3000)}, {"type": "section", "text": mrkdwn("x" * 3001)}, "/text/text"),
    (
        {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
        {"type": "section", "fields": [mrkdwn("x")] * 11},
        "/fields",
    ),
    (
        {"type": "section", "fields": [mrkdwn("x")]},
        {"type": "section", "fields": [mrkdwn("x" * 2001)]},
        "/fields/0/text",
    ),
    ({"type": "section", "text": mrkdwn("x")}, {"type": "section"}, ""),
    ({"type": "section", "text": mrkdwn("x")}, {"type": "section", "text": mrkdwn("")}, "/text/text"),
    (
        {"type": "section", "text": mrkdwn("x")},
        {"type": "section", "text": {"type": "html", "text": "x"}},
        "/text/type",
    ),
    (
        {"type": "section", "text": mrkdwn("x"), "accessory": button()},
        {"type": "section", "text": mrkdwn("x"), "accessory": {"type": "plain_text_input"}},
        "/accessory/type",
    ),
    ({"type": "header", "text": plain("x" * 150)}, {"type": "header", "text": plain("x" * 151)}, "/text/text"),
    ({"type": "header", "text": plain("x")}, {"type": "header", "text": mrkdwn("x")}, "/text/type"),
    ({"type": "divider", "block_id": "x" * 255}, {"type": "divider", "block_id": "x" * 256}, "/block_id"),
    (
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        {"type": "context", "elements": [mrkdwn("x")] * 11},
        "/elements",
    ),
    ({"type": "context", "elements": [IMAGE]}, {"type": "context", "elements": []}, "/elements"),
    (buttons(25), buttons(26), "/elements"),
    (actions(button(action_id="x" * 255)), actions(button(action_id="x" * 256)), "/elements/0/action_id"),
    (actions(button(text=plain("x" * 75))), actions(button(text=plain("x" * 76))), "/elements/0/text/text"),
    (actions(button(value="x" * 2000)), actions(button(value="x" * 2001)), "/elements/0/value"),
    (actions(button(url="x" * 3000)), actions(button(url="x" * 3001)), "/elements/0/url"),
    (actions(button(style="danger")), actions(button(style="loud")), "/elements/0/style"),
    (
        actions(button(accessibility_label="x" * 75)),
        actions(button(accessibility_label="x" * 76)),
        "/elements/0/accessibility_label",
    ),
    (
        actions(button(confirm=confirm(title="x" * 100))),
        actions(button(confirm=confirm(title="x" * 101))),
        "/elements/0/confirm/title/text",
    ),
    (
        actions(button(confirm=confirm(text="x" * 300))),
        actions(button(confirm=confirm(text="x" * 301))),
        "/elements/0/confirm/text/text",
    ),
    (
        actions(button(confirm=confirm(deny="x" * 30))),
        actions(button(confirm=confirm(deny="x" * 31))),
        "/elements/0/confirm/deny/text",
    ),
    (actions(select(100)), actions(select(101)), "/elements/0/options"),
    (actions(select(1)), actions(select(0)), "/elements/0/options"),
    (
        actions(select(1, placeholder=plain("x" * 150))),
        actions(select(1, placeholder=plain("x" * 151))),
        "/elements/0/placeholder/text",
    ),
    (
        actions(select(0, options=[{"text": plain("x" * 75), "value": "v" * 150}])),
        actions(select(0, options=[{"text": plain("x"), "value": "v" * 151}])),
        "/elements/0/options/0/value",
    ),
    (
        actions(select(1)),
        actions(select(0, options=[{"text": plain("x" * 76), "value": "v"}])),
        "/elements/0/options/0/text/text",
    ),
    (actions(select(5, type="overflow")), actions(select(6, type="overflow")), "/elements/0/options"),
    (actions(button()), actions({"type": "poem"}), "/elements/0/type"),
    (
        {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain("x")}] * 5},
        {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain("x")}] * 6},
        "/elements",
    ),
    (
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "positive_button": {"text": plain("x" * 75), "value": "y"},
                    "negative_button": {"text": plain("Bad"), "value": "n"},
                }
            ],
        },
        {
            "type": "context_actions",
            "elements": [{"type": "feedback_buttons", "positive_button": {"text": plain("x"), "value": "y"}}],
        },
        "/elements/0",
    ),
    (
        {"type": "input", "label": plain("x" * 2000), "element": {"type": "plain_text_input"}},
        {"type": "input", "label": plain("x" * 2001), "element": {"type": "plain_text_input"}},
        "/label/text",
    ),
    (
        {"type": "input", "label": plain("x"), "element": select(1)},
        {"type": "input", "label": plain("x"), "element": button()},
        "/element/type",
    ),
    (IMAGE, {**IMAGE, "alt_text": ""}, "/alt_text"),
    ({**IMAGE, "alt_text": "x" * 2000}, {**IMAGE, "alt_text": "x" * 2001}, "/alt_text"),
    ({**IMAGE, "title": plain("x" * 2000)}, {**IMAGE, "title": plain("x" * 2001)}, "/title/text"),
    (IMAGE, {**IMAGE, "slack_file": {"id": "F1"}}, ""),
    (IMAGE, {"type": "image", "alt_text": "x"}, ""),
    (IMAGE, {**IMAGE, "image_url": "javascript:alert(1)"}, "/image_url"),
    (IMAGE, {**IMAGE, "image_url": "https://" + "x" * 3000}, "/image_url"),
    ({"type": "markdown", "text": "x" * 12_000}, {"type": "markdown", "text": "x" * 12_001}, "/text"),
    (table(100, 20), table(101, 1), "/rows"),
    (table(1, 20), table(1, 21), "/rows/0"),
    (table(1, 1), {"type": "table", "rows": [[{"type": "mrkdwn", "text": "x"}]]}, "/rows/0/0/type"),
    (
        {**table(101, 2), "type": "data_table", "caption": "c", "page_size": 100},
        {**table(102, 2), "type": "data_table", "caption": "c"},
        "/rows",
    ),
    ({**table(1, 1), "type": "data_table", "caption": "c"}, {**table(1, 1), "type": "data_table"}, ""),
    (video(author_name="x" * 49), video(author_name="x" * 50), "/author_name"),
    (video(title=plain("x" * 199)), video(title=plain("x" * 200)), "/title/text"),
    (task(), task(status="done"), "/status"),
    ({"type": "plan", "title": "p", "tasks": [task()]}, {"type": "plan", "title": "p", "tasks": [{}]}, "/tasks/0"),
    (
        {"type": "alert", "level": "warning", "text": mrkdwn("x")},
        {"type": "alert", "level": "loud", "text": mrkdwn("x")},
        "/level",
    ),
    (card(title=plain("x" * 150)), card(title=plain("x" * 151)), "/title/text"),
    (card(body=mrkdwn("x" * 200)), card(body=mrkdwn("x" * 201)), "/body/text"),
    (card(), {"type": "card"}, ""),
    ({"type": "carousel", "elements": [card()] * 10}, {"type": "carousel", "elements": [card()] * 11}, "/elements"),
    (
        container(child_blocks=[{"type": "divider"}] * 10),
        container(child_blocks=[{"type": "divider"}] * 11),
        "/child_blocks",
    ),
    (container(), container(child_blocks=[{"type": "header"}]), "/child_blocks/0"),
    (container(width="wide"), container(width="huge"), "/width"),
    (
        container(is_collapsible=True, default_collapsed=True),
        container(is_collapsible=True, has_header_divider=True),
        "/has_header_divider",
    ),
    (
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
        {"type": "rich_text", "elements": [{"type": "section"}]},
        "/elements/0/type",
    ),
    ({"type": "divider"}, {"type": "poem"}, "/type"),
]


@pytest.mark.parametrize(("good", "bad", "pointer"), EDGES)
def test_a_limit_holds_at_its_edge(good: Block, bad: Block, pointer: str) -> None:
    assert problems([good], Surface.MESSAGE) == []
    found = [problem.pointer for problem in problems([bad], Surface.MESSAGE)]
    assert f"/blocks/0{pointer}" in found


def test_how_many_blocks_depends_on_the_surface() -> None:
    divider = {"type": "divider"}
    assert problems([divider] * 50, Surface.MESSAGE) == []
    assert problems([divider] * 51, Surface.MESSAGE)[0].pointer == "/blocks"
    assert problems([divider] * 100, Surface.MODAL) == []
    assert problems([divider] * 101, Surface.HOME)[0].pointer == "/blocks"


@pytest.mark.parametrize("kind", ["markdown", "table", "plan", "task_card", "context_actions", "carousel"])
def test_some_blocks_stand_in_messages_only(kind: str) -> None:
    found = problems([{"type": kind}], Surface.HOME)
    assert [problem.message for problem in found] == [f"unsupported type: {kind}"]


def test_ids_are_unique() -> None:
    twins = [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]
    assert [problem.pointer for problem in problems(twins, Surface.MESSAGE)] == ["/blocks/1/block_id"]
    same = {"type": "actions", "elements": [button(), button()]}
    assert [problem.pointer for problem in problems([same], Surface.MESSAGE)] == ["/blocks/0/elements/1/action_id"]
    assert problems([actions(button()), actions(button())], Surface.MESSAGE) == []


def test_options_are_unique() -> None:
    option = {"text": plain("a"), "value": "a"}
    found = problems([actions(select(0, options=[option, option]))], Surface.MESSAGE)
    assert [problem.pointer for problem in found] == ["/blocks/0/elements/0/options/1/value"]


def test_markdown_counts_together_and_one_table_is_enough() -> None:
    half = {"type": "markdown", "text": "x" * 6001}
    assert problems([half, half], Surface.MESSAGE)[0].pointer == "/blocks"
    assert problems([table(1, 1), table(1, 1)], Surface.MESSAGE)[0].message == "only_one_table_allowed"


@pytest.mark.parametrize(
    "garbage", [None, 7, "x", [], {}, {"type": 7}, {"type": "section", "text": 7}, {"type": "actions", "elements": 7}]
)
def test_garbage_is_a_problem_and_never_an_exception(garbage: Any) -> None:
    assert problems([garbage], Surface.MESSAGE)


def test_the_rendered_length_is_what_people_read() -> None:
    block = {"type": "section", "text": mrkdwn("12345"), "accessory": button(value="not shown")}
    assert rendered_length([block]) == 7
