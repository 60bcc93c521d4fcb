"""What monitors call severity, in our four grades."""

from __future__ import annotations

import re

from bot.domain.alert import Severity

DEFAULT_SEVERITY = Severity.SEV3  # nothing told: worth a look today, wakes nobody

# Words of Prometheus rules, PagerDuty, Opsgenie, Datadog, Zabbix, syslog (RFC 5424) and ServiceNow.
_WORDS = {
    Severity.SEV1: "critical crit page fatal emergency emerg alert disaster catastrophic blocker panic highest",
    Severity.SEV2: "error err high major severe urgent",
    Severity.SEV3: "warning warn medium moderate average minor degraded normal",
    Severity.SEV4: "info informational information notice low lowest debug trivial none",
}
_BY_WORD = {word: severity for severity, words in _WORDS.items() for word in words.split()}

# "1", "P1", "sev-1", "SEV 1 (critical)", "priority 1", "1 - Critical"; 0 is used for "worse than 1", 5 for "lowest".
_GRADE = re.compile(r"(?:p|s|sev|severity|prio|priority|level)?[\s_-]*([0-5])(?![\d.])")
_BY_GRADE = (Severity.SEV1, Severity.SEV1, Severity.SEV2, Severity.SEV3, Severity.SEV4, Severity.SEV4)
_FIRST_WORD = re.compile(r"[a-z]+")


def severity_from(word: str | None) -> Severity | None:
    """The grade a monitor's own word stands for; None where it is no word for a severity.

    | grade | words | numbers |
    |---|---|---|
    | SEV1 | critical, page, fatal, emergency, alert (syslog), disaster, blocker, panic, highest | 0, 1, P1, sev1 |
    | SEV2 | error, high, major, severe, urgent | 2, P2, sev2 |
    | SEV3 | warning, medium, moderate, average, minor, degraded, normal | 3, P3, sev3 |
    | SEV4 | info, notice, low, lowest, debug, trivial, none | 4, 5, P4, P5, sev4 |

    Case does not matter; of several words the first counts ("Critical (page)").
    """
    if not word:
        return None
    text = word.strip().lower()
    if (known := _BY_WORD.get(text)) is not None:
        return known
    if grade := _GRADE.match(text):
        return _BY_GRADE[int(grade[1])]
    first = _FIRST_WORD.match(text)
    return _BY_WORD.get(first[0]) if first else None
