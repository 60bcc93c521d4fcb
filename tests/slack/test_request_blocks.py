"""A request for approval as people see it: whole, exact, harmless, within Slack's limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.action import ActionCall, BlastRadius, Risk
from bot.domain.approval import State
from bot.slack.acting_ids import APPROVE, DENY, WITHDRAW, read_decision
from bot.slack.blocks.approval_request import EvidenceLine, RequestView, full_text, needs_file, render
from sandbox.slack.blocks import Surface, problems, rendered_length
from sandbox.slack.pings import targets
from tests.slack.acting_cases import ANA, BO, NOW, plan, request, review, standing

WHOLE_MESSAGE = 13_000  # characters, what Slack is known to refuse beyond


def shown(view: RequestView) -> str:
    return json.dumps(render(view).blocks, ensure_ascii=False)


def exactly(view: RequestView) -> str:
    block = next(block for block in render(view).blocks if block["type"] == "rich_text")
    return str(block["elements"][0]["elements"][0]["text"])


def buttons(view: RequestView) -> dict[str, Any]:
    blocks = [block for block in render(view).blocks if block["type"] == "actions"]
    return {element["action_id"]: element for block in blocks for element in block["elements"]}


def marked_up(value: Any) -> list[str]:
    """Every text that Slack reads markup in: plain text and rich text are shown as they are."""
    if isinstance(value, list):
        return [text for part in value for text in marked_up(part)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [text for part in value.values() for text in marked_up(part)]


def accepted(view: RequestView) -> None:
    message = render(view)
    assert problems(message.blocks, Surface.MESSAGE) == []
    assert rendered_length(message.blocks) < WHOLE_MESSAGE
    assert 0 < len(message.text) <= 4000


def test_it_tells_all_that_one_must_know_to_decide() -> None:
    asked = request(author=BO, needed=2, groups=("on-call", "platform"))
    evidence = (EvidenceLine(id="E3", text="5xx at 18 %", link="https://prom.example/g?x=1"), EvidenceLine(id="E7"))
    view = RequestView(request=asked, title="High error ratio", preview="6 pods", rollback="undo it", evidence=evidence)
    accepted(view)
    told = shown(view)
    for part in (
        f"<@{ANA}> asks, after a message of <@{BO}>",
        "checkout fails since 2.14.0 went out",
        "INC-2026-0042: High error ratio",
        "bad-deployment-rollback",
        "deployment checkout in shop, context prod-eu",
        "production",
        "6 pods",
        "change",
        "bubblewrap",
        "sha256 9b8f1c2d3e4a",
        "sha256 0c1d2e3f0c1d",
        "for 120 s at most",
        "*If it does not help:* undo it",
        "<https://prom.example/g?x=1|[E3]> 5xx at 18 %",
        "[E7]",
        "*0 of 2* approvals by different people, from *on-call* or *platform*",
        f"not <@{ANA}> nor <@{BO}>",
        f"<!date^{int(asked.expires_at.timestamp())}^",
        f"digest `{asked.digest[:12]}`",
        "One ❌ is enough",
    ):
        assert part in told, part
    assert exactly(view) == "\n".join(asked.plan.lines)


def test_the_buttons_carry_the_digest_that_was_shown() -> None:
    asked = request()
    found = buttons(RequestView(request=asked))
    assert {read_decision(found[id_]["value"]) for id_ in (APPROVE, DENY)} == {(asked.id, asked.digest)}
    assert found[WITHDRAW]["value"] == asked.id
    assert "confirm" not in found[APPROVE]
    deadly = request(plan=plan(risk=Risk.DESTROY))
    assert "cannot be undone" in json.dumps(buttons(RequestView(request=deadly))[APPROVE]["confirm"])


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
def test_what_is_decided_has_no_buttons(state: State) -> None:
    view = RequestView(request=request(), standing=standing(state, by=BO, at=NOW, approvals=(review(),)))
    accepted(view)
    assert buttons(view) == {}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State.DENIED, f"Denied by <@{BO}> at <!date^"),
        (State.WITHDRAWN, f"Taken back by <@{BO}> at <!date^"),
        (State.EXPIRED, "Nobody decided in time at <!date^"),
        (State.MESSAGE_EDITED, "was edited by somebody else"),
        (State.MESSAGE_DELETED, "was deleted"),
        (State.CONSUMED, "Begun at <!date^"),
        (State.APPROVED, "All is checked once more, then it begins"),
    ],
)
def test_it_says_who_decided_and_when(state: State, sentence: str) -> None:
    view = RequestView(
        request=request(),
        standing=standing(state, by=BO, at=NOW + timedelta(seconds=30), approvals=(review(),)),
        word="Verified: errors are below 1 %.",
    )
    told = shown(view)
    assert sentence in told
    assert f"✅ <@{BO}> approved at <!date^{int((NOW + timedelta(seconds=47)).timestamp())}^" in told
    assert "Verified: errors are below 1 %." in told
    assert exactly(view) == "\n".join(request().plan.lines), "what it was about stays"


def test_while_one_approval_is_missing_it_can_still_be_decided() -> None:
    asked = request(needed=2)
    view = RequestView(request=asked, standing=standing(State.WAITING, needed=2, approvals=(review(),)))
    assert "*1 of 2*" in shown(view)
    assert f"<@{BO}> approved" in shown(view)
    assert set(buttons(view)) == {APPROVE, DENY, WITHDRAW}


def test_the_command_is_shown_also_where_no_line_says_it() -> None:
    view = RequestView(request=request(plan=plan(lines=("restarts nginx",), argv=("systemctl", "restart", "a b"))))
    assert exactly(view) == "systemctl restart 'a b'\nrestarts nginx"


@pytest.mark.parametrize("hostile", ["\u0430pi", "\u202efdp.sh", "x\u200by", "\u2066a\u2069"])
def test_what_would_fool_the_eye_is_spelled_and_said_so(hostile: str) -> None:
    made = plan(lines=(f"rm {hostile}",), argv=(), target=f"host {hostile}")
    view = RequestView(request=request(plan=made))
    told = shown(view)
    assert hostile not in told
    assert f"\\u{ord(next(char for char in hostile if not char.isascii())):04x}" in exactly(view)
    assert "are spelled out" in told


HOSTILE = "<!channel> <!here> <@U0EVIL00000> <!subteam^S0EVIL0000> @here `*_~ <https://evil.example|ok> & ```x```"


def test_no_word_of_others_pings_formats_or_links() -> None:
    call = ActionCall(action=HOSTILE, parameters={}, environment=HOSTILE, service=HOSTILE)
    made = plan(call=call, target=HOSTILE, lines=(HOSTILE,), argv=(), radius=BlastRadius(count=1, unit=HOSTILE))
    asked = request(plan=made, reason=HOSTILE, runbook=HOSTILE, step=HOSTILE, groups=(HOSTILE,), evidence=(HOSTILE,))
    for state in State:
        view = RequestView(
            request=asked,
            title=HOSTILE,
            preview=HOSTILE,
            rollback=HOSTILE,
            evidence=(EvidenceLine(id=HOSTILE, text=HOSTILE, link=HOSTILE),),
            standing=standing(state, by=HOSTILE, at=NOW),
            word=HOSTILE,
        )
        accepted(view)
        message = render(view)
        assert set(targets(message.text, message.blocks, [])) <= {ANA}, "only who asked is mentioned"
        assert not [
            text for text in marked_up(message.blocks) if "<https://evil" in text or "<!" in text.replace("<!date", "")
        ]
        assert HOSTILE in exactly(view), "what is done is shown as it is"


LONG = plan(lines=tuple(f"line {number} of what is done" for number in range(400)), argv=())


def test_what_is_too_long_stands_in_a_file_and_cannot_be_decided_before_that_is_there() -> None:
    asked = request(plan=LONG)
    assert needs_file(asked)
    before, after = (RequestView(request=asked, is_whole=whole) for whole in (False, True))
    accepted(before)
    assert buttons(before) == {}
    assert "until then nobody can decide" in shown(before)
    assert set(buttons(after)) == {APPROVE, DENY, WITHDRAW}
    assert "All of it is in the file in the thread" in shown(after)
    text = full_text(asked)
    assert all(line in text for line in LONG.lines)
    assert asked.digest in text


def test_what_fits_needs_no_file() -> None:
    assert not needs_file(request())
    assert needs_file(request(), preview="x\n" * 60)
    assert needs_file(request(plan=plan(target="t" * 400)))
    many = {f"/etc/{number}": "a" * 64 for number in range(90)}
    assert needs_file(request(plan=plan(operand_digests=many)))


def test_secrets_are_hidden_and_that_is_said() -> None:
    secret = "gh" + "p_" + "a1B2c3D4e5F6" * 3
    view = RequestView(request=request(plan=plan(lines=(f"curl -H 'token: {secret}'",), argv=()), reason=secret))
    assert secret not in shown(view) + render(view).text + full_text(view.request)
    assert "shown as [hidden]" in shown(view)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=4000),
    st.text(max_size=400),
    st.lists(st.text(min_size=1, max_size=60), max_size=30),
    st.sampled_from(State),
)
def test_whatever_it_holds_slack_takes_it(long: str, short: str, many: list[str], state: State) -> None:
    call = ActionCall(action=short, parameters={}, environment=short, service=short)
    made = plan(
        call=call, target=long, lines=(long, *many), binary=short, directory=short, environment_names=tuple(many)
    )
    asked = request(plan=made, reason=long, runbook=short, step=short, groups=tuple(many), evidence=tuple(many))
    view = RequestView(
        request=asked,
        title=long,
        preview=long,
        rollback=long,
        evidence=[EvidenceLine(id=id_, text=long, link=short) for id_ in many],
        standing=standing(state, by=short, at=NOW, approvals=(review(), review(who=ANA))),
        word=long,
    )
    accepted(view)


def test_ampersands_without_end_do_not_make_it_too_long() -> None:
    load = "&" * 4000
    call = ActionCall(action=load, parameters={}, environment=load, service=load)
    made = plan(call=call, target=load, lines=(load,), argv=(), directory=load)
    view = RequestView(
        request=request(plan=made, reason=load, groups=(load,) * 20, evidence=(load,) * 20),
        title=load,
        preview=load,
        rollback=load,
        evidence=[EvidenceLine(id=load, text=load)],
        word=load,
    )
    accepted(view)
    accepted(replace(view, is_whole=False))
