"""A program that has been started, whichever way, and the pipes that come with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

NOBODY = 65534  # the user and the group without rights, on every Linux


class Started(Protocol):
    @property
    def process(self) -> subprocess.Popen[bytes]: ...

    @property
    def status(self) -> int:
        """A descriptor that tells lines of JSON: "child-pid" first, "exit-code" last."""
        ...

    def release(self, child: int) -> int | None:
        """Let the program begin, now that `child` is known. Raises OSError where its limits cannot be set.

        Returns a handle (pidfd) of the process that has to be gone in the end, beside the one that was started.
        """
        ...

    def kill(self, handle: int | None) -> None:
        """End it and all that it started; `handle` as `release` gave it."""
        ...

    def forget(self) -> None:
        """Close and remove what was needed to run it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Spawned:
    process: subprocess.Popen[bytes]
    status: int


def spawn(
    argv: Sequence[str], *, lent: Sequence[int], status: tuple[int, int], environment: Mapping[str, str], drop: bool
) -> Spawned:
    """Start a process in a session of its own, with `lent` as its only descriptors beside the usual three.

    The kernel ties a process to the thread that starts it (PR_SET_PDEATHSIG): call it on the thread of the event loop,
    which lives as long as the bot does. `drop`: leave root's rights behind before anything runs.
    """
    reading, writing = status
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd="/",
            pass_fds=[*lent, writing],
            start_new_session=True,
            umask=0o077,
            bufsize=0,
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if drop else {}),  # type: ignore[call-overload]
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Spawned(process=process, status=reading)


def in_memory(content: bytes, lent: list[int]) -> int:
    """A descriptor that reads `content`, added to `lent`."""
    descriptor = os.memfd_create("first-responder", os.MFD_CLOEXEC)
    lent.append(descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@contextmanager
def lending() -> Iterator[list[int]]:
    """Descriptors put into the list are closed on this side afterwards."""
    lent: list[int] = []
    try:
        yield lent
    finally:
        for descriptor in lent:
            os.close(descriptor)
