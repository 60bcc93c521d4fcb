"""Log lines of many kinds of systems whose true templates are known, since they are made from them; seeded."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

SYSTEMS = Path(__file__).with_name("log_systems.yaml")
COMMON = 4  # how often a template occurs that says nothing of it
_SLOT = re.compile(r"\{\{|\}\}|\{([a-z0-9:|]+)\}")
_WORDS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("log_words.yaml").read_text())

Fill = Callable[[random.Random, str], str]


@dataclass(frozen=True, kw_only=True)
class LabelledLog:
    """Lines of one system, each with the name of its true template."""

    system: str
    lines: tuple[str, ...]
    truth: tuple[str, ...]


def made(lines: int, seed: int = 7) -> tuple[LabelledLog, ...]:
    """Of each system so many lines; every template occurs."""
    return tuple(_log(system, templates, lines, seed) for system, templates in systems().items())


def systems() -> dict[str, tuple[tuple[int, str], ...]]:
    """(weight, template) by system."""
    given = yaml.safe_load(SYSTEMS.read_text())
    return {system: tuple(_weighted(item) for item in templates) for system, templates in given.items()}


def filled(template: str, rng: random.Random) -> str:
    return _SLOT.sub(lambda slot: _fill(slot, rng), template)


def _weighted(item: str) -> tuple[int, str]:
    weight, bar, text = item.partition("| ")
    return (int(weight), text) if bar and weight.isdigit() else (COMMON, item)


def _log(system: str, templates: Sequence[tuple[int, str]], lines: int, seed: int) -> LabelledLog:
    rng = random.Random(f"{seed} {system}")
    texts = [text for _, text in templates]
    drawn = [*texts, *rng.choices(texts, [weight for weight, _ in templates], k=lines - len(texts))]
    rng.shuffle(drawn)
    return LabelledLog(system=system, lines=tuple(filled(text, rng) for text in drawn), truth=tuple(drawn))


def _fill(slot: re.Match[str], rng: random.Random) -> str:
    if slot[1] is None:
        return slot[0][0]
    name, _, argument = slot[1].partition(":")
    if "|" in name:
        one = rng.choice(name.split("|"))
        return _FILLS[one](rng, "") if one in _FILLS else one
    return _FILLS[name](rng, argument)


def _ip(rng: random.Random, _: str = "") -> str:
    return f"{rng.choice((10, 172, 192, 203))}.{rng.randint(0, 254)}.{rng.randint(0, 254)}.{rng.randint(1, 254)}"


def _hex(length: int) -> Fill:
    return lambda rng, _: f"{rng.getrandbits(length * 4):0{length}x}"


def _int(rng: random.Random, _: str = "") -> str:
    return str(rng.randint(0, 10 ** rng.randint(1, 6)))


def _uuid(rng: random.Random, _: str = "") -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _path(rng: random.Random, _: str = "") -> str:
    parts = [rng.choice(_WORDS["folder"]) for _ in range(rng.randint(1, 4))]
    return "/" + "/".join([*parts, rng.choice(("current", "subdir", "part-", "job")) + str(rng.randint(0, 63))])


def _host(rng: random.Random, _: str = "") -> str:
    name = rng.choice(
        (
            f"{rng.choice(_WORDS['word'])}-{rng.randint(1, 40)}",
            f"{rng.choice(_WORDS['word'])}.{rng.choice(_WORDS['word'])}",
        )
    )
    return f"{name}.{rng.choice(('dc1', 'east', 'prod'))}.acme.example"


def _list(rng: random.Random, of: str) -> str:
    count = rng.randint(1, 6)
    separator = " " if of in ("ipport", "num") else ", "
    return separator.join(_FILLS[of](rng, "") for _ in range(count))


def _human(rng: random.Random, _: str) -> str:
    return rng.choice(("", f" ({rng.uniform(1, 99):.1f} {rng.choice(('KB', 'MB'))})"))


def _lifetime(rng: random.Random, _: str) -> str:
    return rng.choice(("<1 sec", f"{rng.randint(0, 59):02}:{rng.randint(0, 59):02}", f"01:{rng.randint(10, 59)}:17"))


def _request(method: str) -> Fill:
    return lambda rng, _: f'"{method} {_path(rng)} HTTP/1.1"'


def _duration(rng: random.Random, _: str) -> str:
    return rng.choice((f"{rng.randint(1, 9000)}ms", f"{rng.uniform(0, 40):.2f}s", f"{rng.randint(1, 90)} ms", "1m30s"))


def _stamp(rng: random.Random, _: str) -> str:
    return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{_clock(rng, '')}Z"


def _clock(rng: random.Random, _: str) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}"


def _ctime(rng: random.Random, _: str) -> str:
    day, month = rng.choice(_WORDS["day"]), rng.choice(_WORDS["month"])
    return f"{day} {month} {rng.randint(1, 28):2} {_clock(rng, '')[:8]} 2026"


def _quoted(rng: random.Random, of: str) -> str:
    return (
        f'"{rng.choice(_WORDS["word"])}/{rng.choice(_WORDS["word"])}"'
        if of
        else f"{rng.choice(_WORDS['word'])} {rng.randint(1, 31)}"
    )


def _of(values: Sequence[str]) -> Fill:
    return lambda rng, _: rng.choice(values)


_FILLS: dict[str, Fill] = {
    "ip": _ip,
    "ipport": lambda rng, _: f"{_ip(rng)}:{rng.randint(1024, 65535)}",
    "port": lambda rng, _: str(rng.randint(1024, 65535)),
    "int": _int,
    "num": lambda rng, _: str(rng.randint(1, 165)),
    "neg": lambda rng, _: str(rng.randint(-2000, 2000)),
    "digit": lambda rng, _: str(rng.randint(0, 9)),
    "pad": lambda rng, _: f"{rng.randint(0, 9999):04}",
    "big": lambda rng, _: f"{rng.choice(('', '', '-'))}{rng.getrandbits(62)}",
    "float": lambda rng, _: f"{rng.uniform(0, 999):.{rng.randint(1, 4)}f}",
    "size": lambda rng, _: f"{rng.uniform(1, 999):.1f} {rng.choice(('B', 'KB', 'MB', 'GB'))}",
    "dur": _duration,
    "status": _of(("200", "200", "200", "201", "204", "404", "500")),
    "errstatus": _of(("500", "502", "503", "504", "429")),
    "hex2": _hex(2),
    "hex4": _hex(4),
    "hex8": _hex(8),
    "hex16": _hex(16),
    "hex40": _hex(40),
    "hash9": lambda rng, _: f"{rng.getrandbits(36):09x}",
    "base64": lambda rng, _: "".join(rng.choices("ABCDEFGHabcdefgh0123456789+/", k=43)),
    "uuid": _uuid,
    "mac": lambda rng, _: ":".join(f"{rng.getrandbits(8):02x}" for _ in range(6)),
    "path": _path,
    "host": _host,
    "quotedhost": lambda rng, _: f'"{_host(rng)}"',
    "url": lambda rng, _: f'"http://{_ip(rng)}:{rng.randint(1024, 9999)}{_path(rng)}"',
    "request": lambda rng, _: f'"{rng.choice(("GET", "GET"))} {_path(rng)} HTTP/1.1"',
    "get": _request("GET"),
    "post": _request("POST"),
    "delete": _request("DELETE"),
    "user": _of(_WORDS["user"]),
    "few": _of(("cyrus", "news", "test")),
    "word": _of(_WORDS["word"]),
    "program": _of(_WORDS["program"]),
    "package": _of(_WORDS["package"]),
    "tag": _of(_WORDS["tag"]),
    "letter": _of("abcdef"),
    "ns": _of(_WORDS["namespace"]),
    "pod": lambda rng, _: (
        f"{rng.choice(_WORDS['word'])}-{rng.getrandbits(36):09x}-{''.join(rng.choices('bcdfgh2456789', k=5))}"
    ),
    "node": lambda rng, _: f"ip-10-{rng.randint(0, 250)}-{rng.randint(0, 250)}-{rng.randint(0, 250)}.internal",
    "image": lambda rng, _: (
        f"registry.acme.example/{rng.choice(_WORDS['word'])}:{rng.randint(1, 9)}.{rng.randint(0, 40)}.0"
    ),
    "version": lambda rng, _: f"{rng.randint(1, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}",
    "ord": lambda rng, _: f"ord_{rng.getrandbits(32):08x}",
    "mail": lambda rng, _: f"{rng.choice(_WORDS['user'])}@{rng.choice(_WORDS['word'])}.example",
    "date": _stamp,
    "clock": _clock,
    "ctime": _ctime,
    "list": _list,
    "human": _human,
    "lifetime": _lifetime,
    "quoted": _quoted,
}
