"""What messages are made of."""

from __future__ import annotations

from datetime import timedelta

from bot.slack import views
from bot.slack.blocks import acting, exact, limits, run_card
from tests.slack.samples.made_of import ANA, HOSTILE, LONG, NOW, UNICODE
from tests.slack.samples.registry import of

SURE = acting.confirm("Are you sure?", "It cannot be undone.", "Approve")

of(acting.mention, normal=lambda: acting.mention(ANA), hostile_name=lambda: acting.mention(HOSTILE))
of(acting.moment, normal=lambda: acting.moment(NOW))
of(
    acting.said,
    empty=lambda: acting.said("", 100),
    extreme=lambda: acting.said(LONG, 100),
    hostile=lambda: acting.said(HOSTILE, 200),
)
of(acting.spelled, hostile=lambda: acting.spelled(HOSTILE, 400), unicode=lambda: acting.spelled(UNICODE, 400))
of(
    acting.values,
    normal=lambda: acting.values([("service", "checkout"), ("dry", True), ("replicas", 3), ("none", None)]),
    hostile=lambda: acting.values([(HOSTILE, HOSTILE)]),
)
of(
    acting.button,
    normal=lambda: acting.button("Approve", "approve", "A-1", style="primary", confirm=SURE),
    extreme=lambda: acting.button(LONG, "approve", "A-1"),
)
of(acting.confirm, normal=lambda: SURE, extreme=lambda: acting.confirm("Are you sure?", LONG, "Approve"))
of(acting.actions, normal=lambda: acting.actions(acting.button("Approve", "approve", "A-1")))
of(acting.fields, normal=lambda: acting.fields([("Risk", "change"), ("Can be undone", "yes")]))
of(
    exact.exact,
    command=lambda: exact.exact("kubectl rollout undo \u2014 \u0440aypal", is_command=True),
    hostile=lambda: exact.exact(HOSTILE.replace("<", "(")),
    unicode=lambda: exact.exact(UNICODE),
)
of(
    exact.block,
    normal=lambda: exact.block("kubectl rollout undo", 2900, 40),
    empty=lambda: exact.block("", 2900, 40),
    extreme=lambda: exact.block(f"{LONG}\n" * 50, 2900, 40),
    hostile=lambda: exact.block(HOSTILE, 2900, 40),
)
of(exact.preformatted, hostile=lambda: exact.preformatted(HOSTILE))
of(exact.lines, normal=lambda: exact.lines(("kubectl", "rollout"), is_command=True))
of(
    limits.header,
    normal=lambda: limits.header("SEV1 checkout"),
    extreme=lambda: limits.header(LONG),
    hostile=lambda: limits.header(HOSTILE),
)
of(limits.section, normal=lambda: limits.section("*what*"))
of(limits.context, normal=lambda: limits.context("_what_"))
of(limits.divider, normal=limits.divider)
of(
    limits.image,
    normal=lambda: limits.image("F1", "5xx since 14:02"),
    empty=lambda: limits.image("F1", ""),
    extreme=lambda: limits.image("F1", LONG),
)
of(limits.mrkdwn, normal=lambda: limits.mrkdwn("*what*"))
of(
    limits.fitted,
    normal=lambda: limits.fitted(["one", "two"], 100, total=2),
    empty=lambda: limits.fitted([], 100, total=0),
    extreme=lambda: limits.fitted((f"line {n}" for n in range(5000)), 9000, total=5000),
)
of(run_card.duration, normal=lambda: run_card.duration(NOW, NOW + timedelta(seconds=3.21)))
of(
    views.age,
    normal=lambda: views.age(NOW, NOW - timedelta(minutes=12)),
    hours=lambda: views.age(NOW, NOW - timedelta(hours=30)),
    days=lambda: views.age(NOW, NOW - timedelta(days=9)),
)
