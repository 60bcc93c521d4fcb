"""Recorded incidents of a cluster, as the sources would have met them: its API's objects, its log lines, its monitors.

Public synthetic scenarios (github.com/Tracer-Cloud/opensre, Apache-2.0). What a cluster's API would say and the
recording leaves out (who owns a pod, its labels) is filled in from names; nothing is invented beyond that.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.kubernetes.server import Cluster, Json
from sandbox.scenario.model import LogLine

ROWS = "cases.jsonl.gz"
CASES = 14
LATER = timedelta(minutes=1)  # after the last thing recorded: that is when somebody looks
RECENT = timedelta(hours=1)  # signs of trouble older than this belong to another story
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_REASON = re.compile(r"reason=(\w+)")
_LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
_TROUBLED = frozenset({"warn", "warning", "error", "fatal", "critical"})


@dataclass(frozen=True, kw_only=True)
class Recording:
    name: str
    category: str  # what it truly was
    facts: tuple[str, ...]  # what an answer must hold
    forbidden: frozenset[str]  # categories that an answer must not name
    alert: Mapping[str, Any]
    evidence: Mapping[str, Any]  # by file name without its ending
    raw: str  # all of the evidence as text

    @cached_property
    def now(self) -> datetime:
        return max(map(_moment, _MOMENT.findall(self.raw))) + LATER

    @property
    def service(self) -> str:
        return str(self.alert["commonLabels"]["workload_name"])

    @property
    def namespace(self) -> str:
        return str(self.alert["commonLabels"]["namespace"])

    @property
    def first_sign(self) -> datetime:
        """The recordings hold no time of the alert; a watching monitor fires at the first sign of trouble."""
        signs = [_moment(event["first_time"]) for event in self._listed("eks_events", "warning_events")]
        signs += [datetime.fromtimestamp(line.at, UTC) for line in self.logs() if line.level in _TROUBLED]
        return min((at for at in signs if at >= self.now - RECENT), default=self.now)

    def monitors(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self._listed("datadog_monitors", "monitors"))

    def _listed(self, name: str, key: str) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.evidence.get(name, {}).get(key, ())
        return found

    # --- logs --------------------------------------------------------------------------------------------------------

    def logs(self) -> tuple[LogLine, ...]:
        """Ascending by time."""
        lines = [
            LogLine(
                at=_moment(line["timestamp"]).timestamp(),
                service=line["service"],
                level=line["status"],
                message=line["message"],
                host=line.get("host", ""),
            )
            for line in self._listed("datadog_logs", "logs")
        ]
        return tuple(sorted([*lines, *self._container_output()], key=lambda line: line.at))

    def _container_output(self) -> Iterator[LogLine]:
        """What a container wrote, line by line, as a shipper sends it: with the level that the line names."""
        output = self.evidence.get("eks_pod_logs", {})
        at: datetime | None = None
        for text in str(output.get("logs", "")).splitlines():
            stamp = _MOMENT.match(text)
            at = _moment(stamp[0]) if stamp else at
            if at and text.strip():
                message = text[len(stamp[0]) :].strip() if stamp else text
                level = _LEVEL.match(message)
                yield LogLine(
                    at=at.timestamp(),
                    service=self.service,
                    level=level[1].lower() if level else "info",
                    message=message,
                    host=str(output.get("pod_name", "")),
                )

    # --- the cluster -------------------------------------------------------------------------------------------------

    def cluster(self, *, with_events: bool = True) -> Cluster:
        pods = [self._pod(pod) for pod in self._listed("eks_pods", "pods")]
        events = [_event(event, n) for n, event in enumerate(self._listed("eks_events", "warning_events"))]
        sets = {owner["name"] for pod in pods for owner in pod["metadata"]["ownerReferences"]}
        sets |= {e["involvedObject"]["name"] for e in events if e["involvedObject"]["kind"] == "ReplicaSet"}
        return Cluster(
            pods=pods,
            replicasets=[self._replica_set(name) for name in sorted(sets)],
            deployments=[self._deployment(item) for item in self._listed("eks_deployments", "deployments")],
            events=events if with_events else (),
            nodes=[_node(node) for node in self._listed("eks_node_health", "nodes")],
            horizontalpodautoscalers=(),
        )

    def _meta(self, name: str, namespace: str, owner: str = "", **more: Any) -> Json:
        kind, _, of = owner.partition("/")
        owners = [{"kind": kind, "name": of}] if owner else []
        labels = {"app": self.service}
        return {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners, **more}

    def _pod(self, pod: Mapping[str, Any]) -> Json:
        name, node = pod["name"], pod["node_name"]
        times = {"creationTimestamp": pod["start_time"], "deletionTimestamp": pod.get("deletion_timestamp")}
        return {
            "metadata": self._meta(name, pod["namespace"], f"ReplicaSet/{name.rpartition('-')[0]}", **times),
            "spec": {} if node == "unscheduled" else {"nodeName": node},
            "status": {
                "phase": pod["phase"],
                "startTime": pod["start_time"],
                "conditions": list(pod["conditions"]),
                "containerStatuses": [self._container(item, pod) for item in pod["containers"]],
            },
        }

    def _container(self, item: Mapping[str, Any], pod: Mapping[str, Any]) -> Json:
        state, last = item["state"], {}
        if (code := state.get("exit_code")) is not None:
            said = _REASON.search(state.get("message", ""))
            reason = said[1] if said else ("Error" if code else "Completed")
            ended = state.get("started_at") or self._last_word_on(pod["name"]) or pod["start_time"]
            last = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": ended}}
        now = (
            {"running": {"startedAt": state.get("started_at")}}
            if state.get("running")
            else {"waiting": {"reason": state.get("reason") or None, "message": state.get("message") or None}}
        )
        return {
            "name": item["name"],
            "ready": item["ready"],
            "restartCount": item["restart_count"],
            "state": now,
            "lastState": last,
        }

    def _last_word_on(self, pod: str) -> str | None:
        events = self._listed("eks_events", "warning_events")
        return max((e["last_time"] for e in events if e["involved_object"].endswith(f"/{pod}")), default=None)

    def _replica_set(self, name: str) -> Json:
        about = self._meta(name, self.namespace, f"Deployment/{self.service}")
        return {"metadata": about, "spec": {"template": {"spec": {"containers": []}}}}

    def _deployment(self, item: Mapping[str, Any]) -> Json:
        counts = {
            "readyReplicas": item["ready"],
            "availableReplicas": item["available"],
            "unavailableReplicas": item["unavailable"],
        }
        return {
            "metadata": self._meta(item["name"], item["namespace"]),
            "spec": {"replicas": item["desired"]},
            "status": {name: count for name, count in counts.items() if count},
        }


def load(folder: Path) -> list[Recording]:
    """Fails where a row is missing: a table over fewer cases would look like any other."""
    path = folder / ROWS
    if not path.is_file():
        raise SystemExit(f"cases: {path} is missing: name the folder of recorded data with --data DIR or BENCH_DATA")
    with gzip.open(path, "rt") as lines:
        found = [_recording(json.loads(line)) for line in lines]
    if len(found) != CASES:
        raise SystemExit(f"cases: {path} holds {len(found)} cases, expected {CASES}")
    return found


def _recording(row: Mapping[str, Any]) -> Recording:
    evidence = {name.removesuffix(".json"): json.loads(text) for name, text in row["evidence"].items()}
    return Recording(
        name=row["id"].rpartition("/")[2],
        category=row["category"],
        facts=tuple(row["facts"]),
        forbidden=frozenset(row["forbidden"]),
        alert=row["alert"],
        evidence=evidence,
        raw="\n".join(row["evidence"].values()),
    )


def _event(event: Mapping[str, Any], number: int) -> Json:
    kind, _, name = event["involved_object"].partition("/")
    return {
        "metadata": {"name": f"{name}.{number}", "namespace": event["namespace"]},
        "involvedObject": {"kind": kind, "namespace": event["namespace"], "name": name},
        "reason": event["reason"],
        "message": event["message"],
        "type": event["type"],
        "count": event["count"],
        "firstTimestamp": event["first_time"],
        "lastTimestamp": event["last_time"],
    }


def _node(node: Mapping[str, Any]) -> Json:
    said = {"Ready": "ready", "MemoryPressure": "memory_pressure", "DiskPressure": "disk_pressure"}
    said |= {"PIDPressure": "pid_pressure"}
    return {
        "metadata": {"name": node["name"]},
        "spec": {},
        "status": {"conditions": [{"type": kind, "status": node[key]} for kind, key in said.items()]},
    }


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
