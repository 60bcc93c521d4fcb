"""Pages that fit an incident: by the alert's link, by its name, by search; with commands told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Alert, AlertStatus, Link, Severity
from bot.domain.context import ContextRequest
from bot.domain.evidence import RunbookFact
from bot.domain.remembered import Page
from memory.mirror import Mirror
from memory.pages import PageSource, read_page
from memory.store import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TEXT = """# KubePodCrashLooping

```sh
kubectl delete pod <pod>
kubectl get pods
houseprogram --fix
```
"""
POD = read_page(source="docs", path="kubernetes/pod.md", text=TEXT, link="https://docs.example/kubernetes/pod")
DISK = read_page(source="docs", path="storage/full.md", text="# Disk full\n\nLook.")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    await opened.pages.save([POD, DISK])
    yield opened
    await opened.close()


def asked(*, name: str = "Unknown", link: str | None = None) -> ContextRequest:
    alert = Alert(
        source="alertmanager",
        fingerprint="f",
        status=AlertStatus.FIRING,
        severity=Severity.SEV2,
        title="Pod restarts",
        started_at=NOON,
        labels={"alertname": name},
        links=(Link(title="Runbook", url=link),) if link else (),
    )
    return ContextRequest(incident_id="INC-1", alerts=(alert,), onset=NOON, now=NOON, service=None)


async def facts(source: PageSource, request: ContextRequest) -> list[RunbookFact]:
    found = [item.fact for item in (await source.look(request)).evidence]
    assert all(isinstance(fact, RunbookFact) for fact in found)
    return found  # type: ignore[return-value]


async def test_a_page_is_found_by_the_alerts_exact_name(store: Store) -> None:
    (fact,) = await facts(PageSource(Mirror(store)), asked(name="KubePodCrashLooping"))
    assert (fact.runbook, fact.why) == (POD.id, ("alert KubePodCrashLooping",))


async def test_the_alerts_own_link_wins_and_both_reasons_are_told(store: Store) -> None:
    request = asked(name="KubePodCrashLooping", link="https://docs.example/kubernetes/pod#fix")
    (fact,) = await facts(PageSource(Mirror(store)), request)
    assert (fact.score, fact.why) == (1.0, ("the alert links to it", "alert KubePodCrashLooping"))


async def test_commands_are_shown_as_they_stand_with_what_they_do_looking_first(store: Store) -> None:
    (fact,) = await facts(PageSource(Mirror(store)), asked(name="KubePodCrashLooping"))
    assert fact.steps == (
        "only looks: `kubectl get pods`",
        "not known what it does: `houseprogram --fix`",
        "CHANGES something: `kubectl delete pod <pod>`",
    )


async def test_a_link_that_leads_nowhere_is_told(store: Store) -> None:
    answer = await PageSource(Mirror(store)).look(asked(link="https://docs.example/kubernetes/gone"))
    assert answer.evidence == ()
    assert "leads to no page that is known here" in answer.gaps[0]


async def test_what_search_finds_comes_after_what_was_decided(store: Store) -> None:
    async def search(request: ContextRequest) -> Sequence[tuple[Page, float, tuple[str, ...]]]:
        assert request.alert.title == "Pod restarts"
        return [(DISK, 0.6, ("title: disk",))]

    found = await facts(PageSource(Mirror(store), search), asked(name="KubePodCrashLooping"))
    assert [fact.runbook for fact in found] == [POD.id, DISK.id]


async def test_a_page_that_was_not_changed_for_long_says_so(store: Store) -> None:
    await store.pages.save([replace(POD, updated_at=NOON - timedelta(days=500))])
    (item,) = (await PageSource(Mirror(store)).look(asked(name="KubePodCrashLooping"))).evidence
    assert item.text.endswith("It was last changed 16 months ago.")


async def test_without_pages_it_says_what_to_set(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'empty.db'}")
    answer = await PageSource(Mirror(store)).look(asked())
    await store.close()
    assert "RUNBOOK_PAGES" in answer.skipped
