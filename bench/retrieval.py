"""Finds the right runbook page for an alert, and knows when there is none; how fast, on how many past incidents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from bench.result import Result
from bench.retrieval_rankings import Quality, bm25, dense, fused, ours, plain, quality
from bench.retrieval_sets import RetrievalSet, load_sets
from bench.retrieval_speed import speed
from memory.embedding import MiniLM, embed_many
from memory.recall import PageSearch, texts_to_embed

GOALS = {  # share found first, among the first three; AUROC
    "kube-named": (1.0, 1.0, None),
    "kube-text": (0.98, 1.0, 0.88),
    "gitlab-specific": (0.65, 0.82, 0.80),
    "gitlab-all": (0.35, 0.60, 0.75),
}


async def run() -> list[Result]:
    embedder = MiniLM()
    return [*await asyncio.to_thread(_sets, embedder), *await speed(embedder)]


def _sets(embedder: MiniLM) -> list[Result]:
    sets = load_sets()
    texts: dict[str, str] = {}
    for each in sets:
        texts |= texts_to_embed(each.pages)
    vectors: dict[str, bytes] = {}
    began = time.perf_counter()
    embed_many(embedder, texts, lambda done, of: None, vectors.update)
    took = time.perf_counter() - began
    results = [Result(name="texts embedded in a minute", value=len(texts) / took * 60, unit="", runs=1)]
    for each in sets:
        results += _measured(each, embedder, vectors)
    return results


def _measured(given: RetrievalSet, embedder: MiniLM, vectors: Mapping[str, bytes]) -> list[Result]:
    by_words, by_vectors = bm25(given.pages), dense(given.pages, embedder, vectors)
    asked = [(alert.question, alert.relevant) for alert in given.alerts]
    ways = {
        "BM25": quality(plain(by_words), asked),
        "vectors alone": quality(plain(by_vectors), asked),
        "plain fusion (RRF)": quality(fused(by_words, by_vectors), asked),
        "without a model": quality(ours(PageSearch(given.pages, None, {})), asked),
    }
    best = quality(ours(PageSearch(given.pages, embedder, vectors)), asked)
    results = _results(given.name, best, len(asked))
    for name, found in ways.items():
        results += [
            Result(name=f"{given.name}: {name}, found first", value=found.first, unit="", runs=len(asked)),
            Result(name=f"{given.name}: {name}, among three", value=found.among_three, unit="", runs=len(asked)),
            Result(name=f"{given.name}: {name}, MRR", value=found.reciprocal, unit="", runs=len(asked)),
            Result(
                name=f"{given.name}: {name}, knows when none fits (AUROC)", value=found.knows, unit="", runs=len(asked)
            ),
        ]
    return results


def _results(name: str, found: Quality, runs: int) -> list[Result]:
    first, among_three, knows = GOALS[name]
    rows = (
        ("found first", found.first, first),
        ("among three", found.among_three, among_three),
        ("MRR", found.reciprocal, None),
        ("knows when none fits (AUROC)", found.knows, knows),
    )
    return [
        Result(name=f"{name}: {what}", value=value, unit="", runs=runs, goal=goal, at_least=True)
        for what, value, goal in rows
    ]
