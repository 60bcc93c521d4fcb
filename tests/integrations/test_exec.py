from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.action import (
    Action,
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Isolation,
    Refusal,
    Reversibility,
    Risk,
    Value,
    canonical,
)
from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.execute import INTEGRATION, actions
from integrations.execute.settings import ExecuteSettings
from integrations.programs.programs import Programs
from tests.integrations.programs.machine import open_folder, processes_with, programs
from tests.scene import until

BUBBLEWRAP = programs(Isolation.BUBBLEWRAP)


@pytest.fixture
def logs() -> Iterator[Path]:
    """A folder that programs may read, beside others."""
    with open_folder() as folder:
        yield _filled(folder)


def _filled(folder: Path) -> Path:
    for name in ("logs", "spool", "private"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    (folder / "logs" / "app.log").write_text("one\ntwo\n")
    (folder / "private" / "secrets").write_text("s" * 32)
    (folder / "logs" / "out").symlink_to(folder / "private" / "secrets")
    (folder / "spool" / "queue").write_text("x" * 100)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o666)
    return folder / "logs"


def settings(
    logs: Path, programs: str = "cat, echo, ls, touch=change, truncate=destroy, cp=destroy", **more: str
) -> ExecuteSettings:
    environ = {"EXEC_PROGRAMS": programs, "EXEC_READABLE": str(logs), "EXEC_WRITABLE": str(logs.parent / "spool")}
    return read(ExecuteSettings, {**environ, **more})


def made(logs: Path, runner: Programs = BUBBLEWRAP, **more: str) -> Action:
    (action,) = actions(settings(logs, **more), runner)
    return action


def call(program: Value, *arguments: Value, timeout: float = 20.0, **more: Value) -> ActionCall:
    parameters: Mapping[str, Value] = {"program": program, "arguments": arguments, **more}
    return ActionCall(action="exec", parameters=parameters, environment="production", timeout=timeout)


async def done(action: Action, asked: ActionCall) -> ActionResult:
    return await action.run(await action.plan(asked), key="run-1/step-1")


def test_without_allowed_programs_there_is_no_such_action() -> None:
    assert actions(read(ExecuteSettings, {}), BUBBLEWRAP) == ()
    assert INTEGRATION.name == "exec"


async def test_a_plan_says_exactly_what_would_be_run(logs: Path) -> None:
    plan = await made(logs).plan(call("cat", f"{logs}/app.log", options=("-n",)))
    assert plan.argv == ("/usr/bin/cat", "-n", "--", f"{logs}/app.log")
    assert plan.lines == (f"/usr/bin/cat -n -- {logs}/app.log",)
    assert (plan.risk, plan.reversibility, plan.radius.count) == (Risk.READ, Reversibility.NOTHING_TO_UNDO, 0)
    assert len(plan.binary_digest) == 64
    assert plan.environment_names == ("LANG", "PATH", "HOME")
    assert plan.isolation is Isolation.BUBBLEWRAP
    assert plan.digest == (await made(logs).plan(plan.call)).digest


async def test_it_runs_what_was_planned(logs: Path) -> None:
    told = await done(made(logs), call("cat", f"{logs}/app.log"))
    assert (told.ending, told.output, told.values["code"]) == (Ending.SUCCEEDED, "one\ntwo", 0)
    assert "cat ended well" in told.summary


async def test_a_program_that_fails_is_told_with_what_it_said(logs: Path) -> None:
    told = await done(made(logs), call("cat", f"{logs}/none"))
    assert (told.ending, told.values["code"]) == (Ending.FAILED, 1)
    assert "No such file" in told.output


async def test_what_only_reads_writes_nowhere(logs: Path) -> None:
    told = await done(made(logs, programs="touch"), call("touch", f"{logs.parent}/spool/planted"))
    assert told.ending is Ending.FAILED
    assert not (logs.parent / "spool" / "planted").exists()


async def test_what_changes_things_does_so_where_it_may(logs: Path) -> None:
    action, queue = made(logs), logs.parent / "spool" / "queue"
    plan = await action.plan(call("truncate", str(queue), options=("--size=0",)))
    assert (plan.risk, plan.reversibility) == (Risk.DESTROY, Reversibility.IRREVERSIBLE)
    assert plan.radius == BlastRadius(count=1, unit="folders")
    assert plan.lines[1] == f"may write in {queue.parent}"
    assert (await action.run(plan, key="k")).ending is Ending.SUCCEEDED
    assert queue.read_bytes() == b""


async def test_a_file_that_a_change_reads_may_not_change_in_between(logs: Path) -> None:
    action, spool = made(logs), logs.parent / "spool"
    plan = await action.plan(call("cp", f"{logs}/app.log", f"{spool}/copy"))
    assert list(plan.operand_digests) == [f"{logs}/app.log"]
    (logs / "app.log").write_text("something else\n")
    with pytest.raises(ActionRefused, match="operand digests changed"):
        await action.run(plan, key="k")
    assert not (spool / "copy").exists()


async def test_a_program_that_changes_in_between_is_not_run(logs: Path) -> None:
    script = logs.parent / "flush"
    script.write_text("#!/bin/sh\necho flushed\n")
    script.chmod(0o755)
    action = made(logs, programs=f"{script}=change")
    plan = await action.plan(call(str(script)))
    assert (await action.run(plan, key="k")).output == "flushed"
    assert len(plan.operand_digests) == 1, "its interpreter"
    script.write_text("#!/bin/sh\necho other\n")
    with pytest.raises(ActionRefused, match="binary digest changed"):
        await action.run(plan, key="k")


async def test_a_plan_with_anything_else_in_it_is_not_run(logs: Path) -> None:
    action = made(logs)
    plan = await action.plan(call("echo", "hello"))
    for other in (
        replace(plan, argv=("/usr/bin/echo", "goodbye")),
        replace(plan, isolation=Isolation.NONE),
        replace(plan, directory="/"),
        replace(plan, binary="/usr/bin/true"),
        replace(plan, call=call("echo", "goodbye")),
    ):
        with pytest.raises(ActionRefused, match="not what was planned"):
            await action.run(other, key="k")


async def test_a_runbook_may_raise_the_risk_and_not_lower_it(logs: Path) -> None:
    action = made(logs)
    plan = await action.plan(call("echo", "hello"))
    assert (await action.run(replace(plan, risk=Risk.DESTROY), key="k")).ending is Ending.SUCCEEDED
    change = await action.plan(call("touch", f"{logs.parent}/spool/new"))
    with pytest.raises(ActionRefused, match="risk changed"):
        await action.run(replace(change, risk=Risk.READ), key="k")


@pytest.mark.parametrize("level", [Isolation.LANDLOCK, Isolation.NONE], ids=lambda level: level.value)
async def test_below_bubblewrap_the_plan_says_so(logs: Path, level: Isolation) -> None:
    runner = programs(level)
    if await runner.isolation() is not level:
        pytest.skip("Landlock needs Linux 6.12")
    plan = await made(logs, runner).plan(call("cat", f"{logs}/app.log"))
    assert plan.isolation is level
    assert (await made(logs, runner).run(plan, key="k")).output == "one\ntwo"


async def test_without_isolation_nothing_above_reading_is_planned(logs: Path) -> None:
    with pytest.raises(ActionRefused, match="bubblewrap") as refused:
        await made(logs, programs(Isolation.NONE)).plan(call("touch", f"{logs.parent}/spool/new"))
    assert refused.value.reason is Refusal.NO_ISOLATION


async def test_a_plan_of_one_level_is_not_run_at_another(logs: Path) -> None:
    plan = await made(logs).plan(call("echo", "hello"))
    with pytest.raises(ActionRefused, match="isolation changed"):
        await made(logs, programs(Isolation.NONE)).run(plan, key="k")


@pytest.mark.parametrize(("risk", "ending"), [("read", Ending.TIMED_OUT), ("change", Ending.UNKNOWN)])
async def test_a_change_that_takes_too_long_may_have_happened(logs: Path, risk: str, ending: Ending) -> None:
    told = await done(made(logs, programs=f"sleep={risk}"), call("sleep", "60", timeout=0.3))
    assert told.ending is ending
    assert "took too long" in told.summary


def program(process: int) -> bytes:
    """What it runs; empty where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().partition(b"\0")[0]
    except OSError:
        return b""


@pytest.mark.parametrize(("risk", "ending"), [("read", Ending.FAILED), ("change", Ending.UNKNOWN)])
async def test_cancelled_it_still_tells_how_it_ended(logs: Path, risk: str, ending: Ending) -> None:
    action = made(logs, programs=f"sleep={risk}")
    seconds = f"60.{uuid.uuid4().int % 10**9}"
    plan = await action.plan(call("sleep", seconds))
    task = asyncio.create_task(action.run(plan, key="k"))
    await until(lambda: any(b"sleep" in program(process) for process in processes_with(seconds)))
    task.cancel()
    told = await task
    assert told.ending is ending
    assert "was stopped" in told.summary


async def test_it_runs_in_a_folder_that_was_named(logs: Path) -> None:
    told = await done(made(logs), call("ls", directory=str(logs)))
    assert "app.log" in told.output


def test_its_parameters_are_a_json_schema(logs: Path) -> None:
    schema = canonical(made(logs).parameters)
    assert '"enum":["cat","echo","ls","touch","truncate","cp"]' in schema
    assert "$ref" not in schema


BIDI, LOOKALIKE = "\u202etxt.exe", "c\u0430t"
HOSTILE: tuple[tuple[str, ActionCall, str], ...] = (
    ("another program", call("rm", "x"), "program"),
    ("a path to an allowed name", call("/usr/bin/cat", "x"), "program"),
    ("a program with an argument in it", call("cat /etc/shadow"), "program"),
    ("a program with a line break", call("cat\n"), "program"),
    ("a program that looks like another", call(LOOKALIKE), "program"),
    ("a program of another type", call(("cat",)), "program"),
    ("no program", ActionCall(action="exec", parameters={}, environment="production"), "program"),
    ("null as program", call(None), "program"),
    ("a parameter that there is not", call("cat", shell=True), "'shell'"),
    ("environment variables", call("cat", environment={"LD_PRELOAD": "/tmp/x.so"}), "'environment'"),
    ("an option among the arguments", call("cat", "--help"), "arguments[0]"),
    ("a dash", call("cat", "-"), "arguments[0]"),
    ("the separator as an argument", call("cat", "--", "x"), "arguments[0]"),
    ("an option that is none", call("cat", options=("x",)), "options[0]"),
    ("the separator as an option", call("cat", options=("--",)), "options[0]"),
    ("an option as the value of one", call("cat", options=(("-n", "--version"),)), "options[0]"),
    ("an option of three", call("cat", options=(("-a", "-b", "c"),)), "options[0]"),
    ("options as a text", call("cat", options="-n"), "options"),
    ("arguments as a text", replace(call("cat"), parameters={"program": "cat", "arguments": "x"}), "arguments"),
    ("a number", call("cat", 7), "arguments[0]"),
    ("true", call("cat", True), "arguments[0]"),
    ("a list within", call("cat", ("x",)), "arguments[0]"),
    ("a mapping", call("cat", {"a": "b"}), "arguments[0]"),
    ("null", call("cat", "x", None), "arguments[1]"),
    ("NUL", call("cat", "a\0b"), "arguments[0]"),
    ("a line break", call("cat", "a\nrm b"), "arguments[0]"),
    ("a carriage return", call("cat", "a\rb"), "arguments[0]"),
    ("a terminal's escape", call("cat", "\x1b[2J"), "arguments[0]"),
    ("delete", call("cat", "a\x7f"), "arguments[0]"),
    ("text that runs backwards", call("cat", BIDI), "arguments[0]"),
    ("a letter that looks like another", call("cat", LOOKALIKE), "arguments[0]"),
    ("a character of no width", call("cat", "a\u200bb"), "arguments[0]"),
    ("a slash that is none", call("cat", "a\u2215b"), "arguments[0]"),
    ("a dash that is none", call("cat", "\u2010x"), "arguments[0]"),
    ("a lone surrogate", call("cat", "a\ud800"), "arguments[0]"),
    ("a huge argument", call("cat", "x" * 4097), "arguments[0]"),
    ("many arguments", call("cat", *["x"] * 65), "arguments"),
    ("many options", call("cat", options=("-n",) * 65), "options"),
    ("a huge option", call("cat", options=("-" + "x" * 5000,)), "options[0]"),
    ("a file elsewhere", call("cat", "/etc/shadow"), "arguments[0]"),
    ("a file elsewhere behind an option", call("cat", options=("--file=/etc/shadow",)), "options[0]"),
    ("a file elsewhere right behind an option", call("cat", options=("-f/etc/shadow",)), "options[0]"),
    ("a file elsewhere as an option's value", call("cat", options=(("-f", "/etc/shadow"),)), "options[1]"),
    ("the process file system", call("cat", "/proc/self/environ"), "arguments[0]"),
    ("up and elsewhere", call("cat", "LOGS/../private/secrets"), "arguments[0]"),
    ("up from where it runs", call("cat", "../private/secrets", directory="LOGS"), "arguments[0]"),
    ("a link that leads elsewhere", call("cat", "LOGS/out"), "arguments[0]"),
    ("a link from where it runs", call("cat", "out", directory="LOGS"), "arguments[0]"),
    ("a folder whose name begins alike", call("cat", "LOGS-other/x"), "arguments[0]"),
    ("a folder elsewhere to run in", call("ls", directory="/etc"), "directory"),
    ("a relative folder", call("ls", directory="logs"), "directory"),
    ("up from the folder", call("ls", directory="LOGS/../private"), "directory"),
    ("a link as the folder", call("ls", directory="LOGS/out"), "directory"),
    ("a folder that is not there", call("ls", directory="LOGS/none"), "directory"),
    ("a folder of another type", call("ls", directory=7), "directory"),
    ("no time", call("ls", timeout=0), "timeout"),
    ("time that runs backwards", call("ls", timeout=-1), "timeout"),
    ("all the time there is", call("ls", timeout=float("inf")), "timeout"),
    ("no number as time", call("ls", timeout=float("nan")), "timeout"),
    ("too much time", call("ls", timeout=601), "timeout"),
)  # fmt: skip


def placed(value: Value, logs: Path) -> Value:
    if isinstance(value, str):
        return value.replace("LOGS", str(logs))
    return tuple(placed(item, logs) for item in value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("asked", "parameter"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
async def test_hostile_parameters_are_refused_by_name(logs: Path, asked: ActionCall, parameter: str) -> None:
    asked = replace(asked, parameters={name: placed(value, logs) for name, value in asked.parameters.items()})
    with pytest.raises(ActionRefused) as refused:
        await made(logs).plan(asked)
    assert refused.value.parameter == parameter
    assert refused.value.reason in (Refusal.BAD_PARAMETER, Refusal.NOT_ALLOWED)
    assert refused.value.detail.isascii(), "nothing of what is refused can mislead"
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 500


LITERAL = ("$(id)", "`id`", "; id", "&& id", "| id", "> planted", "< x", "* ?", "~", "$HOME", "{{ secret }}", "{a,b}",
           "'", '"', "\\", "%s%n", "!!", "#", "a=b", "@x", "\\n")  # fmt: skip


@pytest.mark.parametrize("text", LITERAL)
async def test_what_means_something_to_a_shell_means_nothing(logs: Path, text: str) -> None:
    plan = await made(logs).plan(call("echo", text))
    assert plan.argv == ("/usr/bin/echo", text)
    if text == LITERAL[0]:
        assert (await made(logs).run(plan, key="k")).output == text


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EXEC_PROGRAMS": "bash"}, "Write a script"),
        ({"EXEC_PROGRAMS": "/usr/bin/env"}, "Write a script"),
        ({"EXEC_PROGRAMS": "ls=write"}, "read, change or destroy"),
        ({"EXEC_PROGRAMS": "ls, ls"}, "twice"),
        ({"EXEC_PROGRAMS": "../ls"}, "no name"),
        ({"EXEC_PROGRAMS": "/usr/bin/../bin/ls"}, "no name"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_NETWORK": "curl"}, "EXEC_NETWORK names 'curl'"),
        ({"EXEC_PROGRAMS": "curl", "EXEC_NETWORK": "curl"}, "curl=change"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_READABLE": "/"}, "holds more"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_READABLE": "/proc/1"}, "holds more"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_WRITABLE": "/etc"}, "holds more"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_WRITABLE": "var"}, "absolute"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_WRITABLE": "/var/log/../.."}, "absolute"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_ENVIRONMENT": "LD_PRELOAD=/tmp/x"}, "LD_"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_ENVIRONMENT": "TZ"}, "NAME=value"),
        ({"EXEC_PROGRAMS": "ls", "EXEC_TIMEOUT": "0"}, "EXEC_TIMEOUT"),
    ],
    ids=str,
)
def test_settings_that_allow_too_much_are_refused(environ: Mapping[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(ExecuteSettings, environ)
