"""Things that run out, and the words by which metrics and logs tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Resource:
    """`fills_when_waiting`: it also fills when something else is slow, so being full says less about the cause."""

    name: str
    metric: re.Pattern[str]
    log: re.Pattern[str]
    fills_when_waiting: bool = False


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# The phrases are those of the programs themselves: PostgreSQL, MySQL, HikariCP, SQLAlchemy, pgbouncer, glibc (ENOSPC,
# EMFILE, ENOMEM), the JVM, the kernel's OOM killer and the usual quota errors. First match wins.
RESOURCES = (
    Resource(
        name="database connections",
        metric=_words(r"connection|\bpool|_pool"),
        log=_words(
            r"(acquir|obtain|get|wait\w* for|request)\w* (a |an |free |database |db |pooled? )*(connection|conn\b)|"
            r"connection (is )?not available|too many (clients|connections)|connection slots|max_connections|"
            r"connection limit|(connection )?pool (\S+ )?(is )?(exhausted|timeout|full|empty|limit)|queuepool|"
            r"no (more |free |idle |available )+connections?|pool size .*overflow|connection pool"
        ),
    ),
    Resource(
        name="disk space",
        metric=_words(r"disk|filesystem|volume|\bstorage|tablespace|_fs_"),
        log=_words(
            r"no space left|enospc|disk (is |quota )?(full|exceeded)|out of disk|could not extend file|flood.?stage"
        ),
    ),
    Resource(
        name="memory",
        metric=_words(r"memory|heap|\bmem\b|\brss\b"),
        log=_words(
            r"out of memory|outofmemory|oom.?kill|cannot allocate memory|memory limit|enomem|heap space|exit code 137"
        ),
    ),
    Resource(
        name="file descriptors",
        metric=_words(r"file.?descriptor|open.?files|\bfds?\b"),
        log=_words(r"too many open files|emfile|enfile|file descriptor"),
    ),
    Resource(
        name="quota",
        metric=_words(r"quota|rate.?limit"),
        log=_words(r"quota (\S+ ){0,4}(exceeded|exhausted)|resource.?exhausted|rate.?limit\w* (exceeded|reached)"),
    ),
    Resource(
        name="worker threads",
        metric=_words(r"thread|worker|executor"),
        log=_words(r"thread pool (\S+ ){0,4}(exhausted|full)|rejectedexecution|no (free |idle )?workers?|max_children"),
        fills_when_waiting=True,
    ),
    Resource(
        name="queue",
        metric=_words(r"queue|backlog|\blag\b|pending"),
        log=_words(r"queue (\S+ ){0,4}(is )?full|backlog (\S+ ){0,4}full|buffer (\S+ ){0,4}full"),
        fills_when_waiting=True,
    ),
    Resource(
        name="CPU", metric=_words(r"\bcpu|load average"), log=_words(r"cpu (\S+ ){0,4}throttl"), fills_when_waiting=True
    ),
)


def of_metric(name: str) -> Resource | None:
    return next((r for r in RESOURCES if r.metric.search(name)), None)


def of_log(text: str) -> Resource | None:
    return next((r for r in RESOURCES if r.log.search(text)), None)
