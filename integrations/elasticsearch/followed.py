"""The second request: about patterns whose lines were not all fetched, and about lines of no known pattern."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.domain.errors import SourceError
from bot.domain.logpattern import Pattern, cluster, fragment, rank
from integrations.elasticsearch.client import LEAST_TIME, ElasticsearchClient, SearchResult
from integrations.elasticsearch.questions import Body, Questions, Windows
from integrations.elasticsearch.reading import Key, LogDocument, Read, lines
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.wording import SLOW, second_gaps, unverified

PATTERNS_SHOWN = 12
FOLLOWED = 5  # patterns, and new words, that are asked about again
FLOOD = 0.2  # share of the fetched lines that makes even a single word tell a pattern

PatternId = tuple[str, str, str]


@dataclass
class Followed:
    """What the first request told, to be corrected by the second."""

    found: Read
    ranked: tuple[Pattern, ...]  # counts scaled
    doubtful: list[Pattern]  # may seem new and not be
    partial: list[Pattern]  # their lines since the onset are a part only
    known: list[str]  # words that tell the known patterns of lines that were not all fetched
    courses: dict[PatternId, SearchResult] = field(default_factory=dict)
    _before: dict[PatternId, int] = field(default_factory=dict)  # true counts of the earlier window
    _now_documents: list[SearchResult] = field(default_factory=list)  # of no pattern known so far
    _before_documents: list[SearchResult] = field(default_factory=list)

    @classmethod
    def of(cls, found: Read, windows: Windows) -> Followed:
        scaled = rank([_scaled(pattern, found, windows) for pattern in found.patterns])
        ranked = [pattern for pattern in scaled if pattern.count][:PATTERNS_SHOWN]
        words = Counter(fragment(pattern.template) for pattern in ranked)
        told_apart = [p for p in ranked if fragment(p.template) and words[fragment(p.template)] == 1]
        return cls(
            found=found,
            ranked=tuple(ranked),
            doubtful=[p for p in ranked if not p.baseline and found.before.sampled(key_of(p)) and fragment(p.template)],
            partial=[p for p in told_apart if found.now.sampled(key_of(p))][:FOLLOWED],
            known=_telling(found) if found.now.is_sampled else [],
        )

    async def ask(self, client: ElasticsearchClient, questions: Questions, seconds: float) -> list[str]:
        """The second request, where there is one to make; returns what it could not tell."""
        bodies: list[Body] = [questions.count_before(p.service, p.level, p.template) for p in self.doubtful]
        bodies += [questions.course(p.service, p.level, p.template) for p in self.partial]
        if self.known:
            bodies += [questions.others(self.known, before=True), questions.others(self.known, before=False)]
            bodies += [questions.lines_with(word) for word in self.found.words[:FOLLOWED]]
        if not bodies:
            return []
        if seconds < LEAST_TIME:
            return [SLOW]
        try:
            results = await client.search(bodies, seconds=seconds)
        except SourceError as error:
            return [unverified(error)]
        self._take(results)
        return second_gaps(results)

    def _take(self, results: Sequence[SearchResult | SourceError]) -> None:
        left = list(results)
        for pattern in self.doubtful:
            if isinstance(result := left.pop(0), SearchResult):
                self._before[id_of(pattern)] = result.total
        for pattern in self.partial:
            if isinstance(result := left.pop(0), SearchResult) and result.total:
                self.courses[id_of(pattern)] = result
        self._before_documents = [result for result in left[:1] if isinstance(result, SearchResult)]
        self._now_documents = [result for result in left[1:] if isinstance(result, SearchResult)]

    def patterns(self, windows: Windows, settings: ElasticsearchSettings) -> tuple[Pattern, ...]:
        """All that is known of, in order."""
        corrected = [self._corrected(pattern, windows) for pattern in self.ranked]
        told = {id_of(pattern) for pattern in corrected}
        others = cluster(
            _distinct(self._now_documents, settings),
            [*self.found.before.lines, *_distinct(self._before_documents, settings)],
        )
        new = [
            replace(pattern, baseline=_at_least_one(pattern.baseline * windows.scale))
            for pattern in others
            if pattern.count and id_of(pattern) not in told
        ]
        return rank([*corrected, *new])

    def _corrected(self, pattern: Pattern, windows: Windows) -> Pattern:
        earlier, course = self._before.get(id_of(pattern)), self.courses.get(id_of(pattern))
        if earlier is not None:
            pattern = replace(pattern, baseline=_at_least_one(earlier * windows.scale))
        return replace(pattern, count=course.total) if course else pattern


def _telling(found: Read) -> list[str]:
    """Words of patterns, the most frequent first. A single word tells a pattern only where it is a flood."""
    wanted = FLOOD * len(found.now.lines)
    by_count = sorted(found.patterns, key=lambda pattern: -pattern.count)
    words = [(fragment(pattern.template), pattern.count >= wanted) for pattern in by_count if pattern.count]
    return list(dict.fromkeys(text for text, is_flood in words if " " in text or (is_flood and text)))


def _distinct(results: Sequence[SearchResult], settings: ElasticsearchSettings) -> list[LogDocument]:
    """A line with two new words is fetched twice."""
    found = (line for result in results for line in lines(result.documents, settings))
    return list({(line.at, line.service, line.text, line.trace): line for line in found}.values())


def key_of(pattern: Pattern) -> Key:
    return pattern.service, pattern.level


def id_of(pattern: Pattern) -> PatternId:
    return pattern.service, pattern.level, pattern.template


def _scaled(pattern: Pattern, found: Read, windows: Windows) -> Pattern:
    """Counts as if everything had been fetched, the earlier one as if its window were as long as the other."""
    return replace(
        pattern,
        count=round(pattern.count * found.now.factor(key_of(pattern))),
        baseline=_at_least_one(pattern.baseline * found.before.factor(key_of(pattern)) * windows.scale),
    )


def _at_least_one(count: float) -> int:
    """0 stays 0; but what occurred is never rounded to "never"."""
    return max(1, round(count)) if count else 0
