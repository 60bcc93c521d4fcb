from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
import uvloop

from bot.domain.action import ActionRefused, Isolation, Refusal
from integrations.programs.launch import MIB, Launch, Limits, Stop
from integrations.programs.programs import Programs
from sandbox.until import until
from tests.integrations.programs.machine import (
    IS_ROOT,
    LEVELS,
    open_folder,
    processes_with,
    programs,
    python,
    run,
    script,
)

ROOT = Path(__file__).parents[3]
at_every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@at_every_level
async def test_its_limits_hold(level: Isolation) -> None:
    code = """
import json, resource
print(json.dumps({name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in
    ("AS", "CPU", "FSIZE", "NOFILE", "NPROC", "CORE")}))
"""
    limits = Limits(cpu_seconds=7, memory=300 * MIB, file_size=3 * MIB, open_files=31, processes=19)
    told = json.loads((await run(code, level, limits=limits)).stdout)
    most = told.pop("NPROC")
    assert told == {name: [value, value] for name, value in
                    {"AS": 300 * MIB, "CPU": 7, "FSIZE": 3 * MIB, "NOFILE": 31, "CORE": 0}.items()}  # fmt: skip
    assert most == [19, 19] or level is not Isolation.BUBBLEWRAP
    assert most[0] >= 19


@at_every_level
async def test_it_has_nothing_that_was_not_declared(level: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_SECRET", "s" * 32)
    code = """
import json, os, sys
mask = os.umask(0)
print(json.dumps({"names": sorted(os.environ), "umask": mask, "here": os.getcwd(), "files": os.listdir("."),
    "stdin": sys.stdin.read(), "leads": os.getsid(0) != int(os.environ["BOT"]),
    "user": os.getuid(), "zone": os.environ["TZ"]}))
"""
    outcome = await run(code, level, environment={"TZ": "UTC", "BOT": str(os.getsid(0))})
    told = json.loads(outcome.raw)
    assert set(told["names"]) - {"PWD", "LC_CTYPE", "TMPDIR"} == {"BOT", "HOME", "TZ"}
    assert (told["umask"], told["files"], told["stdin"], told["leads"], told["zone"]) == (0o077, [], "", True, "UTC")
    assert told["user"] != 0, "no program runs as root, also where the bot does"
    if level is not Isolation.BUBBLEWRAP:
        assert not Path(told["here"]).exists(), "its temporary folder goes with it"


@at_every_level
async def test_it_reads_and_writes_where_that_was_declared(level: Isolation, folder: Path) -> None:
    readable, writable = folder / "readable", folder / "writable"
    for place in (readable, writable):
        place.mkdir()
        place.chmod(0o777)
    (readable / "in").write_text("hello")
    (readable / "in").chmod(0o644)
    code = f"""
import os
text = open("{readable}/in").read()
open("out", "w").write(text)
try:
    open("{readable}/planted", "w")
    print("planted")
except OSError:
    print("held")
"""
    outcome = await run(code, level, readable=(str(readable),), writable=(str(writable),), directory=str(writable))
    assert outcome.stdout == ("planted" if level is Isolation.NONE else "held"), outcome
    assert (writable / "out").read_text() == "hello"


async def test_shell_characters_are_nothing_special(tmp_path: Path) -> None:
    hostile = ("; touch /tmp/x", "$(id)", "`id`", "| cat", "&& id", "* ?", "> out", "'\"", "\\n", "${HOME}", "a\nb")
    launch = Launch(argv=script("import json, sys; print(json.dumps(sys.argv[1:]))", *hostile))
    outcome = await programs(Isolation.BUBBLEWRAP).run(launch, Isolation.BUBBLEWRAP)
    assert tuple(json.loads(outcome.raw)) == hostile


@at_every_level
async def test_its_exit_code_and_its_signal_are_told(level: Isolation) -> None:
    failed = await run("raise SystemExit(7)", level)
    ended = await run("import os; os.kill(os.getpid(), 15)", level)
    assert (failed.stop, failed.code) == (Stop.EXITED, 7)
    assert (ended.stop, ended.code) == (Stop.EXITED, 128 + 15)


@at_every_level
async def test_a_program_that_is_not_there_is_not_started(level: Isolation) -> None:
    outcome = await programs(level).run(Launch(argv=("/usr/bin/no-such-program",)), level)
    assert outcome.code != 0
    assert outcome.stderr


@at_every_level
async def test_output_without_end_is_cut_and_ended(level: Isolation) -> None:
    code = "import os\nwhile True: os.write(1, b'x' * 65536)"
    outcome = await run(code, level, limits=Limits(seconds=20.0, output=4096, flood=8 * MIB))
    assert (outcome.stop, outcome.is_cut, outcome.is_gone) == (Stop.FLOODED, True, True)
    assert len(outcome.stdout) < 4500
    assert "bytes left out" in outcome.stdout


async def test_output_is_cleaned_and_redacted() -> None:
    secret = token_hex(16)
    code = f"""
print("\\x1b[31mred\\x1b[0m \\u202eback\\u202c a\\tb\\r")
print("token={secret}")
import sys; sys.stderr.write("password: {secret}\\n"); sys.stdout.buffer.write(bytes([255, 10]))
"""
    outcome = await run(code)
    assert "red back a    b" in outcome.stdout
    assert secret not in outcome.stdout + outcome.stderr
    assert "\ufffd" in outcome.stdout, "what is no text is shown as such"


@at_every_level
async def test_it_may_close_its_output_and_run_on(level: Isolation) -> None:
    began = time.monotonic()
    outcome = await run("import os, time\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)", level)
    assert (outcome.stop, outcome.code) == (Stop.EXITED, 5)
    assert time.monotonic() - began > 0.3


@at_every_level
async def test_deaf_to_the_polite_signal_it_still_ends_in_time(level: Isolation) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nsignal.signal(1, signal.SIG_IGN)\ntime.sleep(60)"
    outcome = await run(code, level, seconds=0.8)
    assert (outcome.stop, outcome.is_gone) == (Stop.TIMED_OUT, True)
    assert outcome.seconds < 30


@at_every_level
async def test_cancelled_it_ends_with_all_it_started_and_tells_so(level: Isolation) -> None:
    marker = f"cancelled-{uuid.uuid4().hex}"
    code = f"# {marker}\nimport os, time\nos.fork() and os.fork() or os.setsid()\ntime.sleep(60)"
    task = asyncio.create_task(run(code, level))
    assert await until(lambda: len(steps_with(marker, 0)) == 3, 60)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # whoever is impatient does not leave it half done
    outcome = await task
    assert (outcome.stop, outcome.is_gone) == (Stop.CANCELLED, True)
    assert processes_with(marker) == []


@pytest.mark.parametrize("level", [Isolation.BUBBLEWRAP, Isolation.LANDLOCK, Isolation.NONE], ids=lambda v: v.value)
async def test_when_the_bot_is_killed_nothing_of_it_runs_on(level: Isolation, folder: Path) -> None:
    marker = f"orphan-{uuid.uuid4().hex}"
    step = f"# {marker}\nimport os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(60)"
    bot = f"""
import asyncio
from bot.domain.action import Isolation
from integrations.programs.launch import Launch
from integrations.programs.programs import Programs
level = Isolation({level.value!r})
asyncio.run(Programs(strongest=level).run(Launch(argv={script(step)!r}, contents={{"given": b"x"}}), level))
"""
    process = subprocess.Popen([sys.executable, "-c", bot], cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)})  # noqa: ASYNC220
    try:
        assert await until(lambda: len(steps_with(marker, process.pid)) == 2, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert await until(lambda: not processes_with(marker), 60)
        assert await until(lambda: not list(folder.iterdir()), 60), "its temporary folder goes with it"
    finally:
        process.kill()
        process.wait()


def steps_with(marker: str, bot: int) -> list[int]:
    """Without those that watch over them."""
    return [
        p for p in processes_with(marker) if p != bot and Path(f"/proc/{p}/cmdline").read_text().startswith(python())
    ]


def test_it_runs_in_the_bot_s_own_event_loop() -> None:
    async def several() -> list[tuple[Stop, str]]:
        runner = Programs()
        level = await runner.isolation()
        launch = Launch(argv=script("print('hello')"), limits=Limits(seconds=60))
        slow = Launch(argv=script("import time; time.sleep(60)"), limits=Limits(seconds=0.5))
        outcomes = await asyncio.gather(*(runner.run(one, level) for one in (launch, launch, slow)))
        return [(outcome.stop, outcome.stdout) for outcome in outcomes]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        hello = (Stop.EXITED, "hello")
        assert loop.run(several()) == [hello, hello, (Stop.TIMED_OUT, "")]


@at_every_level
async def test_nothing_stays_open_in_the_bot(level: Isolation) -> None:
    await run("pass", level)
    before = len(os.listdir("/proc/self/fd"))
    for code, seconds in (("pass", 20.0), ("import time; time.sleep(60)", 0.3), ("raise SystemExit(1)", 20.0)):
        await run(code, level, seconds=seconds)
    await programs(level).run(Launch(argv=("/usr/bin/no-such-program",)), level)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_where_bubblewrap_does_not_work_landlock_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("integrations.programs.programs.BUBBLEWRAP", str(broken))
    expected = await programs(Isolation.LANDLOCK).isolation()
    assert await Programs().isolation() is expected


async def test_where_neither_works_the_level_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.programs.programs.is_known", lambda: False)
    assert await Programs().isolation() is Isolation.NONE


async def test_a_level_that_is_not_there_is_refused() -> None:
    with pytest.raises(ActionRefused) as refused:
        await programs(Isolation.NONE).run(Launch(argv=(python(),)), Isolation.BUBBLEWRAP)
    assert refused.value.reason is Refusal.NO_ISOLATION


@pytest.mark.skipif(not IS_ROOT, reason="only root can become nobody")
async def test_where_the_bot_is_root_programs_run_as_nobody() -> None:
    marker = f"nobody-{uuid.uuid4().hex}"
    task = asyncio.create_task(run(f"# {marker}\nprint(1, flush=True)\nimport time; time.sleep(60)", seconds=60.0))
    assert await until(lambda: steps_with(marker, 0) != [], 60)
    found = steps_with(marker, 0)
    assert {Path(f"/proc/{process}").stat().st_uid for process in found} == {65534}
    task.cancel()
    await task


@pytest.mark.parametrize(
    "wrong",
    [{"argv": ()}, {"argv": ("ls",)}, {"argv": ("/bin/ls", "a\0b")}, {"argv": ("/bin/ls",), "contents": {"../a": b""}}],
    ids=str,
)
def test_a_launch_that_cannot_be_meant_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Launch(**wrong)  # type: ignore[arg-type]
