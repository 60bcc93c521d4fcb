"""A model's answer on its way to people: each sentence is checked as it ends, and what is not shown is marked there."""

from __future__ import annotations

import re

from bot.domain.evidence_ledger import EvidenceLedger
from bot.domain.grounding import CheckedClaim, FaultKind, Verdict, ground
from bot.domain.grounding.names import NameKind
from bot.domain.grounding.sentence import sentence
from bot.domain.plaintext import plain

LONGEST = 600  # characters after which a sentence ends at the next blank, whatever stands there
SAID_LIMIT = 60
NOT_SHOWN = "not shown by its evidence"
NO_CITE = "cites no evidence"
TOO_SURE = "surer than its evidence"

_CITE = re.compile(r"\b[AELGT]\d{1,4}\b")
_CITES = r"\[[AELGT]\d{1,4}(?:[\s,;]+[AELGT]\d{1,4})*\]"
_CLOSING = r"[\"')\]*_”»`]*"
# Where ids stand at the end, that is the end; elsewhere the next sentence begins with anything but a small letter:
# "e.g. 3 pods" and "v2. of it" go on.
_EDGE = re.compile(
    rf"(?:(?<=\])[.!?…]{_CLOSING}(?:\s*{_CITES})*|[.!?…]{_CLOSING}(?:\s*{_CITES})+)(?=\s+[^\s\[])"
    rf"|(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bca)[.!?…]{_CLOSING}(?=\s+[^\sa-z\[])|[。！？]|\n"
)
# What may still turn out to be the end: given out once that is known.
_MAYBE = re.compile(r"(?<=[.!?…])[\"')*_”»`]*\s*(?:\[[^\]\n]{0,40}\]?\s*)*\Z")
_BULLET = re.compile(r"^[\s>#*+-]*(?:\d{1,2}[.)]\s)?")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_NOT_KNOWN = re.compile(
    r"\b(?:I (?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t) |not known|unknown|nobody has looked|"
    r"(?:no|not in the) evidence|weiß (?:ich )?nicht|nicht bekannt|je ne sais pas|no (?:lo )?sé|non lo so)",
    re.IGNORECASE,
)


class Marking:
    """Feed it all pieces in order, then `finish`; what comes out is the text with marks. `ledger` grows by look-ups."""

    def __init__(self, ledger: EvidenceLedger) -> None:
        self.ledger = ledger
        self.cited: dict[str, None] = {}  # ids that exist, in order
        self.unsupported: list[str] = []
        self.has_code = False
        self._sentence = ""
        self._given = 0  # characters of it
        self._near: tuple[str, ...] = ()  # cited in this line so far
        self._in_code = False

    def feed(self, piece: str) -> str:
        self._sentence += piece
        out: list[str] = []
        while (edge := self._edge()) is not None:
            out.append(self._sentence[self._given : edge])
            ended, self._sentence, self._given = self._sentence[:edge], self._sentence[edge:], 0
            out.append(self._ended(ended))
        held = _MAYBE.search(self._sentence)
        upto = max(self._given, held.start() if held else len(self._sentence))
        out.append(self._sentence[self._given : upto])
        self._given = upto
        return "".join(out)

    def finish(self) -> str:
        """The rest. May be fed again after it: a new paragraph."""
        rest = self._sentence[self._given :]
        ended, self._sentence, self._given = self._sentence, "", 0
        mark = self._ended(ended.rstrip())
        self._near, self._in_code = (), False
        return rest.rstrip() + mark if mark else rest

    def _edge(self) -> int | None:
        found = _EDGE.search(self._sentence)
        if found is not None and found.start() <= LONGEST:
            # A line's end belongs to the next piece, so that the mark stands before it.
            is_line = found[0] == "\n"
            return found.end() if not is_line or found.start() == 0 else found.start()
        if len(self._sentence) > LONGEST and (blank := self._sentence.rfind(" ", 1, LONGEST)) > 0:
            return blank if blank >= self._given else max(self._given, 1)
        return None

    def _ended(self, text: str) -> str:
        if text == "\n":
            self._near = ()
            return ""
        if _FENCE.match(text):
            self._in_code = not self._in_code
            self.has_code = True
            return ""
        if self._in_code:
            return ""
        said = _BULLET.sub("", text).strip()
        return self._mark(said) if any(char.isalnum() for char in said) else ""

    def _mark(self, said: str) -> str:
        own = tuple(dict.fromkeys(_CITE.findall(said)))
        for cite in own:
            if self.ledger.find(cite):
                self.cited[cite] = None
        cites = own or self._near
        self._near = own or self._near
        bare = re.sub(rf"\s*{_CITES}", "", said)
        if not any(char.isalnum() for char in bare):
            return ""
        if not cites and not _tells(bare, self.ledger):
            return ""
        why = _fault(ground(bare, cites, self.ledger)) if cites else NO_CITE
        if not why:
            return ""
        self.unsupported.append(plain(bare, 200))
        return f" ⚠ _{why}_"


def admits_not_knowing(text: str) -> bool:
    return _NOT_KNOWN.search(text) is not None


def _tells(said: str, ledger: EvidenceLedger) -> bool:
    """It holds a number, a time or a name, so it tells a fact."""
    taken = sentence(said, (), ledger)
    if taken.quantities or taken.clocks or taken.days:
        return True
    names = [name for name in taken.names if name.kind is not NameKind.REFERENCE]
    if said.endswith("?") or _NOT_KNOWN.search(said):
        return any(name.kind in (NameKind.VERSION, NameKind.COMMIT) for name in names)
    return bool(names)


def _fault(claim: CheckedClaim) -> str:
    """Empty where it is shown. One of several ids that does not matter is no fault that people need to read."""
    if claim.verdict is Verdict.UNSUPPORTED:
        return NOT_SHOWN
    told = {fault.kind: fault for fault in reversed(claim.faults)}
    told.pop(FaultKind.IRRELEVANT_ID, None)
    if unknown := told.pop(FaultKind.UNKNOWN_ID, None):
        return f"there is no {plain(unknown.said, 8)}"
    if FaultKind.OVERSTATED in told and len(told) == 1:
        return TOO_SURE
    first = next(iter(told.values()), None)
    return f"not shown: {_harmless(first.said)}" if first else ""


def _harmless(said: str) -> str:
    return plain(said.replace("_", "-").replace("*", "").replace("`", ""), SAID_LIMIT)
