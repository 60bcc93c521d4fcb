"""What responders wrote while they worked, sorted into cause, fix and what did not help.

Only by the words that people use for these; whoever wrote "Fix: ..." is taken at their word. Nothing is made up: where
no sentence tells of a fix, the last one that is more than courtesy is what was done last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.domain.plaintext import plain

FIELD_LIMIT = 2000  # characters: as much as a section of a postmortem
SENTENCE_LIMIT = 600  # characters
FEWEST_WORDS = 3  # fewer tell nothing to whoever was not there
MOST_SENTENCES = 400  # of one incident; more is a pasted log

_LABEL = re.compile(
    r"^[\s>*_#-]*(?P<label>[A-Za-z][A-Za-z ]{1,30}?)[*_]{0,2}\s*[:\u2013\u2014][*_]{0,2}\s*(?P<rest>\S.*)$"
)
_LABELS = {
    "cause": re.compile(r"(probable |likely )?(root )?cause|rca|reason|culprit|trigger", re.I),
    "fix": re.compile(
        r"fix(ed)?( by)?|resolution|resolved( by)?|mitigat(ion|ed)( by)?|solution|remed(y|iation)|workaround"
        r"|action taken",
        re.I,
    ),
    "unhelpful": re.compile(r"(did not|didn.t) help|tried|failed attempts?|dead ends?", re.I),
}
_UNHELPFUL = re.compile(
    r"\b(did|does|was|has) ?n[o'’]?t (seem to )?(help|work|fix|change|improve|make)"
    r"|\bnot (help|work|fix)(ed|ing)\b|\bno (effect|improvement|luck|difference|change)\b|\bto no avail\b|\bin vain\b"
    r"|\bmade (it|things) worse\b|\bwithout (success|effect)\b"
    r"|\bstill (failing|broken|down|happening|seeing|erroring|slow|degraded)\b",
    re.I,
)
_CAUSE = re.compile(
    r"\b(root cause|caused by|cause (was|is|seems)|the culprit|turned out|due to|because of|was triggered by"
    r"|the (problem|issue) (was|is) (that|with|in)|stems? from|originated)\b",
    re.I,
)
_FIX = re.compile(
    r"\b(fixed|resolved|mitigated|recovered|roll(ed|ing)? ?back|revert(ed|ing)|restart(ed|ing)|reboot(ed|ing)"
    r"|scaled|scaling|increased|raised|lowered|reduced|doubled|failed over|failover|switched|disabled|enabled|deleted"
    r"|cleaned|cleared|cleaning|purged|flushed|removed|killed|drained|cordoned|redeploy(ed|ing)|deployed|replaced"
    r"|renewed|rotated|patched|upgraded|downgraded|bumped|expanded|resized|added|released|paused|stopped"
    r"|went back to|turned (off|on)|moved|freed|reset|unblocked|throttled|blocked)\b",
    re.I,
)
# What was not done yet, or never: a plan, a question.
_INTENT = re.compile(
    r"\?$|\b(will|going to|should|could|shall|let'?s|about to|plan(ning)? to|needs? to|trying|maybe)\b"
    r"|\bnot (yet )?(resolved|fixed|mitigated|recovered)\b|\bunresolved\b",
    re.I,
)
_COURTESY = re.compile(
    r"\b(looking|investigating|checking|will (look|check)|on it|ack(ed|nowledged)?|joining|thanks?|thank you|monitoring"
    r"|escalat(ed|ing)|paging|paged|any (update|news)|please|closing|no further|back to normal"
    r"|all (is )?(well|good|clear))\b",
    re.I,
)
_FULL_STOP = re.compile(r"(?<=[\w)`])\.$")  # `kubectl apply -f .` keeps its own
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'`(])|[\r\n]+|;\s+")


@dataclass(frozen=True, kw_only=True)
class Worklog:
    """Empty where the notes do not tell."""

    cause: str = ""
    fix: str = ""
    unhelpful: str = ""


def read_worklog(notes: Iterable[str]) -> Worklog:
    """`notes` oldest first."""
    told: dict[str, list[str]] = {"cause": [], "fix": [], "unhelpful": [], "": []}
    for kind, words in sentences_of(notes):
        told[kind].append(words)
    fix = told["fix"] or told[""][-1:]
    return Worklog(cause=_joined(told["cause"]), fix=_joined(fix), unhelpful=_joined(told["unhelpful"]))


def sentences_of(notes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those that tell something, each with what it tells of: "cause", "fix", "unhelpful" or, for anything else, ""."""
    for sentence in _sentences(notes):
        kind, words = _kind(sentence)
        if words:
            yield kind, words


def _sentences(notes: Iterable[str]) -> Iterator[str]:
    count = 0
    for note in notes:
        for part in _SENTENCES.split(note[:FIELD_LIMIT]):
            if sentence := plain(part, SENTENCE_LIMIT):
                yield sentence
                count += 1
            if count >= MOST_SENTENCES:
                return


def _kind(sentence: str) -> tuple[str, str]:
    """What the sentence tells of, and its words; "" with no words where it tells nothing."""
    if (labelled := _LABEL.match(sentence)) is not None:
        for kind, words in _LABELS.items():
            if words.fullmatch(labelled["label"].strip()):
                return kind, labelled["rest"].strip()
    if _UNHELPFUL.search(sentence):
        return "unhelpful", sentence
    if _CAUSE.search(sentence):
        return "cause", sentence
    is_plan = _INTENT.search(sentence) is not None
    if _FIX.search(sentence) and not is_plan:
        return "fix", sentence
    is_telling = not is_plan and len(sentence.split()) >= FEWEST_WORDS and not _COURTESY.search(sentence)
    return "", sentence if is_telling else ""


def _joined(sentences: Sequence[str]) -> str:
    text = "; ".join(dict.fromkeys(_FULL_STOP.sub("", sentence) for sentence in sentences))
    return text if len(text) <= FIELD_LIMIT else f"{text[: FIELD_LIMIT - 1]}…"
