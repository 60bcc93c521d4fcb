"""The kernel's limits of a process, set and read back."""

from __future__ import annotations

import ctypes
import os
import resource
import threading
from collections.abc import Mapping

from integrations.programs.launch import Limits
from integrations.programs.started import NOBODY

_LIBC = ctypes.CDLL(None, use_errno=True)
_SETRESUID, _SETRESGID = (117, 119) if os.uname().machine == "x86_64" else (147, 149)


def rlimits(limits: Limits) -> Mapping[int, int]:
    return {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CORE: 0,
    }


def limit(process: int, limits: Limits) -> None:
    """Set the limits of a process that waits to begin, and read them back. Raises OSError where they do not hold."""
    if os.geteuid() != 0:
        _limit(process, limits)
        return
    # Containers take from root the right to limit other users' processes (CAP_SYS_RESOURCE). The process runs as
    # nobody, and nobody may limit it: a thread becomes nobody, does it, and ends. The kernel keeps users by thread.
    failed: list[OSError] = []
    thread = threading.Thread(target=_limit_as_nobody, args=(process, limits, failed), name="limits")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _limit_as_nobody(process: int, limits: Limits, failed: list[OSError]) -> None:
    try:
        for call in (_SETRESGID, _SETRESUID):
            if _LIBC.syscall(call, NOBODY, NOBODY, NOBODY) != 0:
                raise OSError(ctypes.get_errno(), "cannot become nobody to set limits")
        _limit(process, limits)
    except OSError as error:
        failed.append(error)


def _limit(process: int, limits: Limits) -> None:
    for kind, value in rlimits(limits).items():
        resource.prlimit(process, kind, (value, value))
        if resource.prlimit(process, kind) != (value, value):
            raise OSError(f"the limit {kind} of process {process} is not {value} after it was set")
