"""PagerDuty's past incidents, over the real client, from the replay server: all of them, once, within its limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports.history import Told
from bot.domain.remembered import PastIncident
from bot.domain.setting import read
from integrations.descriptor import Tools
from integrations.pagerduty import INTEGRATION
from integrations.pagerduty.history import AT_ONCE, WINDOW, PagerDutyHistory, read_wanted, windows
from integrations.pagerduty.settings import PagerDutySettings
from integrations.patience import MOST_REFUSALS, PAUSES, Patience
from integrations.threads import SourceThreads
from sandbox.faults import Fault, FaultKind
from sandbox.pagerduty.directory import Directory
from sandbox.pagerduty.incidents import Entry, Incident, Note
from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.integrations.asking import KEY, FixedClock, dead_port, tools
from tests.sandbox.pagerduty.conftest import NOW, small

DAY, MINUTE = 86_400.0, 60.0
AT = datetime.fromtimestamp(NOW, UTC)
FIRING = {"firing": "Labels:\n - alertname = CheckoutErrors\n - severity = critical\nAnnotations:\n"
                    " - summary = One of ten checkouts fails\nSource: http://prometheus.example"}  # fmt: skip


def over(known: Directory, number: int, days: float, *notes: str, **more: Any) -> Incident:
    """An incident that took 38 minutes, so many days ago."""
    began = NOW - days * DAY
    ended = began + 38 * MINUTE
    ana = known.users["ana"]
    made = Incident(
        id=f"QPAST{number:07d}", number=number, title=f"Alert {number} of checkout", status="resolved", urgency="high",
        key=f"key-{number}", created_at=began, changed_at=ended, service=known.services["PSCHK01"], policy=None,
        assignees=(),
        notes=tuple(Note(id=f"N{number}{at}", at=began + at, content=text, user=ana) for at, text in enumerate(notes)),
        log=(Entry(id=f"L{number}", kind="trigger", at=began, incident=f"QPAST{number:07d}", agent=None),
             Entry(id=f"M{number}", kind="resolve", at=ended, incident=f"QPAST{number:07d}", agent=ana)),
    )  # fmt: skip
    return replace(made, **more)


@dataclass
class Place:
    """A replayed account, and an import of it."""

    url: str
    clock: list[float]
    app: Any
    asked: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def history(self, which: str = "", url: str = "") -> AsyncIterator[PagerDutyHistory]:
        async def pause(seconds: float) -> None:
            self.waited.append(seconds)
            self.clock[0] += seconds

        settings = read(PagerDutySettings, {"PAGERDUTY_URL": url or self.url, "PAGERDUTY_API_KEY": KEY})
        threads = SourceThreads(8)
        lent = Tools(clock=FixedClock(AT), threads=threads, source_deadline=60.0)
        yield PagerDutyHistory(settings, lent, read_wanted(which), patience=Patience("PagerDuty", pause=pause))
        threads.close()

    async def told(self, which: str = "") -> list[Told]:
        async with self.history(which) as source:
            return [told async for told in source.items()]

    async def past(self, which: str = "") -> dict[str, PastIncident]:
        return {told.key: told.past for told in await self.told(which) if told.past is not None}

    def arm(self, **fault: Any) -> None:
        self.app.middleware_stack.arm(Fault(**fault))


@asynccontextmanager
async def place(
    folder: Path, earlier: Callable[[Directory], Iterable[Incident]] = lambda _: (), **options: Any
) -> AsyncIterator[Place]:
    clock = [NOW]
    app = create_app(small(folder), clock=lambda: clock[0], earlier=earlier, **options)
    asked: list[str] = []

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(scope["path"])
        await app(scope, receive, send)

    async with serving(listening) as url:
        yield Place(url=url, clock=clock, app=app, asked=asked)


async def test_an_incident_is_told_with_what_raised_it_and_what_people_noted(tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        notes = ("Looking.", "Restarted the pods, which did not help.", "Root cause: a report job held connections",
                 "Stopped the job. Thanks all!")  # fmt: skip
        return [
            over(known, 7, 12, *notes, event=FIRING, further_alerts=("[FIRING:1] CheckoutSlow (prod)", "Queue is long"),
                 priority=next(iter(known.priorities.values())), teams=(known.teams["PTPAY01"],))
        ]  # fmt: skip

    async with place(tmp_path, earlier) as account:
        (told,) = await account.told()
    assert (told.key, told.name, told.text) == ("QPAST0000007", "#7", "")
    assert told.past == PastIncident(
        id="PD-7",
        title="Alert 7 of checkout",
        service="checkout",
        started_at=AT - timedelta(days=12),
        minutes=38,
        cause="a report job held connections",
        cause_kind="",
        fix="Stopped the job",
        unhelpful="Restarted the pods, which did not help",
        symptoms="One of ten checkouts fails; [FIRING:1] CheckoutSlow (prod); Queue is long",
        link="https://acme.pagerduty.com/incidents/QPAST0000007",
        alerts=("CheckoutErrors", "CheckoutSlow"),
        labels={"pagerduty_service": "PSCHK01", "urgency": "high", "priority": "P1", "team": "Payments"},
        origin="pagerduty",
    )


async def test_only_what_is_over_and_within_the_time_is_asked_for(tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        cart = known.services["PSCRT01"]
        return [over(known, 1, 500), over(known, 2, 300), over(known, 3, 20, service=cart), over(known, 4, 2),
                over(known, 5, 1, status="acknowledged")]  # fmt: skip

    async with place(tmp_path, earlier) as account:
        assert [past.id for past in (await account.past()).values()] == ["PD-2", "PD-3", "PD-4"]
        since = (AT - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert [past.id for past in (await account.past(f"since={since}")).values()] == ["PD-3", "PD-4"]
        for service in ("cart", "CART", "PSCRT01"):
            assert [past.id for past in (await account.past(f"service={service}")).values()] == ["PD-3"]
        with pytest.raises(SettingsError, match="no service 'nope'"):
            await account.past("service=nope")
        async with account.history() as source:
            assert await source.count() == 3


async def test_thousands_come_over_many_pages_each_once_and_oldest_first(tmp_path: Path) -> None:
    """Past the last record that a list gives, it is asked for anew."""

    def earlier(known: Directory) -> list[Incident]:
        return [over(known, n, 360 - n * 0.14, f"Went back to v{n}") for n in range(1, 2501)]

    async with place(tmp_path, earlier, rate_limit=100_000) as account, account.history() as source:
        assert await source.count() == 2500
        told = [told async for told in source.items()]
    numbers = [int(one.name.removeprefix("#")) for one in told]
    assert numbers == list(range(1, 2501))
    assert all(
        one.past is not None and one.past.fix == f"Went back to v{n}" for n, one in zip(numbers, told, strict=True)
    )
    lists = sum(path == "/incidents" for path in account.asked)
    assert lists <= 30, "a hundred a page, three windows"
    assert Counter(account.asked).most_common(1)[0][0] == "/incidents", "no incident is asked about twice"


async def test_a_list_that_is_too_long_for_pagerduty_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.pagerduty.wire.LAST_RECORD", 300)
    monkeypatch.setattr("integrations.pagerduty.history.LAST_RECORD", 300)

    def earlier(known: Directory) -> list[Incident]:
        # Forty of one second stand where the list is cut.
        return [over(known, n, 90 - (n if not 280 < n <= 320 else 280) * 0.1) for n in range(1, 701)]

    async with place(tmp_path, earlier, rate_limit=100_000) as account:
        told = await account.told()
    assert sorted(int(one.name.removeprefix("#")) for one in told) == list(range(1, 701))


def test_windows_are_never_longer_than_one_list_may_be() -> None:
    until = AT
    since = until - timedelta(days=1000)
    parts = list(windows(since, until))
    assert (parts[0][0], parts[-1][1]) == (since, until)
    assert all(end - begin <= WINDOW for begin, end in parts)
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert list(windows(until, until)) == []


async def test_the_limit_is_kept_by_waiting_and_a_part_of_it_is_left_to_the_bot(tmp_path: Path) -> None:
    async with place(
        tmp_path, lambda known: [over(known, n, n, "Went back to v1") for n in range(1, 31)], rate_limit=20
    ) as account:
        found = await account.past()
    assert len(found) == 30
    assert account.waited
    assert all(seconds <= 62 for seconds in account.waited), account.waited
    assert len(account.asked) == 33, "three lists and the notes of each: nothing was refused and asked for again"


async def test_a_refusal_is_waited_out_as_long_as_pagerduty_says(tmp_path: Path) -> None:
    async with place(tmp_path, lambda known: [over(known, 1, 3, "Went back to v1")]) as account:
        account.arm(kind=FaultKind.STATUS, status=429, times=2, headers={"ratelimit-limit": "960",
                    "ratelimit-remaining": "0", "ratelimit-reset": "17"})  # fmt: skip
        assert len(await account.past()) == 1
    assert account.waited == [18.0, 18.0]


async def test_refusals_without_end_are_told(tmp_path: Path) -> None:
    async with place(tmp_path) as account:
        account.arm(kind=FaultKind.STATUS, status=429)
        with pytest.raises(SourceError) as raised:
            await account.past()
    assert raised.value.reason is FailureReason.RATE_LIMITED
    assert len(account.waited) == MOST_REFUSALS


@pytest.mark.parametrize("fault", [{"kind": FaultKind.STATUS, "status": 502}, {"kind": FaultKind.RESET}])
async def test_a_failure_that_passes_costs_a_pause(tmp_path: Path, fault: dict[str, Any]) -> None:
    async with place(tmp_path, lambda known: [over(known, 1, 3, "Went back to v1")]) as account:
        account.arm(**fault, times=2)
        assert len(await account.past()) == 1
    assert account.waited == list(PAUSES[:2])


async def test_a_dead_pagerduty_is_told_after_some_tries(tmp_path: Path) -> None:
    async with place(tmp_path) as account, account.history(url=dead_port()) as source:
        with pytest.raises(SourceError, match="PagerDuty cannot be reached"):
            await source.count()
    assert account.waited == list(PAUSES)


async def test_a_wrong_key_is_told_at_once(tmp_path: Path) -> None:
    async with place(tmp_path, api_key="another" * 3) as account:
        with pytest.raises(SourceError, match="does not accept the credentials"):
            await account.past()
    assert account.waited == []


async def test_what_was_read_before_it_broke_off_is_told_before_the_error(tmp_path: Path) -> None:
    async with place(tmp_path, lambda known: [over(known, n, 100 - n / 10) for n in range(1, 151)]) as account:
        found: list[Told] = []

        async def until_it_breaks(source: PagerDutyHistory) -> None:
            async for told in source.items():
                found.append(told)
                if len(found) == 100:
                    account.arm(kind=FaultKind.STATUS, status=503)

        async with account.history() as source:
            with pytest.raises(SourceError):
                await until_it_breaks(source)
    assert len(found) == 100


@pytest.mark.parametrize("fault", [{"kind": FaultKind.GARBAGE}, {"kind": FaultKind.STATUS, "status": 500}])
async def test_one_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path, fault: dict[str, Any]) -> None:
    async with place(tmp_path, lambda known: [over(known, n, n) for n in (1, 2, 3)]) as account:
        account.arm(**fault, path="QPAST0000002")
        told = await account.told()
    assert [one.name for one in told if one.past is not None] == ["#3", "#1"]
    (left,) = (one for one in told if one.past is None)
    assert left.name == "#2"
    assert left.skipped.endswith("The next import asks for it again.")


async def test_merged_and_deleted_ones_are_left_out_with_the_reason(tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [over(known, 1, 3, merged_into="QPAST0000002"), over(known, 2, 2), over(known, 3, 1)]

    async with place(tmp_path, earlier) as account:
        account.arm(kind=FaultKind.STATUS, status=404, path="QPAST0000003")
        told = await account.told()
    assert [one.skipped for one in told] == [
        "it was merged into “incident QPAST0000002”", "", "it was deleted while it was read"
    ]  # fmt: skip


async def test_alerts_that_the_plan_lacks_are_done_without(tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [over(known, 1, 3, further_alerts=("Queue is long",))]

    async with place(tmp_path, earlier, lacks={"/incidents/{id}/alerts": 402}) as account:
        (past,) = (await account.past()).values()
    assert past.symptoms == ""


async def test_hostile_data_becomes_plain_text_or_is_left_out(tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [
            over(known, 1, 4, "Fix: \x1b[31mrolled\u202e back\x00\r\nthe deploy", title="\u202eBad\x07\n" * 99),
            over(known, 2, 3, "x" * 100_000, "\n" * 5000, event={"firing": " - alertname = " + "A" * 50_000}),
            over(known, 3, 2, event={"alertname": {"deep": [1]}, "firing": 7, "summary": None}),
            over(known, 4, 1, title=""),
        ]  # fmt: skip

    async with place(tmp_path, earlier) as account:
        found = await account.past()
    first, second, third, fourth = found.values()
    assert first.fix.startswith("rolled back")
    for past in found.values():
        texts = (past.title, past.fix, past.cause, past.symptoms, past.unhelpful, *past.alerts, *past.labels.values())
        assert all(text.isprintable() and len(text) <= 2000 for text in texts)
    assert len(first.title) <= 200
    assert all(len(name) <= 120 for name in second.alerts)
    assert third.alerts == ()
    assert fourth.title == "PagerDuty incident 4"


async def test_incidents_of_another_shape_are_named(tmp_path: Path) -> None:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    items: list[Any] = [
        {"id": "Q1", "created_at": 7},
        {"id": "Q2", "created_at": "yesterday", "status": "resolved"},
        "Q3",
        None,
        {"id": "Q4", "created_at": "2026-09-01T00:00:00Z", "status": "resolved", "incident_number": 4,
         "html_url": "javascript:alert(1)", "resolved_at": "2020-01-01T00:00:00Z", "service": None},
    ]  # fmt: skip

    async def answer(request: Any) -> JSONResponse:
        is_list = request.url.path == "/incidents"
        return JSONResponse({"incidents": items, "more": False} if is_list else {"notes": []})

    async with serving(Starlette(routes=[Route("/{path:path}", answer)])) as url, place(tmp_path) as account:
        since = (AT - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        async with account.history(f"since={since}", url=url) as source:
            told = [told async for told in source.items()]
    assert [(one.name, bool(one.skipped)) for one in told] == [
        ("Q1", True), ("Q2", True), ("an incident", True), ("an incident", True), ("#4", False),
    ]  # fmt: skip
    past = told[-1].past
    assert past is not None
    assert (past.link, past.minutes, past.service) == (None, None, None)


async def test_no_more_is_asked_at_once_than_the_limit_bears(tmp_path: Path) -> None:
    at_once = Counter[str]()
    app = create_app(small(tmp_path), clock=lambda: NOW, earlier=lambda k: [over(k, n, n / 10) for n in range(1, 40)])

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        at_once["now"] += 1
        at_once["most"] = max(at_once["most"], at_once["now"])
        await asyncio.sleep(0)
        try:
            await app(scope, receive, send)
        finally:
            at_once["now"] -= 1

    async with serving(counting) as url, place(tmp_path) as account, account.history(url=url) as source:
        assert len([told async for told in source.items()]) == 39
    assert at_once["most"] <= AT_ONCE


def test_without_a_key_or_with_words_it_does_not_know_it_is_a_setting_to_mend() -> None:
    assert INTEGRATION.history is not None
    with tools() as lent:
        with pytest.raises(SettingsError, match="PAGERDUTY_API_KEY"):
            INTEGRATION.history(read(PagerDutySettings, {}), lent, "")
        settings = read(PagerDutySettings, {"PAGERDUTY_API_KEY": KEY})
        for which, told in (
            ("sinse=1", "sinse"),
            ("since=tomorrow", "since takes a time"),
            ("since=1970-01-01", "2000"),
        ):
            with pytest.raises(SettingsError, match=told):
                INTEGRATION.history(settings, lent, which)
        assert INTEGRATION.history(settings, lent, "").name == "pagerduty"
