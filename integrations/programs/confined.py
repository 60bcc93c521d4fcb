"""The levels below bubblewrap: Landlock, or limits alone. Both go through `confine`, a small process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.programs.launch import Launch
from integrations.programs.rlimits import rlimits
from integrations.programs.seccomp import filter_for, is_known
from integrations.programs.started import NOBODY, in_memory, lending, spawn

_CONFINE = str(Path(__file__).with_name("confine.py"))
# No /proc: it shows the bot's environment. No /sys, no home, no /etc as a whole.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "ssl/certs", "ssl/openssl.cnf",
             "ca-certificates", "pki/tls", "nsswitch.conf", "mime.types", "passwd", "group")  # fmt: skip
_NETWORK_SETTINGS = ("resolv.conf", "hosts", "host.conf", "gai.conf", "services", "protocols")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, kw_only=True)
class Confined:
    """The `Started` port."""

    process: subprocess.Popen[bytes]
    status: int
    scratch: str

    def release(self, child: int) -> None:
        """It has set its limits itself, and its parent waits for it."""

    def kill(self, handle: int | None) -> None:
        """The parent that watches over the program ends all of its descendants, then itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def forget(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)


def start(launch: Launch, *, landlock: bool) -> Confined:
    """Raises OSError where it cannot be started."""
    user = NOBODY if os.geteuid() == 0 else None
    scratch = os.path.realpath(tempfile.mkdtemp(prefix="step-"))
    try:
        _lay(launch.contents, scratch, user)
        with lending() as lent:
            status = os.pipe()
            spec = in_memory(json.dumps(_spec(launch, scratch, user, landlock)).encode(), lent)
            # Isolated, without the site's packages: 10 ms, and nothing of the bot is loaded.
            command = (sys.executable, "-I", "-S", "-B", _CONFINE, str(spec), str(status[1]))
            spawned = spawn(command, lent=lent, status=status, environment={}, drop=False)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Confined(process=spawned.process, status=spawned.status, scratch=scratch)


def _lay(contents: Mapping[str, bytes], scratch: str, user: int | None) -> None:
    for name, content in contents.items():
        path = Path(scratch, name)
        path.touch(mode=0o600)
        path.write_bytes(content)
        if user is not None:
            os.chown(path, user, user)
    if user is not None:
        os.chown(scratch, user, user)


def _spec(launch: Launch, scratch: str, user: int | None, landlock: bool) -> dict[str, Any]:
    names = _SETTINGS + (_NETWORK_SETTINGS if launch.has_network else ())
    settings = [os.path.realpath(f"/etc/{name}") for name in names]
    program = os.path.realpath(launch.argv[0])
    return {
        "argv": list(launch.argv),
        "environment": {**launch.environment, "HOME": scratch, "TMPDIR": scratch},
        "directory": launch.directory or scratch,
        "scratch": scratch,
        "parent": os.getpid(),
        "user": user,
        "landlock": landlock,
        "network": launch.has_network,
        "readable": [*_SYSTEM, *settings, program, *launch.readable],
        "writable": [scratch, *launch.writable],
        "devices": list(_DEVICES),
        "rlimits": [list(pair) for pair in rlimits(launch.limits).items()],
        "seccomp": filter_for(has_network=launch.has_network).hex() if landlock and is_known() else "",
    }
