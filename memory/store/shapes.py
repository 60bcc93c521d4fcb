"""How each kind of record is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from bot.domain.remembered import Held, Lesson, Page, PastIncident, Postmortem, RecordKind
from memory.passages import split_page
from memory.store.records import Shape
from memory.store.schema import lessons, pages, past_incidents, postmortems

__all__ = ["INCIDENTS", "LESSONS", "PAGES", "POSTMORTEMS"]


def _incident_values(past: PastIncident) -> Mapping[str, Any]:
    return {
        "title": past.title,
        "service": past.service,
        "started_at": past.started_at,
        "minutes": past.minutes,
        "cause": past.cause,
        "cause_kind": past.cause_kind,
        "fix": past.fix,
        "symptoms": past.symptoms,
        "link": past.link,
        "unhelpful": past.unhelpful,
        "alerts": json.dumps(past.alerts),
        "labels": json.dumps(dict(past.labels), sort_keys=True),
        "outcome": past.outcome.value,
        "trust": past.trust,
        "origin": past.origin,
    }


def _incident(row: Row[Any]) -> PastIncident:
    return PastIncident(
        id=row.id,
        title=row.title,
        service=row.service,
        started_at=row.started_at,
        minutes=row.minutes,
        cause=row.cause,
        cause_kind=row.cause_kind,
        fix=row.fix,
        symptoms=row.symptoms,
        link=row.link,
        unhelpful=row.unhelpful,
        alerts=tuple(json.loads(row.alerts)),
        labels=json.loads(row.labels),
        outcome=Held(row.outcome),
        trust=row.trust,
        origin=row.origin,
    )


def _page_values(page: Page) -> Mapping[str, Any]:
    return {
        "title": page.title,
        "text": page.text,
        "source": page.source,
        "path": page.path,
        "link": page.link,
        "alerts": json.dumps(page.alerts),
        "service": page.service,
        "owner": page.owner,
        "updated_at": page.updated_at,
    }


def _page(row: Row[Any]) -> Page:
    return Page(
        id=row.id,
        title=row.title,
        text=row.text,
        source=row.source,
        path=row.path,
        link=row.link,
        alerts=tuple(json.loads(row.alerts)),
        service=row.service,
        owner=row.owner,
        updated_at=row.updated_at,
    )


def _lesson_values(lesson: Lesson) -> Mapping[str, Any]:
    return {
        "text": lesson.text,
        "service": lesson.service,
        "at": lesson.at,
        "author": lesson.author,
        "incident": lesson.incident,
        "outcome": lesson.outcome.value,
        "trust": lesson.trust,
    }


def _lesson(row: Row[Any]) -> Lesson:
    return Lesson(
        id=row.id,
        text=row.text,
        service=row.service,
        at=row.at,
        author=row.author,
        incident=row.incident,
        outcome=Held(row.outcome),
        trust=row.trust,
    )


def _postmortem_values(postmortem: Postmortem) -> Mapping[str, Any]:
    return {
        "title": postmortem.title,
        "text": postmortem.text,
        "accepted_by": postmortem.accepted_by,
        "accepted_at": postmortem.accepted_at,
    }


def _postmortem(row: Row[Any]) -> Postmortem:
    return Postmortem(
        incident=row.incident,
        title=row.title,
        text=row.text,
        accepted_by=row.accepted_by,
        accepted_at=row.accepted_at,
    )


def _texts(record: Page | Postmortem) -> Sequence[str]:
    return split_page(record.title, record.text)


INCIDENTS = Shape(
    kind=RecordKind.INCIDENT,
    table=past_incidents,
    values=_incident_values,
    key=lambda past: past.id,
    read=_incident,
    texts=lambda past: (past.text,),
)
POSTMORTEMS = Shape(
    kind=RecordKind.POSTMORTEM,
    table=postmortems,
    values=_postmortem_values,
    key=lambda postmortem: postmortem.incident,
    read=_postmortem,
    texts=_texts,
)
PAGES = Shape(
    kind=RecordKind.PAGE,
    table=pages,
    values=_page_values,
    key=lambda page: page.id,
    read=_page,
    texts=lambda page: (*_texts(page), *((page.title,) if page.title else ())),  # a title is searched by itself as well
)
LESSONS = Shape(
    kind=RecordKind.LESSON,
    table=lessons,
    values=_lesson_values,
    key=lambda lesson: lesson.id,
    read=_lesson,
    texts=lambda lesson: (lesson.text,),
)
