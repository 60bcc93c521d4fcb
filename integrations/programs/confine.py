"""Runs one program under Landlock, or under limits alone; a process of its own, started by `confined.start`.

It reads what to run from the descriptor of its first argument and tells what happened on that of its second. It stands
alone: Python starts it without its site and without this project. It stays as the program's parent, adopts whatever
the program's descendants leave behind (PR_SET_CHILD_SUBREAPER), and ends all of them when the program ends, when it is
told to (SIGTERM), and when the bot dies (PR_SET_PDEATHSIG). https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import stat
import struct
import sys
from functools import partial
from types import FrameType
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _SET_SUBREAPER, _NO_NEW_PRIVILEGES = 1, 4, 22, 36, 38
_SECCOMP_FILTER = 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every machine
_ASK_VERSION, _PATH_BENEATH = 1, 1
# Linux 6.12. Below it a program could signal the bot and reach its abstract sockets.
_NEEDED_VERSION = 6
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_ALL_FILES = (1 << 16) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_WRITE = _ALL_FILES & ~(_EXECUTE | (1 << 6) | (1 << 11) | (1 << 15))  # no devices made or controlled
_TCP, _SCOPES = 0b11, 0b11  # binding and connecting; abstract sockets and signals
_CANNOT_START = 127


def main() -> int:
    spec_from, status = int(sys.argv[1]), int(sys.argv[2])
    spec = _read(spec_from)
    os.set_inheritable(status, False)
    _prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != spec["parent"]:
        return _CANNOT_START
    _prctl(_SET_SUBREAPER, 1)
    _prctl(_SET_DUMPABLE, 0)
    signal.signal(signal.SIGTERM, partial(_end_all, spec["scratch"]))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    child = os.fork()
    if child == 0:
        _become(spec, status)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    _tell(status, {"child-pid": child})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    code = _wait_for(child)
    _kill_descendants()
    _remove(spec["scratch"])
    _tell(status, {"exit-code": code})
    return 0


def _read(descriptor: int) -> dict[str, Any]:
    with os.fdopen(descriptor, "rb") as file:
        spec: dict[str, Any] = json.loads(file.read())
    return spec


def _tell(status: int, told: dict[str, Any]) -> None:
    try:
        os.write(status, json.dumps(told).encode() + b"\n")
    except BrokenPipeError:
        pass  # the bot is gone; the program goes too


def _become(spec: dict[str, Any], status: int) -> None:
    """Give up everything that was not declared and turn into the program. Does not return."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.setsid()
        os.umask(0o077)
        rules = _ruleset(spec) if spec["landlock"] else None
        _limit(spec["rlimits"], spec["user"])
        if spec["user"] is not None:
            os.setgroups([])
            os.setresgid(spec["user"], spec["user"], spec["user"])
            os.setresuid(spec["user"], spec["user"], spec["user"])
        _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        _prctl(_NO_NEW_PRIVILEGES, 1)
        os.chdir(spec["directory"])
        if rules is not None:
            _call(_RESTRICT_SELF, rules, 0)
        if spec["seccomp"]:
            _filter(bytes.fromhex(spec["seccomp"]))
        os.execve(spec["argv"][0], spec["argv"], spec["environment"])
    except OSError as error:
        _tell(status, {"error": str(error)})
    os._exit(_CANNOT_START)


def _limit(rlimits: list[list[int]], user: int | None) -> None:
    for kind, value in rlimits:
        if kind == resource.RLIMIT_NPROC:
            # The kernel counts a user's processes, and here there is no namespace in which the count begins anew.
            value += _tasks_of(os.getuid() if user is None else user)
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
        if resource.getrlimit(kind) != (value, value):
            raise OSError(f"the limit {kind} is not {value} after it was set")


def _tasks_of(user: int) -> int:
    count = 0
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{process}").st_uid == user:
                count += len(os.listdir(f"/proc/{process}/task"))
        except OSError:
            continue  # it has ended
    return count


def _ruleset(spec: dict[str, Any]) -> int:
    version = _LIBC.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < _NEEDED_VERSION:
        raise OSError(f"Landlock is of version {version} here; {_NEEDED_VERSION} is needed (Linux 6.12)")
    attributes = struct.pack("=QQQ", _ALL_FILES, 0 if spec["network"] else _TCP, _SCOPES)
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    for paths, access in ((spec["readable"], _READ), (spec["writable"], _WRITE), (spec["devices"], _OF_FILES)):
        for path in paths:
            _allow(rules, path, access)
    return rules


def _allow(rules: int, path: str, access: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(beneath).st_mode):
        access &= _OF_FILES
    _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", access, beneath), 0)
    os.close(beneath)


def _filter(steps: bytes) -> None:
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps) // 8, ctypes.addressof(kept)))
    _prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(program))


def _prctl(option: int, value: int, more: int = 0) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} was refused")


def _call(number: int, *arguments: Any) -> int:
    result = _LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number} was refused")
    return int(result)


def _wait_for(child: int) -> int:
    while True:
        ended, how = os.wait()
        if ended == child:
            return os.WEXITSTATUS(how) if os.WIFEXITED(how) else 128 + os.WTERMSIG(how)


def _end_all(scratch: str, number: int, frame: FrameType | None) -> None:
    _kill_descendants()
    _remove(scratch)
    os._exit(0)


def _remove(folder: str) -> None:
    """Here and not in the bot, which may be gone: a step's credentials can lie in it."""
    for place, folders, files in os.walk(folder, topdown=False):
        for remove, names in ((os.unlink, files), (os.rmdir, folders)):
            for name in names:
                try:
                    remove(os.path.join(place, name))
                except NotADirectoryError:
                    os.unlink(os.path.join(place, name))  # a link to a folder
                except OSError:
                    continue  # the bot tries again
    try:
        os.rmdir(folder)
    except OSError:
        pass


def _kill_descendants() -> None:
    """Whoever loses its parent becomes a child of this process: kill until there is none."""
    while True:
        for process in _descendants():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.wait()
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    parents = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/stat", "rb") as file:
                parents[int(process)] = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue  # it has ended
    found = [os.getpid()]
    for parent in found:
        found += [process for process, its_parent in parents.items() if its_parent == parent]
    return found[1:]


if __name__ == "__main__":
    sys.exit(main())
