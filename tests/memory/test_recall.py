"""Which past incidents come to mind, with and without vectors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason, PastIncidentFact
from bot.domain.remembered import Held
from memory.embedding import Embedder, MiniLM
from memory.recall import MOST, Question, Recall, RecallSource, Recollection, incidents
from memory.store import PastIncident, Store
from memory.vectors import Vector, VectorIndex, VectorsUnavailable
from tests.memory.hashing import HashingEmbedder
from tests.memory.past import PAST, named

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

# What an alert says, its service, and the incident it should bring to mind.
QUESTIONS = (
    ("CheckoutErrorRatioHigh\nCheckout answers with errors, KeyError after deployment", "checkout", "Checkout fails"),
    ("DatabasePoolExhausted\nTimed out waiting for a connection from the pool", "orders", "Orders time out"),
    ("RedisMemoryHigh\nRedis is evicting keys", "cart", "Carts are empty"),
    ("AcquirerTimeouts\nPayments time out calling the acquirer", "payments", "Card payments fail"),
    ("CertificateExpiringSoon\nThe TLS certificate expires in 2 days", "storefront", "Certificate"),
    ("NodeFilesystemSpaceFillingUp\nNo space left on device, disk of the export host", "reports", "Report exports"),
    ("PodCrashLooping\nContainer restarted, last state OOMKilled", "catalog", "Pods of catalog"),
    ("MailQueueLong\nMore than 5,000 mails are queued", "notifications", "Mails to customers"),
    ("CoreDNSErrors\nDNS resolution errors SERVFAIL", None, "DNS resolution"),
    ("KafkaConsumerLag\nConsumer lag of partition 3 is growing", "events", "Broker partition"),
    ("PostgresDeadlocks\nDeadlocks on table orders", "orders", "Nightly job locks"),
)
STRANGERS = (
    ("BatteryLow\nUninterruptible power supply on battery", None),
    ("GpuTemperature\nGraphics processor hotter than 90 degrees", "training"),
    ("", None),
    ("HighHighHigh", None),
    ("Critical alert: the service is firing", None),
)


class NoVectors(VectorIndex):
    """An index that cannot be opened."""

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        raise VectorsUnavailable("no room for them")


class SlowVectors(VectorIndex):
    """An index that takes as long as it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.opening, self.answering = threading.Event(), threading.Event()

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        await asyncio.to_thread(self.opening.wait, 60)

    async def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        await asyncio.to_thread(self.answering.wait, 60)
        return {}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


Make = Callable[..., Recall]

MODEL, HASHING = MiniLM(), HashingEmbedder()


@pytest.fixture
async def make(store: Store, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Recall] = []

    def make_(
        vectors: VectorIndex | None = None,
        history: Sequence[PastIncident] = PAST,
        embedder: Embedder = HASHING,
    ) -> Recall:
        index = vectors or VectorIndex(tmp_path / "vectors")
        made.append(Recall(store.past, embedder=embedder, vectors=index, history=history, mark=store.memory_mark))
        return made[-1]

    yield make_
    for recall in made:
        await recall.close()


async def with_vectors(recall: Recall, question: Question) -> Recollection:
    async with asyncio.timeout(60):
        await recall.settled()
    found = await recall.find(question)
    assert found.without_vectors == ""
    return found


def ids(found: Recollection) -> list[str]:
    return [memory.past.id for memory in found.memories]


async def test_the_right_incident_comes_first_by_words_alone(make: Make, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"))
    first = {text: ids(await recall.find(Question(text=text, service=s)))[:1] for text, s, _ in QUESTIONS}
    assert first == {text: [named(title)] for text, _, title in QUESTIONS}


async def test_the_right_incident_comes_first_with_vectors(make: Make) -> None:
    recall = make(embedder=MODEL)
    first = {text: ids(await with_vectors(recall, Question(text=text, service=s)))[:1] for text, s, _ in QUESTIONS}
    assert first == {text: [named(title)] for text, _, title in QUESTIONS}


async def test_nothing_fits_is_an_answer(make: Make, tmp_path: Path) -> None:
    by_words, both = make(NoVectors(tmp_path / "v")), make(embedder=MODEL)
    for text, service in STRANGERS:
        question = Question(text=text, service=service)
        assert ids(await by_words.find(question)) == [], text
        assert ids(await with_vectors(both, question)) == [], text


async def test_the_same_service_alone_is_no_likeness(make: Make, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"))
    assert ids(await recall.find(Question(text="Battery of the power supply is low", service="orders"))) == []


async def test_the_same_service_decides_between_two_that_are_alike(make: Make, tmp_path: Path) -> None:
    twin = replace(PAST[1], id="INC-2025-0099", service="payments", title="Payments time out")
    recall = make(NoVectors(tmp_path / "v"), (*PAST, twin))
    text = "Timed out waiting for a connection from the pool"
    assert ids(await recall.find(Question(text=text, service="orders")))[0] == PAST[1].id
    assert ids(await recall.find(Question(text=text, service="payments")))[0] == twin.id


async def test_three_at_most_best_first_with_the_words_that_matched(make: Make, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"))
    question = Question(
        text="Deadlocks on the orders table, queries wait for the pool of connections", service="orders"
    )
    found = await recall.find(question)
    scores = [memory.score for memory in found.memories]
    assert 1 < len(scores) <= MOST
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert found.memories[0].why[0] == "same service: orders"
    assert any(
        "deadlocks" in reason and reason.startswith("symptoms") for memory in found.memories for reason in memory.why
    )


async def test_it_answers_at_once_while_the_vectors_are_opening(make: Make, tmp_path: Path) -> None:
    slow = SlowVectors(tmp_path / "v")
    recall = make(slow)
    recall.warm()
    async with asyncio.timeout(60):
        found = await recall.find(Question(text="Redis is evicting keys", service="cart"))
    assert found.without_vectors == "vectors warming up"
    assert ids(found)[0] == named("Carts")
    slow.opening.set()
    slow.answering.set()


async def test_vectors_that_take_too_long_are_not_waited_for(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "VECTOR_WAIT", 0.2)
    slow = SlowVectors(tmp_path / "v")
    slow.opening.set()
    recall = make(slow)
    question = Question(text="Redis is evicting keys", service="cart")
    async with asyncio.timeout(60):
        await recall.settled()
        found = await recall.find(question)
    assert found.without_vectors == "vectors took too long"
    assert ids(found)[0] == named("Carts")
    slow.answering.set()


async def test_it_says_why_vectors_are_off(make: Make, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"))
    question = Question(text="Redis is evicting keys", service="cart")
    async with asyncio.timeout(60):
        await recall.settled()
        found = await recall.find(question)
    assert found.without_vectors == "vectors are off: no room for them"


async def test_the_vectors_are_kept_in_the_store_and_follow_the_text(make: Make, store: Store) -> None:
    await with_vectors(make(), Question(text="Redis", service=None))
    name = HashingEmbedder.name
    before = await store.past.vectors(name)
    assert set(before) == {past.id for past in PAST}
    changed = replace(PAST[0], symptoms="Something else altogether")
    await store.past.save([changed, *PAST[1:]])
    after = await store.past.vectors(name)
    assert set(before) - set(after) == {changed.id}


async def test_the_past_outlives_its_files(make: Make, tmp_path: Path) -> None:
    await make(NoVectors(tmp_path / "a")).find(Question(text="Redis", service=None))
    again = make(NoVectors(tmp_path / "b"), ())
    found = await again.find(Question(text="Redis is evicting keys", service="cart"))
    assert found.searched == len(PAST)
    assert ids(found)[0] == named("Carts")


async def test_rebuilding_fills_the_index_from_the_store(make: Make) -> None:
    recall = make()
    assert await recall.rebuild() == len(PAST)
    assert (await recall.find(Question(text="Redis is evicting keys", service="cart"))).without_vectors == ""


async def test_the_same_alert_wins_outright_whatever_else_is_alike(make: Make, tmp_path: Path) -> None:
    known = replace(PAST[7], alerts=("RedisMemoryHigh",))
    recall = make(NoVectors(tmp_path / "v"), (*PAST[:7], known, *PAST[8:]))
    question = Question(text="Redis is evicting keys", service="cart", alerts=("redis_memory_high",))
    found = await recall.find(question)
    assert ids(found)[:2] == [known.id, named("Carts")]
    assert found.memories[0].why[0] == "the same alert or error code"


async def test_the_code_of_an_error_wins_outright(make: Make, tmp_path: Path) -> None:
    known = replace(PAST[9], symptoms="Sessions end with ORA-00060")
    recall = make(NoVectors(tmp_path / "v"), (*PAST[:9], known, *PAST[10:]))
    found = await recall.find(Question(text="Checkout fails for guests\nDriver said ORA-00060"))
    assert ids(found)[0] == known.id


async def test_an_alert_that_nearly_every_incident_had_decides_nothing(make: Make, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"), tuple(replace(past, alerts=("ErrorsHigh",)) for past in PAST))
    found = await recall.find(Question(text="Redis is evicting keys", service="cart", alerts=("ErrorsHigh",)))
    assert ids(found) == [named("Carts")]


async def test_labels_neighbours_and_age_decide_between_twins(make: Make, tmp_path: Path) -> None:
    first = replace(PAST[2], id="A", service="one", labels={"namespace": "shop"}, started_at=NOW)
    twin = replace(first, id="B", service="two", labels={"namespace": "bank"})
    recall = make(NoVectors(tmp_path / "v"), (first, twin, *PAST))
    question = Question(text="Redis evicted keys", service="three", now=NOW)
    for more, expected in (
        ({"labels": {"namespace": "shop"}}, "A"),
        ({"labels": {"namespace": "bank"}}, "B"),
        ({"neighbours": ("two",)}, "B"),
    ):
        assert ids(await recall.find(replace(question, **more)))[0] == expected
    old = make(NoVectors(tmp_path / "w"), (replace(first, started_at=NOW - timedelta(days=700)), twin))
    assert ids(await old.find(question))[0] == "B"


async def test_what_another_process_stored_is_found(make: Make, store: Store, tmp_path: Path) -> None:
    recall = make(NoVectors(tmp_path / "v"))
    question = Question(text="Elevators stop between floors", service="building")
    assert ids(await recall.find(question)) == []
    await store.past.save([replace(PAST[0], id="NEW", title="Elevators stop between floors", service="building")])
    async with asyncio.timeout(60):
        while ids(await recall.find(question)) != ["NEW"]:  # noqa: ASYNC110 - there is no event across processes
            await asyncio.sleep(0.05)  # it looks once a second


async def test_without_a_model_words_answer_and_the_remedy_is_told(make: Make, tmp_path: Path) -> None:
    recall = make(embedder=MiniLM(str(tmp_path)))
    async with asyncio.timeout(60):
        await recall.settled()
    found = await recall.find(Question(text="Redis is evicting keys", service="cart"))
    assert ids(found)[0] == named("Carts")
    assert "EMBEDDING_MODEL_DIR" in found.without_vectors


def request(title: str, service: str | None) -> ContextRequest:
    alert = Alert(
        source="alertmanager",
        fingerprint="f",
        status=AlertStatus.FIRING,
        severity=Severity.SEV1,
        title=title,
        started_at=NOW,
        service=service,
        labels={"alertname": "RedisMemoryHigh"},
    )
    return ContextRequest(incident_id="INC-2026-0042", alerts=(alert,), onset=NOW, now=NOW, service=None)


# --- what happens again and again ------------------------------------------------------------------------------------

CAUSES = ("a sale", "a leak of sessions", "an import", "keys without expiry", "a slow replica", "bots", "the batch")
AGAIN: Mapping[str, Callable[[PastIncident, int], PastIncident]] = {
    "told in the same words": lambda past, n: past,
    "with another cause": lambda past, n: replace(past, cause=f"It was {CAUSES[n % 7]}", fix=f"Undid {CAUSES[n % 6]}"),
    "under another name": lambda past, n: replace(
        past, title=f"{past.title}, says {('support', 'sales', 'QA')[n % 3]}"
    ),
}


@pytest.mark.parametrize("told", AGAIN)
@pytest.mark.parametrize("times", [2, 3, 10])
async def test_what_happened_many_times_before_still_fits(make: Make, tmp_path: Path, told: str, times: int) -> None:
    carts = PAST[2]
    again = [replace(AGAIN[told](carts, n), id=f"AGAIN-{n}", started_at=NOW - timedelta(days=n)) for n in range(times)]
    history = (*again, *(past for past in PAST if past is not carts))
    question = Question(text="Carts are empty\nRedis evicted keys, customers lost carts", service="cart", now=NOW)
    for found in (
        await make(NoVectors(tmp_path / "v"), history).find(question),
        await with_vectors(make(embedder=MODEL, history=history), question),
    ):
        assert all(name.startswith("AGAIN") for name in ids(found))
        assert len(found.memories) == min(times, MOST)
        assert found.memories[0].score > 0.9


async def test_an_incident_of_every_day_does_not_hide_that_a_stranger_fits_nothing(make: Make, tmp_path: Path) -> None:
    flapping = [replace(PAST[2], id=f"AGAIN-{n}", started_at=NOW - timedelta(days=n)) for n in range(150)]
    recall = make(NoVectors(tmp_path / "v"), (*flapping, *PAST))
    assert ids(await recall.find(Question(text="Redis is evicting keys", service="cart", now=NOW)))[0] == "AGAIN-0"
    for text, service in STRANGERS[:-1]:  # not the last one: what 15 others hold of its words became rare among so many
        assert ids(await recall.find(Question(text=text, service=service))) == [], text
    assert ids(await recall.find(Question(text="Keys of the car park are missing", service="cart"))) == []
    assert ids(await recall.find(Question(text="Deadlocks on table orders", service="orders")))[0] == named("Nightly")


async def test_what_proved_wrong_comes_after_what_proved_right(make: Make, tmp_path: Path) -> None:
    right = replace(PAST[2], id="B", trust=0.9)
    wrong = replace(PAST[2], id="A", trust=0.1)
    recall = make(NoVectors(tmp_path / "v"), (wrong, right, *PAST[3:]))
    assert ids(await recall.find(Question(text="Redis is evicting keys", service="cart")))[:2] == ["B", "A"]


# --- what is loaded, and when ----------------------------------------------------------------------------------------


class Watched(HashingEmbedder):
    """Counts the texts that it was given."""

    def __init__(self) -> None:
        self.read = 0

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.read += len(texts)
        return super().embed(texts)


async def test_without_past_incidents_neither_model_nor_index_is_touched(store: Store, tmp_path: Path) -> None:
    model, index = Watched(), VectorIndex(tmp_path / "vectors")
    recall = Recall(store.past, embedder=model, vectors=index, mark=store.memory_mark, index_left=False)
    question = Question(text=PAST[2].title)
    try:
        assert (await with_vectors(recall, question)).searched == 0
        assert model.read == 0
        assert not (tmp_path / "vectors").exists()
        await store.past.save(PAST)
        async with asyncio.timeout(60):  # with the first incidents both are there
            while (found := await recall.find(question)).without_vectors or not found.memories:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # it looks once a second
    finally:
        await recall.close()
    assert model.read > len(PAST)
    assert (tmp_path / "vectors").exists()


def test_without_past_incidents_no_heavy_library_is_imported(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from memory.embedding import MiniLM
from memory.recall import Question, Recall
from memory.store import Store
from memory.vectors import VectorIndex

async def main(folder):
    store = await Store.open(f"sqlite:///{folder / 'store.db'}")
    recall = Recall(store.past, embedder=MiniLM(), vectors=VectorIndex(folder / "vectors"), index_left=False)
    await recall.settled()
    assert (await recall.find(Question(text="disk full"))).searched == 0
    await recall.close()
    await store.close()

asyncio.run(main(Path(sys.argv[1])))
heavy = {"numpy", "chromadb", "onnxruntime", "tokenizers"} & sys.modules.keys()
assert not heavy, heavy
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, timeout=120)


async def test_an_index_that_was_left_is_emptied_though_nothing_is_remembered(store: Store, tmp_path: Path) -> None:
    index = VectorIndex(tmp_path / "vectors")
    await index.open({"GONE": Vector(digest="d", values=HashingEmbedder().embed(["gone"])[0])})
    await index.close()
    recall = Recall(store.past, embedder=HashingEmbedder(), vectors=VectorIndex(tmp_path / "vectors"))
    async with asyncio.timeout(60):
        await recall.settled()
    await recall.close()
    again = VectorIndex(tmp_path / "vectors")
    await again.open({})
    assert await again.nearest(HashingEmbedder().embed(["gone"])[0], 5) == {}
    await again.close()


class BreaksOnce(VectorIndex):
    """An index that fails while it is open, until it is opened again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.opened = 0

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        await super().open(vectors)
        self.opened += 1

    async def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        if self.opened == 1:
            raise VectorsUnavailable("its files are gone")
        return await super().nearest(vector, most)


async def test_vectors_that_broke_are_opened_again_by_themselves(make: Make, tmp_path: Path) -> None:
    recall = make(BreaksOnce(tmp_path / "v"))
    question = Question(text="Redis is evicting keys", service="cart")
    async with asyncio.timeout(60):
        await recall.settled()
        found = await recall.find(question)
        assert found.without_vectors == "vectors are off: its files are gone"
        assert ids(found)[0] == named("Carts")
        await recall.settled()
        assert (await recall.find(question)).without_vectors == ""


class SlowToOpen(VectorIndex):
    """An index that waits before the first opening."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        self.begun.set()
        await self.go_on.wait()
        await super().open(vectors)


async def test_what_is_remembered_while_the_vectors_open_gets_one(make: Make, store: Store, tmp_path: Path) -> None:
    index = SlowToOpen(tmp_path / "v")
    recall = make(index)
    recall.warm()
    new = replace(PAST[0], id="NEW", title="Elevators stop between floors", service="building", symptoms="", cause="")
    async with asyncio.timeout(60):
        await index.begun.wait()
        await store.past.save([new])
        while not ids(await recall.find(Question(text="Elevators stop between floors", service="building"))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # it looks once a second
        index.go_on.set()
        await recall.settled()
    assert "NEW" in await index.nearest(HASHING.embed([new.text])[0], 1)


async def test_the_source_tells_what_fixed_it(make: Make, tmp_path: Path) -> None:
    answer = await RecallSource(make(NoVectors(tmp_path / "v"))).look(request("Redis is evicting keys", "cart"))
    evidence = answer.evidence[0]
    assert isinstance(evidence.fact, PastIncidentFact)
    assert (evidence.fact.incident, evidence.fact.cause_kind) == (named("Carts"), "exhaustion")
    assert evidence.text == (
        f"{named('Carts')} was like this: Carts are empty. Cause: Redis reached its memory limit. "
        "Fixed by: Memory raised to 4 GB. It took 33 min."
    )
    assert answer.checked.startswith("15 past incidents (vectors ")


@pytest.mark.parametrize(
    ("outcome", "told"), [(Held.HELD, " The fix held."), (Held.CAME_BACK, " It came back."), (Held.UNKNOWN, "")]
)
async def test_the_source_tells_whether_it_lasted(make: Make, tmp_path: Path, outcome: Held, told: str) -> None:
    past = replace(PAST[2], outcome=outcome, unhelpful="A restart")
    recall = make(NoVectors(tmp_path / "v"), (past, *PAST[3:]))
    (evidence, *_) = (await RecallSource(recall).look(request("Redis is evicting keys", "cart"))).evidence
    assert isinstance(evidence.fact, PastIncidentFact)
    assert (evidence.fact.outcome, evidence.fact.unhelpful) == (outcome.value, "A restart")
    assert evidence.text.endswith(f"It took 33 min.{told} Did not help: A restart.")


async def test_the_source_makes_foreign_text_fit_to_show(make: Make, tmp_path: Path) -> None:
    secret = "glpat-" + "x7" * 10
    past = replace(PAST[2], fix=f"Ran it\nwith \u202e{secret}", link=None)
    recall = make(NoVectors(tmp_path / "v"), (past, *PAST[3:]))
    (evidence, *_) = (await RecallSource(recall).look(request("Redis is evicting keys", "cart"))).evidence
    assert "\n" not in evidence.text
    assert "\u202e" not in evidence.text
    assert secret not in evidence.text


async def test_the_source_tells_nothing_found_from_nothing_there(make: Make, tmp_path: Path) -> None:
    empty = await RecallSource(make(NoVectors(tmp_path / "v"), ())).look(request("Redis", "cart"))
    assert empty.skipped == "there are no past incidents yet"


async def test_the_source_says_when_the_store_cannot_be_read(make: Make, store: Store, tmp_path: Path) -> None:
    source = RecallSource(make(NoVectors(tmp_path / "v")))
    await store.close()
    with pytest.raises(SourceError, match="Past incidents cannot be read") as raised:
        await source.look(request("Redis", "cart"))
    assert raised.value.reason is FailureReason.UNREACHABLE
