"""Which lines are one template: what proves a word to be data, what never does, and the bounds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.logpattern import Line, TemplateMiner, cluster, template
from bot.domain.logpattern.drain import DrainTree

AT = datetime(2026, 3, 4, 9, tzinfo=UTC)
NAMES = ["ana", "bo", "cy", "dee", "eve", "fay", "gus", "hal", "ida", "jo", "kim", "lou", "may", "ned", "oli", "pia"]


def grouped(*lines: str) -> set[str]:
    miner = TemplateMiner()
    found = [miner.add(line) for line in lines]
    return {one.final().text for one in found}


def test_words_that_vary_without_end_are_data() -> None:
    assert grouped(*(f"no cart for {name}" for name in NAMES)) == {"no cart for <*>"}


def test_a_few_words_are_states_and_stay() -> None:
    states = ("started", "stopped", "paused", "resumed")
    assert grouped(*(f"machine {n} was {state}" for n in range(50) for state in states)) == {
        f"machine <*> was {state}" for state in states
    }


def test_constants_never_become_data() -> None:
    states = [f"{a}_{b}" for a in ("NEW", "DONE", "FAILED") for b in ("MAP", "TASK", "JOB", "NODE")]
    assert len(grouped(*(f"task moved to {state} at last" for state in states))) == 12
    kinds = [f"java.{part}.{kind}Exception" for part in ("io", "net", "sql") for kind in ("Bad", "Lost", "Late")]
    assert len(grouped(*(f"worker died of {kind}" for kind in kinds))) == 9


def test_paths_and_dotted_names_prove_themselves_earlier_than_words() -> None:
    folders = ("/srv/data/one", "/opt/lib/two", "/var/log/three")
    assert grouped(*(f"cannot open {folder} for writing" for folder in folders)) == {"cannot open <*> for writing"}


def test_two_words_that_vary_together_are_data() -> None:
    rng = random.Random(1)
    words = NAMES + [f"{one}{other}" for one in NAMES for other in NAMES]
    lines = [f"user {rng.choice(words)} moved file {rng.choice(words)} to the shared folder" for _ in range(300)]
    assert grouped(*lines) == {"user <*> moved file <*> to the shared folder"}


def test_what_came_early_belongs_to_the_template_that_is_found_later() -> None:
    miner = TemplateMiner()
    first = miner.add("no cart for ana")
    assert first.final().text == "no cart for ana"
    for name in NAMES:
        miner.add(f"no cart for {name}")
    assert first.final().text == "no cart for <*>"
    assert first.final().count == len(NAMES) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sent 451 bytes in <1 sec", "sent 18846 bytes (18.4 KB) in 00:02"),
        ('10.0.0.1 "GET /a/7 HTTP/1.1" len: 9', '10.0.0.2 "GET /b HTTP/1.0" len: 10'),
        ("seen at Fri Jun 17 20:55:06 2026", "seen at Tue Mar 3 01:02:03 2026"),
        ("attempt_14451_0020_m_000000_0 done", "attempt_14451_0020_r_000012_1 done"),
        ("from 00:11:43:e3:ba:c3 via eth1", "from a4:ba:db:1e:00:01 via eth1"),
        ("session opened for user ana", "session opened for user bo"),
        ("hosts 10.0.0.1, 10.0.0.2 are gone", "hosts 10.0.0.9 are gone"),
        ("level=error took=12ms", "level=error took=1.5s"),
        ("see hdfs://10.1.1.1:9000/a/b", "see hdfs://10.1.1.2:9000/c"),
        ("core.2275 written", "core.81 written"),
        ("flags [cart, orders] on", "flags [a, b, c] on"),
    ],
)
def test_data_of_any_look_is_masked(one: str, other: str) -> None:
    assert template(one) == template(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('msg="write failed" err="broken pipe"', 'msg="write failed" err="i/o timeout"'),
        ('{"level":"error","msg":"write failed"}', '{"level":"error","msg":"token expired"}'),
        ('10.0.0.1 "GET /a HTTP/1.1" len: 9', '10.0.0.1 "POST /a HTTP/1.1" len: 9'),
        ("ORA-00942 was raised", "ORA-01017 was raised"),
        ("worker ended with exit code 137", "worker ended with exit code 1"),
        ("at Cart.java:17 and on", "at Order.java:17 and on"),
    ],
)
def test_what_tells_the_kind_of_failure_is_not_masked(one: str, other: str) -> None:
    assert template(one) != template(other)


def lines(*texts: str, at: datetime = AT) -> list[Line]:
    return [
        Line(at=at + timedelta(seconds=n), service="shop", level="error", text=text) for n, text in enumerate(texts)
    ]


def test_a_code_makes_a_pattern_of_its_own() -> None:
    found = cluster(
        lines(*[f"upstream cart answered {code} after {n} ms" for n in range(4) for code in (502, 503)]), []
    )
    assert {pattern.template for pattern in found} == {f"upstream cart answered {c} after <*>" for c in (502, 503)}


def test_what_is_new_stands_out_of_a_general_pattern() -> None:
    before = lines(*(f"no handler for event '{name}'" for name in NAMES))
    now = lines(*["no handler for event 'refund'"] * 9, *(f"no handler for event '{n}'" for n in NAMES[:3]))
    first, second = cluster(now, before)
    assert (first.template, first.count, first.baseline) == ("no handler for event 'refund'", 9, 0)
    assert (second.template, second.count, second.baseline) == ("no handler for event <*>", 3, len(NAMES))


def test_lines_come_with_their_pattern_oldest_first() -> None:
    (pattern,) = cluster(reversed(lines("lost 1", "lost 2", "lost 3")), [])
    assert [line.text for line in pattern.lines] == ["lost 1", "lost 2", "lost 3"]


def test_the_number_of_templates_is_bounded_and_what_is_common_stays() -> None:
    rng = random.Random(3)
    tree = DrainTree(most=200)
    common = tree.add(("all", "is", "lost"))
    for _ in range(3_000):
        tree.add(tuple("".join(rng.choices("abcdefghij", k=6)) for _ in range(rng.randint(2, 9))))
        tree.add(("all", "is", "lost"))
    assert len(tree.templates()) <= 400
    assert tree.add(("all", "is", "lost")).final() is common.final()


def test_a_line_of_a_megabyte_is_no_trouble() -> None:
    assert len(template("x1" * 500_000)) <= 300
    (pattern,) = cluster(lines(*["(" * 50_000 + "failed " + "a.b-c" * 100_000] * 3), [])
    assert pattern.count == 3


@given(st.lists(st.text(alphabet="ab1 <*>#'\"=:/.-[]{}", max_size=40), max_size=40))
def test_grouping_is_the_same_every_time_and_loses_nothing(texts: list[str]) -> None:
    def run() -> list[str]:
        miner = TemplateMiner()
        return [one.final().text for one in [miner.add(text) for text in texts]]

    assert run() == run()
    assert sum(pattern.count for pattern in cluster(lines(*texts), [])) == len(texts)
