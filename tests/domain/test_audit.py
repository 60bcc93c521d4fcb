"""The audit log: a whole chain verifies, and whatever is done to it shows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.domain.audit import (
    GENESIS,
    AuditEntry,
    AuditKind,
    Checkpoint,
    Tampering,
    append,
    checkpoint,
    from_json_line,
    is_signed_by,
    output_hash,
    signed,
    to_json_lines,
    verify,
)
from bot.testing import NOON

LENGTH = 12
COLUMNS = tuple(item.name for item in fields(AuditEntry))


def log(length: int = LENGTH) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        entries.append(
            append(
                entries[-1] if entries else None,
                at=NOON + timedelta(seconds=number),
                who=f"U{number % 3}",
                kind=list(AuditKind)[number % len(AuditKind)],
                incident="INC-2026-0042",
                subject=f"A{number}",
                details={"plan": "ab" * 32, "needed": number, "lines": ("kubectl", "undo — zurück")},
                outputs=(output_hash(f"output {number}"), output_hash("")),
            )
        )
    return entries


def rehashed(entries: Sequence[AuditEntry], start: int) -> list[AuditEntry]:
    """As somebody who can write the table and knows how it is made would mend it, from `start` on."""
    mended = list(entries[:start])
    for number, entry in enumerate(entries[start:], start=start + 1):
        linked = replace(entry, sequence=number, previous=mended[-1].hash if mended else GENESIS)
        mended.append(replace(linked, hash=linked.expected_hash))
    return mended


WHOLE = log()
LAST = checkpoint(WHOLE[-1], NOON)


def kinds(entries: Sequence[AuditEntry], *points: Checkpoint) -> set[Tampering]:
    return {finding.kind for finding in verify(entries, points)}


def test_a_whole_log_verifies() -> None:
    points = [checkpoint(entry, entry.at) for entry in WHOLE]
    assert verify(WHOLE, [checkpoint(None, NOON), *points]) == ()
    assert verify([]) == ()
    assert WHOLE[0].previous == GENESIS
    assert [entry.sequence for entry in WHOLE] == list(range(1, LENGTH + 1))


def test_a_log_that_has_grown_since_its_checkpoint_verifies() -> None:
    assert verify(WHOLE, [checkpoint(WHOLE[4], NOON)]) == ()


# --- each column of each entry ---------------------------------------------------------------------------------------


def other_values(value: Any) -> list[Any]:
    """Another value of its type, a very little changed, and one of another type."""
    if isinstance(value, datetime):
        return [value + timedelta(microseconds=1), value.replace(tzinfo=None), value.isoformat(), None]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value), float(value), None]
    if isinstance(value, tuple):
        return [value[:1], value[::-1], (*value, "x"), (), list(map(str.upper, value)), None]
    return [f"{value} ", value[1:], value.swapcase() if value.swapcase() != value else "x", "", None, value + "\ud800"]


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edit_of_any_column_of_any_entry_is_found(column: str) -> None:
    tried = 0
    for at, entry in enumerate(WHOLE):
        for value in other_values(getattr(entry, column)):
            changed: dict[str, Any] = {column: value}
            found = verify([*WHOLE[:at], replace(entry, **changed), *WHOLE[at + 1 :]])
            assert any(finding.kind is Tampering.EDITED for finding in found), (at, column, value)
            assert all(finding.sentence for finding in found)
            tried += 1
    assert tried >= 4 * LENGTH


def test_an_edit_names_its_entry_alone() -> None:
    found = verify([*WHOLE[:4], replace(WHOLE[4], who="U9"), *WHOLE[5:]], [LAST])
    assert [(finding.kind, finding.sequence) for finding in found] == [(Tampering.EDITED, 5)]
    assert found[0].sentence == "Entry 5 was changed after it was written."


@pytest.mark.parametrize("at", range(LENGTH))
def test_an_edit_with_a_new_hash_breaks_the_link_or_the_checkpoint(at: int) -> None:
    edited = replace(WHOLE[at], who="U9")
    mended = [*WHOLE[:at], replace(edited, hash=edited.expected_hash), *WHOLE[at + 1 :]]
    expected = Tampering.BROKEN_LINK if at < LENGTH - 1 else Tampering.REWRITTEN
    assert expected in kinds(mended, LAST)


@pytest.mark.parametrize("at", range(LENGTH))
def test_a_log_that_was_written_anew_from_an_edit_on_is_found_by_the_checkpoint(at: int) -> None:
    mended = rehashed([*WHOLE[:at], replace(WHOLE[at], who="U9"), *WHOLE[at + 1 :]], at)
    assert kinds(mended) == set()
    assert kinds(mended, LAST) == {Tampering.REWRITTEN}


# --- order and number ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(LENGTH))
def test_a_deletion_is_found(at: int) -> None:
    left = [*WHOLE[:at], *WHOLE[at + 1 :]]
    assert kinds(left, LAST) >= ({Tampering.MISSING} if at < LENGTH - 1 else {Tampering.CUT})
    assert kinds(rehashed(left, at), LAST) == {Tampering.CUT}


def test_every_swap_is_found() -> None:
    for one in range(LENGTH):
        for other in range(one + 1, LENGTH):
            swapped = list(WHOLE)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            assert kinds(swapped), (one, other)
            swapped[one] = replace(swapped[one], sequence=one + 1)
            swapped[other] = replace(swapped[other], sequence=other + 1)
            assert kinds(swapped) >= {Tampering.EDITED, Tampering.BROKEN_LINK}
            assert kinds(rehashed(swapped, one), LAST) == {Tampering.REWRITTEN}


@pytest.mark.parametrize("at", range(LENGTH + 1))
def test_an_insertion_is_found(at: int) -> None:
    before = WHOLE[at - 1] if at else None
    new = append(before, at=NOON, who="U9", kind=AuditKind.REVIEWED)
    assert kinds([*WHOLE[:at], new, *WHOLE[at:]], LAST) & {Tampering.OUT_OF_ORDER} or at == LENGTH
    anew = rehashed([*WHOLE[:at], new, *WHOLE[at:]], at)
    assert kinds(anew, LAST) == ({Tampering.REWRITTEN} if at < LENGTH else set())


def test_an_entry_that_is_there_twice_is_found() -> None:
    assert kinds([*WHOLE[:3], WHOLE[2], *WHOLE[3:]]) == {Tampering.OUT_OF_ORDER}


@pytest.mark.parametrize("left", range(LENGTH))
def test_a_cut_end_is_found_by_the_checkpoint_and_by_nothing_else(left: int) -> None:
    assert kinds(WHOLE[:left]) == set()
    found = verify(WHOLE[:left], [LAST])
    assert [(finding.kind, finding.sequence) for finding in found] == [(Tampering.CUT, LENGTH)]
    assert f"now there are {left}:" in found[0].sentence


def test_a_cut_and_regrown_end_is_found() -> None:
    grown = WHOLE[:8]
    while len(grown) < LENGTH + 3:
        grown = [*grown, append(grown[-1], at=NOON, who="U9", kind=AuditKind.FINISHED)]
    assert kinds(grown) == set()
    assert kinds(grown, LAST) == {Tampering.REWRITTEN}


def test_random_tampering_is_found_or_left_the_log_as_it_was() -> None:
    dice = random.Random(6)
    ways: tuple[Callable[[list[AuditEntry]], None], ...] = (
        lambda entries: entries.remove(dice.choice(entries)),
        lambda entries: entries.insert(dice.randrange(len(entries)), dice.choice(WHOLE)),
        lambda entries: dice.shuffle(entries),
        lambda entries: entries.__setitem__(0, replace(entries[0], subject="x")),
        lambda entries: entries.reverse(),
    )
    for _ in range(300):
        entries = list(WHOLE)
        for _ in range(dice.randint(1, 3)):
            dice.choice(ways)(entries)
        assert bool(verify(entries, [LAST])) == (entries != WHOLE)


# --- checkpoints -----------------------------------------------------------------------------------------------------

KEY = bytes(range(32))


def public(key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def test_a_signed_checkpoint_is_taken_from_its_signer_alone() -> None:
    point = signed(LAST, KEY)
    assert is_signed_by(point, public(KEY))
    assert not is_signed_by(point, public(bytes(32)))
    assert not is_signed_by(LAST, public(KEY))
    assert not is_signed_by(replace(point, signature="no hex"), public(KEY))
    for changed in (
        replace(point, count=LENGTH - 1),
        replace(point, head="0" * 64),
        replace(point, at=NOON + timedelta(seconds=1)),
    ):
        assert not is_signed_by(changed, public(KEY))


def test_a_forged_checkpoint_is_told_and_hides_nothing() -> None:
    forged = checkpoint(WHOLE[3], NOON)
    found = verify(WHOLE[:4], [forged, signed(LAST, KEY)], public_key=public(KEY))
    assert {finding.kind for finding in found} == {Tampering.BAD_CHECKPOINT, Tampering.CUT}


def test_a_checkpoint_over_nothing_knows_the_beginning() -> None:
    assert kinds(WHOLE, Checkpoint(count=0, head="f" * 64, at=NOON)) == {Tampering.REWRITTEN}


# --- form ------------------------------------------------------------------------------------------------------------


def test_the_same_moment_in_another_zone_is_no_edit() -> None:
    there = WHOLE[0].at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert verify([replace(WHOLE[0], at=there), *WHOLE[1:]]) == ()


def test_the_order_of_keys_in_details_does_not_matter() -> None:
    one = append(None, at=NOON, who="", kind="x", details={"a": 1, "b": 2})
    assert one == append(None, at=NOON.astimezone(UTC), who="", kind="x", details={"b": 2, "a": 1})


@pytest.mark.parametrize("details", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}])
def test_what_is_no_json_is_not_written(details: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        append(None, at=NOON, who="", kind="x", details=details)


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        append(None, at=NOON.replace(tzinfo=None), who="", kind="x")


def test_the_export_is_read_again_and_verifies() -> None:
    lines = list(to_json_lines(WHOLE))
    assert len(lines) == LENGTH
    assert all("\n" not in line and line.isascii() for line in lines)
    assert json.loads(lines[3])["details"]["needed"] == 3
    again = [from_json_line(line) for line in lines]
    assert again == WHOLE
    assert verify(again, [LAST]) == ()


@pytest.mark.parametrize("details", ["", "{", '{"a": 1}', "[]", "null", '{"needed":99}'])
def test_the_export_hides_no_tampering(details: str) -> None:
    tampered = [*WHOLE[:2], replace(WHOLE[2], details=details), *WHOLE[3:]]
    again = [from_json_line(line) for line in to_json_lines(tampered)]
    assert [finding.sequence for finding in verify(again)] == [3]


def test_the_export_keeps_another_spelling_of_details() -> None:
    spaced = WHOLE[2].details.replace(":", ": ")
    tampered = [*WHOLE[:2], replace(WHOLE[2], details=spaced), *WHOLE[3:]]
    again = [from_json_line(line) for line in to_json_lines(tampered)]
    assert [finding.sequence for finding in verify(again)] == [3]


def test_the_hash_of_an_output_is_of_its_bytes() -> None:
    assert output_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert output_hash("\ud800") != output_hash("?")
