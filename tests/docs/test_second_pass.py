"""`scripts/test.sh`: a few failed tests get a second pass, alone; what fails twice fails the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/test.sh"
FAILS_ONCE = """
from pathlib import Path

def test_flag():
    flag = Path(__file__).with_name("flag")
    was_there = flag.exists()
    flag.touch()
    assert was_there

def test_good():
    with Path(__file__).with_name("runs").open("a") as runs:
        runs.write("x")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(project: Path, code: str) -> subprocess.CompletedProcess[str]:
    (project / "test_it.py").write_text(code)
    return subprocess.run(
        [SCRIPT, "-q"],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "WORKERS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        | {"PYTEST_PLUGINS": "xdist.plugin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_passes_alone_passes_and_both_results_are_printed(project: Path) -> None:
    done = run(project, FAILS_ONCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "look into it" in done.stdout
    assert (project / "runs").read_text() == "x"  # what passed is not run again
    assert not (project / ".pytest_cache").exists()


def test_what_fails_twice_fails(project: Path) -> None:
    done = run(project, "def test_bad():\n    assert False\n")
    assert done.returncode == 1
    assert done.stdout.count("1 failed") == 3  # both results, and the word between them


def test_many_failures_fail_at_once(project: Path) -> None:
    done = run(
        project,
        "import pytest\n\n@pytest.mark.parametrize('n', range(11))\ndef test_bad(n):\n    assert False\n",
    )
    assert done.returncode == 1
    assert "once more" not in done.stdout


def test_tests_that_cannot_be_run_have_no_second_pass(project: Path) -> None:
    done = run(project, "")
    assert done.returncode == 5  # pytest's own: none was found
    assert "once more" not in done.stdout
