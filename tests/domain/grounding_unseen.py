"""Sentences about recorded findings of four incidents, written after the checker and never used to shape its rules
before their first run; see docs/analysis.md for the result of that run.
"""

from __future__ import annotations

from tests.domain.grounding_sentences import planted, true

TRUE_LATER = (
    true(
        "exhausted-pool", "bookings has all but exhausted its database connection pool, with 99 of 100 in use.", "E24"
    ),
    true(
        "exhausted-pool", "Since 08:30:58 there have been 236 timeouts acquiring a connection from bookings-db.", "E2"
    ),
    true("exhausted-pool", "p95 latency went from 213 ms to just over 9 s.", "E1"),
    true("exhausted-pool", "The median request already takes 1.31 s and the p99 sits at 10 s.", "E1"),
    true("exhausted-pool", "gateway is affected as well: its p95 latency is up eightfold to 1.94 s.", "E44"),
    true(
        "exhausted-pool", "Connection use started climbing at 08:11, some 20 minutes before latency moved.", "E24", "E1"
    ),
    true(
        "exhausted-pool", "PartnerExport keeps transactions open without issuing statements (29 log lines vs 16).", "E5"
    ),
    true(
        "exhausted-pool",
        "The deployment of bookings v7.3.0 by rafael was four hours earlier, so it is less likely.",
        "E14",
    ),
    true("exhausted-pool", "availability v2.18.1 went out 15 minutes before the onset.", "E15"),
    true("exhausted-pool", "Rafael Oliveira resolved #4999 on 28 October by going back to v7.0.9.", "E16"),
    true(
        "exhausted-pool", "Traffic to bookings did not increase: 62 requests per second now against 66 before.", "E22"
    ),
    true("exhausted-pool", "We cannot say whether hooks or reports were changed.", "G1"),
    true("exhausted-pool", "No comparable past incident was found in memory.", "L7"),
    true(
        "memory-leak", "Lesson server workers of classroom die with exit code 137 after hitting the heap limit.", "E2"
    ),
    true("memory-leak", "classroom's containers are using 1,023 MiB out of the 1 GiB they are allowed.", "E43"),
    true("memory-leak", "Roughly 10 % of classroom's requests fail now; normally it is 0.15 %.", "E18"),
    true("memory-leak", "There have been about 34 restarts, far beyond the alert's threshold of 8.", "E1"),
    true("memory-leak", "INC-2026-0562 looked the same and was fixed by restarting the containers one by one.", "E47"),
    true("memory-leak", "campus reports 73 connections closed by classroom during lesson joins.", "E3"),
    true("memory-leak", "p95 latency more than doubled, from 218 ms to 510 ms.", "E19"),
    true("memory-leak", "kofi deployed media v5.5.1 at 08:21 UTC, twelve minutes before the onset.", "E13"),
    true("memory-leak", "RemindersPileUp has been firing since 07:12 and is probably unrelated.", "E44"),
    true("full-disk", 'scans-db cannot extend its files: "No space left on device", 209 times.', "E2"),
    true("full-disk", "The disk of scans-db is full (466 of 466 GiB).", "E37"),
    true("full-disk", "More than a third of tracking's requests fail.", "E1"),
    true("full-disk", "INSERTs into scans fail on scans-db, tracking logged 204 such errors from 08:31:18 on.", "E3"),
    true("full-disk", "Transactions on scans-db fell from 537 to 408 per second.", "E22"),
    true("full-disk", "Failed transactions on scans-db jumped to 47.8/s, about 167 times the norm.", "E21"),
    true("full-disk", "tracking v8.3.2 was rolled out 34 minutes before the alert by hanna.", "E12"),
    true("full-disk", "In July (INC-2026-0566) the same volume filled up because of a replication slot.", "E41"),
    true("traffic-surge", "seating receives 380 requests a second, two and a half times its usual 155.", "E16"),
    true("traffic-surge", "The CPU is saturated at 3.25 of 3 cores.", "E18"),
    true("traffic-surge", "121 requests waited for a turn and were given up since 08:31:30.", "E2"),
    true(
        "traffic-surge",
        "Load grew at 08:24 on boxoffice, seating, pricing and holds alike.",
        "E16",
        "E36",
        "E27",
        "E31",
    ),
    true(
        "traffic-surge",
        "Boxoffice traffic more than doubled to 265 per second while its p95 rose to 909 ms.",
        "E36",
        "E35",
    ),
    true("traffic-surge", "Deployments of events and holds could not be checked.", "G1"),
    true("traffic-surge", 'The pricing change (v4.6.1, "Rounding") came 14 min before the onset.', "E10"),
    true("traffic-surge", "seating's error ratio is still low at 1.2 %.", "E15"),
)

PLANTED_LATER = (
    planted("exhausted-pool", "number_not_found", "The pool of bookings is at 119 of 100 connections.", "E24"),
    planted("exhausted-pool", "number_not_found", "There were 263 timeouts acquiring a connection.", "E2"),
    planted("exhausted-pool", "wrong_unit|number_not_found", "p95 latency of bookings is 9.08 ms.", "E1"),
    planted("exhausted-pool", "wrong_metric", "p99 latency of bookings is 9.08 s.", "E1"),
    planted("exhausted-pool", "wrong_service|name_not_found", "gateway's p95 latency is 9.08 s.", "E1", "E44"),
    planted("exhausted-pool", "name_not_found", "The trouble comes from the loyalty service.", "E2"),
    planted("exhausted-pool", "name_not_found", "bookings v7.4.0 was deployed shortly before.", "E14"),
    planted("exhausted-pool", "name_not_found", "Priya Raman deployed bookings v7.3.0.", "E14"),
    planted("exhausted-pool", "time_not_found", "Connections began to climb at 08:19 UTC.", "E24"),
    planted(
        "exhausted-pool", "number_not_found", "availability v2.18.1 went out five minutes before the onset.", "E15"
    ),
    planted("exhausted-pool", "direction", "Traffic to bookings surged.", "E22"),
    planted("exhausted-pool", "direction", "Latency of bookings improved and dropped to 9.08 s.", "E1"),
    planted("exhausted-pool", "not_shown", "No change was made to bookings in the last six hours.", "L2"),
    planted("exhausted-pool", "not_shown", "reports was not deployed.", "L2"),
    planted("exhausted-pool", "quote_not_found", 'bookings logs "too many clients already".', "E2"),
    planted("memory-leak", "number_not_found", "Workers end with exit code 139.", "E2"),
    planted("memory-leak", "wrong_unit|number_not_found", "classroom uses 1,023 GiB of memory.", "E43"),
    planted("memory-leak", "number_not_found", "Requests of classroom fail at a rate of 31 %.", "E18"),
    planted("memory-leak", "name_not_found", "INC-2026-0652 was the same.", "E47"),
    planted("memory-leak", "not_shown", "A DNS failure keeps campus from reaching classroom.", "E3"),
    planted("memory-leak", "direction", "classroom has recovered and latency is back to normal.", "E19"),
    planted("memory-leak", "name_not_found|not_shown", "The node worker-3 ran out of memory.", "E2"),
    planted("memory-leak", "name_not_found", "The leak is in `StrokeBuffer.append`.", "E2", "E47"),
    planted("memory-leak", "not_shown", "No alert other than this one fires.", "L4"),
    planted("full-disk", "number_not_found", "scans-db's disk is 85 % full.", "E37"),
    planted("full-disk", "wrong_service", "tracking executes 408 transactions per second.", "E22"),
    planted("full-disk", "direction", "Transactions on scans-db went from 408 to 537 per second.", "E22"),
    planted("full-disk", "not_shown", "Nothing was deployed before the incident.", "L2"),
    planted("full-disk", "number_not_found", "The volume was grown to 800 GB last time.", "E41"),
    planted("full-disk", "name_not_found", "tracking was changed by markus.", "E12"),
    planted("full-disk", "overstated", "It is certain that the full disk of scans-db is the cause.", "E37"),
    planted("traffic-surge", "number_not_found", "Traffic of seating quadrupled.", "E16"),
    planted("traffic-surge", "wrong_service", "pricing gets 380 requests per second.", "E16", "E27"),
    planted("traffic-surge", "number_not_found", "seating has 3.25 of 8 cores in use.", "E18"),
    planted("traffic-surge", "no_id", "Marketing started a campaign at 08:24."),
    planted(
        "traffic-surge", "not_shown|name_not_found", "Ticket buyers come from a newsletter sent by Contoso.", "E16"
    ),
    planted("traffic-surge", "direction", "CPU of seating stayed flat.", "E18"),
    planted("traffic-surge", "unknown_id", "Load rose at 08:24.", "E99"),
)

# A second, harder set; the two sentences it still gets wrong are told in the documentation.

TRUE_HARD = (
    true("exhausted-pool", "Every connection but one is taken (99/100), compared with 28 normally.", "E24"),
    true("exhausted-pool", "Error ratio of bookings jumped to 7.4 % at 08:31:46.", "E21"),
    true("exhausted-pool", "gateway has answered 57 booking requests with errors because bookings returned 503.", "E3"),
    true("exhausted-pool", "Callers see it too: gateway's error ratio is 3.39 %, thirty times the usual.", "E43"),
    true("exhausted-pool", "The pool would have hit its limit around 08:36 at the current pace.", "E52"),
    true("exhausted-pool", "Nothing in the last 30 days was recorded for bookings in our own history.", "L8"),
    true("exhausted-pool", "DiskFillingUp on reports predates this alert by more than two hours.", "E53"),
    true("exhausted-pool", "bookings depends on availability, invoicing and hooks.", "E54"),
    true(
        "memory-leak",
        "Memory hit the limit by 08:24, three minutes before the first heap errors at 08:27:36.",
        "E43",
        "E2",
    ),
    true("memory-leak", "Workers have been killed 120 times.", "E2"),
    true("memory-leak", "Both classroom (10.1 %) and campus (2.86 %) show raised error ratios.", "E18", "E39"),
    true("memory-leak", "The last release, v12.8.0, has been running for five hours.", "E12"),
    true("memory-leak", "Jonas Weber is on call for Lessons.", "E16"),
    true("memory-leak", "The classroom runbook about containers killed for want of memory applies.", "E46"),
    true("memory-leak", "profiles and grades may have changed; GitHub could not tell.", "G1"),
    true("full-disk", "Two services log the same failure: scans-db 209 times and tracking 204 times.", "E2", "E3"),
    true("full-disk", "scans-db is rejecting writes because there is no space left on the device.", "E2"),
    true("full-disk", "Since 08:31:35 about 36 % of requests to tracking have failed.", "E1"),
    true("full-disk", "Throughput of scans-db is down roughly a quarter, 408 transactions/s instead of 537.", "E22"),
    true("full-disk", "v8.3.2 was a small change: one commit, two files, 22 lines added.", "E12"),
    true("traffic-surge", "Response times of seating went up 26-fold.", "E1"),
    true(
        "traffic-surge", "Traffic rose first (08:24:27), latency followed four and a half minutes later.", "E16", "E1"
    ),
    true("traffic-surge", "CPU use is above what seating has: 3.25 cores of 3.", "E18"),
    true("traffic-surge", "events sees more load as well, 139/s versus 101/s.", "E22"),
    true("traffic-surge", "holds and pricing roughly doubled their request rates.", "E31", "E27"),
)

PLANTED_HARD = (
    planted("exhausted-pool", "number_not_found", "The pool has 200 connections, 99 of them in use.", "E24"),
    planted(
        "exhausted-pool",
        "time_not_found|direction",
        "Latency rose at 08:11, connections followed at 08:31.",
        "E1",
        "E24",
    ),
    planted("exhausted-pool", "not_shown", "bookings was rolled back to v7.2.4.", "E14"),
    planted("exhausted-pool", "not_shown", "yuki deployed bookings v7.3.0.", "E14", "E15"),
    planted(
        "exhausted-pool", "number_not_found", "Error ratio of bookings is 7.41 %, ten times its normal value.", "E21"
    ),
    planted(
        "exhausted-pool",
        "name_not_found|not_shown",
        "reports depends on nothing here and invoicing calls bookings.",
        "E9",
    ),
    planted("exhausted-pool", "wrong_unit|number_not_found", "#4999 was resolved after 21 hours.", "E16"),
    planted("exhausted-pool", "direction", "A surge in traffic used up the pool.", "E24", "E22"),
    planted("memory-leak", "number_not_found", "The heap limit is 512 MiB.", "E2", "E43"),
    planted(
        "memory-leak", "number_not_found|wrong_service", "media was deployed five hours before the onset.", "E13", "E12"
    ),
    planted("memory-leak", "not_shown", "Elena Popescu deployed classroom v12.8.0.", "E12", "E17"),
    planted("memory-leak", "wrong_service", "campus was OOM-killed 120 times.", "E2"),
    planted("memory-leak", "wrong_metric", "p95 latency of classroom is 930 ms.", "E19"),
    planted("memory-leak", "time_not_found", "Restarts began at 08:24:00 UTC.", "E1"),
    planted("memory-leak", "name_not_found", "Customers in Germany are affected most.", "E18"),
    planted("full-disk", "wrong_service|name_not_found", "The disk of tracking is full.", "E37"),
    planted("full-disk", "number_not_found", "scans-db has 66 GiB left.", "E37"),
    planted("full-disk", "not_shown", "A deployment of scans-db filled the disk.", "E37", "E2"),
    planted("full-disk", "not_shown", "INC-2026-0566 was caused by a bad deployment.", "E41"),
    planted("full-disk", "wrong_unit", "Error ratio of tracking is 36.4 per second.", "E1"),
    planted("full-disk", "not_shown", "No runbook fits.", "L6"),
    planted("traffic-surge", "direction", "Latency rose first and traffic followed.", "E1", "E16"),
    planted("traffic-surge", "number_not_found", "seating runs on 8 cores.", "E18"),
    planted("traffic-surge", "not_shown", "The load comes from a DDoS attack.", "E16"),
    planted("traffic-surge", "direction|number_not_found", "boxoffice's latency halved.", "E35"),
    planted("traffic-surge", "wrong_service", "traffic of holds is 380/s.", "E31", "E16"),
    planted("traffic-surge", "not_shown", "nora deployed pricing v4.6.1.", "E9", "E10"),
)
