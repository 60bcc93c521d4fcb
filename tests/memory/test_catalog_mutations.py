"""Catalogs that are broken in any way load, or are refused with the file's name: never anything else."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.catalog import Catalog
from bot.domain.errors import ConfigFileError
from memory.catalog import load_catalog, summary
from tests.memory.test_catalog_backstage import OWN, SHOP
from tests.memory.test_operator_files import CATALOG

PIECES = (
    "", ":", "-", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "!!int x", "!x", "|", ">", '"', "'", "#", "\t", "\n",
    "---\n", "...\n", "null", "~", "yes", "1e999", "2026-99-99", "0x", "\x00", "\ufeff", "é", "? ", "kind: Location",
    "../", "*", '"\\0"', "!!binary x", "!!set {a}", "!!python/object:os.system {}", "9" * 400, "targets: [./*]",
)  # fmt: skip


def broken(text: str, seed: int) -> str:
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 6)):
        at, length = dice.randrange(len(text) + 1), dice.choice((0, 0, 1, 3, 20))
        other = dice.randrange(len(text) + 1)
        piece = dice.choice((*PIECES, text[other : other + dice.randint(1, 60)]))
        text = text[:at] + piece + text[at + length :]
    return text


VALUES: tuple[Any, ...] = (
    None, True, 7, -1.5, "", "x", "x/y", "a:b/c", ":", "group:", [], {}, [[]], [None], {"a": {}}, ["x", "x"], "./*",
    date(2026, 3, 4), "https://x.example", "catalog-info.yaml", "Location", "services", "\0", "x" * 5000,
)  # fmt: skip


def twisted(text: str, seed: int) -> str:
    """Still YAML; some of its values are others, gone, or under another name."""
    dice = random.Random(seed)
    documents = list(yaml.safe_load_all(text))
    for _ in range(dice.randint(1, 4)):
        _twist(dice.choice(documents), dice)
    return yaml.safe_dump_all(documents, sort_keys=False)


def _twist(value: Any, dice: random.Random) -> None:
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not keys:
        return
    key = dice.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and dice.random() < 0.75:
        _twist(value[key], dice)
    elif isinstance(value, dict) and dice.random() < 0.3:
        moved = value.pop(key)
        if dice.random() < 0.5:
            value[dice.choice([*keys, "x", 7])] = moved
    else:
        value[key] = dice.choice(VALUES)


def loaded(place: Path) -> tuple[Catalog | None, str]:
    """The catalog, or what is said instead."""
    try:
        return load_catalog(place), ""
    except ConfigFileError as error:
        return None, str(error)


def test_a_good_part_of_the_mutations_still_loads(tmp_path: Path) -> None:
    """So that what comes after reading is tried as well."""
    file = tmp_path / "services.yaml"
    count = 0
    for seed in range(60):
        file.write_text(twisted((SHOP, OWN, CATALOG)[seed % 3], seed), encoding="utf-8")
        count += loaded(file)[0] is not None
    assert count >= 10, count


@settings(max_examples=250, deadline=None)
@given(st.sampled_from((SHOP, OWN, CATALOG)), st.sampled_from((broken, twisted)), st.integers(0, 2**32))
def test_a_mutated_catalog_loads_or_is_refused_by_its_name(
    text: str, mutate: Callable[[str, int], str], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalog-info.yaml"
        file.write_text(mutate(text, seed), encoding="utf-8")
        for place in (file, Path(folder)):
            catalog, refusal = loaded(place)
            assert folder in refusal or catalog is not None
            if catalog is not None:
                assert summary(catalog, "x")
                assert all(catalog.find(name) for name in catalog.services)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "services: &a {x: *a}",
        "services: {x: &a {<<: *a}}",
        "services: &s {x: {depends_on: &d [*d]}}",
        "apiVersion: backstage.io/v1\nkind: Component\nmetadata: &m {name: x, annotations: *m}\nspec: *m",
        "services: {? [a] : {}}",
        "services: {? {a: b} : {}}",
        "services: {null: {}, 1: {}, 2.5: {}}",
        "[" * 5000,
        "a: " * 3000 + "b",
    ],
    ids=range(10),
)
def test_circles_depths_and_strange_keys_are_borne(tmp_path: Path, text: str) -> None:
    (tmp_path / "services.yaml").write_text(text)
    catalog, refusal = loaded(tmp_path / "services.yaml")
    assert "services.yaml" in refusal or catalog is not None


def test_a_bomb_of_aliases_is_read_in_no_time(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "services.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigFileError, match="is not a known field"):
        load_catalog(tmp_path / "services.yaml")
