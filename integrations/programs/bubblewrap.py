"""The strongest level: namespaces of its own, and a file system in which there is only what was declared.

https://github.com/containers/bubblewrap. The program runs as nobody, without capabilities, in a process namespace that
the kernel ends as a whole; without a network unless it was declared.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from integrations.programs.launch import MIB, Launch
from integrations.programs.rlimits import limit
from integrations.programs.seccomp import filter_for
from integrations.programs.started import NOBODY, in_memory, lending, spawn

SCRATCH = "/tmp"
_SHARED_MEMORY = 16 * MIB
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # links into /usr, or folders of their own
_SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "ssl/certs", "ssl/openssl.cnf",
             "ca-certificates", "pki/tls", "nsswitch.conf", "mime.types")  # fmt: skip
_NETWORK_SETTINGS = ("resolv.conf", "hosts", "host.conf", "gai.conf", "services", "protocols")
_USERS = f"nobody:x:{NOBODY}:{NOBODY}:nobody:{SCRATCH}:/usr/sbin/nologin\n".encode()
_GROUPS = f"nogroup:x:{NOBODY}:\n".encode()


@dataclass(frozen=True, kw_only=True)
class InBubblewrap:
    """The `Started` port."""

    process: subprocess.Popen[bytes]
    status: int
    gate: int  # one byte written here lets the program begin
    launch: Launch

    def release(self, child: int) -> int:
        limit(child, self.launch.limits)
        handle = os.pidfd_open(child)
        os.write(self.gate, b"\n")
        return handle

    def kill(self, handle: int | None) -> None:
        """The first process of the namespace takes all others with it."""
        if handle is not None:
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()

    def forget(self) -> None:
        os.close(self.gate)


def start(bubblewrap: str, launch: Launch) -> InBubblewrap:
    """Raises OSError where it cannot be started. It waits for `release`."""
    with lending() as lent:
        status, (gate_reading, gate) = os.pipe(), os.pipe()
        lent.append(gate_reading)
        arguments = [*_arguments(launch, lent), "--json-status-fd", str(status[1]), "--block-fd", str(gate_reading)]
        # By descriptor: the command line of a process can be read by every user of the machine.
        listed = in_memory(b"".join(part.encode() + b"\0" for part in arguments), lent)
        command = (bubblewrap, "--args", str(listed), "--", *launch.argv)
        try:
            spawned = spawn(command, lent=lent, status=status, environment={}, drop=os.geteuid() == 0)
        except BaseException:
            os.close(gate)
            raise
        return InBubblewrap(process=spawned.process, status=spawned.status, gate=gate, launch=launch)


def _arguments(launch: Launch, lent: list[int]) -> list[str]:
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"),
        *("--cap-drop", "ALL", "--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "step"),
        *(["--share-net"] if launch.has_network else []),
        *("--seccomp", str(in_memory(filter_for(has_network=launch.has_network), lent))),
        *_system(launch),
        *_temporary(launch, lent),
        *_program(launch.argv[0]),
        *[part for path in launch.readable for part in ("--ro-bind", path, path)],
        *[part for path in launch.writable for part in ("--bind", path, path)],
        *("--remount-ro", "/", "--chdir", launch.directory or SCRATCH),
        *[part for name, value in launch.environment.items() for part in ("--setenv", name, value)],
        *("--setenv", "HOME", SCRATCH),
    ]


def _system(launch: Launch) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for place in map(Path, _SYSTEM):
        if place.is_symlink():
            arguments += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            arguments += ["--ro-bind", str(place), str(place)]
    names = _SETTINGS + (_NETWORK_SETTINGS if launch.has_network else ())
    for path in [f"/etc/{name}" for name in names if Path("/etc", name).exists()]:
        arguments += ["--ro-bind", os.path.realpath(path), path]
    return arguments


def _program(path: str) -> list[str]:
    """After the temporary folder, which would cover what lies in the same place."""
    if path.startswith(("/usr/", *(f"{place}/" for place in _SYSTEM))):
        return []
    return ["--ro-bind", os.path.realpath(path), path]


def _temporary(launch: Launch, lent: list[int]) -> list[str]:
    arguments = ["--ro-bind-data", str(in_memory(_USERS, lent)), "/etc/passwd"]
    arguments += ["--ro-bind-data", str(in_memory(_GROUPS, lent)), "/etc/group"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm"]
    arguments += ["--remount-ro", "/dev", "--size", str(launch.limits.scratch), "--tmpfs", SCRATCH]
    for name, content in launch.contents.items():
        arguments += ["--ro-bind-data", str(in_memory(content, lent)), f"{SCRATCH}/{name}"]
    return arguments
