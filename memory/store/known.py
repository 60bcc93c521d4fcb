"""What triage has to know about the alerts of a batch: read for many of them at once, then kept up to date in memory.

An incident in a storm holds thousands of alerts. Read are those that a decision rests on: of the alert's own condition,
the newest of its service in each environment, and the newest of all. Newest is what was added last: after a clock was
set back that is not always what was received last, which moves the end of a window by as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from bot.domain.alert import Alert
from bot.domain.errors import FirstResponderError
from bot.domain.incident import GroupedAlert, Incident
from bot.domain.ports import Episode
from memory.store import lookup
from memory.store.incidents import grouped_of, header_of, with_alerts
from memory.store.schema import bounded

AT_ONCE = 500  # alerts that are asked about in one statement
# Times of receipt are not quite in the order of storing: what was read for one alert serves those just before it.
LEEWAY = timedelta(minutes=1)

Condition = tuple[str, str]  # source and fingerprint, as they are stored


class Known:
    """Of one transaction. What is read later never replaces what the transaction has changed.

    `expected` are the alerts that will be asked about, in about this order; more may be added.
    """

    def __init__(self, connection: Connection, expected: Sequence[Alert]) -> None:
        self._connection = connection
        self._expected = expected
        self._since: datetime | None = None  # read are incidents that are open or were resolved since then
        self._recent: set[str] = set()  # those of them that came up
        self._headers: dict[str, Incident] = {}  # without their alerts
        self._numbers: dict[str, int] = {}
        self._alerts: dict[tuple[str, int], GroupedAlert] = {}  # by incident and position
        self._episodes: dict[str, Episode | None] = {}
        # Positions, by incident.
        self._members: dict[Condition, dict[str, set[int]]] = defaultdict(dict)
        self._burning: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)  # by service; the newest by environment
        self._conditions_read: set[Condition] = set()
        self._services_read: set[str] = set()

    # --- questions ---------------------------------------------------------------------------------------------------

    def episode(self, episode: str) -> Episode | None:
        name = bounded(episode)
        if name not in self._episodes:
            self._read_episodes(name)
        return self._episodes[name]

    def reaches(self, closed_since: datetime) -> bool:
        """False where incidents that were resolved so early were not read."""
        return self._since is None or closed_since >= self._since

    def candidates(self, alert: Alert, closed_since: datetime, services: Collection[str] = ()) -> Sequence[Incident]:
        self._read_about(alert, closed_since)
        self._read_near(services)
        own = [] if alert.service is None else [bounded(alert.service)]
        burning: dict[str, set[int]] = defaultdict(set)
        for service in dict.fromkeys((*own, *map(bounded, services))):
            for name, places in self._burning.get(service, {}).items():
                burning[name].update(places.values())
        ids = self._members[_condition(alert)].keys() | burning.keys()
        fitting = [name for name in ids if _is_recent(self._headers[name], closed_since)]
        fitting.sort(key=lambda name: self._numbers[name], reverse=True)
        return [self._shown(name, _condition(alert), burning.get(name, ())) for name in fitting]

    def header(self, incident_id: str) -> Incident:
        """Without its alerts. Raises FirstResponderError where there is none."""
        if incident_id not in self._headers:
            self._read_headers({incident_id})
        if incident_id not in self._headers:
            raise FirstResponderError(f"{incident_id} is not in the store")
        return self._headers[incident_id]

    def firing(self, incident_id: str, episode: Alert) -> list[tuple[int, GroupedAlert]]:
        """The alerts of this episode that still fire there, with their positions."""
        positions = sorted(self._members_in(incident_id, _condition(episode)))
        placed = [(position, self._alerts[incident_id, position]) for position in positions]
        return [(p, g) for p, g in placed if g.is_firing and g.alert.episode == episode.episode]

    # --- what the transaction does -----------------------------------------------------------------------------------

    def set_episode(self, episode: str, known: Episode) -> None:
        self._episodes[bounded(episode)] = known

    def set_header(self, header: Incident) -> None:
        self._headers[header.id] = header

    def add_incident(self, header: Incident, number: int) -> None:
        self._headers[header.id] = header
        self._numbers[header.id] = number
        self._recent.add(header.id)

    def add_alert(self, incident_id: str, position: int, grouped: GroupedAlert) -> None:
        alert = grouped.alert
        self._members_in(incident_id, _condition(alert)).add(position)
        self._alerts[incident_id, position] = grouped
        if alert.service is not None:
            here = self._burning[bounded(alert.service)].setdefault(incident_id, {})
            here[bounded(alert.environment or "")] = position

    def set_alert(self, incident_id: str, position: int, grouped: GroupedAlert) -> None:
        self._alerts[incident_id, position] = grouped

    # --- reading -----------------------------------------------------------------------------------------------------

    def _shown(self, incident_id: str, condition: Condition, burning: Collection[int]) -> Incident:
        header = self._headers[incident_id]
        newest = header.alert_count - 1
        positions = {*self._members_in(incident_id, condition), *burning, newest}
        return with_alerts(header, tuple(self._alerts[incident_id, position] for position in sorted(positions)))

    def _members_in(self, incident_id: str, condition: Condition) -> set[int]:
        members = self._members[condition]
        if incident_id not in members:
            was_read = incident_id in self._recent and condition in self._conditions_read
            rows = () if was_read else lookup.alerts_of_condition_in(self._connection, incident_id, *condition)
            members[incident_id] = set(self._keep(rows))
        return members[incident_id]

    def _read_episodes(self, first: str) -> None:
        ahead = (bounded(alert.episode) for alert in self._expected)
        names = {first, *islice((name for name in ahead if name not in self._episodes), AT_ONCE)}
        found = {row.episode: row for row in lookup.known_episodes(self._connection, names)}
        for name in names:
            row = found.get(name)
            self._episodes[name] = None if row is None else Episode(incident_id=row.incident_id, resolved=row.resolved)

    def _read_about(self, alert: Alert, closed_since: datetime) -> None:
        if self._was_read(alert):
            return
        if self._since is None:
            self._since = closed_since - LEEWAY
        about = [alert, *islice((each for each in self._expected if not self._was_read(each)), AT_ONCE)]
        conditions = {_condition(each) for each in about} - self._conditions_read
        services = {bounded(each.service) for each in about if each.service is not None} - self._services_read
        self._conditions_read |= conditions
        self._services_read |= services
        self._read_members(conditions, self._since)
        self._read_burning(services, self._since)

    def _read_near(self, services: Collection[str]) -> None:
        """After `_read_about`, which says how far back."""
        new = {bounded(service) for service in services} - self._services_read
        if new and self._since is not None:
            self._services_read |= new
            self._read_burning(new, self._since)

    def _was_read(self, alert: Alert) -> bool:
        has_service = alert.service is None or bounded(alert.service) in self._services_read
        return has_service and _condition(alert) in self._conditions_read

    def _read_members(self, conditions: set[Condition], since: datetime) -> None:
        fingerprints = {fingerprint for _, fingerprint in conditions}
        rows = lookup.alerts_of_conditions(self._connection, fingerprints, since)
        wanted = [row for row in rows if (row.source, row.fingerprint) in conditions]
        for row in wanted:
            self._members[row.source, row.fingerprint].setdefault(row.incident_id, set()).add(row.position)
        self._keep(wanted)
        self._meet({row.incident_id for row in wanted})

    def _read_burning(self, services: set[str], since: datetime) -> None:
        rows = lookup.burning(self._connection, services, since)
        for row in rows:
            here = self._burning[row.service].setdefault(row.incident_id, {})
            here.setdefault(row.environment, row.position)
        self._keep(rows)
        self._meet({row.incident_id for row in rows})

    def _meet(self, ids: set[str]) -> None:
        """Incidents that came up as recent."""
        new = ids - self._recent
        if not new:
            return
        self._recent |= new
        self._read_headers(new - self._headers.keys())
        self._keep(lookup.newest_alerts(self._connection, new))

    def _read_headers(self, ids: set[str]) -> None:
        for row in lookup.incident_rows(self._connection, ids) if ids else ():
            self._headers[row.id] = header_of(row)
            self._numbers[row.id] = row.number

    def _keep(self, rows: lookup.Rows) -> list[int]:
        """Their positions."""
        kept = []
        for row in rows:
            place = row.incident_id, row.position
            if place not in self._alerts:
                self._alerts[place] = grouped_of(row)
            kept.append(row.position)
        return kept


def _condition(alert: Alert) -> Condition:
    return bounded(alert.source), bounded(alert.fingerprint)


def _is_recent(incident: Incident, since: datetime) -> bool:
    return incident.status.is_open or (incident.resolved_at is not None and incident.resolved_at >= since)
