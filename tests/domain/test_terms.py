from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.terms import spelled, stem, terms


@pytest.mark.parametrize(
    "forms",
    [
        "timeout timeouts time-out time-outs TimedOut timed_out",
        "connection connections connect connected connecting",
        "exhausted exhaustion exhausts exhaust",
        "deploy deployed deployment deployments deploying",
        "query queries",
        "release releases released releasing",
        "stop stopped stopping stops",
        "fail fails failed failing",
        "response responses",
        "process processes processing",
        "cache caches cached caching",
    ],
)
def test_forms_of_one_word_meet(forms: str) -> None:
    met = {terms(form) for form in forms.split()}
    assert len(met) == 1, met


@pytest.mark.parametrize(("one", "other"), [("pool", "poll"), ("disk", "dish"), ("cart", "card"), ("pod", "pods-api")])
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_names_are_split_at_humps_dashes_and_underscores() -> None:
    assert terms("HTTPErrorRatio db_pool_size payment-gateway") == (
        "http", "error", "ratio", "db", "pool", "size", "pay", "gateway",
    )  # fmt: skip


def test_words_of_every_alert_and_small_numbers_tell_nothing() -> None:
    assert terms("Critical alert: the service is above 5 % for 10 minutes, 3,000 times 503") == (
        "minut", "tim", "503",
    )  # fmt: skip


def test_a_stem_is_shown_as_the_word_that_was_written() -> None:
    written = spelled("Queries time out; a query failed")
    assert written["query"] == "queries"
    assert written["fail"] == "failed"


@given(st.text(max_size=80))
def test_any_text_is_taken(text: str) -> None:
    assert set(spelled(text)) == set(terms(text))
    assert all(terms(text))


@given(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=15))
def test_a_stem_is_never_empty_and_never_longer_than_the_word(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word)
