"""How much the name of a value says about whether the value is a secret.

Only the end of a name counts, since "token_count", "secretName" and "password_reset" hold none. Words such as id, hash
or session never make a secret: trace, span, commit, image and request ids are what people need to read.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Trust(IntEnum):
    """Each step takes fewer signs in the value itself."""

    NONE = 0  # an identifier's name, or a word that says nothing
    KEY = 1  # "key" of something: a cache key as well as a vendor's
    TOKEN = 2  # a token, a secret, an API key: a drawn value, never a plain word
    PASSWORD = 3  # people choose these: any value that is no state and no placeholder


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORD = frozenset({"password", "passwd", "pwd", "passphrase", "passcode", "pass", "pw", "passw", "passwort"})
_TOKEN = frozenset(
    {"secret", "token", "apikey", "apitoken", "credential", "credentials", "creds", "cred", "authkey", "accesskey"}
    | {"secretkey", "privatekey", "auth", "pat", "jwt", "bearer", "authorization", "tok", "otp", "connectionstring"}
)
_KEY_OF = frozenset(
    {"api", "access", "secret", "private", "signing", "sign", "encryption", "encrypt", "account", "auth", "master"}
    | {"license", "licence", "app", "application", "service", "storage", "deploy", "client", "integration", "consumer"}
    | {"ingest", "ingestion", "write", "admin", "subscription", "shared", "hmac", "crypto", "cipher", "aes", "jwt"}
    | {"webhook", "function", "functions", "root", "ssh", "tls", "ssl", "rest", "server", "events", "routing"}
)
_SPOKEN_KEY_OF = frozenset(  # before "key" in a sentence, where other words are about anything
    {"api", "access", "secret", "private", "signing", "encryption", "account", "auth", "master", "license", "client"}
    | {"consumer", "shared", "subscription"}
)
_NOT_KEY_OF = frozenset(
    {"cache", "primary", "foreign", "partition", "sort", "shard", "row", "object", "idempotency", "idempotence"}
    | {"dedup", "dedupe", "deduplication", "duplicate", "message", "map", "group", "lock", "index", "unique", "lookup"}
    | {"entity", "metric", "label", "series", "public", "pub", "host", "known", "fingerprint", "issue", "project"}
    | {"feature", "flag", "event", "record", "correlation", "alert", "incident", "candidate", "composite", "natural"}
    | {"surrogate", "hash", "range", "column", "field", "json", "dict", "property", "config", "redis", "etcd", "kafka"}
    | {
        "translation",
        "menu",
        "registry",
        "context",
        "trace",
        "span",
        "request",
        "bucket",
        "blob",
        "file",
        "s3",
        "query",
    }
    | {"merge", "aggregation", "aggregate", "node", "job", "task", "lease", "leader", "election", "meta"}
)
_NOT_TOKEN_OF = frozenset(
    {"page", "next", "continuation", "continue", "cursor", "sync", "pagination", "resume", "start", "end", "previous"}
    | {"prev", "cancellation", "cancel", "unexpected", "illegal", "expected", "invalid", "bad", "missing", "lexer"}
    | {"no", "per", "pad", "eos", "bos", "mask", "special", "snapshot", "scroll", "fencing", "trace", "request"}
    | {"consistency", "zookie", "watch", "list"}
    | {"amz", "goog"}  # X-Amz-Credential: an account, a day, a region
)
# Added to a name without changing what it names.
_TRIMMINGS = frozenset(
    {"value", "prod", "production", "dev", "staging", "stage", "live", "test", "sandbox", "new", "old", "primary"}
    | {"secondary", "base", "b", "hex", "raw", "plain", "plaintext", "text", "str", "string", "current", "previous"}
    | {"env", "var", "default", "v", "encoded", "data", "main", "backup", "override"}
)
_GLUED_PASSWORD = ("password", "passwd", "passphrase")
_GLUED_TOKEN = ("apikey", "token", "secret", "secretkey", "accesskey", "privatekey", "authkey")
_GLUED_PASS = re.compile(
    r"(?:db|user|usr|my|pg|mysql|smtp|mail|ftp|admin|root|ldap|bind|redis|sudo|login)(?:pass|pw|pwd)"
)
# The id of an AppRole's secret is the secret itself.
_PAIRS = frozenset({("connection", "string"), ("api", "access"), ("shared", "access"), ("secret", "id")})
_LONGEST = 80


@lru_cache(maxsize=4096)
def trust_in(name: str) -> Trust:
    """`name` as it stands in the text: "db.password", "X-Api-Key", "awsSecretAccessKey", "API key"."""
    words = [word.lower() for word in _WORDS.findall(name[-_LONGEST:])]
    while len(words) > 1 and (words[-1] in _TRIMMINGS or words[-1].isdigit()):
        words.pop()
    if not words:
        return Trust.NONE
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _PASSWORD or last.endswith(_GLUED_PASSWORD) or _GLUED_PASS.fullmatch(last):
        return Trust.PASSWORD
    if last == "hash" and before in _PASSWORD:
        return Trust.TOKEN
    if last == "key":
        return _trust_in_key(words[:-1], _SPOKEN_KEY_OF if " " in name else _KEY_OF)
    if last in _TOKEN or last.endswith(_GLUED_TOKEN):
        return Trust.NONE if before in _NOT_TOKEN_OF else Trust.TOKEN
    if (before, last) in _PAIRS:
        return Trust.TOKEN
    return Trust.NONE


def _trust_in_key(words: list[str], telling: frozenset[str]) -> Trust:
    if words and words[-1] in telling:
        return Trust.TOKEN
    if not _NOT_KEY_OF.isdisjoint(words[-2:]):
        return Trust.NONE
    return Trust.KEY
