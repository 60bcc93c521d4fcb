"""What a statement may be: one, with its values apart, of a kind that is allowed, with functions that are known.

The database holds it to that a second time: a read runs in a read-only transaction. A function can do anything even
there (end a connection, read a file), so only those are taken that are known to look alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from integrations.sql.tokens import BadStatement, Kind, Token, tokens
from integrations.sql.words import ENDING, FORBIDDEN, GRAMMAR, LOOKING

LONGEST = 8000  # characters
_READS = ("select", "with", "values", "table")
_CHANGES = ("insert", "update", "delete")
_NOT_CHANGING = ("for", "do", "key", "on")  # words before update or delete where nothing is changed by it


@dataclass(frozen=True, kw_only=True)
class Statement:
    text: str  # without a semicolon at its end
    first: str  # its first word
    tokens: tuple[Token, ...]
    deletes: bool
    is_lasting: bool  # what it does stays done whatever becomes of the transaction

    @property
    def counting(self) -> str:
        """Of one that ends connections: how many rows it is about."""
        depth = 0
        for token in self.tokens:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.text == "from":
                return f"select count(*) from (select 1 as one {self.text[token.place :]}) as touched"
        return "select 1"

    @property
    def values(self) -> tuple[str, ...]:
        """Names of values, each once, in their order."""
        return tuple(dict.fromkeys(token.text[1:] for token in self.tokens if token.kind is Kind.VALUE))


def read(text: str) -> Statement:
    """One that only looks. Raises BadStatement."""
    found = _statement(text, _READS, frozenset())
    for word in _changing(found.tokens):
        raise BadStatement(f"{word} changes something; sql.execute does that, with an approval")
    if any(token.text == "into" for token in _words(found.tokens)):
        raise BadStatement("select into makes a table; sql.query only looks")
    if _locks(found.tokens):
        raise BadStatement("for update and for share take locks; sql.query only looks")
    return found


def change(text: str) -> Statement:
    """One that changes rows, or ends connections. Raises BadStatement."""
    found = _statement(text, ("select", *_CHANGES), ENDING)
    if found.first == "select" and not found.is_lasting:
        raise BadStatement("it changes nothing; use sql.query, which needs no approval")
    if found.is_lasting:
        _check_ending(found)
    if len(list(_changing(found.tokens))) != (found.first in _CHANGES):
        raise BadStatement("it changes things in more than one place, and what it touches could not be counted")
    if found.first in ("update", "delete") and not any(token.text == "where" for token in _words(found.tokens)):
        raise BadStatement("without where it is for every row of the table")
    return found


def _check_ending(found: Statement) -> None:
    """Rows are counted before, and ended one by one: only a plain list of them can be."""
    words = [token.text for token in _words(found.tokens)]
    is_plain = found.first == "select" and found.tokens[1].text in ENDING and sum(map(words.count, ENDING)) == 1
    if not is_plain or words.count("select") > 1 or {"group", "distinct", "union", "into", "over"} & {*words}:
        raise BadStatement(f"{' and '.join(sorted(ENDING))} stand right behind a plain SELECT, once: one row, one end")


def _statement(text: str, allowed: Sequence[str], further: Collection[str]) -> Statement:
    if len(text) > LONGEST:
        raise BadStatement(f"it has {len(text)} characters; {LONGEST} are allowed")
    found = tokens(text)
    while found and found[-1].text == ";":
        text, found = text[: found[-1].place], found[:-1]
    if any(token.text == ";" for token in found):
        raise BadStatement("it is more than one statement; make a step of each")
    first = found[0].text if found else ""
    if not found or found[0].kind is not Kind.WORD or first not in allowed:
        said = f", not with {first.upper()[:20]}" if first else ""
        raise BadStatement(f"it has to begin with one of {', '.join(word.upper() for word in allowed)}{said}")
    functions = frozenset(_functions(found))
    for token in _words(found):
        if token.text in FORBIDDEN and token.text not in functions and not _is_harmless(token, found):
            raise BadStatement(f"{token.text.upper()} is not allowed in it; as a column's name write it in quotes")
    for function in sorted(functions - LOOKING - frozenset(further)):
        raise BadStatement(f"{function} is not among the functions that are known to do no harm")
    deletes = any(word == "delete" for word in _changing(found)) or bool(functions & ENDING)
    return Statement(
        text=text.rstrip(), first=first, tokens=found, deletes=deletes, is_lasting=bool(functions & ENDING)
    )


def _words(found: Sequence[Token]) -> Iterator[Token]:
    return (token for token in found if token.kind is Kind.WORD)


def _functions(found: Sequence[Token]) -> Iterator[str]:
    """Of every name before a parenthesis: the last part, or the whole where it is quoted or of another schema."""
    for place, token in enumerate(found[1:], start=1):
        before = found[place - 1]
        if token.text != "(" or before.kind not in (Kind.WORD, Kind.NAME):
            continue
        owner = [part.text for part in found[max(0, place - 3) : place - 1]]
        is_of_schema = len(owner) == 2 and owner[1] == "."
        if is_of_schema and place > 3 and found[place - 4].text == "into":  # names of columns follow
            continue
        if is_of_schema and owner[0] != "pg_catalog":
            yield f"{owner[0]}.{before.text}"
            continue
        has_columns = place > 1 and found[place - 2].text in ("as", "into", "with")
        if not has_columns and (before.kind is Kind.NAME or is_of_schema or before.text not in GRAMMAR):
            yield before.text


def _changing(found: Sequence[Token]) -> Iterator[str]:
    before = ""
    for token in found:
        if token.kind is Kind.WORD and token.text in _CHANGES and before not in _NOT_CHANGING:
            yield token.text
        before = token.text


def _locks(found: Sequence[Token]) -> bool:
    return any(
        token.text == "for" and after.text in ("update", "share", "no", "key") for token, after in pairwise(found)
    )


def _is_harmless(token: Token, found: Sequence[Token]) -> bool:
    """`do` of `on conflict ... do`, and what stands behind a dot: then it is a column."""
    place = found.index(token)
    if place and found[place - 1].text == ".":
        return True
    return token.text == "do" and any(other.text == "conflict" for other in found[:place])
