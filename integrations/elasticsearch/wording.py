"""Sentences about log patterns, and about what could not be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.errors import SourceError
from bot.domain.evidence import LogFact
from bot.domain.plaintext import plain
from integrations.elasticsearch.client import SearchResult
from integrations.elasticsearch.questions import Asked, Windows
from integrations.elasticsearch.reading import Read

PATTERN_SHOWN = 160  # characters within a sentence; the fact holds more
REASON_SHOWN = 120
SLOW = "Elasticsearch was slow: rare earlier lines were not counted, so what is called new may be old."
_NOT_DONE = {
    Asked.NOW: "",
    Asked.BEFORE: "earlier log lines could not be read, so what is called new may be old: ",
    Asked.VALUES: "what the new log lines have in common was not compared with other lines: ",
    Asked.WORDS: "rare new words in the logs were not looked for: ",
}


def sentence(fact: LogFact, windows: Windows) -> str:
    words = f"“{plain(fact.pattern, PATTERN_SHOWN)}”"
    times = f"{'about ' if fact.is_sampled else ''}{fact.count:,} time{'s' if fact.count != 1 else ''}"
    if fact.is_new:
        since = f" since {fact.first_seen:%H:%M:%S} UTC" if fact.first_seen else ""
        earlier = int((windows.start - windows.before_start).total_seconds() / 60)
        rest = f"{since}, not once in {earlier} min before"
        return f"new in the logs of {fact.service}: {words}, {times} ({fact.level}){rest}"
    return (
        f"in the logs of {fact.service}: {words}, {times} ({fact.level}) since {windows.start:%H:%M} UTC, "
        f"{fact.baseline:,} in an equally long time before"
    )


def checked(found: Read, windows: Windows, names: Mapping[str, str], index: str) -> str:
    now, earlier = found.now.counts.total(), found.before.counts.total()
    told = [
        f"errors and warnings of {', '.join(names.values())} in {index}: "
        f"{now:,} from {windows.start:%H:%M} to {windows.end:%H:%M} UTC, "
        f"{earlier:,} from {windows.before_start:%H:%M} to {windows.start:%H:%M} UTC"
    ]
    fetched = len(found.now.lines) + len(found.before.lines)
    if fetched < now + earlier:
        told.append(f"{fetched:,} of them were read, counts of patterns are scaled")
    return "; ".join(told)


def first_gaps(answers: Sequence[tuple[Asked, SearchResult | SourceError]], *, is_sampled: bool) -> list[str]:
    """Of the first round. New words are missed only where not every line was fetched."""
    told = []
    for asked, result in answers:
        if isinstance(result, SourceError) and not (asked is Asked.WORDS and not is_sampled):
            told.append(f"{_NOT_DONE[asked]}{result.detail}")
    return list(dict.fromkeys([*told, *partial_gaps([result for _, result in answers])]))


def second_gaps(results: Sequence[SearchResult | SourceError]) -> list[str]:
    told = [unverified(result) for result in results if isinstance(result, SourceError)]
    return list(dict.fromkeys([*told[:1], *partial_gaps(results)]))


def partial_gaps(results: Sequence[SearchResult | SourceError]) -> list[str]:
    """Of searches that not all shards answered, or not in time."""
    answered = [result for result in results if isinstance(result, SearchResult)]
    told = []
    partial = max((r for r in answered if r.failed_shards), key=lambda r: r.failed_shards, default=None)
    if partial:
        why = f" (“{plain(partial.shard_reason, REASON_SHOWN)}”)" if partial.shard_reason else ""
        told.append(
            f"Elasticsearch: {partial.failed_shards} of {partial.shards} shards did not answer{why}: "
            "there may be more in the logs."
        )
    if any(result.timed_out for result in answered):
        told.append("Elasticsearch ran out of time for a search: there may be more in the logs.")
    return told


def unverified(error: SourceError) -> str:
    return f"Elasticsearch: rare earlier lines were not counted, so what is called new may be old ({error.detail})"
