"""Plans and runs one program of the allow-list."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from integrations.execute.paths import check_path, files_in, is_within
from integrations.execute.settings import ExecuteSettings
from integrations.programs.argument import LONGEST, bad, check_names, check_text, seconds, shown, text, texts
from integrations.programs.launch import Launch, Limits
from integrations.programs.program import Program, digest_of, inspect, locate
from integrations.programs.programs import ProgramRunner
from integrations.programs.result import refuse_other, refuse_without_isolation, result

NAME = "exec"
_MOST = 64  # options, and arguments
_PARAMETERS = ("program", "options", "arguments", "directory")
# Those of the list that end their options at "--" (GNU coding standards, 4.8); others would take it for a file.
_KNOWS_SEPARATOR = frozenset(
    {
        "cat", "chmod", "chown", "cp", "cut", "df", "diff", "du", "file", "grep", "gzip", "head", "ls", "lsof",
        "md5sum", "mkdir", "mv", "realpath", "rm", "rmdir", "sed", "sha256sum", "sort", "stat", "tail", "tar",
        "touch", "truncate", "uniq", "wc", "zcat", "zgrep",
    }
)  # fmt: skip
_UNDO = {
    Risk.READ: Reversibility.NOTHING_TO_UNDO,
    Risk.CHANGE: Reversibility.REVERSIBLE,
    Risk.DESTROY: Reversibility.IRREVERSIBLE,
}


@dataclass(frozen=True, kw_only=True)
class _Command:
    """Checked parameters, and what comes with them."""

    program: Program
    argv: tuple[str, ...]
    risk: Risk
    directory: str
    readable: tuple[str, ...]
    writable: tuple[str, ...]
    operands: Mapping[str, str]
    has_network: bool
    timeout: float


class Execute:
    """The `Action` port.

    Its risk is what the settings say of the program, and the isolation holds it to that: what only reads has no network
    and no folder to write in.
    """

    name = NAME
    risk = Risk.READ

    def __init__(self, settings: ExecuteSettings, programs: ProgramRunner) -> None:
        self._settings = settings
        self._allowed = settings.allowed()
        self._programs = programs

    @property
    def parameters(self) -> Mapping[str, Value]:
        strings: Mapping[str, Value] = {
            "type": "array",
            "maxItems": _MOST,
            "items": {"type": "string", "maxLength": LONGEST},
        }
        return {
            "type": "object",
            "required": ("program",),
            "additionalProperties": False,
            "properties": {
                "program": {"enum": tuple(self._allowed)},
                "options": {
                    **strings,
                    "description": "Each begins with -; a value belongs behind = or in a part of its own",
                },
                "arguments": {**strings, "description": "None begins with -"},
                "directory": {"type": "string", "description": "Where it runs: in EXEC_READABLE or EXEC_WRITABLE"},
            },
        }

    async def plan(self, call: ActionCall) -> Plan:
        command = await asyncio.to_thread(self._command, call)
        isolation = await self._programs.isolation()
        refuse_without_isolation(isolation, command.risk)
        program = command.program
        digests = {program.interpreter: program.interpreter_digest} if program.interpreter else {}
        return Plan(
            call=call,
            risk=command.risk,
            reversibility=_UNDO[command.risk],
            radius=_radius(command),
            target="the machine that the bot runs on",
            lines=_lines(command),
            argv=command.argv,
            binary=program.real,
            binary_digest=program.digest,
            operand_digests={**digests, **command.operands},
            directory=command.directory,
            environment_names=(*sorted(self._settings.variables()), "HOME"),
            isolation=isolation,
        )

    async def preview(self, plan: Plan) -> str:
        return ""

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        refuse_other(plan, await self.plan(plan.call))
        command = await asyncio.to_thread(self._command, plan.call)
        if (command.program.real, command.program.digest) != (plan.binary, plan.binary_digest):
            raise ActionRefused(Refusal.NOT_ALLOWED, f"{plan.binary} has changed since it was planned: ask again.")
        outcome = await self._programs.run(self._launch(command), plan.isolation)
        return result(outcome, plan.risk, os.path.basename(command.argv[0]))

    def _command(self, call: ActionCall) -> _Command:
        check_names(call.parameters, _PARAMETERS)
        name = text(call.parameters, "program")
        if name not in self._allowed:
            detail = f"program: {shown(name)} is not in EXEC_PROGRAMS."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="program")
        risk = self._allowed[name]
        options, arguments = _options(call.parameters), _arguments(call.parameters)
        directory = self._directory(text(call.parameters, "directory", ""))
        places = (*self._settings.readable, *self._settings.writable)
        for kind, parts in (("options", options), ("arguments", arguments)):
            for place, part in enumerate(parts):
                check_path(part, f"{kind}[{place}]", directory, places)
        program = inspect(locate(name))
        separator = ("--",) if arguments and os.path.basename(name) in _KNOWS_SEPARATOR else ()
        may_write = risk is not Risk.READ
        return _Command(
            program=program,
            argv=(program.path, *options, *separator, *arguments),
            risk=risk,
            directory=directory,
            readable=_real((*self._settings.readable, *(() if may_write else self._settings.writable)), program),
            writable=_real(self._settings.writable) if may_write else (),
            operands=self._operands((*options, *arguments), directory) if may_write else {},
            has_network=name in self._settings.with_network,
            timeout=seconds(call.timeout, self._settings.longest),
        )

    def _directory(self, directory: str) -> str:
        if not directory:
            return ""
        if not directory.startswith("/") or ".." in directory.split("/"):
            raise bad("directory", "an absolute path without .. is needed.")
        real = os.path.realpath(directory)
        if not is_within(real, (*self._settings.readable, *self._settings.writable)) or not os.path.isdir(real):
            raise bad("directory", f"{directory} is no folder of EXEC_READABLE or EXEC_WRITABLE.")
        return real

    def _operands(self, parts: tuple[str, ...], directory: str) -> Mapping[str, str]:
        """Of files it reads. Those that it may write are what it works on, and change while nobody looks."""
        files = {path for part in parts for path in files_in(part, directory)}
        return {path: digest_of(path) for path in sorted(files) if not is_within(path, self._settings.writable)}

    def _launch(self, command: _Command) -> Launch:
        return Launch(
            argv=command.argv,
            environment=self._settings.variables(),
            readable=command.readable,
            writable=command.writable,
            directory=command.directory,
            has_network=command.has_network,
            limits=Limits(seconds=command.timeout, cpu_seconds=int(command.timeout) + 1),
        )


def _options(parameters: Mapping[str, Value]) -> tuple[str, ...]:
    """Parts of the command line. An option's value that is a part of its own may not begin with - itself."""
    entries = parameters.get("options", ())
    if not isinstance(entries, list | tuple) or len(entries) > _MOST:
        raise bad("options", f"a list of at most {_MOST} texts is needed.")
    parts: list[str] = []
    for place, entry in enumerate(entries):
        name = f"options[{place}]"
        option, *values = entry if isinstance(entry, list | tuple) and len(entry) == 2 else (entry,)
        if not check_text(option, name).startswith("-") or option in ("-", "--"):
            raise bad(name, f"{shown(option)} is no option: it has to begin with - and have a name.")
        parts += [str(option), *(_no_option(check_text(value, name), name) for value in values)]
    return tuple(parts)


def _arguments(parameters: Mapping[str, Value]) -> tuple[str, ...]:
    arguments = texts(parameters, "arguments", _MOST)
    return tuple(_no_option(argument, f"arguments[{place}]") for place, argument in enumerate(arguments))


def _no_option(argument: str, name: str) -> str:
    if argument.startswith("-"):
        raise bad(name, f"{shown(argument)} would be taken for an option: it may not begin with -.")
    return argument


def _real(paths: tuple[str, ...], program: Program | None = None) -> tuple[str, ...]:
    """Those that are there; a script's interpreter too where it is not one of the system's."""
    found = [os.path.realpath(path) for path in paths if os.path.exists(path)]
    if program is not None and program.interpreter and not program.interpreter.startswith("/usr/"):
        found.append(program.interpreter)
    return tuple(dict.fromkeys(found))


def _radius(command: _Command) -> BlastRadius:
    if command.writable:
        return BlastRadius(count=len(command.writable), unit="folders")
    return BlastRadius(count=1 if command.has_network else 0, unit="machines")


def _lines(command: _Command) -> tuple[str, ...]:
    lines = [shlex.join(command.argv)]
    if command.writable:
        lines.append(f"may write in {', '.join(command.writable)}")
    if command.has_network:
        lines.append("may use the network")
    return tuple(lines)
