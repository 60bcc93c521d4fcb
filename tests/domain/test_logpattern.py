from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.logpattern import LINE_LIMIT, Line, cluster, fragment, template

AT = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def lines(*texts: str, service: str = "checkout", level: str = "error", start: datetime = AT) -> list[Line]:
    return [
        Line(at=start + timedelta(seconds=index), service=service, level=level, text=text)
        for index, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 8213 failed", "order 99 failed"),
        ("user 0b9fd3e2-54b2-4a0e-9d3e-3c1f0a6f5a11 gone", "user 5f3c9d10-1111-4222-8333-abcdefabcdef gone"),
        ("took 1523 ms", "took 0.7s"),
        ("from 10.0.3.7:8080", "from 192.168.1.20:443"),
        ("GET /orders/12345/items", "GET /orders/9/items"),
        ("trace 4bf92f3577b34da6", "trace 00f067aa0ba902b7"),
        ("customer 'Ana Ruiz' declined", "customer 'Bo 7' declined"),
        ("order ord_9f82a71c lost", "order ord_11b2c3d4 lost"),
        ("at 2026-01-01T10:00:00.123Z", "at 2026-02-03 11:22:33"),
        ("on checkout-3 now", "on checkout-12 now"),
        ("wrote 12 KiB", "wrote 3.5 MB"),
        ("mail to ana@acme.example bounced", "mail to bo.li@acme.example bounced"),
        ("running v2.31.0", "running v2.30.4-rc1"),
    ],
)
def test_lines_that_differ_in_data_only_share_a_template(one: str, other: str) -> None:
    assert template(one) == template(other)
    assert "<*>" in template(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'loyalty_tier'", "KeyError: 'price'"),
        ("upstream answered 503", "upstream answered 404"),
        ("connection refused", "connection reset"),
    ],
)
def test_what_tells_the_kind_of_failure_stays(one: str, other: str) -> None:
    assert template(one) != template(other)


def test_apostrophes_are_no_quotes() -> None:
    assert template("can't open, don't panic") == "can't open, don't panic"


def test_a_traceback_is_told_by_its_last_line() -> None:
    text = "Traceback (most recent call last):\n  File 'x.py', line 3\n    f()\nKeyError: 'loyalty_tier'"
    assert template(text) == "KeyError: 'loyalty_tier'"
    assert template("panic: no route\n\tmain.go:7") == "panic: no route"


def test_new_patterns_come_first_then_the_most_risen() -> None:
    now = lines(*["new failure 1"] * 3, *["risen 2"] * 9, *["steady 3"] * 50)
    before = lines(*["risen 2"], *["steady 3"] * 50, *["gone 4"] * 5, start=AT - timedelta(hours=1))
    found = cluster(now, before)
    assert [pattern.template for pattern in found] == ["new failure <*>", "risen <*>", "steady <*>", "gone <*>"]
    assert [(pattern.count, pattern.baseline) for pattern in found] == [(3, 0), (9, 1), (50, 50), (0, 5)]
    assert found[0].first_seen == AT
    assert found[1].first_seen == AT - timedelta(hours=1)


def test_the_same_words_of_another_service_or_level_are_another_pattern() -> None:
    now = [*lines("no route"), *lines("no route", service="cart"), *lines("no route", level="warn")]
    assert len(cluster(now, [])) == 3


def test_quoted_words_that_vary_without_end_are_data() -> None:
    names = ["ana", "bo", "cy", "dee", "eve", "fay", "gus", "hal", "ida", "jo"]
    found = cluster(lines(*[f"no account for '{name}'" for name in names]), [])
    assert [(pattern.template, pattern.count) for pattern in found] == [("no account for <*>", 10)]
    assert len(cluster(lines("KeyError: 'a'", "KeyError: 'b'"), [])) == 2


def test_the_fragment_is_what_to_search_for() -> None:
    assert fragment("timed out acquiring connection from pool checkout-db after <*> (size=<*>)") == (
        "timed out acquiring connection from pool checkout-db after"
    )
    assert fragment("<*> <*>") == ""


@given(st.lists(st.text(max_size=400), max_size=20))
def test_no_line_is_lost_or_counted_twice(texts: list[str]) -> None:
    found = cluster(lines(*texts), lines(*texts[:5]))
    assert sum(pattern.count for pattern in found) == len(texts)
    assert sum(pattern.baseline for pattern in found) == len(texts[:5])
    assert all(len(pattern.sample) <= LINE_LIMIT for pattern in found)


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=10**12))
def test_numbers_never_tell_patterns_apart(one: int, other: int) -> None:
    assert template(f"item {one} of basket {other} is gone") == "item <*> of basket <*> is gone"
