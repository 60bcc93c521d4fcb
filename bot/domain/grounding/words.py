"""Words: how they are compared, and what they are about."""

from __future__ import annotations

import re


def listed(words: str) -> frozenset[str]:
    """Words set apart by blanks: long lists read better so."""
    return frozenset(words.split())


_STOP = listed(
    "a an the and or but of in on at to for from by with without as is are was were be been being has have had do does "
    "did it its this that these those there then than so not no nor only also very more most less least about around "
    "after before since during while when which who what why how now still just over under up down out into again all "
    "any some each both such can could may might will would should must i we you they he she his her our their your "
    "one two first last same other because due likely probably seems appears suggests indicates shows show shown "
    "utc time times"
)
_WORD = re.compile(r"[a-z0-9à-ÿ]+")
_ENGLISH = listed("the of is are was were and to from by with at not no has have before after since in it")

# Kinds of signals by the words people use for them.
_FAMILIES = {
    "errors": r"error (?:ratio|rate)|fail(?:s|ed|ing|ure)?\b(?: requests| ratio| rate)?|\berrors?\b|availability",
    "latency": r"latency|\bp\d\d\b|percentile|median|response times?|slow(?:er)?\b|duration",
    "traffic": r"traffic|\brps\b|\bqps\b|throughput|request rate|requests (?:per|a) |req/s|\bload\b",
    "memory": r"\bmemory\b|\bheap\b|\bram\b",
    "cpu": r"\bcpu\b|\bcores?\b",
    "connections": r"connections?\b|\bpool\b",
    "disk": r"\bdisk\b|volume\b|file ?system",
}
_FAMILY = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _FAMILIES.items()}

# What counts the same: words of one row may stand for each other.
_NOUNS = (
    "time times error errors line lines occurrence occurrences exception exceptions message messages entry entries "
    "failure failures log logs event events warning warnings keyerror keyerrors such",
    "connection connections conn conns",
    "core cores cpu cpus",
    "pod pods instance instances replica replicas container containers",
    "request requests call calls",
    "commit commits",
    "file files",
    "restart restarts",
    "service services",
    "incident incidents",
)
NOUN_ROW = {noun: row for row, nouns in enumerate(_NOUNS) for noun in nouns.split()}


def flat(text: str) -> str:
    """Lower case, quotation marks and code marks gone, blanks and dashes made one space: for looking names up."""
    lowered = re.sub(r"[“”\"'`„«»’‘]", "", text.lower())
    return " ".join(re.sub(r"[\s\-_]+", " ", lowered).split()).strip(" .,;:!?")


def content_words(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(word[:5] for word in _WORD.findall(text.lower()) if word not in _STOP and len(word) > 2)


def families(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _FAMILY.items() if pattern.search(text))


def is_english(text: str) -> bool:
    """Whether rules about English prose may be used. Short sentences without any small word count as English."""
    words = re.findall(r"[a-zà-ÿ]+", text.lower())
    return len(words) < 6 or sum(word in _ENGLISH for word in words) * 12 >= len(words)
