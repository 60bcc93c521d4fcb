"""What annotations, labels and links of a Backstage entity say about a service.

Names: https://backstage.io/docs/features/software-catalog/well-known-annotations and the pages of the plugins. Only
those named here are read; `pagerduty.com/integration-key` is a secret and is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bot.domain.alert import Link
from bot.domain.catalog import Signal
from bot.domain.evidence import SignalKind
from memory.catalog.own import channel
from memory.operator_file import Entry

_SLUG = re.compile(r"[\w.-]+/[\w.-]+")
_GITHUB_SOURCE = re.compile(r"(?:url:)?https?://(?:[\w-]+\.)*github[\w.-]*/([\w.-]+)/([\w.-]+?)(?:\.git)?(?:/.*)?")
_TIER_NAMES = frozenset({"tier", "service-tier", "criticality"})  # after the last "/" of an annotation or label
_TIER_NUMBER = re.compile(r"(?:tier|t|level|p)?[-_ ]?([0-9])", re.IGNORECASE)
_TIER_WORDS = {"critical": 1, "mission-critical": 1, "high": 2, "medium": 3, "low": 4}
_WORKLOAD_NAMES = ("backstage.io/kubernetes-id", "argocd/app-name")
_SELECTOR_APP = re.compile(r"(?:^|,)\s*(?:app|app\.kubernetes\.io/name)\s*={1,2}\s*([\w.-]+)")
_SELECTOR_TAG = re.compile(r"(?:tags\s*@>\s*)?['\"]?([\w.:-]+)['\"]?")
_KIND_BY_WORD = (
    (SignalKind.ERRORS, re.compile(r"error|fail|5xx|exception|5\.\.")),
    (SignalKind.LATENCY, re.compile(r"latency|duration|response_time|_seconds_bucket|quantile")),
    (SignalKind.SATURATION, re.compile(r"memory|cpu|usage|disk|pool|connections|queue|lag|bytes|heap|threads")),
    (SignalKind.AVAILABILITY, re.compile(r"^up\b|\bup\{|availab|replicas")),
    (SignalKind.TRAFFIC, re.compile(r"request|rate\(|_total|traffic|throughput")),
)
_METRIC = re.compile(r"[a-zA-Z_:][\w:]*(?=\s*(?:[\[{)]|$|[-+*/<>=]))")


@dataclass(frozen=True, kw_only=True)
class Annotations:
    metadata: Entry
    stated: Mapping[str, Entry]  # annotations by name
    labels: Mapping[str, Entry]

    @classmethod
    def of(cls, metadata: Entry) -> Annotations:
        stated, labels = metadata.child("annotations"), metadata.child("labels")
        return cls(
            metadata=metadata,
            stated=stated.members() if stated else {},
            labels=labels.members() if labels else {},
        )

    def text(self, name: str) -> str:
        entry = self.stated.get(name)
        return entry.as_text() if entry is not None and entry.value is not None else ""

    def repository(self) -> str | None:
        slug = self.text("github.com/project-slug")
        if slug and not _SLUG.fullmatch(slug):
            raise self.stated["github.com/project-slug"].error(f"{slug!r} is no repository; write it as owner/name")
        source = _GITHUB_SOURCE.fullmatch(self.text("backstage.io/source-location"))
        return slug or (f"{source[1]}/{source[2]}" if source else None)

    def tier(self, notes: list[str], service: str) -> int | None:
        for name, entry in {**self.labels, **self.stated}.items():
            if name.rpartition("/")[2] not in _TIER_NAMES or entry.value is None:
                continue
            text = entry.as_text().lower()
            number = _TIER_NUMBER.fullmatch(text)
            tier = int(number[1]) if number else _TIER_WORDS.get(text)
            if tier:
                return tier
            notes.append(f"{service}: the tier {text!r} is none that is known; write 1 (the most critical) to 9")
        return None

    def aliases(self) -> tuple[str, ...]:
        title = self.metadata.text("title", "")
        selected = _SELECTOR_APP.search(self.text("backstage.io/kubernetes-label-selector"))
        found = [title, *(self.text(name) for name in _WORKLOAD_NAMES), selected[1] if selected else ""]
        return tuple(dict.fromkeys(name for name in found if name))

    def channels(self) -> tuple[str, ...]:
        """Plugins name it differently: slack.com/channel, example.com/slack-channel ..."""
        found = (entry for name, entry in self.stated.items() if "slack" in name and "channel" in name and entry.value)
        texts = (part for entry in found for part in entry.as_text().split(","))
        return tuple(dict.fromkeys(channel(text) for text in texts if text.strip(" #")))

    # --- links -------------------------------------------------------------------------------------------------------

    def dashboards(self) -> tuple[Link, ...]:
        found = [Link(title="Dashboard", url=url) for url in [self.text("grafana/overview-dashboard")] if _is_web(url)]
        found += [link for link, kind in self._links() if kind == "dashboard"]
        tag = _SELECTOR_TAG.fullmatch(self.text("grafana/dashboard-selector"))
        if tag and (host := next((link.url for link in found if "grafana" in urlsplit(link.url).netloc), "")):
            parts = urlsplit(host)
            url = f"{parts.scheme}://{parts.netloc}/dashboards?tag={quote(tag[1])}"
            found.append(Link(title=f"Dashboards tagged {tag[1]}", url=url))
        return tuple({link.url: link for link in found}.values())

    def links(self) -> tuple[Link, ...]:
        """All of them; runbooks first, then the documentation."""
        kinds = {"dashboard": 0, "runbook": 1}
        found = sorted(self._links(), key=lambda pair: kinds.get(pair[1], 2))
        docs = self.text("backstage.io/techdocs-ref").removeprefix("url:")
        links = [link for link, _ in found] + ([Link(title="Documentation", url=docs)] if _is_web(docs) else [])
        return tuple({link.url: link for link in links}.values())

    def _links(self) -> Iterator[tuple[Link, str]]:
        """With what they are: "dashboard", "runbook" or ""."""
        for item in self.metadata.items("links"):
            url = item.need("url").as_text()
            if _is_web(url):
                title = item.text("title", "") or urlsplit(url).netloc
                told = f"{item.text('type', '')} {title} {url}".lower()
                kind = next((word for word in ("runbook", "dashboard") if word in told), "")
                yield Link(title=title, url=url), kind or ("dashboard" if "grafana" in told else "")
        for name, entry in self.stated.items():
            if "runbook" in name and entry.value and _is_web(url := entry.as_text()):
                yield Link(title="Runbook", url=url), "runbook"

    # --- PromQL ------------------------------------------------------------------------------------------------------

    def signals(self) -> tuple[Signal, ...]:
        """Of prometheus.io/rule: `expression|label` with commas between; those whose kind their words tell."""
        found = []
        for part in _split(self.text("prometheus.io/rule"), ","):
            query = _split(part, "|")[0].strip() if part.strip() else ""
            kind = next((kind for kind, word in _KIND_BY_WORD if word.search(query.lower())), None)
            if kind and "$" not in query:
                metric = _METRIC.search(query)
                name = (metric[0] if metric else query).replace("_", " ").replace(":", " ").strip()
                found.append(Signal(name=name or query, kind=kind, query=query))
        return tuple({signal.query: signal for signal in found}.values())


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _split(text: str, mark: str) -> list[str]:
    """At `mark` outside of brackets and quotes."""
    parts, depth, quoted = [""], 0, ""
    for char in text:
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "\"'`":
            quoted = char
        else:
            depth += (char in "([{") - (char in ")]}")
            if char == mark and depth <= 0:
                parts.append("")
                continue
        parts[-1] += char
    return parts
