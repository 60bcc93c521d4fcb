"""Mistakes in runbooks: each is found when the file is read, with its line and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.domain.errors import ConfigFileError
from memory.runbooks import lint_runbooks, load_runbooks
from tests.memory.declared_actions import ACTIONS
from tests.memory.runbook_mistakes import BAD, GOOD


def bad(name: str) -> tuple[str, int | None, str | None]:
    """The file, the line that must be named (None: what is said names it), and what must be said."""
    old, new, says = BAD[name]
    assert GOOD.count(old) >= 1, f"{old!r} is not in the good file"
    text = GOOD.replace(old, new, 1)
    marked = [at for at, line in enumerate(text.splitlines(), start=1) if line.endswith("#!")]
    return text.replace(" #!", ""), marked[0] if marked else None, says


def test_the_good_file_is_good(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (runbook,) = load_runbooks(tmp_path, ACTIONS)
    assert [step.id for step in runbook.steps] == ["pods", "dump", "change"]


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_file_line_and_remedy(tmp_path: Path, name: str) -> None:
    text, line, says = bad(name)
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigFileError) as raised:
        load_runbooks(tmp_path, ACTIONS)
    said = str(raised.value)
    found = "\n".join(str(problem) for problem in lint_runbooks([path], ACTIONS).problems)
    assert said.startswith(f"{path}, line "), said
    if line is not None:
        assert re.search(rf"^{re.escape(str(path))}, line {line}: .*{says or 'is there twice'}", found, re.MULTILINE), (
            found
        )
    else:
        assert re.search(says or "", found), found
    assert ";" in found or ":" in found.partition("line ")[2], f"no remedy: {found}"


@pytest.mark.parametrize("name", [name for name in BAD if "action" not in name and "YAML" not in name])
def test_without_knowing_actions_nothing_new_is_wrong(tmp_path: Path, name: str) -> None:
    """What is told then is told with actions known as well."""
    text, _, _ = bad(name)
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    known = {str(problem) for problem in lint_runbooks([path], ACTIONS).problems}
    assert {str(problem) for problem in lint_runbooks([path]).problems} <= known


def test_all_mistakes_of_all_files_are_told_by_line(tmp_path: Path) -> None:
    text = GOOD.replace("default: 2", "default: 9").replace("retries: 2", "retries: 9").replace("id: dump", "id: pods")
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(GOOD.replace("id: restart", "id: b").replace("metric: up", "metrc: up"))
    found = [str(p) for p in lint_runbooks(sorted(tmp_path.iterdir()), ACTIONS).problems]
    lines = [re.search(r"(\w)\.yaml, line (\d+)", problem) for problem in found]
    assert [(line[1], int(line[2])) for line in lines if line] == [("a", 11), ("a", 18), ("a", 19), ("b", 29)]
    with pytest.raises(ConfigFileError, match=r"line 11: .*\(3 more: `first-responder runbook lint` tells them all\)"):
        load_runbooks(tmp_path, ACTIONS)


def test_an_id_in_two_files_names_both(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(ConfigFileError, match=r"b\.yaml, line 1: id: restart is also the id of .*a\.yaml; give it"):
        load_runbooks(tmp_path, ACTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "id: &a [*a]\n",
        "id: a\ntitle: b\nsteps: &s\n  - id: x\n    title: y\n    action: exec\n    parameters: &p {a: *p}\n",
        "id: a\ntitle: b\nsteps:\n" + "  - title: x\n" * 51,
        f"id: a\ntitle: b\nsteps: [{{id: x, title: y, action: exec, parameters: {{a: {'[' * 50}{']' * 50}}}}}]\n",
        "id: a\ntitle: b\nsteps: [{title: x}]\nparameters:\n" + "".join(f"  p{n}: {{type: bool}}\n" for n in range(21)),
        f"id: a\ntitle: b\nx: &b [&a [1{', 1' * 20}]{', *a' * 40}]\nsteps: [{{title: &c [*b{', *b' * 30}]}}, *c]\n",
        "\0",
        "- a",
        "",
        "id: a\n---\nid: b\n",
    ],
)  # fmt: skip
def test_odd_files_are_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ConfigFileError, match=r"odd\.yaml"):
        load_runbooks(tmp_path)


def test_the_text_of_the_good_file_is_yaml_after_every_change() -> None:
    """Else a case would test the parser of YAML alone."""
    broken = {"bad YAML", "a key twice"}
    for name in BAD.keys() - broken:
        assert yaml.safe_load(bad(name)[0]), name
