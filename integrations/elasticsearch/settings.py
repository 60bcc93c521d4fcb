"""How to reach Elasticsearch, and how its documents name things."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

DIFFERING = ("version", "host", "pod", "zone", "endpoint")  # what lines may share, the most telling first
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class ElasticsearchSettings:
    """Fields default to the Elastic Common Schema."""

    url: str | None = setting(
        "ELASTICSEARCH_URL", default=None, help="Address of Elasticsearch 9 or 8: https://es:9200"
    )
    api_key: str | None = setting(
        "ELASTICSEARCH_API_KEY",
        default=None,
        secret=True,
        help="The encoded API key, with the privileges read and view_index_metadata on ELASTICSEARCH_INDEX.",
    )
    user: str | None = setting("ELASTICSEARCH_USER", default=None, help="User, instead of an API key.")
    password: str | None = setting("ELASTICSEARCH_PASSWORD", default=None, secret=True, help="The user's password.")
    ca_certs: str | None = setting(
        "ELASTICSEARCH_CA_CERTS",
        default=None,
        help="File with the certificate authority of Elasticsearch, where private.",
    )
    index: str = setting("ELASTICSEARCH_INDEX", default="logs-*", help="Index pattern or data stream of the logs.")
    time_field: str = setting("ELASTICSEARCH_TIME_FIELD", default="@timestamp", help="Field with the time.")
    service_field: str = setting(
        "ELASTICSEARCH_SERVICE_FIELD", default="service.name", help="Keyword field with the service's name."
    )
    level_field: str = setting("ELASTICSEARCH_LEVEL_FIELD", default="log.level", help="Keyword field with the level.")
    message_field: str = setting("ELASTICSEARCH_MESSAGE_FIELD", default="message", help="Text field with the message.")
    trace_field: str = setting("ELASTICSEARCH_TRACE_FIELD", default="trace.id", help="Field with the trace id.")
    host_field: str = setting("ELASTICSEARCH_HOST_FIELD", default="host.name", help="Keyword field with the host.")
    version_field: str = setting(
        "ELASTICSEARCH_VERSION_FIELD", default="service.version", help="Keyword field with the service's version."
    )
    zone_field: str = setting(
        "ELASTICSEARCH_ZONE_FIELD", default="cloud.availability_zone", help="Keyword field with the zone."
    )
    endpoint_field: str = setting(
        "ELASTICSEARCH_ENDPOINT_FIELD", default="url.path", help="Keyword field with the endpoint that was called."
    )
    pod_field: str = setting(
        "ELASTICSEARCH_POD_FIELD", default="kubernetes.pod.name", help="Keyword field with the pod."
    )
    kibana_url: str | None = setting(
        "ELASTICSEARCH_KIBANA_URL",
        default=None,
        help="Address of Kibana, with its space where there is one: log patterns link to the search there.",
    )
    kibana_data_view: str | None = setting(
        "ELASTICSEARCH_KIBANA_DATA_VIEW", default=None, help="Id of the data view that those links open."
    )
    trace_url: str | None = setting(
        "ELASTICSEARCH_TRACE_URL",
        default=None,
        help="Where a trace is looked at, with {trace} for its id: https://kibana/app/apm/link-to/trace/{trace}",
    )
    levels: tuple[str, ...] = setting(
        "ELASTICSEARCH_LEVELS",
        default=("error", "critical", "fatal", "alert", "emergency", "panic", "severe", "warn", "warning"),
        help="Levels that are read, whatever their case; leave some out to ignore them: error,fatal",
    )

    def __post_init__(self) -> None:
        check_address("ELASTICSEARCH_URL", self.url)
        check_secret("ELASTICSEARCH_API_KEY", self.api_key)
        check_secret("ELASTICSEARCH_PASSWORD", self.password)
        check_address("ELASTICSEARCH_KIBANA_URL", self.kibana_url)
        if self.trace_url and (
            "{trace}" not in self.trace_url or not self.trace_url.startswith(("http://", "https://"))
        ):
            raise SettingsError("ELASTICSEARCH_TRACE_URL takes an address with {trace} in it for the trace's id.")
        if not self.levels:
            raise SettingsError("ELASTICSEARCH_LEVELS is empty: name at least one level, or leave it unset.")

    @property
    def differing(self) -> dict[str, str]:
        """Fields by what may differ."""
        return {name: getattr(self, f"{name}_field") for name in DIFFERING}

    @property
    def host(self) -> str:
        """With its port: the client library insists."""
        parts = urlsplit((self.url or "").rstrip("/"))
        if parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{DEFAULT_PORTS[parts.scheme]}")
        return parts.geturl()
