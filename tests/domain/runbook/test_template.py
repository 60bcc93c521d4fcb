"""Templates: what they look up, what they may not do, and what values cannot do to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import Value
from bot.domain.runbook.template import TemplateError, check, defaulted, paths, printed, render

VALUES: dict[str, Value] = {
    "parameters": {"name": "shop", "count": 3, "ratio": 0.5, "force": True, "items": "not a method"},
    "incident": {"service": None, "labels": {"namespace": "prod"}},
    "steps": {"look": {"names": ("a", "b"), "rows": ({"pid": 7},)}},
}


@pytest.mark.parametrize(
    ("source", "gives"),
    [
        ("plain", "plain"),
        ("{{ parameters.count }}", 3),
        ("{{ parameters.ratio }}", 0.5),
        ("{{ parameters.force }}", True),
        ("{{- parameters.count -}}", 3),
        ("-{{ parameters.count }}", "-3"),
        ("{{ parameters.force }} ", "true "),
        ("{{ parameters.count }}{{ parameters.count }}", "33"),
        ("{{ parameters['name'] }}/x", "shop/x"),
        ("{{ parameters.items }}", "not a method"),
        ("{{ steps.look.names | first }}", "a"),
        ("{{ steps.look.names | join(' ') }}", "a b"),
        ("{{ steps.look.names | length }}", 2),
        ("{{ steps.look.rows[0].pid }}", 7),
        ("{{ incident.labels.team | default('nobody') }}", "nobody"),
        ("{{ parameters.name if parameters.force else 'x' }}", "shop"),
        ("{% if parameters.count > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ parameters.count + 1 }}", 4),
        ("{{ '{{' }}", "{{"),
        ("sum(rate(x{y=\"{{ parameters.name }}\"}[5m]))", 'sum(rate(x{y="shop"}[5m]))'),
        ("a\n  b {{ parameters.count }}\n", "a\n  b 3\n"),
    ],
)  # fmt: skip
def test_a_template_is_filled_in_exactly(source: str, gives: object) -> None:
    check(source)
    found = render(source, VALUES)
    assert (found, type(found)) == (gives, type(gives))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ parameters.nme }}", r"there is no parameters\.nme this time"),
        ("x {{ incident.labels.team }}", r"there is no incident\.labels\.team this time"),
        ("{{ incident.service }}", r"there is no incident\.service this time"),
        ("a {{ incident.service }}", r"there is no incident\.service this time"),
        ("{{ steps.look.names }}", "gives a list"),
        ("x {{ steps.look.names }}", "gives a list"),
        ("{{ parameters }}", "gives a mapping"),
        ("{{ parameters.name.upper }}", "there is no"),
        ("{{ parameters.name + 1 }}", "cannot be filled in"),
        ("{{ 1 / 0 }}", "cannot be filled in"),
        ("{{ parameters.name | round }}", "cannot be filled in"),
        ("{{ steps.look.names[5] }}", "there is no"),
        ("{{ nothing }}", "there is no nothing this time"),
    ],
)
def test_what_is_not_known_is_an_error_and_never_an_empty_text(source: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        render(source, VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "{{ parameters.name.upper() }}", "{{ parameters.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ __import__ }}",
        "{{ parameters | attr('x') }}", "{{ range(9) }}", "{% for x in steps.look.names %}{{ x }}{% endfor %}",
        "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% macro f() %}{% endmacro %}",
        "{% set x = 1 %}", "{{ 'a' * 1000000000 }}", "{{ 9 ** 9 ** 9 }}", "{{ [1, 2] }}", "{{ {'a': 1} }}",
        "{{ parameters | tojson }}", "{{ parameters | map('x') }}", "{% filter upper %}x{% endfilter %}",
        "{% raw %}{{ x }}{% endraw %}{{ cycler() }}", "{{ self }}{{ self._TemplateReference__context }}",
        "{{ lipsum }}{{ lipsum.__globals__ }}", "{{ parameters['__class__'].x() }}", "{{ parameters", "{% if %}",
        "{{ " + "(" * 3000 + "1", "{{ 1 }}" * 1000, "{% call x() %}{% endcall %}",
        "{% autoescape true %}{% endautoescape %}",
    ],
)  # fmt: skip
def test_what_templates_may_not_do_is_refused_when_they_are_read(source: str) -> None:
    with pytest.raises(TemplateError):
        check(source)


HOSTILE = (
    "{{ parameters.count }}", "{% if 1 %}x{% endif %}", "{# x #}", "{{ ''.__class__ }}", "}}{{ 1 }}", "$(reboot)",
    "`id`", "a; rm -rf /", "a && b", "a | b", "a > /etc/passwd", "a\nb", "a b", "'", '"', "\\", "--kubeconfig=/x", "-x",
    "", " ", "../../etc/passwd", "*", "~", "$HOME", "%s", "${x}", "\t", "a\r\nb", "\u202eabc", "ｓｈｏｐ", "é",
    "\U0001f525", "x" * 9000, "true", "1", "null", "None", "[1, 2]", '{"a": 1}', "http://169.254.169.254/", "file:///etc",
    "--", "-o ProxyCommand=x", "a,b=c", "\x1b[31m", "\u200b", "\u0430dmin", "%2e%2e%2f", "a'--", "1 OR 1=1", "|| true",
)  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_put_in_as_it_is_and_read_by_nobody(value: str) -> None:
    assert render("{{ parameters.name }}", {"parameters": {"name": value}}) == value
    assert render("<{{ parameters.name }}>", {"parameters": {"name": value}}) == f"<{value}>"


def test_too_long_a_result_is_refused() -> None:
    with pytest.raises(TemplateError, match="16,000 are allowed"):
        render("{{ parameters.name }}{{ parameters.name }}", {"parameters": {"name": "x" * 9000}})


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_value_comes_out_as_it_went_in(value: str) -> None:
    assert render("{{ parameters.name }}", {"parameters": {"name": value}}) == value


def test_the_names_of_a_template_are_known() -> None:
    source = "{{ a.b['c'] }} {{ d.e | default(f.g) }} {% if h.i %}{{ j[0].k }}{% endif %} {{ l.m | first }}"
    assert set(paths(source)) == {
        ("a", "b", "c"), ("d", "e"), ("f", "g"), ("h", "i"), ("j", "0", "k"), ("l", "m"),
    }  # fmt: skip
    assert set(printed(source)) == {("a", "b", "c"), ("j", "0", "k")}
    assert defaulted(source) == (("d", "e"),)
