"""Words of alerts, incidents and runbooks, made comparable: split, lower case, without endings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # HTTPErrors -> HTTP Errors
_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"\w+")
_TIMEOUT = re.compile(r"\btime[ds]?[-_ ]?outs?\b", re.IGNORECASE)  # one thing, spelt in five ways
_VOWEL = re.compile(r"[aeiouy]")

_GRAMMAR = """
a about above after again all also an and any are as at be because been before being below but by can could did do
does down during each for from had has have how if in into is it its less more most no not now of off on once only or
other our out over so some such than that the their them then there these they this those through to too under until
up us very via was we were what when where which while who why will with would you your
"""
_OF_EVERY_ALERT = "alert alerts critical firing high incident incidents low resolved service services warning"
STOP_WORDS = frozenset(f"{_GRAMMAR} {_OF_EVERY_ALERT}".split())

# A search keeps "down", "not" and "high": they tell one page from its neighbour.
_TELLING = "above below down few high less low more most no not off other out over service services under up very"
_NOISE = STOP_WORDS - frozenset(_TELLING.split())

# What people on call write for one another; the right side is what is searched for.
_SAME = {
    "cert": "certificate", "config": "configuration", "db": "database", "elastic": "elasticsearch",
    "es": "elasticsearch", "fs": "filesystem", "hpa": "autoscaler", "k8s": "kubernetes", "kube": "kubernetes",
    "lb": "loadbalancer", "mem": "memory", "pg": "postgres", "postgresql": "postgres", "psql": "postgres",
    "pv": "persistentvolume", "pvc": "persistentvolume", "sts": "statefulset",
}  # fmt: skip

_LONG_ENOUGH = 3  # letters of a stem: "dns", "sls"
_ENDINGS = ("ations", "ation", "ings", "ments", "ions", "ing", "ment", "ion", "ied", "ies", "ed", "es", "s")
_UNMAKE = {"ied": "y", "ies": "y"}


def terms(text: str) -> tuple[str, ...]:
    """In order, repeats kept, words that tell nothing left out: "DatabasePoolExhausted" -> database, pool, exhaust."""
    return tuple(stem(word) for word in words(text) if _tells(word))


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A text as a search sees it."""

    words: tuple[str, ...]  # stems in order, repeats kept
    names: tuple[str, ...]  # identifiers of several words, whole: "kubepodnotready", "max_connections"

    @property
    def terms(self) -> tuple[str, ...]:
        return self.words + self.names

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Words that follow each other: what was quoted is recognised by them."""
        return frozenset(zip(self.words, self.words[1:], strict=False))


def wording(text: str) -> Wording:
    found: list[str] = []
    names: list[str] = []
    for identifier in _IDENTIFIER.findall(_TIMEOUT.sub("timeout", text)):
        parts, name = _parts(identifier)
        found += parts
        if name:
            names.append(name)
    return Wording(words=tuple(found), names=tuple(names))


def wording_as_written(text: str) -> dict[str, str]:
    """By each term of its `wording`, the word as it is written there."""
    written: dict[str, str] = {}
    for identifier in _IDENTIFIER.findall(_TIMEOUT.sub("timeout", text)):
        for word in _WORD.findall(_CAMEL.sub(" ", identifier)):
            written.setdefault(stem(_SAME.get(word.lower(), word.lower())), word.lower())
        written.setdefault(_parts(identifier)[1], identifier)
    return written


def spaced(text: str) -> str:
    """Identifiers written apart: "KubePodNotReady" -> "Kube Pod Not Ready", "max_connections" -> "max connections"."""
    return _CAMEL.sub(" ", text).replace("_", " ")


@lru_cache(maxsize=50_000)
def _parts(identifier: str) -> tuple[tuple[str, ...], str]:
    """Its words as stems, and the whole of it where it has several."""
    split = [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", identifier))]
    told = tuple(stem(_SAME.get(word, word)) for word in split if word not in _NOISE and _is_long_enough(word))
    return told, "".join(split) if len(split) > 1 else ""


def spelled(text: str) -> dict[str, str]:
    """The word as it is written there, by its stem."""
    return {stem(word): word for word in reversed(words(text)) if _tells(word)}


def _tells(word: str) -> bool:
    return word not in STOP_WORDS and _is_long_enough(word)


def _is_long_enough(word: str) -> bool:
    """Not "5" of "5 %", nor "000" of "3,000"; but "503"."""
    is_small_number = word.isdigit() and (len(word) < _LONG_ENOUGH or word.startswith("0"))
    return len(word) > 1 and not is_small_number


def words(text: str) -> tuple[str, ...]:
    """CamelCase, snake_case and kebab-case split; lower case."""
    return tuple(word.lower() for word in _WORD.findall(_TIMEOUT.sub("timeout", _CAMEL.sub(" ", text))))


def stem(word: str) -> str:
    """A light stemmer for English: takes off the most frequent endings, so that "timeouts" meets "timeout"."""
    if not word.isascii() or not word.isalpha() or word.endswith("ss"):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending):
            rest = word[: -len(ending)] + _UNMAKE.get(ending, "")
            if len(rest) >= _LONG_ENOUGH and _VOWEL.search(rest):
                return _without_last(rest)
    return _without_last(word)


def _without_last(word: str) -> str:
    """ "stopp" -> "stop", "release" -> "releas": what is left by an ending and what never had one meet again."""
    if len(word) > _LONG_ENOUGH + 1 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word[:-1] if len(word) > _LONG_ENOUGH + 1 and word.endswith("e") else word
