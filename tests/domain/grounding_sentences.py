"""Sentences about the hand-made evidence: planted faults, and true ones in other words.

Written before the checker was.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Said:
    world: str
    text: str
    cites: tuple[str, ...]
    faults: frozenset[str] = frozenset()  # one of them must be named; empty: it is true


def true(world: str, text: str, *cites: str) -> Said:
    return Said(world=world, text=text, cites=cites)


def planted(world: str, faults: str, text: str, *cites: str) -> Said:
    return Said(world=world, text=text, cites=cites, faults=frozenset(faults.split("|")))


PLANTED = (
    planted("shop", "number_not_found", "The error ratio of checkout is 23 % now.", "E1"),
    planted("shop", "unknown_id", "The error ratio of checkout is 16.6 % now.", "E77"),
    planted("shop", "no_id", "The error ratio of checkout is 16.6 % now."),
    planted("shop", "not_shown|number_not_found", "Checkout fails since v2.31.0 with 16.6 % errors.", "E6"),
    planted("shop", "not_shown", "A deployment of checkout came just before the trouble.", "E8"),
    planted("shop", "wrong_unit", "p95 latency of checkout is 490 s.", "E7"),
    planted("shop", "wrong_unit", "Checkout uses 371 KiB of memory.", "E9"),
    planted("inn", "wrong_unit|wrong_metric", "140 connections of bookings are waiting.", "E8"),
    planted("shop", "wrong_service", "The error ratio of storefront is 16.6 %.", "E1", "E14"),
    planted("shop", "wrong_service", "Checkout's error ratio is at 2 %, while storefront's is at 16.6 %.", "E1", "E14"),
    planted("shop", "name_not_found", "Version v2.32.0 of checkout raises KeyErrors.", "E2", "E5"),
    planted("shop", "name_not_found", "The previous version was v2.30.1.", "E5"),
    planted("shop", "time_not_found", "checkout v2.31.0 was deployed at 08:14 UTC.", "E5"),
    planted("shop", "time_not_found", "The errors began at 08:25:10 UTC.", "E2"),
    planted("shop", "direction", "The error ratio of checkout fell after the deployment.", "E1", "E5"),
    planted("shop", "direction", "Traffic to payments increased to 34.8/s.", "E13"),
    planted("shop", "direction", "Latency of checkout spiked.", "E7"),
    planted("shop", "direction", "The error ratio of checkout went from 16.6 % to 0.2 %.", "E1"),
    planted("shop", "direction", "checkout was changed from v2.31.0 to v2.30.4.", "E5"),
    planted("shop", "number_not_found", "There were 2,840 KeyErrors in checkout.", "E2"),
    planted("shop", "number_not_found", "The error ratio of checkout is 1.66 %.", "E1"),
    planted("inn", "number_not_found", "p95 latency of bookings is 9,080 s.", "E1"),
    planted("inn", "number_not_found", "Gateway takes 380,000 requests per second.", "E9"),
    planted("shop", "name_not_found", "The inventory service answers with errors as well.", "E1", "E3"),
    planted("shop", "name_not_found", "The fault comes from fraud-api, which checkout calls.", "E16"),
    planted("inn", "number_not_found", "Traffic of gateway tripled.", "E9"),
    planted("inn", "number_not_found", "Four of five pods of availability were OOMKilled.", "E12"),
    planted("shop", "name_not_found", "The release was brought out by Tom Baker.", "E5"),
    planted("shop", "name_not_found", "v2.31.0 was deployed by lucas at 08:24 UTC.", "E5"),
    planted("shop", "quote_not_found", "The logs say “connection refused by payments”.", "E2", "E3"),
    planted("shop", "quote_not_found", "checkout logs `TypeError: NoneType has no attribute tier`.", "E2"),
    planted("shop", "not_shown", "There was no deployment of checkout in the last hours.", "L2"),
    planted("shop", "not_shown", "No change of cart was found.", "L2"),
    planted("shop", "not_shown", "No pod of checkout restarted.", "G2"),
    planted("inn", "wrong_metric|number_not_found", "The median latency of bookings is 9.08 s.", "E1"),
    planted("shop", "overstated", "This definitely proves that v2.31.0 of checkout is the cause.", "E5"),
    planted("shop", "name_not_found", "commit a1b2c3d is what ran before.", "E5"),
    planted("shop", "name_not_found", "This is the same as INC-2026-0660.", "E18"),
    planted("inn", "number_not_found", "The deployment ran 25 minutes before the latency rose.", "E1", "E7"),
    planted("inn", "not_shown", "The disk of bookings is corrupted.", "E1", "E6"),
    planted("inn", "time_not_found", "Disk space of bookings-db runs out at 14:40 UTC.", "E11"),
    planted("inn", "name_not_found", "Host worker-17 is out of memory.", "E12"),
)

TRUE = (
    true("shop", "The error ratio of checkout is 16.6 % now.", "E1"),
    true("shop", "About 17 % of checkout requests fail, up from 0.2 %.", "E1"),
    true("shop", "Roughly one in six requests to checkout fails.", "E1"),
    true("shop", "checkout's error ratio rose 81-fold at 08:26.", "E1"),
    true("shop", "v2.31.0 of checkout went to production at 08:24, about 90 seconds before errors rose.", "E5", "E1"),
    true("shop", "mei deployed checkout v2.31.0 eight minutes before the onset.", "E5"),
    true("shop", "284 KeyErrors on `loyalty_tier` since 08:25:40 UTC, none in the 30 minutes before.", "E2"),
    true("shop", "Latency of checkout did not move: p95 is still 0.49 s.", "E7"),
    true("shop", "Checkout's p99 is 888 ms.", "E7"),
    true("shop", "Memory is fine: 371 MiB of 768 MiB, less than half.", "E9"),
    true("shop", "17 of 60 database connections are in use, so the pool is not exhausted.", "E10"),
    true("shop", "Traffic stayed at about 50 requests per second.", "E8"),
    true("shop", "storefront suffers too: its errors went from 0.12 % to 2 % at 08:31:56Z.", "E14"),
    true("shop", "Storefront saw checkout answer 500 on POST /api/checkout 42 times.", "E3"),
    true("shop", "The last known good version is v2.30.4 (d7e7408).", "E5"),
    true("shop", "A similar incident, INC-2026-0659, was fixed by going back to v2.26.3.", "E18"),
    true("shop", "Slow answers of the acquirer doubled in payments, from 9 to 18.", "E4"),
    true("shop", "Redis memory of cart is steady at 1.8 GiB.", "E11"),
    true("shop", "No other incident of checkout was recorded in the last 30 days.", "L7"),
    true("shop", "No deployment of orders or payments was found.", "L2"),
    true("shop", "Changes of cart and customers could not be looked at.", "G1"),
    true("shop", "Ana Ruiz is on call at level 1.", "E6"),
    true("shop", "Almost all failed requests (99 %) arise in checkout.", "E20"),
    true("inn", "p95 latency of bookings climbed from 213 ms to 9,080 ms.", "E1"),
    true("inn", "The pool is nearly exhausted: 99 of 100 connections, 3.5 times the usual 28.", "E7"),
    true("inn", "140 requests wait for a connection, none did before.", "E8"),
    true("inn", "Connections began to climb at 08:11:31, twenty minutes before latency did at 08:31.", "E7", "E1"),
    true("inn", "Traffic of gateway is 2.5 times as high, at 380 rps.", "E9"),
    true("inn", "Memory of availability doubled to 1.5 GiB.", "E10"),
    true("inn", "availability uses 1610612736 bytes of memory, 75 % of what it may.", "E10"),
    true("inn", "Three of five pods of availability were OOM-killed (exit code 137).", "E12"),
    true("inn", "PartnerExport workers hold transactions open: 29 such lines, 16 before.", "E3"),
    true("inn", "Rate-limit warnings of gateway are unchanged at about 1.2k.", "E4"),
    true("inn", "gateway's health check answers 503 after 420 ms.", "E13"),
    true("inn", "Disk of bookings-db will be full around 12:40 UTC, in four hours.", "E11"),
    true("inn", "Nothing was deployed in the six hours before.", "L2"),
    true("inn", "On 28 October bookings had an incident that took 21 minutes (#4999).", "E5"),
    true("inn", "The 95th percentile of bookings is above the threshold of two seconds.", "E1"),
)
