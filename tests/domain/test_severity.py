import pytest

from bot.domain.alert import Severity
from bot.domain.severity import severity_from

SEV1, SEV2, SEV3, SEV4 = Severity


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", SEV1),
        ("CRITICAL", SEV1),
        (" page ", SEV1),
        ("P1", SEV1),
        ("p0", SEV1),
        ("sev-1", SEV1),
        ("SEV 1 (all customers)", SEV1),
        ("1 - Critical", SEV1),
        ("Critical: call somebody", SEV1),
        ("emergency", SEV1),
        ("error", SEV2),
        ("High", SEV2),
        ("Sev2", SEV2),
        ("severity 2", SEV2),
        ("warning", SEV3),
        ("P3", SEV3),
        ("minor", SEV3),
        ("info", SEV4),
        ("none", SEV4),
        ("p5", SEV4),
        ("5", SEV4),
        ("", None),
        (None, None),
        ("   ", None),
        ("banana", None),
        ("10", None),
        ("1.5", None),
        ("6", None),
        ("not critical", None),
        ("критично", None),
    ],
)
def test_a_monitors_word_has_one_grade_or_none(word: str | None, severity: Severity | None) -> None:
    assert severity_from(word) is severity
