"""A webhook is on the disk before it is answered: shown by the order of the process's system calls."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.door import door_process, knock
from tests.chaos.rounds import rounds

ALONE = rounds(200)  # one after the other: what is written meanwhile can be this webhook alone
SENDERS, EACH = 4, rounds(25)  # at the same time: several share a commit
TRACED = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync"
LINE = re.compile(r"(?:(?P<pid>\d+) +)?(?P<rest>.*)")
BEGUN = re.compile(r"(?P<name>\w+)\((?P<fd>\d+)<(?P<what>[^>]*)>(?P<told>.*)")
RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<told>.*)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A moment of a system call: where it begins, and where it returns."""

    name: str
    fd: str
    what: str  # the file or the socket
    told: str
    returned: bool


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """In the order in which they began and returned; one that nothing came between is a beginning and a return."""
    open_calls: dict[str, Call] = {}
    for line in lines:
        found = LINE.match(line)
        assert found is not None
        pid, rest = found["pid"] or "", found["rest"]
        if (resumed := RESUMED.match(rest)) and pid in open_calls:
            begun = open_calls.pop(pid)
            told = begun.told + resumed["told"]
            yield Call(name=begun.name, fd=begun.fd, what=begun.what, told=told, returned=True)
        elif begun_now := BEGUN.match(rest):
            call = Call(**begun_now.groupdict(), returned=False)
            yield call
            if "<unfinished ...>" in rest:
                open_calls[pid] = call
            else:
                yield Call(name=call.name, fd=call.fd, what=call.what, told=call.told, returned=True)


@dataclass(kw_only=True)
class Waiting:
    """One request: what has happened since it was read."""

    written: bool = False  # something was written to the log of the database
    syncing: bool = False  # after that a sync began
    synced: bool = False  # and returned


def answered(traced: Iterable[Call]) -> list[bool]:
    """For each 202, whether the database's log was written and synced between the request and its answer."""
    waiting: dict[str, Waiting] = {}
    found: list[bool] = []
    for call in traced:
        if call.what.endswith("-wal"):
            for one in waiting.values():
                if call.name == "pwrite64" and call.returned:
                    one.written = True
                elif call.name in ("fdatasync", "fsync"):
                    one.synced |= one.syncing and call.returned
                    one.syncing |= one.written and not call.returned
        elif call.returned and "POST /webhooks" in call.told:
            waiting[call.fd] = Waiting()
        elif not call.returned and "HTTP/1.1 202" in call.told:
            found.append(waiting.pop(call.fd).synced)
    return found


def test_an_answer_before_the_sync_is_noticed() -> None:
    read = '7 read(9<socket:[1]>, "POST /webhooks/x"..., 65536) = 900'
    write = '8 pwrite64(5</d/store.db-wal>, "..."..., 4096, 0) = 4096'
    sync = "8 fdatasync(5</d/store.db-wal>) = 0"
    begins, returns = "8 fdatasync(5</d/store.db-wal> <unfinished ...>", "8 <... fdatasync resumed>) = 0"
    answer = '7 write(9<socket:[1]>, "HTTP/1.1 202 Accepted"..., 200) = 200'
    assert answered(calls([read, write, sync, answer])) == [True]
    assert answered(calls([read, write, begins, returns, answer])) == [True]
    assert answered(calls([read, write, answer, sync])) == [False]
    assert answered(calls([write, sync, read, answer])) == [False]
    assert answered(calls([read, sync, write, answer])) == [False]
    assert answered(calls([write, begins, read, returns, answer])) == [False]
    assert answered(calls([read, write, begins, answer, returns])) == [False]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which shows system calls, is not installed")
async def test_each_webhook_is_synced_to_the_disk_before_it_is_answered(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-y", "-s", "64", "--seccomp-bpf", "-e", f"trace={TRACED}", "-o", str(trace))
    async with door_process(tmp_path, before=strace) as address, aiohttp.ClientSession() as client:

        async def send(sender: str, times: int) -> list[int]:
            return [await knock(client, address, f"{sender}-{n}") for n in range(times)]

        statuses = await send("alone", ALONE)
        for answers in await asyncio.gather(*(send(f"one-of-{n}", EACH) for n in range(SENDERS))):
            statuses += answers
    with trace.open(errors="replace") as lines:
        found = answered(calls(lines))
    report = f"{sum(found)} of {len(found)} synced before the answer"
    record_property("report", report)
    print(report)
    assert set(statuses) == {202}
    assert found == [True] * (ALONE + SENDERS * EACH), report
