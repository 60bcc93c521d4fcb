"""Search by words: what counts, and that it never leaves its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.terms import wording
from memory.lexical import LexicalIndex

WEIGHTS = {"title": 2.0, "text": 1.0}
PAGES = {
    "pool": {"title": "Database pool", "text": "Waiting for a connection from the pool, KubePodNotReady"},
    "disk": {"title": "Disk", "text": "No space left on device. Pods are not ready for a connection."},
    "other": {"title": "Certificates", "text": "Renewal failed for the pool of names"},
}
INDEX = LexicalIndex(PAGES, WEIGHTS)


def best(text: str) -> list[str]:
    return [hit.id for hit in INDEX.search(dict.fromkeys(wording(text).terms, 1.0))]


def test_a_word_of_the_title_counts_more() -> None:
    assert best("pool")[0] == "pool"


def test_a_whole_name_is_found_in_all_spellings_and_beats_its_words() -> None:
    assert best("KubePodNotReady")[0] == "pool"
    assert best("kube_pod_not_ready")[0] == "pool"


def test_abbreviations_meet_what_they_stand_for() -> None:
    assert best("db")[0] == "pool"


def test_rare_words_count_more_than_frequent_ones() -> None:
    assert INDEX.rarity("disk") > INDEX.rarity("pool") > 0


def test_words_are_told_by_field_the_rarest_first() -> None:
    hit = INDEX.search(dict.fromkeys(wording("pool database waiting").terms, 1.0))[0]
    assert hit.matched == {"title": ("databas", "pool"), "text": ("wait", "pool")}


def test_the_same_order_of_words_is_recognised() -> None:
    quote, turned = wording("connection from the pool"), wording("pool with a connection")
    positions = [INDEX.ids.index("pool"), INDEX.ids.index("other")]
    assert INDEX.quoted(positions, quote)[0] == 1.0
    assert INDEX.quoted(positions, quote)[1] == 0.0
    assert INDEX.quoted(positions, turned) == [0.0, 0.0]
    assert INDEX.quoted(positions, wording("")) == [0.0, 0.0]


def test_resemblance_is_the_share_of_pairs_in_common() -> None:
    told = {
        "a": "redis evicted keys",
        "same": "redis evicted keys",
        "more": "redis evicted keys today",
        "far": "disk full",
    }
    index = LexicalIndex({name: {"text": text} for name, text in (*told.items(), ("empty", ""))}, {"text": 1.0})
    a, same, more, far, empty = range(5)
    assert index.resemblance(a, same) == 1.0
    assert 0 < index.resemblance(a, more) == index.resemblance(more, a) < 1.0
    assert index.resemblance(a, far) == index.resemblance(empty, empty) == 0.0


def test_a_question_of_one_common_word_says_too_little_for_a_high_score() -> None:
    short = INDEX.scores({"pool": 1.0}).max()
    full = INDEX.scores(dict.fromkeys(wording("database pool waiting connection KubePodNotReady").terms, 1.0)).max()
    assert short < 0.15 < full


def test_nothing_is_found_in_nothing() -> None:
    assert LexicalIndex({}, WEIGHTS).search({"pool": 1.0}) == []
    assert INDEX.search({}) == []
    assert INDEX.search({"unheard": 1.0}) == []


@given(
    st.dictionaries(st.text(max_size=5), st.fixed_dictionaries({"title": st.text(max_size=30)}), max_size=5), st.text()
)
def test_scores_stay_between_0_and_1(documents: dict[str, dict[str, str]], asked: str) -> None:
    index = LexicalIndex(documents, {"title": 1.0})
    question = wording(asked)
    scores = index.scores(dict.fromkeys(question.terms, 1.0))
    assert len(scores) == len(documents)
    assert all(0 <= score <= 1 for score in scores)
    assert all(0 <= share <= 1 for share in index.quoted(range(len(documents)), question))
