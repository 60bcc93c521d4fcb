"""What is to be run and within what bounds, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, kw_only=True)
class Limits:
    seconds: float = 60.0  # from start to end
    cpu_seconds: int = 60  # of each process
    memory: int = 2 * GIB  # address space of each process, bytes; programs in Go reserve one even when they use little
    file_size: int = 64 * MIB  # of each file it writes, bytes
    scratch: int = 64 * MIB  # its temporary folder as a whole, bytes; held at the bubblewrap level
    open_files: int = 256  # of each process
    processes: int = 64  # and threads, at a time
    output: int = 64 * 1024  # bytes that are kept of each of its two outputs
    flood: int = 64 * MIB  # bytes of output after which it is ended: nobody reads that much

    def __post_init__(self) -> None:
        if min(self.cpu_seconds, self.memory, self.file_size, self.open_files, self.processes, self.output) < 1:
            raise ValueError("a limit below one stands for none to the kernel")


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything a program gets. What is not in here it does not have."""

    argv: tuple[str, ...]  # argv[0] is an absolute path
    environment: Mapping[str, str] = field(default_factory=dict)
    readable: tuple[str, ...] = ()  # absolute real paths of files and folders, beside the system's own programs
    writable: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)  # files laid into its temporary folder, by name
    directory: str = ""  # where it runs; "" is its temporary folder, which is empty and goes away with it
    has_network: bool = False
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0].startswith("/"):
            raise ValueError("argv[0] must be an absolute path")
        if any("\0" in part for part in (*self.argv, *self.environment, *self.environment.values())):
            raise ValueError("a NUL character ends an argument early")
        if any("/" in name or name in ("", ".", "..") for name in self.contents):
            raise ValueError("contents are files of the temporary folder itself")


class Stop(StrEnum):
    """Why it runs no longer."""

    EXITED = "it ended by itself"
    NOT_STARTED = "it could not be started"
    TIMED_OUT = "it took too long"
    FLOODED = "it wrote too much"
    CANCELLED = "it was stopped"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    stop: Stop
    code: int | None = None  # None where it did not end by itself; 128 + n where signal n ended it
    stdout: str = ""  # redacted, cut, without control characters
    stderr: str = ""
    raw: bytes = b""  # of stdout, as far as it was kept: for answers that a program parses, never to be shown
    is_cut: bool = False
    is_gone: bool = True  # False: a process it started may still be running
    seconds: float = 0.0
