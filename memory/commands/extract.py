"""Commands of a Markdown page: fenced and indented blocks, sessions with prompts, and short ones within a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.remembered import Command
from memory.commands.programs import words
from memory.commands.risk import QUERIES, REDIS, SHELL, SQL, risk_of
from memory.commands.shell import first_programs, is_known
from memory.commands.sql import is_sql, statements

CODE = frozenset({"ruby", "irb", "python", "py", "javascript", "js", "rails"})
# What is shown, not typed.
DATA = words(
    """
    json yaml yml mermaid plantuml ini hcl terraform math txt text log xml diff toml csv jsonnet cron
    html css md markdown properties conf nginx graphviz dot c go rust java output plain dockerfile
    makefile
    """
)
MOST = 500  # of one page
LONGEST = 8000  # characters of one command; longer is a program that somebody pasted
_PROMPTS = (
    (re.compile(r"^(\s*)(?:\[[^\]\n]{1,80}\]\s*)?(?:[\w.-]+@[\w.-]+[^\s$#%>]{0,80}\s*)?(?:\$>?|%|❯|➜)\s+(?=\S)"), "sh"),
    (re.compile(r"^(\s*)(?:\[[^\]\n]{1,80}\]\s*)?[\w.-]+@[\w.-]+[^\s#>]{0,80}\s?[#>]\s+(?=\S)"), "sh"),
    (re.compile(r"^(\s*)[\w.-]{3,80}:[~/][\w/.~-]*[$#]\s+(?=\S)"), "sh"),
    (re.compile(r"^(\s*)[\w./-]{1,60}[=\-(*'\"][#>]\s+(?=\S)"), "sql"),
    (re.compile(r"^(\s*)(?:mysql|MariaDB[^>\n]{0,40}|sqlite)>\s+(?=\S)"), "sql"),
    (re.compile(r"^(\s*)(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|[\w./-]*redis[\w./-]*):?\S{0,20}>\s+(?=\S)"), REDIS),
    (re.compile(r"^(\s*)(?:irb\(\w+\):\d+:\d+[>*\"']|\[\d+\]\s+pry\(\w+\)>|>>>?)\s+(?=\S)"), "ruby"),
)
_PROGRAM = re.compile(r"^(?:\./|/|~/)?[A-Za-z][\w./+-]*$")
_PLACEHOLDER = re.compile(
    r"<[A-Za-z][\w .:/|-]*>|\$\{?[A-Z][A-Z0-9_]*\}?|\{\{\s*[\w.$ ]+\s*\}\}|\bX{3,}\b|\bYOUR[-_]\w+"
)
_IN_TICKS = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LEADING_PROMPT = re.compile(r"^\s*\$\s+")


@dataclass(frozen=True)
class _Block:
    language: str
    text: str
    line: int  # of its first line within the page, from 1


def commands_in(text: str) -> tuple[Command, ...]:
    """In order; each text stands in the page as it is here, but for the indentation of the block it stands in."""
    found: dict[tuple[int, str], Command] = {}
    for block in _blocks(text):
        for line, said, language in _said(block):
            command = said.rstrip()
            if command.strip() and len(command) <= LONGEST and len(found) < MOST:
                found.setdefault((line, command), _command(command, line, language))
    return tuple(found.values())


def _command(text: str, line: int, language: str) -> Command:
    return Command(
        text=text,
        risk=risk_of(text, language),
        line=line,
        language=language,
        placeholders=tuple(dict.fromkeys(match.group() for match in _PLACEHOLDER.finditer(text))),
    )


def _blocks(text: str) -> Iterator[_Block]:
    from markdown_it import MarkdownIt

    for token in MarkdownIt("commonmark").parse(text):
        first = token.map[0] if token.map else 0
        if token.type == "fence":
            said = token.info.strip().strip("`{}").lower().split()
            yield _Block(said[0].strip(".`") if said else "", token.content, first + 2)
        elif token.type == "code_block":
            yield _Block("", token.content, first + 1)
        elif token.type == "inline" and token.children:
            written = [match.group(2) for match in _IN_TICKS.finditer(token.content)]
            read = [child.content for child in token.children if child.type == "code_inline"]
            for number, content in enumerate(read):
                # A line break within is a space to the reader; not behind a backslash, where the command goes on.
                goes_on = len(written) == len(read) and "\\\n" in written[number]
                yield _Block("inline", written[number] if goes_on else content, first + 1)


def _said(block: _Block) -> Iterator[tuple[int, str, str]]:
    """(line, command, language)"""
    language = block.language
    if language == "inline":
        yield from _inline(block)
    elif language in QUERIES:
        yield block.line, block.text.strip(), language
    elif language not in DATA:
        sessions = [*_sessions(block)]
        if sessions:
            yield from sessions
        elif language in SQL:
            for statement in statements(block.text):
                yield _at(block, statement), statement, "sql"
        elif language in CODE:
            yield block.line, block.text.strip("\n"), "ruby" if language in ("irb", "rails") else language
        elif language in SHELL:
            yield from _plain(block)


def _inline(block: _Block) -> Iterator[tuple[int, str, str]]:
    """A known program with at least one argument, or a statement of SQL."""
    text = _LEADING_PROMPT.sub("", block.text)
    said = text.split()
    if len(said) > 1 and is_known(said[0]) and not said[0][0].isupper():
        yield block.line, text, "sh"
    elif is_sql(text) and len(said) > 2:
        yield block.line, text, "sql"


def _sessions(block: _Block) -> Iterator[tuple[int, str, str]]:
    """Lines behind a prompt, with what continues them; the rest is what the machine answered."""
    lines = block.text.split("\n")
    at = 0
    while at < len(lines):
        prompt = next(((m, lang) for pattern, lang in _PROMPTS if (m := pattern.match(lines[at]))), None)
        if prompt is None:
            at += 1
            continue
        match, language = prompt
        first, said = at, [lines[at][match.end() :]]
        while _goes_on("\n".join(said), language) and at + 1 < len(lines):
            at += 1
            said.append(lines[at])
        yield block.line + first, "\n".join(said), language
        at += 1


def _goes_on(text: str, language: str) -> bool:
    if language == "sh":
        heredoc = re.search(r"<<-?\s*['\"]?(\w+)['\"]?", text)
        open_heredoc = heredoc and not re.search(rf"^\s*{heredoc.group(1)}\s*$", text, re.MULTILINE)
        return text.endswith("\\") or bool(open_heredoc) or (text.count("'") % 2 == 1 and text.count("\n") < 20)
    return False


def _plain(block: _Block) -> Iterator[tuple[int, str, str]]:
    """A block without prompts. Of one that names a shell every statement counts, of others what looks like one."""
    if is_sql(block.text) and not block.language:
        for statement in statements(block.text):
            yield _at(block, statement), statement, "sql"
        return
    for line, statement in _statements(block):
        programs = [*first_programs(statement)]
        if not programs or not programs[0]:
            if block.language and re.match(r"\s*(export\s+)?\w+=", statement):
                yield line, statement, "sh"
            continue
        if _looks_typed(programs[0], statement, named=bool(block.language)):
            yield line, statement, "sh"


def _looks_typed(program: str, statement: str, *, named: bool) -> bool:
    if is_known(program) and not (program[0].isupper() and program.isalpha()):
        return named or len(statement.split()) > 1 or program.islower()
    if named:
        is_prose = program[0].isupper() and not program.isupper()
        return (bool(_PROGRAM.match(program)) and not is_prose) or "$" in program or "PLACEHOLDER" in program
    return bool(_PROGRAM.match(program)) and ("/" in program or bool(re.search(r"\s--?[A-Za-z]", statement)))


def _statements(block: _Block) -> Iterator[tuple[int, str]]:
    """Lines joined while a backslash, a quote, a here-document, a loop or a pipe is open."""
    lines = block.text.split("\n")
    at = 0
    while at < len(lines):
        first, said = at, lines[at]
        while at + 1 < len(lines) and _is_open(said):
            at += 1
            said = f"{said}\n{lines[at]}"
        if said.strip() and said.lstrip()[0] not in "#<>|+-=":
            yield block.line + first, said.strip("\n")
        at += 1


def _is_open(said: str) -> bool:
    if said.count("\n") > 80:
        return False
    bare = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", said)
    if said.endswith("\\") or re.search(r"(\||&&|\|\|)\s*$", bare):
        return True
    quotes = bare.split("#")[0]
    if quotes.count('"') % 2 or (quotes.count("'") % 2 and not re.search(r"\w'\w", quotes)):
        return True
    heredoc = re.search(r"<<-?\s*['\"]?(\w+)['\"]?", said)
    if heredoc and not re.search(rf"^\s*{heredoc.group(1)}\s*$", said, re.MULTILINE):
        return True
    loops = re.findall(r"(?:^|[;\n|&]|\bdo\b|\bthen\b)\s*(for|while|until|if|case|done|fi|esac)\b", bare)
    opened = sum(word in ("for", "while", "until", "if", "case") for word in loops)
    closed = len(re.findall(r"(?:^|[;\n])\s*(?:done|fi|esac)\b", bare))
    return opened > closed


def _at(block: _Block, statement: str) -> int:
    place = block.text.find(statement)
    return block.line + (block.text.count("\n", 0, place) if place >= 0 else 0)
