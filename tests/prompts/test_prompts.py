"""Templates: a missing variable is an error, and the hash tells which words were used."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from prompts import FOLDER, render


def test_a_missing_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="words"):
        render("help.v1", command="/inc", unknown="", nearest=None)


def test_the_hash_is_that_of_the_template_and_not_of_the_values() -> None:
    one = render("help.v1", command="/inc", words=(), unknown="statsu", nearest="status")
    two = render("help.v1", command="/inc", words=(), unknown="lst", nearest="list")
    assert one.hash == two.hash
    assert one.text != two.text


@pytest.mark.parametrize("template", sorted(path.name for path in FOLDER.glob("*.j2")))
def test_templates_carry_their_version(template: str) -> None:
    assert template.removesuffix(".j2").rpartition(".v")[2].isdigit()
