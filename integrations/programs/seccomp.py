"""A filter of system calls for the kernel: what no runbook's program needs and breakouts use.

https://docs.kernel.org/userspace-api/seccomp_filter.html; the choice follows the default profile of containers
(https://docs.docker.com/engine/security/seccomp/). It stands beside the namespaces, it does not replace them: kernel
keyrings and input pushed into a terminal are what namespaces leave open.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Mapping

# Numbers from the kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
_X86_64 = {
    "socket": 41, "clone": 56, "ioctl": 16,
    "ptrace": 101, "syslog": 103, "vhangup": 153, "pivot_root": 155, "adjtimex": 159, "chroot": 161, "acct": 163,
    "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "quotactl": 179, "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "unshare": 272, "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304, "clock_adjtime": 305,
    "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313,
    "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
}  # fmt: skip
_ARM64 = {
    "socket": 198, "clone": 220, "ioctl": 29,
    "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "vhangup": 58, "quotactl": 60, "acct": 89,
    "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112, "syslog": 116,
    "ptrace": 117, "reboot": 142, "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "adjtimex": 171,
    "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
    "kexec_file_load": 294,
}  # fmt: skip
# Newer calls have one number everywhere.
_NEWER = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
    "quotactl_fd": 443,
}  # fmt: skip
_CLONE3 = 435
_FILTERED_APART = ("socket", "clone", "clone3", "ioctl")

_ARCHITECTURES: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "x86_64": (0xC000003E, _X86_64),  # AUDIT_ARCH_X86_64
    "aarch64": (0xC00000B7, _ARM64),
}
_X32 = 0x40000000  # the bit of x86_64's third set of calls, which would pass by every number here
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data, lower halves of arguments
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


def is_known() -> bool:
    return platform.machine() in _ARCHITECTURES


def numbers() -> Mapping[str, int]:
    """Of the system calls that are filtered on this machine, by name. Raises KeyError where `is_known` denies it."""
    return {**_ARCHITECTURES[platform.machine()][1], **_NEWER, "clone3": _CLONE3}


def filter_for(*, has_network: bool) -> bytes:
    """An array of struct sock_filter. Raises KeyError on a machine that `is_known` denies."""
    architecture, _ = _ARCHITECTURES[platform.machine()]
    by_name = numbers()
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL)]
    steps += [_step(_LOAD, _NUMBER), *_deny(_AT_LEAST, _X32, errno.EPERM)]
    for name, number in by_name.items():
        if name not in _FILTERED_APART:
            steps += _deny(_EQUAL, number, errno.EPERM)
    # "Not there" makes the C library fall back to clone, whose flags can be read here.
    steps += _deny(_EQUAL, _CLONE3, errno.ENOSYS)
    if not has_network:
        steps += _deny(_EQUAL, by_name["socket"], errno.EACCES)
    steps += _when(by_name["clone"], _FIRST, _deny(_ANY_BIT, _NEW_NAMESPACES, errno.EPERM))
    steps += _when(by_name["ioctl"], _SECOND, [s for code in _TERMINAL_INPUT for s in _deny(_EQUAL, code, errno.EPERM)])
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _deny(comparison: int, value: int, error: int) -> list[bytes]:
    return [_step(comparison, value, 0, 1), _step(_RETURN, _ERROR | error)]


def _when(number: int, argument: int, then: list[bytes]) -> list[bytes]:
    inner = [_step(_LOAD, argument), *then, _step(_LOAD, _NUMBER)]
    return [_step(_EQUAL, number, 0, len(inner)), *inner]
