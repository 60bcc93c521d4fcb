"""How one service is called in different places: pods, namespaces, environments, spellings. Pure text, no catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Match(StrEnum):
    """Why a name was taken for a service's; the words stand in sentences."""

    EXACT = "its name"
    ALIAS = "an alias"
    SPELLING = "the same name in other spelling"
    NAMESPACE = "the name with its namespace"
    ADDRESS = "its address inside the cluster"
    WORKLOAD = "a Kubernetes name of it"
    ENVIRONMENT = "the name with an environment"
    PREFIX = "the name with a technical prefix"
    SUFFIX = "the name with or without a technical ending"
    LABEL = "another label of the alert"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a name may mean, and what was taken off it for that."""

    name: str
    match: Match


LONGEST = 253  # characters of a name that are looked at: a Kubernetes object's has no more
_MOST_TAKEN_OFF = 4
# Kubernetes makes random endings of these letters alone, so that they form no words.
# https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go (alphanums)
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_POD = re.compile(rf"(?P<rest>.+?)-{_RANDOM}{{6,10}}-{_RANDOM}{{5}}")  # deployment, replica set, pod
_HASH = re.compile(rf"(?P<rest>.+?)-(?=[^-]*\d)(?![a-z]+\d+$){_RANDOM}{{4,10}}")  # cut, or of a daemon set's pod
_ORDINAL = re.compile(r"(?P<rest>.+?)-\d{1,3}")  # of a stateful set
_JOB = re.compile(rf"(?P<rest>.+?)-\d{{8,10}}(-{_RANDOM}{{5}})?")  # of a cron job, after its minute
_KIND = re.compile(
    r"(?P<rest>.+?)[-_.](deployments?|deploy|statefulset|sts|daemonset|ds|replicaset|rollout|pods?|canary|primary)"
)
_STAGES = "production|prod|prd|staging|stage|stg|preprod|preproduction|uat|qa|testing|test|development|dev"
_AFTER = re.compile(rf"(?P<rest>.+?)[-_.]({_STAGES})")
_BEFORE = re.compile(rf"({_STAGES})[-_.](?P<rest>.+)")
_TECHNICAL = re.compile(r"(svc|service|app|ms|k8s)[-_.](?P<rest>.+)")
_ENDING = re.compile(r"(?P<rest>.+?)[-_.]?(service|svc)")
_CLUSTER_ADDRESS = re.compile(r"(?P<rest>[^.]+)\.[^.]+\.svc(\.[\w.-]+)?\.?")
_PORT = re.compile(r"(?P<rest>.+):\d{1,5}")
_TAKEN_OFF = (
    (_PORT, Match.ADDRESS),
    (_CLUSTER_ADDRESS, Match.ADDRESS),
    (_POD, Match.WORKLOAD),
    (_JOB, Match.WORKLOAD),
    (_HASH, Match.WORKLOAD),
    (_ORDINAL, Match.WORKLOAD),
    (_KIND, Match.WORKLOAD),
    (_AFTER, Match.ENVIRONMENT),
    (_BEFORE, Match.ENVIRONMENT),
    (_TECHNICAL, Match.PREFIX),
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")


def normal(name: str) -> str:
    """Spellings made equal: "Checkout_Service", "checkout-service" and "checkoutService"; "" where nothing is left."""
    return _SEPARATORS.sub("", name[:LONGEST]).casefold()


def stem(name: str) -> str:
    """`normal` without "service" or "svc" at its end, where that leaves something."""
    dashed = _CAMEL.sub("-", name[:LONGEST]).lower()
    found = _ENDING.fullmatch(dashed)
    return normal(found["rest"] if found else dashed)


def words(name: str) -> tuple[str, ...]:
    return tuple(word for word in _SEPARATORS.split(_CAMEL.sub("-", name[:LONGEST]).lower()) if word)


def readings(name: str) -> Iterator[Reading]:
    """From the name as it is to what is left of it when namespaces, random endings and environments are taken off."""
    rest, match = name.strip()[:LONGEST], Match.EXACT
    if not rest:
        return
    yield Reading(name=rest, match=match)
    if "/" in rest.strip("/"):
        rest, match = rest.strip("/").rpartition("/")[2], Match.NAMESPACE
        yield Reading(name=rest, match=match)
    for _ in range(_MOST_TAKEN_OFF):
        shorter = _shorter(rest)
        if shorter is None:
            return
        yield shorter
        rest = shorter.name


def _shorter(name: str) -> Reading | None:
    lowered = name.lower()
    for pattern, match in _TAKEN_OFF:
        found = pattern.fullmatch(lowered)
        if found:
            start, end = found.span("rest")
            return Reading(name=name[start:end], match=match)
    return None
