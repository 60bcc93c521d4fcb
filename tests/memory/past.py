"""Fifteen past incidents of a shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from memory.store import PastIncident

_DAY_ONE = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)

# title, service, symptoms, cause, kind, fix
_TOLD = (
    ("Checkout fails for guests", "checkout", "New KeyError in the logs right after the deployment, error ratio 12 %",
     "Version v2.27.0 read the customer's birthday, which guests do not have", "deployment", "Went back to v2.26.3"),
    ("Orders time out", "orders", "Waiting for a connection from the pool, p95 above 30 s",
     "A missing index made queries slow; the pool of database connections ran dry", "exhaustion", "Index added"),
    ("Carts are empty", "cart", "Redis evicted keys, customers lost carts",
     "Redis reached its memory limit", "exhaustion", "Memory raised to 4 GB"),
    ("Search finds nothing", "search", "Zero hits for most queries",
     "A new index was switched on before it was complete", "deployment", "Switched back to the old index"),
    ("Card payments fail", "payments", "Time-outs towards the acquirer, circuit breaker open",
     "The acquirer was down", "dependency", "Card payments sent over the second acquirer"),
    ("Certificate of www expired", "storefront", "TLS errors in all browsers",
     "Renewal was manual and forgotten", "unknown", "Renewed by hand"),
    ("Report exports fill the disk", "reports", "No space left on device while writing exports",
     "Exports were never deleted", "exhaustion", "Old exports deleted, retention of 30 days"),
    ("Storefront slow on Black Friday", "storefront", "p95 of page loads above 4 s, traffic five times normal",
     "More visitors than the cache was made for", "traffic", "Cache doubled, images moved to the content network"),
    ("Mails to customers are late", "notifications", "Queue of mails longer than 3,000",
     "The provider of mails throttled us", "dependency", "Second provider switched on"),
    ("Nightly job locks the orders table", "orders", "Deadlocks and lock waits at 02:00",
     "The clean-up job took a table lock", "unknown", "Job works in small batches"),
    ("Login loops", "customers", "Users are sent back to the login page again and again",
     "Session cookies were signed with a rotated key", "deployment", "Both keys accepted"),
    ("Pods of catalog restart", "catalog", "OOMKilled, exit code 137",
     "A memory leak in the image resizer", "exhaustion", "Resizer updated"),
    ("DNS resolution fails in one zone", None, "SERVFAIL for internal names, many services fail at once",
     "The cluster's resolver ran out of sockets", "exhaustion", "Resolver scaled up"),
    ("Clock skew breaks tokens", "customers", "Tokens are refused as issued in the future",
     "Time synchronisation was blocked by a firewall rule", "unknown", "Rule corrected"),
    ("Broker partition without leader", "events", "Producers get NotLeaderForPartition, consumer lag grows",
     "A broker lost its volume", "dependency", "Partition reassigned"),
)  # fmt: skip

PAST = tuple(
    PastIncident(
        id=f"INC-2025-{number:04d}",
        title=title,
        service=service,
        started_at=_DAY_ONE + timedelta(days=number),
        minutes=30 + number,
        cause=cause,
        cause_kind=kind,
        fix=fix,
        symptoms=symptoms,
    )
    for number, (title, service, symptoms, cause, kind, fix) in enumerate(_TOLD, start=1)
)


def named(title: str) -> str:
    """The id of the one whose title begins so."""
    return next(past.id for past in PAST if past.title.startswith(title))
