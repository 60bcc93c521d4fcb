"""Whether the cited evidence speaks of what the sentence speaks of at all, and how sure the sentence sounds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.evidence_ledger import ItemKind
from bot.domain.grounding.quantities import Dimension
from bot.domain.grounding.sentence import Sentence
from bot.domain.grounding.span import Span, is_free
from bot.domain.grounding.verdict import Fault, FaultKind
from bot.domain.grounding.words import content_words, families

LEAST_SHARED = 0.25  # of the words that carry meaning, where no number, time or name of the sentence is shown
FEW_WORDS = 3

# What a sentence may not bring in by itself: said by the left, shown by the right.
_SUBJECTS = [
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), re.compile(shown, re.IGNORECASE))
    for said, shown in (
        (
            r"deploy(?:ed|ment|ments|ing)?|rollouts?|rolled out|releases?|released",
            r"deploy|roll|release|version|merged|change|went back",
        ),
        (
            r"rolled back|was reverted|has been reverted|was undone|backed out",
            r"went back|going back|roll(?:ed)? ?back|revert|undo|backed out",
        ),
        (r"restart(?:s|ed|ing)?|crash(?:es|ed|ing|loop\w*)?", r"restart|crash|exit code|ended|killed|back ?off"),
        (r"oom\w*|out of memory", r"oom|memory|exit code 137|heap"),
        (r"disks?|file ?systems?|volumes?", r"disk|volume|no space|file|storage"),
        (r"corrupt(?:ed|ion)?", r"corrupt"),
        (r"dns", r"dns|name resolution|resolve|lookup"),
        (r"packet loss|network(?:ing)?", r"network|packet|connection|unreachable|no route|refused|reset"),
        (r"certificates?|tls", r"certificate|tls|ssl|x509"),
        (r"config(?:uration)?|misconfigur\w+", r"config|setting|environment|variable"),
        (r"databases?", r"database|\bdb\b|-db\b|sql|postgres|mysql|redis|mongo"),
        (r"deadlocks?", r"deadlock"),
        (r"cpu|throttl(?:ed|ing)", r"cpu|core|throttl"),
        (r"memory", r"memory|heap|oom|mib|gib"),
        (
            r"attack(?:s|ed|er)?|ddos|intrusion|breach(?:ed)?|hacked|malicious",
            r"attack|ddos|intrusion|breach|malicious",
        ),
        (r"traffic|load spike", r"traffic|load|requests|/s\b"),
        (r"latency|slow(?:er|ness)?", r"latency|slow|\bs now|timed? ?out|wait|ms\b"),
        (r"time(?:d)? ?outs?|timeouts?", r"time[d]? ?out|did not answer|deadline|waited"),
        (r"migrations?", r"migrat"),
        (r"feature flags?|toggles?", r"flag|toggle"),
        (r"data loss|lost data", r"lost|loss"),
        (r"cach(?:e|es|ing)", r"cache|redis|memcache"),
        (r"queues?|backlog", r"queue|backlog|lag|waiting|pile"),
        (r"on[ -]call", r"on call|level \d"),
    )
]
_SURE = re.compile(
    r"\b(?:certain(?:ly)?|definite(?:ly)?|undoubtedly|without (?:a |any )?doubt|no doubt|prov(?:e|"
    r"es|en|ed) (?:that|to|by)?|proof|"
    r"guarantee[ds]?|obvious(?:ly)?|unquestionabl[ey]|indisputabl[ey]|confirms? that|confirmed as|"
    r"100 ?% (?:sure|certain)|"
    r"the only (?:possible )?(?:cause|explanation)|must be the (?:root )?cause|cannot be anything else|beyond doubt)\b",
    re.IGNORECASE,
)


def relevance_faults(sentence: Sentence, denied: Sequence[Span]) -> list[Fault]:
    """`denied`: where something is said not to be there; that is judged elsewhere."""
    faults = [
        Fault(kind=FaultKind.OVERSTATED, said=m[0], start=m.start(), end=m.end()) for m in _SURE.finditer(sentence.text)
    ]
    if not sentence.is_english or not sentence.cited:
        return faults
    shown = " ".join(s.words for s in sentence.cited)
    kinds = {s.item.kind for s in sentence.cited}
    shut = [*denied, *(n for n in sentence.names)]
    for said, known in _SUBJECTS:
        if known.search(shown) or (ItemKind.CHANGE in kinds and known.search("deploy")):
            continue
        faults += [
            Fault(kind=FaultKind.NOT_SHOWN, said=m[0], start=m.start(), end=m.end())
            for m in said.finditer(sentence.text)
            if is_free(m.start(), m.end(), shut)
        ]
    return faults


def is_about_something_else(sentence: Sentence, found: int) -> bool:
    """No number, time or name of it is shown, and hardly a word."""
    words = content_words(sentence.text)
    if found or len(words) <= FEW_WORDS or not sentence.cited:
        return False
    shown = content_words(" ".join(s.words for s in sentence.cited))
    return len(words & shown) < LEAST_SHARED * len(words)


def irrelevant_ids(sentence: Sentence) -> list[Fault]:
    """Of several cited items, those that share no service and no word with the sentence."""
    words = content_words(sentence.text)
    if len(sentence.cited) < 2 or not sentence.is_english or len(words) <= FEW_WORDS:
        return []
    services = {name for clause in sentence.clauses for name in sentence.services_in(clause)}
    told = families(sentence.text)
    tells_length = any(q.dimension is Dimension.TIME for q in sentence.quantities)  # from one item's time to another's
    return [
        Fault(kind=FaultKind.IRRELEVANT_ID, said=shown.item.id)
        for shown in sentence.cited
        if not words & content_words(shown.words)
        and not (services & {name.lower() for name in shown.item.services})
        and not any(c.seconds // 60 == t // 60 for c in sentence.clocks for t, _ in shown.times)
        and not (told & shown.families)
        and not (tells_length and shown.times)
        and not any(
            abs(q.value - s.value) <= q.step for q in sentence.quantities for s in (*shown.quantities, *shown.derived)
        )
    ]
