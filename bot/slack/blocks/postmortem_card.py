"""What is said of a postmortem in its incident's place: under review, approved, published. Pure mrkdwn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.domain.incident import Incident
from bot.domain.life import Draft, DraftState, Revision
from bot.domain.naming import bare_title
from bot.domain.postmortem.reading import lines_of
from bot.domain.postmortem.review import APPROVED, EDITED, FROM_FACTS
from bot.domain.postmortem.statement import Section
from bot.slack.blocks.acting import mention, said
from bot.slack.mrkdwn import bold, link

TITLE, LINE, REASON = 140, 300, 300
MOST_LINES = 4  # of the summary: the whole stands behind the button
MOST_LESSONS = 5


class PostmortemWords:
    """The `CardWords` and `ReviewWords` ports."""

    def review(self, incident: Incident, draft: Draft, trouble: str) -> str:
        return "\n".join(_review(incident, draft, trouble))

    def replaced(self, incident: Incident) -> str:
        return f"{bold(f'Postmortem of {incident.id}')}: there is a newer draft further down."

    def published(self, incident: Incident, draft: Draft, addresses: Sequence[str]) -> str:
        by = next((one.by for one in reversed(draft.history) if one.what == APPROVED), "")
        pages = [one for one in addresses if one.startswith(("https://", "http://"))]
        where = " · ".join(link(one, _named(one)) for one in pages)
        private = " It is kept in this channel alone: the incident is private." if incident.is_private else ""
        told = f"\N{NOTEBOOK} {bold(f'The postmortem of {incident.id} is published')}, approved by {mention(by)}."
        return f"{told}{private}\n{where}".rstrip()


def _review(incident: Incident, draft: Draft, trouble: str) -> Iterator[str]:
    title = said(bare_title(incident.title), TITLE)
    yield f"\N{MEMO} {bold(f'Postmortem of {incident.id}')}: {title}"
    yield _standing(draft)
    if trouble:
        yield f":warning: It could not be published yet, and is tried again: {said(trouble, REASON)}"
    if draft.state in (DraftState.DRAFT, DraftState.REJECTED):
        yield from (f"• {said(line, LINE)}" for line in _summary(draft))
    if draft.state is DraftState.DRAFT and draft.lessons:
        yield "*Lessons that are kept with it*"
        yield from (f"• {said(lesson, LINE)}" for lesson in list(draft.lessons)[:MOST_LESSONS])
    if draft.state is DraftState.DRAFT:
        yield "Read it all before you approve: it is published and remembered then. Nobody is to be blamed in it."


def _summary(draft: Draft) -> Sequence[str]:
    return lines_of(draft.markdown, Section.SUMMARY)[:MOST_LINES]


def _standing(draft: Draft) -> str:
    last = draft.history[-1]
    why = f" ({said(last.reason, REASON)})" if last.reason else ""
    match draft.state:
        case DraftState.DRAFT:
            return f"Draft {len(draft.history)}, {_how(last)}{why}. It waits for a review."
        case DraftState.REJECTED:
            return f"Rejected{_by(draft, 'rejected')}{why}. Edit it, or wait for a new draft."
        case DraftState.APPROVED:
            return f"Approved{_by(draft, APPROVED)}; it is being published."
        case DraftState.PUBLISHED:
            return f"Published{_by(draft, APPROVED)}. Who edits it starts a new review."


def _how(last: Revision) -> str:
    if last.what == EDITED:
        return f"edited by {mention(last.by)}"
    return "made from the record by rules" if last.what == FROM_FACTS else "worded by the model, checked by rules"


def _by(draft: Draft, what: str) -> str:
    who = next((one.by for one in reversed(draft.history) if one.what == what), "")
    return f" by {mention(who)}" if who else ""


def _named(address: str) -> str:
    return "Canvas" if "/docs/" in address else "File"
