"""What varies from one line to the next, by its look alone: numbers, ids, addresses, times, sizes, quoted data."""

from __future__ import annotations

import re

from bot.domain.plaintext import plain

WILDCARD = "<*>"
CODE = "<#>"  # stands for a status or error code, which says what went wrong: put back before anybody reads it
LINE_LIMIT = 300  # characters of a line that are looked at and shown
_SHAPES_KEPT = 20_000  # about 10 MB of them

# Digits and ids in one form, so that lines that differ in them alone are masked once: "0" for one or two digits,
# "000" for more. Up to two digits at the end of a word stay ("ssh2", "eth1"): they name a kind.
_HEX_RUN = re.compile(r"[0-9a-fA-F:-]{8,}")  # found fast, looked at closely where there is one
_HEX = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # uuid
    r"|(?:[0-9a-fA-F]{1,4}:){4,15}[0-9a-fA-F]{1,4}(?![:-])"  # hardware address, IPv6 written out
    r"|(?<![A-Za-z0-9])[0-9a-fA-F]{8,}(?![A-Za-z0-9])"
)
_LONG = re.compile(r"\d{3,}", re.ASCII)
_SHORT = re.compile(r"(?<![A-Za-z\d])\d\d?(?!\d)", re.ASCII)
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_CLOCK = r"\d+:\d+(?::\d+)?(?:[.,]\d+)?"
_UNIT = r"(?:ns|us|µs|ms|s|sec|secs|seconds?|m|min|minutes?|h|hours?|[kKMGT]i?B|B)"  # of time and size
_SOURCE_FILE = r"(?:java|kt|scala|py|go|rs|c|cc|cpp|h|js|ts|rb|php|cs)"
# Each with what a line's shape must hold for it to be worth trying.
_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        ("@", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # mail address
        ("://", r"\b[a-zA-Z][a-zA-Z+.-]*://[^\s,;\"'<>)\]}]+"),  # address of a page or file
        (
            ":0",
            rf"\b(?:{_DAY},? +)?(?:{_MONTH} +\d+|\d+[ /-]{_MONTH})\b(?:,?[ /-]+\d+(?![\d:]))?"
            rf"(?:[ :]{_CLOCK})?(?: (?:[A-Z]{{3,4}}|[+-]\d+))?(?: \d+)?",
        ),
        ("0", rf"\b\d+[-/]\d+[-/]\d+(?:[T ,]+{_CLOCK}(?: ?(?:Z\b|UTC|[+-]\d+(?::?\d+)?))?)?"),
        (":0", rf"(?<![\w.])(?![\w.-]*\.{_SOURCE_FILE}:)[a-zA-Z][\w-]*(?:\.[\w-]+)+:\d+\b"),  # host and port
        (".0", r"(?<![\w.])\d+\.\d+\.\d+\.\d+(?::\d+)?(?:/\d+)?(?![\w])"),  # IPv4
        ("::", r"(?i)(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}(?![\w:])"),  # IPv6
        (":", r"\b(?:SHA\d+|MD5):[\w+/=:]+"),  # fingerprint of a key
        ("x", r"\b0x[0-9a-fA-F]+\b"),
        ("X", r"\b0X[0-9a-fA-F]+\b"),
        (".0", r"(?<![\w.])v?\d+\.\d+\.\d+(?:[-+][\w.]+)?(?![\w.])"),  # version
        ("", r"(?i)\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b"),  # hex: digits and letters, six or more
        ("0", rf"(?<![\w.])[<>~+-]?\d+(?:[.,]\d+)*\s?{_UNIT}\b"),
        ("0", r"(?<=[_#/=:.])[-+]?[a-zA-Z]{0,2}\d+(?:\.\d+)?(?=[-_#/=:.,;)\]}|\s]|$)"),  # numbered: ORD_77, /v2/
        ("-", r"(?<=-)[a-zA-Z]{0,2}\d+(?=[-_#/=:.,;)\]}|\s]|$)"),  # checkout-3
        ("0", r"(?<![^\W_])(?=[a-zA-Z]*\d)(?=[a-zA-Z\d]*[a-zA-Z])(?=(?:[a-zA-Z]*\d){3})[a-zA-Z\d]{5,}"),  # ids
        ("0", r"(?<![\w])[+-]?\d+(?:[.,:]\d+)*(?![\w])"),  # number
        ("0", r"\d{3,}|(?<![A-Za-z\d<#*])\d+"),  # what is left of numbers
    )
)
_STATUS = re.compile(
    r"\b((?:status(?:[ _-]?code)?|code|returned|answered|responded|replied|HTTP(?:/\d(?:\.\d)?)?)(?: with)?\"?[ =:]+)"
    r"([1-5]\d\d)\b",
    re.I,
)
_ERROR_CODE = re.compile(
    r"\b((?:ORA|TNS|SQLSTATE|errno|exit (?:code|status)|signal)(?:[-: =(\[]|\s){1,2})(\d{1,5}|[0-9A-Z]{5})\b"
)
_JSON_COMMA = re.compile(r'(?<=[\]\d"}el]),(?=")')
_LIST = re.compile(r"\[[\w.:/-]+(?:, ?[\w.:/-]+)+\]")
_SIZE_TWICE = re.compile(r"(?<= bytes) \(\d+(?:[.,]\d+)* ?[kKMGT]?i?B\)")  # "18846 bytes (18.4 KB)"
_PERSON = re.compile(r"\b((?:for|[Ii]nvalid|by) user )[^\s,;\"'\])]+")
_REQUEST = re.compile(r"([\"'])(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s[^\"']*\1")
_QUOTE = re.compile("[\"'`]")
_QUOTED = re.compile(r"""([=:] ?|(?<!\w))("[^"]*"|'[^']*'|`[^`]*`)(?!\w)""")
_IS_DATA = re.compile(r"[\d\s<]")
_INNER_BLANK = "\u00a0"  # within quoted words that are kept, so that they stay one word
_BLANK = re.compile(r"[ \t\r\n\f\v]+")
_BLANKS = re.compile(r"\s+")
_JOINED = re.compile(rf"{re.escape(WILDCARD)}(?:(?:[-_:/.,#|+]+(?:[a-zA-Z]{{1,2}}[-_])?){re.escape(WILDCARD)})+")
_REPEATED = re.compile(rf"{re.escape(WILDCARD)}(?:[\s,]*{re.escape(WILDCARD)})+")


def shape(text: str) -> str:
    """The line with its digits and ids in one form."""
    return _SHORT.sub("0", _LONG.sub("000", _HEX_RUN.sub(_hex_run, text)))


def _hex_run(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if (start and text[start - 1].isalnum() and text[start - 1] != "x") or text[end : end + 1].isalnum():
        return match.group()  # a part of a word
    return _HEX.sub("000", match.group())


def mask(line: str) -> str:
    """Of a line's shape: what varies as <*>."""
    text = _JSON_COMMA.sub(", ", line) if line.startswith("{") else line
    text = _QUOTED.sub(_quoted, _LIST.sub(f"[{WILDCARD}]", _SIZE_TWICE.sub("", text)))
    text = _PERSON.sub(rf"\1{WILDCARD}", text) if " user " in text else text
    for sign, pattern in _MASKS:
        if sign in text:
            text = pattern.sub(WILDCARD, text)
    return _REPEATED.sub(WILDCARD, _JOINED.sub(WILDCARD, text))


def _quoted(match: re.Match[str]) -> str:
    """Quoted data becomes <*>. A named text ("err="...) is told, a request keeps its method, a code its place."""
    before, text = match.groups()
    if request := _REQUEST.fullmatch(text):
        return f"{before}{text[0]}{request[2]}{_INNER_BLANK}{WILDCARD}{text[0]}"
    if before:
        return before + text.replace(" ", _INNER_BLANK)
    return WILDCARD if _IS_DATA.search(text) and CODE not in text else text


class Masks:
    """Masks lines, the same shape once. Bounded: it forgets all it knows when it knows too much."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def words(self, text: str) -> tuple[str, ...]:
        """The words of a line, what varies as <*>."""
        key = shape(text)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _SHAPES_KEPT:
                self._known.clear()
            found = self._known[key] = _words(mask(key))
        return found


def _words(masked: str) -> tuple[str, ...]:
    return tuple(word for word in _BLANK.split(masked) if word)


def told(parts: tuple[str, ...]) -> str:
    """Words as people read them."""
    return _BLANKS.sub(" ", " ".join(parts))


def without_codes(line: str) -> tuple[str, tuple[str, ...]]:
    """The line with <#> in the place of its status and error codes, and these in their order."""
    codes: list[str] = []

    def take(match: re.Match[str]) -> str:
        codes.append(match[2])
        return match[1] + CODE

    told = _ERROR_CODE.sub(take, line)
    if codes:  # two kinds in one line are rare: their order must be the line's
        return told, tuple(codes)
    return _STATUS.sub(take, line), tuple(codes)


def with_codes(template: str, codes: tuple[str, ...]) -> str:
    for code in codes:
        template = template.replace(CODE, code, 1)
    return template.replace(CODE, WILDCARD)


def template(text: str) -> str:
    """The line with what varies from one occurrence to the next as <*>, as far as one line tells."""
    line, codes = without_codes(main_line(text))
    return with_codes(told(_words(mask(shape(line)))), codes)


def main_line(text: str) -> str:
    """The line that tells what happened: the last one of a Python traceback, else the first; cut to `LINE_LIMIT`."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    told = lines[-1] if any(line.startswith("Traceback (most recent") for line in lines[:2]) else lines[0]
    return plain(told, LINE_LIMIT)
