"""Values that stand beside a secret's name without being one: states, placeholders, references, code."""

from __future__ import annotations

import re

from bot.domain.redaction.randomness import has_three_classes, is_drawn
from bot.domain.redaction.span import HIDDEN

_STATE_WORDS = """
    true false null none nil undefined empty unset yes no on off ok okay required optional missing invalid
    valid expired revoked rejected accepted denied failed failure failing success succeeded successful
    incorrect wrong correct changed unchanged reset disabled enabled unknown unauthorized forbidden
    authenticated authentication authorization anonymous absent present default defaults mismatch matched
    match set given provided hidden masked redacted filtered removed omitted secret password passwd token key
    pass string str int integer bool boolean bytes byte text object array list dict char varchar number float
    double any type value uuid bearer basic digest oauth oauth2 jwt ldap saml oidc kerberos scram plain md5
    peer trust ident cert internal external error errors warning warn info debug created updated deleted
    rotated rotation rotating refresh refreshed refreshing stored loading loaded found not for from with the
    this that is are was has have must should cannot could will when where user username login admin-password
    change-me changeme-please example sample dummy todo fixme tbd see note and
"""
_STATES = frozenset(_STATE_WORDS.split())
_PLACEHOLDERS = re.compile(
    r"""[*•.#_\-+=?~\s]+|([xyz0*])\1*       # ****, xxxx, ...
    |<[^<>]*>|\$\{.*|\$\(.*|\{\{.*|\{[\w.:%!\-]*\}?|%[sdvrq]|%\(\w+\)s|%\w+%|\$[A-Za-z_]\w*
    |\[.*|\(.*|!.*|@[\w.\-/]+|&\w+|\*\w+
    |(?:your|my|some|the|an?|insert|enter|replace)(?:[-_ ][A-Za-z]+)+
    |.*(?:redacted|filtered|removed|masked|placeholder|changeme|example).*""",
    re.IGNORECASE | re.VERBOSE,
)
_REFERENCE = re.compile(
    r"(?:https?|vault|op|ref\+\w+|arn|file|env|secret|secretsmanager|ssm|gcp|kms|sm|s3|gs)://?\S*|arn:.*"
)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.\-@+]*(?:/[\w.\-@+]*)*|[A-Za-z]:\\.*|(?:[\w.\-]+/)+[\w.\-]+")
_CODE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+(?:[(\[].*)?|[A-Za-z_]\w*[(\[].*|new\b.*|lambda\b.*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_QUANTITY = re.compile(r"[-+]?\d[\d.,]*\s?[A-Za-z%/]{0,3}")
_PLAIN_WORDS = re.compile(r"[A-Za-z]?[a-z]*(?:[-_./: ][A-Za-z]?[a-z]*)*|[A-Z]+(?:[-_ ][A-Z]+)*")


_LONGEST_WORD = 20  # letters without a break
_LEAST_ALIKE = 8


def is_placeholder(value: str) -> bool:
    """Nothing that anybody keeps secret, whatever its name."""
    return HIDDEN in value or value.lower().strip(".,:;!?") in _STATES or _PLACEHOLDERS.fullmatch(value) is not None


def is_reference(value: str) -> bool:
    """It names where a secret is kept: a path, an address, a variable."""
    if _REFERENCE.fullmatch(value) or _VARIABLE.fullmatch(value):
        return True
    return _PATH.fullmatch(value) is not None and not is_drawn(value.replace("/", ""))


def is_code(value: str) -> bool:
    """Unquoted, it reads as an expression: `config.password`, `os.getenv("X")`."""
    if _CODE.fullmatch(value) is None:
        return False
    return "(" in value or not (has_three_classes(value) or any(map(is_no_word, value.split("."))))


def is_no_word(value: str) -> bool:
    """Letters of one case, too many of them or too alike for a word of any language."""
    if not value.isalpha() or not (value.islower() or value.isupper()):
        return False
    return len(value) >= _LONGEST_WORD or (len(value) >= _LEAST_ALIKE and len(set(value)) <= 2)


def is_quantity(value: str) -> bool:
    return _QUANTITY.fullmatch(value) is not None


def is_plain_words(value: str) -> bool:
    """Words without digits or signs, as in names of things: "checkout-db", "EOF"."""
    return _PLAIN_WORDS.fullmatch(value) is not None
