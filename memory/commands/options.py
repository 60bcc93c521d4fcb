"""Programs that are told by their options or subcommands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.domain.remembered import CommandRisk
from memory.commands.programs import TOOLS, Tool
from memory.commands.sql import sql_risk

READ, UNKNOWN, MUTATING = CommandRisk.READ, CommandRisk.UNKNOWN, CommandRisk.MUTATING

_READING_VERBS = re.compile(
    r"^(describe|list|get|show|head|search|lookup|select|read|tail|print|check)(-|$)|^(ls|info|version|help|wait)$"
)


def judge(name: str, rest: Sequence[str], heredoc: str = "") -> CommandRisk | None:
    """None where nothing is known of the program."""
    if name in _OWN_WAYS:
        return _OWN_WAYS[name](rest, heredoc)
    tool = TOOLS.get(name)
    return _by_tool(tool, rest) if tool else None


def _by_tool(tool: Tool, rest: Sequence[str]) -> CommandRisk:
    options = {word.partition("=")[0] for word in rest if word.startswith("-")} | set(rest)
    if options & tool.changing_options:
        return MUTATING
    if options & tool.reading_options:
        return READ
    words = _subcommands(rest, tool.valued)
    for at, word in enumerate(words[:4]):
        paths = ("/".join(words[at : at + 3]), "/".join(words[at : at + 2]), word)
        if any(path in tool.changes for path in paths[:2]):
            return MUTATING
        if any(path in tool.reads for path in paths) or any(word.startswith(start) for start in tool.read_starts):
            return READ
        if word in tool.changes:
            return MUTATING
    if tool.alone_reads:
        return READ
    return MUTATING if tool.others_change and rest else UNKNOWN


def _subcommands(rest: Sequence[str], valued: frozenset[str]) -> list[str]:
    """Words that are no options and no values of options, in lower case."""
    words, skip = [], False
    for word in rest:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in valued
        else:
            words.append(word.lower())
    return words


def _value_of(rest: Sequence[str], *options: str) -> str | None:
    for at, word in enumerate(rest):
        for option in options:
            if word == option:
                return rest[at + 1] if at + 1 < len(rest) else ""
            if option.startswith("--") and word.startswith(f"{option}="):
                return word.partition("=")[2]
            if not option.startswith("--") and len(word) > 2 and word.startswith(option):
                return word[len(option) :]
    return None


def _curl(rest: Sequence[str], _: str) -> CommandRisk:
    method = (_value_of(rest, "-X", "--request") or "").upper()
    sends = any(re.match(r"^(-d|--data\S*|-F|--form\S*|-T|--upload-file|--json)", word) for word in rest)
    searching = any(
        re.search(r"/_(search|count|msearch|cat|field_caps|mget|explain|validate)\b", word) for word in rest
    )
    if method not in ("", "GET", "HEAD", "OPTIONS"):
        return READ if method == "POST" and searching else MUTATING
    if sends and not ({"-G", "--get"} & set(rest)):
        return READ if searching else MUTATING
    target = _value_of(rest, "-o", "--output")
    writes = (target is not None and target not in ("/dev/null", "-")) or bool({"-O", "--remote-name"} & set(rest))
    return MUTATING if writes else READ


def _wget(rest: Sequence[str], _: str) -> CommandRisk:
    shows = "--spider" in rest or any(re.match(r"^-q?O(-|/dev/null)?$", word) for word in rest)
    target = _value_of(rest, "-O", "-qO")
    return READ if (shows and target in (None, "-", "/dev/null", "")) or "--spider" in rest else MUTATING


def _database(*, command: tuple[str, ...]) -> Callable[[Sequence[str], str], CommandRisk]:
    def judged(rest: Sequence[str], heredoc: str) -> CommandRisk:
        said = _value_of(rest, *command)
        if said:
            return sql_risk(said)
        if "-l" in rest or "--list" in rest or "--version" in rest:
            return READ
        return sql_risk(heredoc) if heredoc else UNKNOWN  # a file, or a session of a person

    return judged


def _sed(rest: Sequence[str], _: str) -> CommandRisk:
    return MUTATING if any(re.match(r"^-[nErs]*i|^--in-place", word) for word in rest) else READ


def _perl(rest: Sequence[str], _: str) -> CommandRisk:
    return MUTATING if any(re.match(r"^-\w*i", word) for word in rest) else UNKNOWN


def _tar(rest: Sequence[str], _: str) -> CommandRisk:
    first = next((word for word in rest), "")
    lists = re.match(r"^-?[a-z]*t[a-z]*$", first) is not None or "--list" in rest
    return READ if lists else MUTATING


def _tee(rest: Sequence[str], _: str) -> CommandRisk:
    files = [word for word in rest if not word.startswith("-")]
    return MUTATING if any(name != "/dev/null" for name in files) else READ


def _aws(rest: Sequence[str], _: str) -> CommandRisk:
    words = _subcommands(rest, frozenset(("--profile", "--region", "--output", "--query", "--endpoint-url")))
    if len(words) < 2:
        return UNKNOWN
    if words[0] == "s3" and words[1] == "cp":
        return READ if words[-1] == "-" else MUTATING
    return READ if _READING_VERBS.match(words[1]) else MUTATING


def _gcloud(rest: Sequence[str], _: str) -> CommandRisk:
    words = _subcommands(rest, frozenset(("--project", "--zone", "--region", "--format", "--filter", "--account")))
    if not words:
        return UNKNOWN
    local = words[:2] in (["config", "set"], ["config", "configurations"], ["auth", "login"], ["auth", "list"])
    shows = any(_READING_VERBS.match(word) for word in words[1:4]) or words[0] in ("info", "version")
    return READ if shows else (UNKNOWN if local else MUTATING)


def _git(rest: Sequence[str], _: str) -> CommandRisk:
    words = _subcommands(rest, TOOLS["git"].valued)
    if words[:1] in (["branch"], ["tag"], ["remote"], ["stash"]):
        lists = len(words) == 1 or words[1] in ("list", "show", "-v")
        deletes = any(re.match(r"^-(d|D|m|M|f|c|C)$|^--(delete|move|force)", word) for word in rest)
        return READ if lists and not deletes else MUTATING
    if words[:1] == ["config"]:
        return READ if {"--get", "--list", "-l", "--get-all"} & set(rest) else MUTATING
    return _by_tool(TOOLS["git"], rest)


def _sysctl(rest: Sequence[str], _: str) -> CommandRisk:
    changes = any("=" in word and not word.startswith("-") for word in rest)
    return MUTATING if changes else _by_tool(TOOLS["sysctl"], rest)


def _mount(rest: Sequence[str], _: str) -> CommandRisk:
    return READ if not rest or rest[0] == "-l" else MUTATING


def _hostname(rest: Sequence[str], _: str) -> CommandRisk:
    return MUTATING if any(not word.startswith("-") for word in rest) else READ


def _trap(rest: Sequence[str], _: str) -> CommandRisk:
    return UNKNOWN if rest else READ


def _helm(rest: Sequence[str], _: str) -> CommandRisk:
    return READ if {"--dry-run", "--dry-run=client", "--dry-run=server"} & set(rest) else _by_tool(TOOLS["helm"], rest)


def _kubectl(rest: Sequence[str], _: str) -> CommandRisk:
    if _subcommands(rest, TOOLS["kubectl"].valued)[:1] == ["auth"] and "can-i" in rest:
        return READ
    return _by_tool(TOOLS["kubectl"], rest)


def _systemd(rest: Sequence[str], _: str) -> CommandRisk:
    """`service nginx status`: the last word tells; with one word or none it lists."""
    words = [word for word in rest if not word.startswith("-")]
    if "--status-all" in rest or (len(words) >= 2 and words[-1] in ("status", "check", "help")):
        return READ
    return MUTATING if len(words) >= 2 else UNKNOWN


_OWN_WAYS: dict[str, Callable[[Sequence[str], str], CommandRisk]] = {
    "curl": _curl,
    "wget": _wget,
    "psql": _database(command=("-c", "--command")),
    "gitlab-psql": _database(command=("-c", "--command")),
    "mysql": _database(command=("-e", "--execute")),
    "mariadb": _database(command=("-e", "--execute")),
    "sqlite3": _database(command=("-cmd",)),
    "clickhouse-client": _database(command=("-q", "--query")),
    "cqlsh": _database(command=("-e", "--execute")),
    "sed": _sed,
    "gsed": _sed,
    "perl": _perl,
    "tar": _tar,
    "tee": _tee,
    "aws": _aws,
    "gcloud": _gcloud,
    "git": _git,
    "sysctl": _sysctl,
    "mount": _mount,
    "hostname": _hostname,
    "trap": _trap,
    "helm": _helm,
    "kubectl": _kubectl,
    "k": _kubectl,
    "service": _systemd,
}
