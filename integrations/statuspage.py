"""Status pages of providers, in the JSON of Atlassian Statuspage, which many others speak too.

https://developer.statuspage.io/ and https://metastatuspage.com/api
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, Evidence, ProviderFact
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.ports import ContextSource
from bot.domain.setting import setting
from integrations.access import check_address
from integrations.descriptor import CheckResult, CheckState, Integration, Threads, Tools
from integrations.failure import Vendor, as_check
from integrations.json_api import JsonApi
from integrations.threads import run_until

SOURCE = "statuspage"
SUBJECT = "Status pages"
ENV = "STATUSPAGE_URLS"
BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
MOST_PAGES = 20
AT_ONCE = 8
MOST_TROUBLES = 5  # of one provider
MOST_COMPONENTS = 4  # named in one sentence
NAME_LIMIT = 80
TITLE_LIMIT = 160
_OVER = frozenset({"resolved", "postmortem", "completed", "scheduled"})
_OPERATIONAL = frozenset({"operational", ""})


@dataclass(frozen=True, kw_only=True)
class StatuspageSettings:
    urls: tuple[str, ...] = setting(
        ENV,
        default=(),
        help="Status pages of providers, each name=address, the name best as depends_on of the catalog has it: "
        "acquirer=https://status.acquirer.example,github=https://www.githubstatus.com",
    )

    def __post_init__(self) -> None:
        for pair in self.urls:
            name, sign, url = pair.partition("=")
            if not sign or not name.strip():
                raise SettingsError(f"{ENV} takes name=address pairs with commas between them; {pair!r} is none.")
            check_address(ENV, url.strip())
        if len(self.urls) > MOST_PAGES:
            raise SettingsError(f"{ENV} takes at most {MOST_PAGES} pages, and has {len(self.urls)}.")

    @property
    def pages(self) -> Mapping[str, str]:
        """Addresses by the provider's name."""
        pairs = (pair.partition("=") for pair in self.urls)
        return {name.strip(): url.strip().rstrip("/") for name, _, url in pairs}


# --- its JSON --------------------------------------------------------------------------------------------------------


class _Page(msgspec.Struct):
    name: str = ""


class _Component(msgspec.Struct):
    name: str
    status: str = ""
    group: bool | None = None  # a heading over others, which says nothing that they do not
    updated_at: str | None = None


class _Incident(msgspec.Struct):
    name: str
    status: str = ""
    impact: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    scheduled_for: str | None = None  # of maintenance alone
    shortlink: str | None = None
    components: list[_Component] | None = None


class _Summary(msgspec.Struct):
    page: _Page
    components: list[_Component] | None
    incidents: list[_Incident] | None = None
    scheduled_maintenances: list[_Incident] | None = None


# --- asking ----------------------------------------------------------------------------------------------------------


class StatuspageSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: StatuspageSettings, tools: Tools) -> None:
        self._pages = settings.pages
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    async def look(self, request: ContextRequest) -> Answer:
        budget = self._deadline * BUDGET_SHARE
        names = _nearest_first(self._pages, request)
        look = _Look(self._pages, self._threads, self._deadline)
        await run_until(asyncio.get_running_loop().time() + budget, [look.ask(name) for name in names])
        evidence = tuple(item for name in names for item in look.evidence(name))
        if not look.found:
            raise next(iter(look.errors.values()), _vendor(names[0]).too_slow(budget))
        return Answer(evidence=evidence, checked=look.checked(names))


def _nearest_first(pages: Mapping[str, str], request: ContextRequest) -> tuple[str, ...]:
    """What the burning service calls by name comes before the rest."""
    own = set(request.service.depends_on if request.service else ())
    near = own | {name for service in request.neighbours for name in (service.name, *service.depends_on)}
    return tuple(sorted(pages, key=lambda name: (name not in own, name not in near)))


def _vendor(name: str) -> Vendor:
    return Vendor(
        title=f"The status page of {name}",
        address=ENV,
        credentials=f"{ENV}: it should be a public page",
        permission=f"to be public: check {ENV}",
        remedies={404: f"{ENV} takes addresses without /api; is it a Statuspage?"},
    )


@dataclass
class _Look:
    """What came back, by the provider's name."""

    pages: Mapping[str, str]
    threads: Threads
    deadline: float
    found: dict[str, _Summary] = field(default_factory=dict)
    errors: dict[str, SourceError] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, name: str) -> None:
        async with self.slots:
            try:
                self.found[name] = await _summary(name, self.pages[name], self.threads, self.deadline)
            except SourceError as error:
                self.errors[name] = error

    def evidence(self, name: str) -> Iterator[Evidence]:
        if summary := self.found.get(name):
            for fact, link in [*_troubles(name, summary)][:MOST_TROUBLES]:
                yield Evidence(
                    source=SOURCE, text=_sentence(fact), fact=fact, link=link or self.pages[name], at=fact.since
                )

    def checked(self, names: Sequence[str]) -> str:
        told = [f"incidents and components of {', '.join(name for name in names if name in self.found)}"]
        told += [error.detail.rstrip(".") for error in self.errors.values()]
        late = [name for name in names if name not in self.found and name not in self.errors]
        return "; ".join(told + ([f"no answer in time of {', '.join(late)}"] if late else []))


async def _summary(name: str, url: str, threads: Threads, deadline: float) -> _Summary:
    async with JsonApi(_vendor(name), url, threads, deadline=deadline, through_proxy=True) as api:
        return await api.get("/api/v2/summary.json", _Summary)


# --- reading ---------------------------------------------------------------------------------------------------------


def _troubles(name: str, summary: _Summary) -> Iterator[tuple[ProviderFact, str | None]]:
    """Incidents, maintenance under way, then components that are off and that none of these names."""
    told: set[str] = set()
    for incident in (*(summary.incidents or ()), *(summary.scheduled_maintenances or ())):
        if incident.status in _OVER:
            continue
        hit = [item.name for item in incident.components or ()]
        told.update(hit)
        fact = ProviderFact(
            provider=name,
            component=_listed(hit),
            state=plain(incident.status, NAME_LIMIT),
            title=plain(incident.name, TITLE_LIMIT),
            since=read_moment(incident.scheduled_for or incident.started_at or incident.created_at),
        )
        yield fact, _web(incident.shortlink)
    for component in summary.components or ():
        if component.status not in _OPERATIONAL and not component.group and component.name not in told:
            state, since = plain(component.status, NAME_LIMIT), read_moment(component.updated_at)
            what = plain(component.name, NAME_LIMIT)
            yield ProviderFact(provider=name, component=what, state=state, since=since), None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_COMPONENTS} more" if len(names) > MOST_COMPONENTS else ""
    return ", ".join(plain(name, NAME_LIMIT) for name in names[:MOST_COMPONENTS]) + more


def _web(link: str | None) -> str | None:
    return link if link and link.startswith("https://") and link.isprintable() and len(link) <= TITLE_LIMIT else None


def _sentence(fact: ProviderFact) -> str:
    since = f" since {fact.since:%Y-%m-%d %H:%M} UTC" if fact.since else ""
    state = fact.state.replace("_", " ")
    if not fact.title:
        return f"{fact.provider} says that its {fact.component} is in {state}{since}"
    hit = f" (concerns {fact.component})" if fact.component else ""
    return f"{fact.provider} reports “{fact.title}”, {state}{since}{hit}"


# --- the vendor ------------------------------------------------------------------------------------------------------


def _sources(settings: StatuspageSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (StatuspageSource(settings, tools),) if settings.urls else ()


async def _check(settings: StatuspageSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.urls:
        detail = f"{ENV} is not set: briefings do not say whether a provider is down"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)

    async def one(name: str, url: str) -> CheckResult:
        subject = f"Status page of {name}"
        try:
            summary = await _summary(name, url, tools.threads, tools.source_deadline)
        except SourceError as error:
            return as_check(subject, error)
        detail = f"answers at {url}: {len(summary.components or ())} components of {plain(summary.page.name, 60)}"
        return CheckResult(subject=subject, state=CheckState.OK, detail=detail)

    return tuple(await asyncio.gather(*(one(name, url) for name, url in settings.pages.items())))


INTEGRATION = Integration(name=SOURCE, title=SUBJECT, settings=StatuspageSettings, sources=_sources, check=_check)
