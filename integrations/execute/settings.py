"""Which programs runbooks may run on this machine, and what these may touch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.domain.action import Risk
from bot.domain.errors import SettingsError
from bot.domain.setting import check_names, setting

# Each of them runs whatever its arguments say: allowing one allows everything.
_RUNS_ANYTHING = frozenset(
    {
        "sh", "ash", "bash", "dash", "zsh", "fish", "ksh", "csh", "tcsh", "busybox", "toybox", "env", "xargs",
        "parallel", "nohup", "setsid", "timeout", "nice", "ionice", "chroot", "unshare", "nsenter", "bwrap", "sudo",
        "doas", "su", "runuser", "setpriv", "strace", "ltrace", "gdb", "ssh", "socat", "nc", "ncat", "screen", "tmux",
        "script", "watch", "expect", "perl", "ruby", "python", "python3", "node", "lua", "php", "awk", "gawk", "mawk",
        "vi", "vim", "ed", "emacs",
    }
)  # fmt: skip
# The bot, the kernel's own file systems, other people's homes: no step reads or writes in these.
_NEVER = ("/", "/proc", "/sys", "/dev", "/etc", "/root", "/home", "/run", "/boot", "/usr", "/bin", "/sbin", "/lib")
_NEVER_WITHIN = ("/proc", "/sys", "/dev", "/boot")


@dataclass(frozen=True, kw_only=True)
class ExecuteSettings:
    programs: tuple[str, ...] = setting(
        "EXEC_PROGRAMS",
        default=(),
        help="Programs that runbooks may run, by name or absolute path, each with the risk of what it does: "
        "df, du, /opt/shop/flush-cache=change, /opt/shop/prune=destroy. Without a word it only reads.",
    )
    with_network: tuple[str, ...] = setting(
        "EXEC_NETWORK",
        default=(),
        help="Those of EXEC_PROGRAMS that get the machine's network; each of them needs =change or =destroy.",
    )
    readable: tuple[str, ...] = setting(
        "EXEC_READABLE",
        default=(),
        help="Folders and files that programs may read, beside the system's own programs and libraries.",
    )
    writable: tuple[str, ...] = setting(
        "EXEC_WRITABLE",
        default=(),
        help="Folders in which programs with =change or =destroy may write; for the others they are readable.",
    )
    environment: tuple[str, ...] = setting(
        "EXEC_ENVIRONMENT",
        default=(),
        help="Variables that programs get, beside PATH, LANG and HOME: TZ=UTC. No secrets: programs may print them.",
    )
    longest: float = setting("EXEC_TIMEOUT", default=600.0, help="Seconds that a program may be given at most.")

    def __post_init__(self) -> None:
        allowed = self.allowed()
        check_names("EXEC_NETWORK", self.with_network, allowed)
        for name in self.with_network:
            if allowed[name] is Risk.READ:
                raise SettingsError(
                    f"EXEC_NETWORK names {name}, which only reads: write {name}=change in EXEC_PROGRAMS."
                )
        for env, paths in (("EXEC_READABLE", self.readable), ("EXEC_WRITABLE", self.writable)):
            for path in paths:
                _check_folder(env, path)
        self.variables()
        if not 0 < self.longest <= 86_400:
            raise SettingsError(f"EXEC_TIMEOUT takes seconds up to a day; {self.longest:g} is not.")

    def allowed(self) -> Mapping[str, Risk]:
        """Programs as they are named, with their risk."""
        found: dict[str, Risk] = {}
        for entry in self.programs:
            name, sign, word = (part.strip() for part in entry.partition("="))
            if sign and word not in [risk.value for risk in Risk]:
                raise SettingsError(f"EXEC_PROGRAMS: {entry!r} needs read, change or destroy behind the = sign.")
            if os.path.basename(name) in _RUNS_ANYTHING:
                raise SettingsError(f"EXEC_PROGRAMS: {name} runs whatever it is told. Write a script, and allow that.")
            if not name or name in found or ("/" in name and os.path.normpath(name) != name) or name.startswith("."):
                raise SettingsError(f"EXEC_PROGRAMS: {entry!r} is no name or absolute path, or is there twice.")
            found[name] = Risk(word) if sign else Risk.READ
        return found

    def variables(self) -> Mapping[str, str]:
        found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        for entry in self.environment:
            name, sign, value = entry.partition("=")
            if not sign or not name.isidentifier() or name in ("HOME", "PATH") or name.startswith("LD_"):
                raise SettingsError(f"EXEC_ENVIRONMENT takes NAME=value; HOME, PATH and LD_* are not for it: {name!r}.")
            found[name] = value
        return found


def _check_folder(env: str, path: str) -> None:
    if not path.startswith("/") or os.path.normpath(path) != path:
        raise SettingsError(f"{env} takes absolute paths; {path!r} is none.")
    if path in _NEVER or any(Path(path).is_relative_to(place) for place in _NEVER_WITHIN):
        raise SettingsError(f"{env}: {path} holds more than a step may touch. Name the folder below it that is meant.")
