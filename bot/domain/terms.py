"""Words of alerts, incidents and runbooks, made comparable: split, lower case, without endings."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # HTTPErrors -> HTTP Errors
_WORD = re.compile(r"[^\W_]+")
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

_LONG_ENOUGH = 3  # letters of a stem: "dns", "sls"
_ENDINGS = ("ations", "ation", "ings", "ments", "ions", "ing", "ment", "ion", "ied", "ies", "ed", "es", "s")
_UNMAKE = {"ied": "y", "ies": "y"}


def terms(text: str) -> tuple[str, ...]:
    """In order, repeats kept, words that tell nothing left out: "DatabasePoolExhausted" -> database, pool, exhaust."""
    return tuple(stem(word) for word in words(text) if _tells(word))


def spelled(text: str) -> dict[str, str]:
    """The word as it is written there, by its stem."""
    return {stem(word): word for word in reversed(words(text)) if _tells(word)}


def _tells(word: str) -> bool:
    """Not "5" of "5 %", nor "000" of "3,000"; but "503"."""
    is_small_number = word.isdigit() and (len(word) < _LONG_ENOUGH or word.startswith("0"))
    return len(word) > 1 and word not in STOP_WORDS and not is_small_number


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
