"""The project names no machine it was made on, and its lock no place that packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.docs.pages import ROOT, files

# Where checkouts and homes stand on machines that build. Paths that users have (/tmp, /var, /usr, /etc) are fine.
_MACHINES = re.compile(r"(?<![\w./:}])/(?:home|Users|root|mnt|work|workspace|builds|opt/hostedtoolcache)/[\w.-]+")
_BINARY = frozenset({".png", ".svg", ".ico", ".woff2", ".ttf"})


def names(requirements: list[str]) -> set[str]:
    found = [re.match(r"[A-Za-z0-9._-]+", text) for text in requirements]
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


def test_no_file_names_a_machine_it_was_made_on() -> None:
    for path in files():
        if path.suffix in _BINARY or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        assert str(ROOT) + "/" not in text, f"{path} names the folder of this checkout"
        found = _MACHINES.findall(text)
        assert not found, f"{path} names a machine's folder: {found}"


def test_the_lock_says_what_but_not_from_where() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?://|file:|--(?:extra-)?index-url|--find-links|^-[ifce]\b| @ ", lock, re.MULTILINE)


def test_everything_in_the_lock_is_pinned_with_hashes() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==[^ ;]+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_lock_covers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = names([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    locked = names([line for line in (ROOT / "requirements.lock").read_text().splitlines() if re.match(r"\w", line)])
    assert wanted <= locked, f"run make lock: {sorted(wanted - locked)}"


def test_scripts_are_executable() -> None:
    for path in (ROOT / ".ci" / "run", ROOT / "scripts" / "install.sh"):
        assert path.stat().st_mode & 0o111, f"chmod +x {path.name}"
