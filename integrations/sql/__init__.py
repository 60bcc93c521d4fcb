"""Databases that runbooks look into and change: PostgreSQL and SQLite."""

from __future__ import annotations

from bot.domain.action import Action
from integrations.descriptor import ActionTools, CheckResult, CheckState, Integration, Tools
from integrations.sql import statement
from integrations.sql.action import Execute, Query
from integrations.sql.database import Backend, NothingDone
from integrations.sql.postgresql import PostgreSql
from integrations.sql.settings import SqlSettings
from integrations.sql.sqlite import SQLite

SUBJECT = "SQL"


def actions(settings: SqlSettings, tools: ActionTools) -> tuple[Action, ...]:
    return (Query(settings, tools), Execute(settings, tools)) if settings.urls else ()


async def _check(settings: SqlSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.urls:
        detail = "SQL_URLS is not set: runbooks look into no databases"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    found = []
    for (environment, name), database in settings.databases().items():
        subject = f"{SUBJECT} {environment}/{name}"
        backend: Backend = SQLite(database.path, tools.threads) if database.path else PostgreSql(database.url)
        try:
            await backend.look(statement.read("select 1"), {}, tools.source_deadline)
        except NothingDone as error:
            remedy = "Check SQL_URLS, and that the user may log in from this machine."
            found.append(CheckResult(subject=subject, state=CheckState.PROBLEM, detail=str(error), remedy=remedy))
        else:
            found.append(CheckResult(subject=subject, state=CheckState.OK, detail=f"{database.shown} answers"))
    return tuple(found)


INTEGRATION = Integration(name="sql", title="SQL databases", settings=SqlSettings, actions=actions, check=_check)
