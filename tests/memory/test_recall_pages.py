"""Runbook pages for an alert."""

from __future__ import annotations

import pytest

from bot.domain.remembered import Page
from memory.embedding import MiniLM, embed_many, pack
from memory.recall import PageSearch, Question, texts_to_embed
from memory.recall.nearness import Passages

MODEL = MiniLM()
TOLD = (
    ("docs/redis/README.md", "Redis", "# Redis\n\nThe store of sessions.\n\n## Dashboards\n\nMemory, keys, clients."),
    ("docs/redis-cache/README.md", "Redis Cache", "# Redis Cache\n\nThe store of fragments.\n\n## Dashboards\n\nKeys."),
    ("docs/node/disk.md", "Disk is full", "# Disk is full\n\nNo space left on device.\n\n```\ndf -h\n```"),
    ("docs/tls/certificates.md", "Certificates", "# Certificates\n\nRenew the certificate before it expires."),
    ("docs/dns/resolver.md", "Resolver", "# Resolver\n\nNames cannot be resolved: SERVFAIL from the resolver."),
    ("docs/queue/lag.md", "Consumer lag", "# Consumer lag\n\nConsumers fall behind the broker. Add consumers."),
    ("docs/pods/KubePodCrashLooping.md", "KubePodCrashLooping", "# KubePodCrashLooping\n\nA pod restarts often."),
)  # fmt: skip
PAGES = tuple(
    Page(id=path, title=title, text=text, source="git", path=path, alerts=(title,) if title.startswith("Kube") else ())
    for path, title, text in TOLD
)


@pytest.fixture(scope="module", params=["with vectors", "by words"])
def search(request: pytest.FixtureRequest) -> PageSearch:
    vectors: dict[str, bytes] = {}
    if request.param == "with vectors":
        embed_many(MODEL, texts_to_embed(PAGES), lambda done, of: None, vectors.update)
    return PageSearch(PAGES, MODEL, vectors)


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        (Question(text="NodeFilesystemFull\nNo space left on device"), "docs/node/disk.md"),
        (Question(text="The certificate expires in 2 days"), "docs/tls/certificates.md"),
        (Question(text="The main SLI of the redis-cache service violates its goal"), "docs/redis-cache/README.md"),
        (Question(text="The main SLI of the redis service violates its goal"), "docs/redis/README.md"),
        (Question(text="Memory is nearly used up", service="redis-cache"), "docs/redis-cache/README.md"),
        (Question(text="Consumer lag of payments grows"), "docs/queue/lag.md"),
    ],
)  # fmt: skip
def test_the_page_that_fits_comes_first(search: PageSearch, asked: Question, page: str) -> None:
    assert search.find(asked)[0].page.id == page


def test_the_alerts_own_name_wins_outright(search: PageSearch) -> None:
    asked = Question(text="No space left on device, the disk is full", alerts=("kube-pod-crash-looping",))
    first = search.find(asked)[0]
    assert first.page.title == "KubePodCrashLooping"
    assert first.why[0] == "the alert's own name or error code"


@pytest.mark.parametrize("text", ["", "Battery of the power supply is low", "Printer out of toner"])
def test_nothing_fits_is_an_answer(search: PageSearch, text: str) -> None:
    assert search.find(Question(text=text)) == ()


def test_it_says_what_matched_in_the_words_of_the_alert(search: PageSearch) -> None:
    (first, *_) = search.find(Question(text="No space left on device"))
    assert any("space" in reason and "device" in reason for reason in first.why)


def test_sureness_is_bounded_and_falls(search: PageSearch) -> None:
    found = search.ranked(Question(text="The redis certificate cannot be resolved: SERVFAIL"), 7)
    sure = [each.sure for each in found]
    assert sure == sorted(sure, reverse=True)
    assert all(0 <= each <= 1 for each in sure)


def test_no_pages_no_matches() -> None:
    assert PageSearch((), MODEL, {}).find(Question(text="disk full")) == ()


def test_a_page_is_near_by_its_best_passage_and_by_all_of_it() -> None:
    east, north = pack([1.0, 0.0]), pack([0.0, 1.0])
    held = Passages({"half": (east, north), "all": (east, east), "none": ()})
    near = held.nearest([1.0, 0.0], 5)
    assert list(near) == ["all", "half"]
    assert near["all"] == pytest.approx(1.0)
    assert near["half"] == pytest.approx((1.0 + 0.5**0.5) / 2)
    assert Passages({}).nearest([1.0, 0.0], 5) == {}
