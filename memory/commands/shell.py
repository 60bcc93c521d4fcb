"""Shell commands: parsed by a grammar, judged by their worst part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from bot.domain.remembered import CommandRisk
from memory.commands.options import judge
from memory.commands.programs import CHANGING, READING, REMOTE, SHELLS, TOOLS, WRAPPERS
from memory.commands.sql import sql_risk

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

READ, UNKNOWN, MUTATING = CommandRisk.READ, CommandRisk.UNKNOWN, CommandRisk.MUTATING
_ORDER = (READ, UNKNOWN, MUTATING)
DEEPEST = 6  # commands within commands: deeper is no page's habit, and unknown
_NO_FILE = re.compile(r"^(/dev/(null|stderr|stdout|tty)|&\d|\d|-)$")
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w .:/|-]*>")
_DYNAMIC = "\x00"  # a word that only the shell knows


def shell_risk(text: str, depth: int = 0) -> CommandRisk:
    """Of everything that `text` would run, also within substitutions, `ssh host '...'`, `bash -c '...'` and loops."""
    if depth > DEEPEST:
        return UNKNOWN
    # "<pod>" would be read as a redirection from a file.
    source = _PLACEHOLDER.sub("PLACEHOLDER", text)
    root = _parser().parse(source.encode()).root_node
    found = list(_risks(root, depth))
    if root.has_error:
        found.append(UNKNOWN)
    return worst(found) if found else UNKNOWN


def worst(risks: Sequence[CommandRisk]) -> CommandRisk:
    return max(risks, key=_ORDER.index)


def first_programs(text: str) -> Iterator[str]:
    """The names of the programs at the top of each statement, wrappers such as sudo included."""
    root = _parser().parse(_PLACEHOLDER.sub("PLACEHOLDER", text).encode()).root_node
    for node in _commands(root):
        words = _words(node)
        if words:
            yield words[0]


def is_known(program: str) -> bool:
    name = program.rpartition("/")[2]
    known = name in READING or name in CHANGING or name in TOOLS or name in WRAPPERS
    return known or name in REMOTE or name in SHELLS or judge(name, ()) is not None


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _commands(node: Node) -> Iterator[Node]:
    if node.type == "command":
        yield node
    for child in node.children:
        yield from _commands(child)


def _risks(node: Node, depth: int) -> Iterator[CommandRisk]:
    if node.type == "command":
        yield _command(node, depth)
    elif node.type == "file_redirect":
        yield _redirect(node)
    elif node.type in ("variable_assignment", "declaration_command", "test_command", "unset_command"):
        yield READ
    for child in node.children:
        yield from _risks(child, depth)


def _redirect(node: Node) -> CommandRisk:
    text = _text(node)
    if not re.search(r">", text) or text.lstrip("0123456789").startswith("<"):
        return READ
    target = node.child_by_field_name("destination")
    return READ if target is not None and _NO_FILE.match(_text(target)) else MUTATING


def _command(node: Node, depth: int) -> CommandRisk:
    words = _words(node)
    heredoc = _heredoc(node)
    return of_words(words, depth, heredoc) if words else READ


def _words(node: Node) -> list[str]:
    """As the shell would hand them over where that is known."""
    parts = [child for child in node.children if child.type not in ("variable_assignment", "file_redirect")]
    found = []
    for part in parts:
        if part.type in ("heredoc_redirect", "herestring_redirect"):
            continue
        found.append(_value(part))
    return found


def _value(node: Node) -> str:
    if node.type == "command_name":
        return _value(node.children[0]) if node.children else _text(node)
    if node.type == "raw_string":
        return _text(node)[1:-1]
    if node.type == "string":
        return _text(node)[1:-1].replace('\\"', '"')
    if node.type in ("simple_expansion", "expansion", "command_substitution"):
        return _DYNAMIC
    if node.type == "concatenation":
        return "".join(_value(child) for child in node.children)
    return _text(node)


def _heredoc(node: Node) -> str:
    parent = node.parent
    while parent is not None and parent.type in ("redirected_statement", "pipeline"):
        for child in parent.children:
            for inner in (child, *child.children):
                if inner.type == "heredoc_body":
                    return _text(inner)
        parent = parent.parent
    return ""


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def of_words(words: Sequence[str], depth: int, heredoc: str = "") -> CommandRisk:
    """`words`: the program and its arguments."""
    if depth > DEEPEST or not words:
        return UNKNOWN
    name, rest = words[0].rpartition("/")[2], list(words[1:])
    if _DYNAMIC in words[0] or not name:
        return UNKNOWN
    if name in SHELLS:
        return _shell(rest, depth, heredoc)
    if name == "eval":
        return shell_risk(" ".join(rest), depth + 1)
    if name in ("su", "runuser"):
        return _after(rest, ("-c", "--command"), depth)
    if name in WRAPPERS:
        return _wrapped(name, rest, depth)
    if name in REMOTE:
        return _remote(rest, REMOTE[name], depth)
    nested = _nested(name, rest, depth)
    if nested is not None:
        return nested
    judged = judge(name, rest, heredoc)
    if judged is not None:
        return judged
    if name in READING:
        return READ
    return MUTATING if name in CHANGING else UNKNOWN


def _shell(rest: Sequence[str], depth: int, heredoc: str) -> CommandRisk:
    for at, word in enumerate(rest):
        if re.fullmatch(r"-[a-z]*c", word) and at + 1 < len(rest):
            return UNKNOWN if _DYNAMIC in rest[at + 1] else shell_risk(rest[at + 1], depth + 1)
    return shell_risk(heredoc, depth + 1) if heredoc else UNKNOWN  # a script, or whatever comes through a pipe


def _after(rest: Sequence[str], options: tuple[str, ...], depth: int) -> CommandRisk:
    for at, word in enumerate(rest[:-1]):
        if word in options:
            return shell_risk(rest[at + 1], depth + 1)
    return UNKNOWN


def _wrapped(name: str, rest: Sequence[str], depth: int) -> CommandRisk:
    own, valued = WRAPPERS[name]
    inner = skip_options(rest, valued)
    while inner and name in ("env", "sudo") and re.match(r"^\w+=", inner[0]):
        inner = inner[1:]
    inner = inner[own:]
    if not inner:
        # `sudo -i`, `xargs` alone and the like: a shell of a person, or an echo.
        return READ if name in ("env", "xargs", "time", "command", "strace", "nohup") else UNKNOWN
    if name in ("watch", "flock") and len(inner) == 1:
        return shell_risk(inner[0], depth + 1)
    if name == "command" and rest and rest[0] in ("-v", "-V"):
        return READ
    return of_words(inner, depth + 1)


def _remote(rest: Sequence[str], valued: frozenset[str], depth: int) -> CommandRisk:
    inner = skip_options(rest, valued)[1:]
    inner = skip_options(inner, valued)
    if not inner:
        return READ  # a login: what is done there is another command
    if any(_DYNAMIC in word for word in inner[:1]):
        return UNKNOWN
    return shell_risk(" ".join(inner), depth + 1)


def _nested(name: str, rest: Sequence[str], depth: int) -> CommandRisk | None:
    """Tools of which one subcommand runs a command elsewhere; None for everything else."""
    line = list(rest)
    if name in ("kubectl", "k", "oc") and "exec" in line:
        inner = line[line.index("--") + 1 :] if "--" in line else _after_target(line, "exec", 1)
        return of_words(inner, depth + 1) if inner else UNKNOWN
    if name in ("docker", "podman", "nerdctl", "crictl") and "exec" in line[:3]:
        inner = _after_target(line, "exec", 1)
        return of_words(inner, depth + 1) if inner else UNKNOWN
    if name == "gcloud" and "ssh" in line:
        for at, word in enumerate(line):
            if word in ("--command", "--") and at + 1 < len(line):
                return shell_risk(" ".join(line[at + 1 :]) if word == "--" else line[at + 1], depth + 1)
            if word.startswith("--command="):
                return shell_risk(word.partition("=")[2], depth + 1)
        return READ
    if name == "tsh" and line[:1] == ["ssh"]:
        return _remote(line[1:], frozenset(("-l", "-p", "--proxy", "--cluster")), depth)
    if name == "knife" and "ssh" in line:
        words = skip_options(line[line.index("ssh") + 1 :], frozenset())
        return shell_risk(words[1], depth + 1) if len(words) > 1 and _DYNAMIC not in words[1] else UNKNOWN
    if name == "be" or (name == "bundle" and line[:1] == ["exec"]):
        return of_words(line if name == "be" else line[1:], depth + 1)
    if name == "find":
        return _find(line, depth)
    return None


def _after_target(line: Sequence[str], verb: str, targets: int) -> list[str]:
    valued = frozenset(("-n", "--namespace", "-c", "--container", "-u", "--user", "-w", "--workdir", "-e", "--env"))
    return list(skip_options(line[list(line).index(verb) + 1 :], valued))[targets:]


def _find(line: Sequence[str], depth: int) -> CommandRisk:
    found = [MUTATING] if "-delete" in line else [READ]
    for at, word in enumerate(line):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            inner = line[at + 1 :]
            ends = next((n for n, w in enumerate(inner) if w in (";", "\\;", "+")), len(inner))
            found.append(of_words(inner[:ends], depth + 1))
        if word in ("-fprint", "-fls", "-fprintf"):
            found.append(MUTATING)
    return worst(found)


def skip_options(words: Sequence[str], valued: frozenset[str]) -> list[str]:
    """What is left after the leading options; `valued` take the next word."""
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        option = left.pop(0)
        if option == "--":
            break
        if option in valued and left:
            left.pop(0)
    return left


__all__ = ["first_programs", "is_known", "of_words", "shell_risk", "sql_risk", "worst"]
