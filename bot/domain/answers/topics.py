"""What a question is about, by its words. Several at once are usual: "what changed, and who owns it?"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Topic(StrEnum):
    CHANGES = "what changed"
    BEFORE = "whether it happened before"
    OWNER = "who owns it"
    ON_CALL = "who is on call"
    TRIED = "what was tried"
    CAUSE = "what is likely wrong"
    IMPACT = "how bad it is"
    NEXT = "what to do"
    RULED_OUT = "what was ruled out"
    GAPS = "what could not be checked"
    LOGS = "what the logs say"
    NEIGHBOURS = "what it depends on"
    BEGAN = "when it began"


_WORDS: Mapping[Topic, tuple[str, ...]] = {
    Topic.CHANGES: (
        r"chang(?:e|es|ed|ing)\b",
        r"deploy\w*",
        r"redeploy\w*",
        r"roll?ed out\b",
        r"rollouts?\b",
        r"releas\w+",
        r"merged?\b",
        r"commits?\b",
        r"shipped\b",
        r"versions?\b",
        r"pull requests?\b",
        r"PRs?\b",
        r"new code\b",
        r"config\w* change",
    ),
    Topic.BEFORE: (
        r"before\b(?! the alert)",
        r"previously\b",
        r"in the past\b",
        r"past incidents?\b",
        r"similar\b",
        r"last time\b",
        r"recur\w*",
        r"happened? again\b",
        r"seen this\b",
        r"ever (?:seen|had|happen)",
        r"history\b",
        r"how often\b",
        r"first time\b",
    ),
    Topic.OWNER: (
        r"own(?:s|er|ers|ed|ership)?\b",
        r"who(?:se| is responsible| maintains| runs| looks after)\b",
        r"which team\b",
        r"responsible\b",
        r"maintain(?:s|er|ers|ed)\b",
        r"what team\b",
        r"whose\b",
    ),
    Topic.ON_CALL: (
        r"on[- ]?call\b",
        r"who (?:is|was) paged\b",
        r"who (?:can|should|do) (?:i|we) (?:call|page|ask|ping)\b",
        r"escalat\w+",
        r"pager\b",
    ),
    Topic.TRIED: (
        r"tried\b",
        r"try so far\b",
        r"(?:did|has|have) (?:we|you|they|any(?:one|body)|some(?:one|body))\b",
        r"done (?:so far|already|about)\b",
        r"(?:did|have|has) (?:people|the team|responders)\b",
        r"so far\b",
        r"timeline\b",
        r"what (?:has|have) (?:been|we)\b",
        r"actions? taken\b",
        r"what happened\b",
        r"who (?:did|said|ran|restarted|changed|deployed)\b",
    ),
    Topic.CAUSE: (
        r"why\b",
        r"causes?\b",
        r"caused\b",
        r"causing\b",
        r"root cause\b",
        r"suspects?\b",
        r"culprit\b",
        r"what(?:'s| is) (?:wrong|going on|broken|the problem|happening)\b",
        r"to blame\b",
        r"reason\b",
        r"explain\b",
        r"theory\b",
        r"hypothes[ie]s\b",
    ),
    Topic.IMPACT: (
        r"impact\w*",
        r"how bad\b",
        r"how many\b",
        r"how much\b",
        r"affect\w*",
        r"customers?\b",
        r"users?\b",
        r"sever\w+",
        r"error r(?:ate|atio)\b",
        r"latency\b",
        r"traffic\b",
        r"slow\w*\b",
        r"blast radius\b",
        r"still (?:failing|down|broken|firing)\b",
        r"status\b",
        r"metrics?\b",
        r"graphs?\b",
    ),
    Topic.NEXT: (
        r"what (?:should|can|do|could|must) (?:i|we)\b",
        r"next steps?\b",
        r"what next\b",
        r"what now\b",
        r"how (?:do|can|should|to) (?:i|we|you|fix)\b",
        r"fix(?:es)?\b",
        r"runbooks?\b",
        r"mitigat\w+",
        r"roll ?back\b",
        r"restart\b",
        r"how to\b",
        r"playbook\b",
        r"resolve\b",
    ),
    Topic.RULED_OUT: (
        r"ruled? out\b",
        r"exclud\w+",
        r"not the cause\b",
        r"could it be\b",
        r"is it the\b",
    ),
    Topic.GAPS: (
        r"not checked\b",
        r"could(?:n't| not) (?:check|look|see)\b",
        r"could you not\b",
        r"missing\b",
        r"don'?t (?:you|we) know\b",
        r"unknowns?\b",
        r"blind\b",
        r"not look\w*",
        r"failed to (?:check|look)\b",
    ),
    Topic.LOGS: (
        r"logs?\b",
        r"logged\b",
        r"exceptions?\b",
        r"stack ?traces?\b",
        r"error messages?\b",
        r"errors\b",
        r"traces?\b",
    ),
    Topic.NEIGHBOURS: (
        r"depend\w*",
        r"upstream\b",
        r"downstream\b",
        r"call(?:s|ers)\b",
        r"neighbou?rs?\b",
        r"relies on\b",
        r"who calls\b",
        r"what calls\b",
    ),
    Topic.BEGAN: (
        r"when did\b",
        r"since when\b",
        r"when (?:was|has)\b",
        r"onset\b",
        r"how long\b",
        r"start(?:ed)?\b.*\?",
        r"beg[ai]n\b",
        r"began\b",
    ),
}
_PATTERNS = {topic: re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE) for topic, words in _WORDS.items()}


def topics(question: str) -> tuple[Topic, ...]:
    """In the order in which the question names them; none where no words tell."""
    found = {topic: match.start() for topic, pattern in _PATTERNS.items() if (match := pattern.search(question))}
    return tuple(sorted(found, key=lambda topic: found[topic]))
