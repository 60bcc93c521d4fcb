from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFileError
from bot.domain.maintenance import MaintenanceWindow
from memory.maintenance import load_maintenance

GOOD = """
windows:
  - {service: orders, from: 2026-12-01T22:00:00Z, until: "2026-12-02 00:00", why: new disks}
"""


def test_windows_are_read(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(GOOD)
    since, until = datetime(2026, 12, 1, 22, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    window = MaintenanceWindow(service="orders", since=since, until=until, why="new disks")
    assert load_maintenance(tmp_path / "m.yaml") == (window,)


def test_the_shipped_file_has_none() -> None:
    assert load_maintenance(Path(__file__).parents[2] / "config" / "maintenance.yaml") == ()


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('until: "2026-12-02 00:00"', "until: 2026-12-01", "a window ends after it begins"),
        ("service: orders, ", "", "service is missing"),
        ("why: new disks", "why: ''", "is empty"),
        ("service:", "services:", "did you mean service"),
        ("2026-12-01T22:00:00Z", "tomorrow", "a time is expected"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    (tmp_path / "m.yaml").write_text(GOOD.replace(wrong, right))
    with pytest.raises(ConfigFileError, match=said):
        load_maintenance(tmp_path / "m.yaml")
