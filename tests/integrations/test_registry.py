import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import integrations
from bot.domain.setting import read
from integrations.descriptor import Integration
from integrations.registry import discover

HEAVY = (
    "anthropic",
    "elasticsearch",
    "elastic_transport",
    "github",
    "pdpyras",
    "prometheus_api_client",
    "requests",
    "promql_parser",
)


def test_every_vendor_is_found_without_a_list() -> None:
    found = discover()
    assert {"alertmanager", "elasticsearch", "generic", "github", "pagerduty", "prometheus"} <= set(found)
    assert list(found) == sorted(found)
    assert all(isinstance(item, Integration) and item.name == name for name, item in found.items())


def test_finding_them_imports_no_client_library() -> None:
    script = f"""
        import sys
        from integrations.registry import discover
        discover()
        print(*[name for name in {HEAVY!r} if name in sys.modules])
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(integrations.__path__[0]).parent,
    )
    assert ran.stdout.split() == [], "import client libraries inside the functions that use them"


def test_a_new_module_is_a_new_vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acmewatch.py").write_text(
        "from integrations.descriptor import Integration\n"
        "INTEGRATION = Integration(name='acmewatch', title='Acme Watch', settings=object)\n"
    )
    (tmp_path / "notes.py").write_text("")
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(tmp_path)])
    assert "acmewatch" in discover()
    assert "notes" not in discover()


def test_two_vendors_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zz_copy.py").write_text(
        "from integrations.descriptor import Integration\n"
        "INTEGRATION = Integration(name='prometheus', title='Another', settings=object)\n"
    )
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(tmp_path)])
    with pytest.raises(ValueError, match=r"zz_copy.*prometheus"):
        discover()


@pytest.mark.parametrize("name", ["elasticsearch", "github", "pagerduty", "prometheus"])
def test_nothing_set_means_not_set_up(name: str) -> None:
    found = discover()[name]
    assert found.sources is not None
    assert found.sources(read(found.settings, {}), None) == ()  # type: ignore[arg-type]
