"""The audit log: who did what, as a chain in which each entry holds the hash of the one before. Pure.

A chain shows every edit, insertion, deletion and change of order, but not that its end was cut off, nor that all of it
was written anew. Checkpoints show that: how many entries there are and the last one's hash, kept where whoever can
write the table cannot (a Slack channel, a file on another machine), signed where there is a key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.action import Value, canonical

GENESIS = "0" * 64  # what the first entry has in place of a previous hash


class AuditKind(StrEnum):
    PROPOSED = "proposed"
    RENDERED = "rendered"
    REQUESTED = "requested"
    REVIEWED = "reviewed"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    REQUEST_WITHDRAWN = "request_withdrawn"
    EXPIRED = "expired"
    ESCALATED = "escalated"
    REFUSED = "refused"
    STARTED = "started"
    FINISHED = "finished"
    VERIFIED = "verified"
    STOPPED = "stopped"  # the kill switch
    RESUMED = "resumed"
    POLICY_LOADED = "policy_loaded"
    RUNBOOKS_LOADED = "runbooks_loaded"
    ASKED_MODEL = "asked_model"


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """`details` and `outputs` are redacted before they come here: what is written down stays."""

    sequence: int  # 1, 2, 3 ... without gaps
    at: datetime
    who: str  # Slack's user id; "" for the bot itself
    kind: str  # an AuditKind, or one of a later version
    incident: str  # "" outside incidents
    subject: str  # what it is about: a request's, run's or file's id
    details: str  # canonical JSON
    outputs: tuple[str, ...]  # SHA-256 of each output, in hexadecimal
    previous: str  # hash of the entry before
    hash: str

    @property
    def expected_hash(self) -> str:
        """From all the other fields. Raises ValueError, TypeError, AttributeError where one is not what it may be."""
        if self.at.tzinfo is None:
            raise ValueError("a time zone is missing")
        stated = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "hash"}
        moment = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return hashlib.sha256(canonical(stated | {"at": moment}).encode()).hexdigest()


def append(
    previous: AuditEntry | None,
    *,
    at: datetime,
    who: str,
    kind: str,
    incident: str = "",
    subject: str = "",
    details: Mapping[str, Value] | None = None,
    outputs: Sequence[str] = (),
) -> AuditEntry:
    """The entry after `previous`; `outputs` are hashes. Raises ValueError, TypeError for details that are no JSON."""
    entry = AuditEntry(
        sequence=previous.sequence + 1 if previous else 1,
        at=at.astimezone(UTC) if at.tzinfo else at,
        who=who,
        kind=str(kind),
        incident=incident,
        subject=subject,
        details=canonical(dict(details or {})),
        outputs=tuple(outputs),
        previous=previous.hash if previous else GENESIS,
        hash="",
    )
    return replace(entry, hash=entry.expected_hash)


def output_hash(text: str) -> str:
    """Also of text that has no UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --- checkpoints -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    count: int  # entries, from the first on
    head: str  # hash of the last of them
    at: datetime
    signature: str = ""  # Ed25519 over `message`, in hexadecimal

    @property
    def message(self) -> bytes:
        moment = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return canonical({"count": self.count, "head": self.head, "at": moment}).encode()


def checkpoint(last: AuditEntry | None, at: datetime) -> Checkpoint:
    return Checkpoint(count=last.sequence if last else 0, head=last.hash if last else GENESIS, at=at)


def signed(point: Checkpoint, private_key: bytes) -> Checkpoint:
    """`private_key`: the 32 bytes of an Ed25519 key. Raises ValueError for another length."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return replace(point, signature=Ed25519PrivateKey.from_private_bytes(private_key).sign(point.message).hex())


def is_signed_by(point: Checkpoint, public_key: bytes) -> bool:
    """`public_key`: the 32 bytes of an Ed25519 key. Raises ValueError for another length."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(public_key)
    try:
        key.verify(bytes.fromhex(point.signature), point.message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- verification ----------------------------------------------------------------------------------------------------


class Tampering(StrEnum):
    EDITED = "edited"  # the entry is not what its hash says
    MISSING = "missing"  # numbers are left out
    OUT_OF_ORDER = "out_of_order"  # its number does not follow: moved, put in or there twice
    BROKEN_LINK = "broken_link"  # it does not follow on the entry that stands before it
    CUT = "cut"  # a checkpoint knows of more entries
    REWRITTEN = "rewritten"  # a checkpoint knows another entry at that place
    BAD_CHECKPOINT = "bad_checkpoint"  # its signature is not of the key


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    kind: Tampering
    sequence: int  # of the entry, or how many a checkpoint counts
    sentence: str


def verify(
    entries: Iterable[AuditEntry], checkpoints: Iterable[Checkpoint] = (), *, public_key: bytes | None = None
) -> tuple[AuditFinding, ...]:
    """What is wrong, in the order of the entries as they are kept; nothing where the log is whole.

    With `public_key` a checkpoint that is not signed by it is told, and tells nothing itself.
    """
    findings: list[AuditFinding] = []
    points = _trusted(checkpoints, public_key, findings)
    heads = {0: GENESIS}
    wanted = {point.count for point in points}
    number, head, count = 0, GENESIS, 0
    for entry in entries:
        count += 1
        findings += _of_entry(number, head, entry)
        if count in wanted:
            heads[count] = entry.hash
        number, head = _number(entry, number), entry.hash
    findings += (finding for point in points if (finding := _of_checkpoint(point, heads, count)))
    return tuple(findings)


def _number(entry: AuditEntry, before: int) -> int:
    """As it states it; the next one where a tampered column holds no number."""
    return entry.sequence if type(entry.sequence) is int else before + 1


def _of_entry(before: int, head: str, entry: AuditEntry) -> Iterator[AuditFinding]:
    number = entry.sequence
    if not _is_as_hashed(entry):
        yield _found(Tampering.EDITED, number, f"Entry {number} was changed after it was written.")
    if number != before + 1:
        yield _misplaced(before, number)
    elif entry.previous != head:
        yield _found(Tampering.BROKEN_LINK, number, f"Entry {number} does not follow on the entry before it.")


def _is_as_hashed(entry: AuditEntry) -> bool:
    try:
        return entry.expected_hash == entry.hash
    except (ValueError, TypeError, AttributeError):  # a column that holds something else than it may
        return False


def _misplaced(before: int, number: int) -> AuditFinding:
    if isinstance(number, int) and number > before + 1:
        gap = f"entry {before + 1} is" if number == before + 2 else f"entries {before + 1} to {number - 1} are"
        return _found(Tampering.MISSING, number, f"{gap[0].upper()}{gap[1:]} missing before entry {number}.")
    return _found(Tampering.OUT_OF_ORDER, number, f"Entry {number} stands after entry {before}.")


def _of_checkpoint(point: Checkpoint, heads: Mapping[int, str], count: int) -> AuditFinding | None:
    when = f"{point.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if point.count > count:
        missing = point.count - count
        lost = f"{missing} {'entry is' if missing == 1 else 'entries are'} gone from the end"
        sentence = f"At {when} there were {point.count} entries, and now there are {count}: {lost}."
        return _found(Tampering.CUT, point.count, sentence)
    if heads.get(point.count) != point.head:
        sentence = f"Entry {point.count} is not the one that the checkpoint of {when} knows: the log was rewritten."
        return _found(Tampering.REWRITTEN, point.count, sentence)
    return None


def _trusted(
    checkpoints: Iterable[Checkpoint], public_key: bytes | None, findings: list[AuditFinding]
) -> list[Checkpoint]:
    points: list[Checkpoint] = []
    for point in checkpoints:
        if public_key is None or is_signed_by(point, public_key):
            points.append(point)
        else:
            sentence = f"The checkpoint over {point.count} entries is not signed by the key of this log."
            findings.append(_found(Tampering.BAD_CHECKPOINT, point.count, sentence))
    return points


def _found(kind: Tampering, sequence: int, sentence: str) -> AuditFinding:
    return AuditFinding(kind=kind, sequence=sequence, sentence=sentence)


# --- export ----------------------------------------------------------------------------------------------------------


def to_json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """One line an entry, without a line break; `from_json_line` reads it, with what was tampered with as it is.

    `details` as JSON within, or as the text that it is where it is no canonical JSON.
    """
    for entry in entries:
        stated = {item.name: getattr(entry, item.name) for item in fields(entry)}
        moment = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
        yield json.dumps(stated | {"at": moment, "details": _opened(entry.details)}, ensure_ascii=True)


def _opened(details: str) -> object:
    try:
        found = json.loads(details)
        return found if isinstance(found, dict) and canonical(found) == details else details
    except ValueError:
        return details


def from_json_line(line: str) -> AuditEntry:
    """Raises ValueError, KeyError, TypeError where it is no entry."""
    stated = json.loads(line)
    return AuditEntry(
        sequence=stated["sequence"],
        at=datetime.fromisoformat(stated["at"]),
        who=stated["who"],
        kind=stated["kind"],
        incident=stated["incident"],
        subject=stated["subject"],
        details=stated["details"] if isinstance(stated["details"], str) else canonical(stated["details"]),
        outputs=tuple(stated["outputs"]),
        previous=stated["previous"],
        hash=stated["hash"],
    )
