"""One answer in the making: what it rests on, what was said so far, what stands under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.answers import Topic, topics
from bot.domain.conversation import RECORD_ID, record
from bot.domain.evidence import Finding, RunbookFact
from bot.domain.evidence_ledger import EvidenceLedger, evidence_ledger, with_items
from bot.domain.incident import Incident
from bot.domain.marked_text import Marking, admits_not_knowing
from bot.domain.model import NOTHING_SPENT, Instructions, Spent, Turn
from bot.domain.plaintext import plain
from bot.domain.ports.reply import Reply, Source, Stopped
from bot.domain.spend import Charge
from bot.flows.depth import DEEP, USUAL, Depth
from bot.flows.kept_talk import Question
from bot.flows.tools import Toolbox
from memory.store.answers import Asked

DECLARED = "runbooks"  # the source of runbooks that operators declared; pages have another
TITLE_LIMIT = 120  # characters of a source's name
UNCHECKED_CODE = "Queries and code in it are the model's own and were not checked."
NO_CITES = "It cites no evidence: take it as a guess."


@dataclass(kw_only=True)
class Talk:
    """One answer in the making."""

    question: Question
    asked: Asked
    instructions: Instructions
    findings: Sequence[Finding]
    toolbox: Toolbox
    depth: Depth = USUAL
    marking: Marking
    turns: tuple[Turn, ...]
    began: datetime
    said: list[str] = field(default_factory=list)  # as it was written
    spent: Spent = NOTHING_SPENT
    notice: str = ""
    is_whole: bool = False

    @property
    def text(self) -> str:
        return "".join(self.said).strip()

    @property
    def charge(self) -> Charge:
        usage = self.spent.usage
        return Charge(
            micro_dollars=-(-self.spent.nano_dollars // 1000),
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        )

    async def write(self, reply: Reply, text: str, *, heed: bool = True) -> None:
        """`heed`: that it was stopped. The last words of what was stopped still belong to it."""
        text = text if self.said else text.lstrip()  # blanks alone begin no message
        if not text:
            return
        self.said.append(text)
        try:
            await reply.write(text)
        except Stopped:
            if heed:
                raise

    def notices(self, command: str = "") -> str:
        """Our own lines under it. With the slash command a runbook that fits is proposed."""
        lines = [self.notice, self._doubt(), UNCHECKED_CODE if self.marking.has_code else ""]
        lines.append(f"Said by the deep model, {self.asked.model}, as you asked." if self.depth is DEEP else "")
        lines.append(self._proposal(command) if command and self.is_whole else "")
        return "\n".join(line for line in lines if line)

    def sources(self) -> tuple[Source, ...]:
        links = {item.id: item.link for finding in self.findings for item in finding.evidence if item.link}
        if (incident := self.question.incident) is not None and incident.card and incident.card.permalink:
            links[RECORD_ID] = incident.card.permalink
        links |= self.toolbox.links
        items = [item for cite in self.marking.cited if (item := self.toolbox.ledger.find(cite))]
        return tuple(
            Source(mark=item.id, title=plain(item.text, TITLE_LIMIT), link=links.get(item.id)) for item in items
        )

    def _doubt(self) -> str:
        if marked := len(self.marking.unsupported):
            what = "sentence is" if marked == 1 else "sentences are"
            return f"{marked} {what} marked ⚠: check before you rely on it."
        return "" if self.marking.cited or admits_not_knowing(self.text) else NO_CITES

    def _proposal(self, command: str) -> str:
        """A declared runbook that fits: how people begin it."""
        evidence = [item for finding in self.findings if finding.source == DECLARED for item in finding.evidence]
        fitting = [(item.id, item.fact) for item in evidence if isinstance(item.fact, RunbookFact)]
        meant = [fact for cite, fact in fitting if cite in self.marking.cited]
        if not meant and Topic.NEXT in topics(self.question.text):
            meant = [fact for _, fact in fitting]
        if not meant:
            return ""
        title, book = plain(meant[0].title, TITLE_LIMIT), plain(meant[0].runbook, TITLE_LIMIT)
        return f"There is a runbook for this: {title}. {command} runbook {book} proposes it; people decide."


def ledger_of(incident: Incident | None, findings: Sequence[Finding]) -> EvidenceLedger:
    if incident is None:
        return evidence_ledger(())
    alerts = tuple(grouped.alert for grouped in incident.alerts)
    return with_items(evidence_ledger(findings, alerts=alerts), (record(incident),))
