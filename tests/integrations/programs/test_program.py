from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import pytest

from bot.domain.action import ActionRefused, Refusal
from integrations.programs.program import digest_of, inspect, locate
from integrations.programs.seccomp import filter_for, numbers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


def program(folder: Path, text: str = "#!/bin/sh\n") -> Path:
    path = folder / "program"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_name_is_looked_for_in_the_system_s_folders_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(folder)
    monkeypatch.setenv("PATH", str(folder))
    assert locate("true").endswith("/true")
    with pytest.raises(ActionRefused, match="no program program") as refused:
        locate("program")
    assert refused.value.reason is Refusal.NOT_SET_UP


def test_a_link_is_followed_and_keeps_its_name(folder: Path) -> None:
    path = program(folder)
    link = folder / "link"
    link.symlink_to(path)
    found = inspect(str(link))
    assert (found.path, found.real) == (str(link), str(path))
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_script_s_interpreter_is_part_of_it(folder: Path) -> None:
    for first in ("#!/bin/sh -e", "#!/usr/bin/env sh"):
        found = inspect(str(program(folder, f"{first}\ntrue\n")))
        assert found.interpreter == os.path.realpath("/bin/sh")
        assert found.interpreter_digest == digest_of(os.path.realpath("/bin/sh"))
    assert inspect("/usr/bin/true").interpreter == ""


def test_a_script_that_does_not_say_what_reads_it_is_refused(folder: Path) -> None:
    with pytest.raises(ActionRefused, match="interpreter"):
        inspect(str(program(folder, "#!/usr/bin/env -S sh\n")))


def test_one_byte_changed_shows(folder: Path) -> None:
    path = program(folder)
    before = inspect(str(path)).digest
    about = path.stat()
    path.write_text("#!/bin/sh \n")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert inspect(str(path)).digest != before


def test_a_program_that_others_may_write_is_refused(folder: Path) -> None:
    path = program(folder)
    path.chmod(0o757)
    with pytest.raises(ActionRefused, match="chmod go-w") as refused:
        inspect(str(path))
    assert refused.value.reason is Refusal.NOT_ALLOWED


def test_a_program_in_a_folder_that_others_may_write_is_refused(folder: Path) -> None:
    path = program(folder)
    folder.chmod(0o777)
    with pytest.raises(ActionRefused, match=str(folder)):
        inspect(str(path))


def judged(steps: bytes, number: int, *arguments: int, architecture: int = 0xC000003E) -> int:
    """What the kernel makes of a system call: the filter's steps, one after another."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    held, place = 0, 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", steps, place * 8)
        place += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("=I", data, value)
            case 0x06:
                return int(value)
            case _:
                holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
                place += if_true if holds else if_false


ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its numbers are of x86_64")
def test_the_filter_of_system_calls_says_what_it_should() -> None:
    apart, networked = filter_for(has_network=False), filter_for(has_network=True)
    by_name = numbers()
    for steps in (apart, networked):
        for name in ("mount", "ptrace", "keyctl", "bpf", "io_uring_setup", "unshare", "setns", "reboot"):
            assert judged(steps, by_name[name]) == ERROR | 1, name
        for common in (0, 1, 2, 9, 57, 59, 60, 231, 257, 262, 332):  # read, write, open, mmap, fork, execve, exit ...
            assert judged(steps, common) == ALLOW
        assert judged(steps, by_name["clone"], 0x01200011) == ALLOW, "an ordinary fork"
        assert judged(steps, by_name["clone"], 0x003D0F00) == ALLOW, "an ordinary thread"
        assert judged(steps, by_name["clone"], 0x10000011) == ERROR | 1, "a fork into a new user namespace"
        assert judged(steps, by_name["clone3"]) == ERROR | 38
        assert judged(steps, by_name["ioctl"], 0, 0x5412) == ERROR | 1
        assert judged(steps, by_name["ioctl"], 0, 0x5401) == ALLOW
        assert judged(steps, 0x40000000 + 1) == ERROR | 1, "the third set of calls of x86_64"
        assert judged(steps, 1, architecture=0x40000003) == KILL, "programs of 32 bits"
    assert judged(apart, by_name["socket"], 2) == ERROR | 13
    assert judged(networked, by_name["socket"], 2) == ALLOW
