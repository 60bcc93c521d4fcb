"""Monitors copy secrets into what they say: an incident keeps none of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.domain.alert import Delivery
from bot.flows.triage import Triage
from bot.testing import NOON, FrozenClock, make_alert
from memory.store import Store

SECRET = "s3" * 16


async def test_what_looks_like_a_secret_is_taken_out_of_an_alert_before_an_incident_is_made_of_it(
    tmp_path: Path,
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    try:
        alert = replace(
            make_alert(title=f"Login failed password={SECRET}"),
            description=f"postgres://app:{SECRET}@db.example/shop refused the connection",
            labels={"alertname": "LoginFailed", "dsn": f"postgres://app:{SECRET}@db.example/shop"},
        )
        again = replace(alert, fingerprint="f2")
        for said in (alert, again):
            delivery = Delivery(source="alertmanager", key=said.fingerprint, received_at=NOON, alerts=(said,))
            await store.inbox.accept(delivery)
            await Triage(store.desk, clock=FrozenClock()).run_once()
        kept = await store.incidents.get("INC-2026-0001")
        assert kept is not None
        assert len(kept.alerts) == 2
        assert SECRET not in repr(kept)
        assert kept.title.startswith("Login failed password=")
        assert kept.first_alert.labels["alertname"] == "LoginFailed"
    finally:
        await store.close()
