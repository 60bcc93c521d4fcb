"""`sql.query` and `sql.execute`: one statement, as it stands in the runbook, with values apart from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.runbook.conform import LITERAL
from integrations.descriptor import ActionTools
from integrations.drafted import Draft, DraftedAction, cut, failed, schema, unknown
from integrations.programs.argument import bad, shown
from integrations.sql import statement as statements
from integrations.sql.database import Backend, NothingDone, TooSlow, Uncertain, Values
from integrations.sql.postgresql import PostgreSql
from integrations.sql.rows import Rows
from integrations.sql.settings import Database, SqlSettings
from integrations.sql.sqlite import SQLite
from integrations.sql.statement import Statement
from integrations.sql.tokens import BadStatement

MOST_VALUES = 20
_LONGEST_VALUE = 2000  # characters
_USUAL_ROWS = 1
_PREVIEW = 20.0  # seconds


@dataclass(frozen=True, kw_only=True)
class _Work:
    database: Database
    statement: Statement
    values: Values
    most: int


class _SqlAction(DraftedAction[_Work]):
    longest = 300.0

    def __init__(self, settings: SqlSettings, tools: ActionTools) -> None:
        self._databases, self._most_rows = settings.databases(), settings.most_rows
        self._threads = tools.threads

    @property
    def _properties(self) -> Mapping[str, Value]:
        single: Value = ("string", "number", "boolean", "null")
        return {
            "database": {"type": "string", "description": "By its name in SQL_URLS; the environment is the incident's"},
            "statement": {
                "type": "string", "minLength": 1, "maxLength": statements.LONGEST, LITERAL: True,
                "description": "One statement; what differs stands in it as :name",
            },
            "values": {
                "type": "object",
                "additionalProperties": {"type": single, "maxLength": _LONGEST_VALUE},
                "description": "By name, what :name stands for",
            },
        }  # fmt: skip

    def _database(self, call: ActionCall) -> Database:
        name = str(call.parameters["database"])
        found = self._databases.get((call.environment, name))
        if found is None:
            known = ", ".join(sorted(n for environment, n in self._databases if environment == call.environment))
            detail = (
                f"database: SQL_URLS has no {shown(name)} of {shown(call.environment)}; there are: {known or 'none'}."
            )
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="database")
        return found

    def _backend(self, database: Database) -> Backend:
        return SQLite(database.path, self._threads) if database.path else PostgreSql(database.url)

    def _lines(self, work: _Work) -> tuple[str, ...]:
        values = [f":{name} is {value!r}" for name, value in work.values.items()]
        return (*work.statement.text.split("\n"), *values)

    def _target(self, call: ActionCall, database: Database) -> str:
        return f"database {call.parameters['database']} of {call.environment} ({database.shown})"


class Query(_SqlAction):
    name = "sql.query"

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(("database", "statement"), **self._properties)

    async def _draft(self, call: ActionCall) -> Draft[_Work]:
        database = self._database(call)
        try:
            statement = statements.read(str(call.parameters["statement"]))
        except BadStatement as error:
            raise bad("statement", f"{error}.") from None
        work = _Work(database=database, statement=statement, values=_values(call, statement), most=0)
        return Draft(target=self._target(call, database), lines=self._lines(work), work=work)

    async def _do(self, work: _Work, call: ActionCall, key: str) -> ActionResult:
        try:
            found = await self._backend(work.database).look(work.statement, work.values, call.timeout)
        except TooSlow as error:
            return ActionResult(ending=Ending.TIMED_OUT, summary=str(error))
        except NothingDone as error:
            return failed(str(error))
        return _told(found, f"{_count(len(found.rows))}{', and more' if found.is_cut else ''}.", {})


class Execute(_SqlAction):
    name = "sql.execute"
    risk = Risk.CHANGE

    @property
    def parameters(self) -> Mapping[str, Value]:
        most: Value = {
            "type": "integer", "minimum": 1, "maximum": self._most_rows, "default": _USUAL_ROWS,
            "description": "Where it would touch more rows, it is undone",
        }  # fmt: skip
        return schema(("database", "statement"), **self._properties, most_rows=most)

    async def _draft(self, call: ActionCall) -> Draft[_Work]:
        database = self._database(call)
        try:
            statement = statements.change(str(call.parameters["statement"]))
        except BadStatement as error:
            raise bad("statement", f"{error}.") from None
        if statement.is_lasting and database.path:
            raise bad("statement", "SQLite has no connections of others that could be ended.")
        most = int(str(call.parameters.get("most_rows", _USUAL_ROWS)))
        work = _Work(database=database, statement=statement, values=_values(call, statement), most=most)
        return Draft(
            target=self._target(call, database),
            lines=(*self._lines(work), f"undone where it is about more than {_count(most)}"),
            work=work,
            risk=Risk.DESTROY if statement.deletes else Risk.CHANGE,
            reversibility=Reversibility.IRREVERSIBLE,  # what the rows held before is kept nowhere
            radius=BlastRadius(count=most, unit="connections" if statement.is_lasting else "rows"),
        )

    async def preview(self, plan: Plan) -> str:
        draft = await self._drafted(plan.call)
        work = draft.work
        try:
            told = await self._backend(work.database).count(work.statement, work.values, _PREVIEW)
        except NothingDone as error:
            raise ActionRefused(Refusal.UNREACHABLE, str(error)) from None
        return cut(told)[0]

    async def _do(self, work: _Work, call: ActionCall, key: str) -> ActionResult:
        try:
            done = await self._backend(work.database).change(work.statement, work.values, work.most, call.timeout)
        except NothingDone as error:
            return failed(str(error))
        except Uncertain as error:
            return unknown(str(error))
        what = "connection" if work.statement.is_lasting else "row"
        verb = "ended" if work.statement.is_lasting else "changed"
        return _told(done.rows, f"{_count(done.count, what)} {verb}.", {"count": done.count})


def _values(call: ActionCall, statement: Statement) -> Values:
    given = call.parameters.get("values", {})
    assert isinstance(given, Mapping)
    if len(given) > MOST_VALUES:
        raise bad("values", f"there are {len(given)}; {MOST_VALUES} are allowed.")
    for name in statement.values:
        if name not in given:
            raise bad(f"values.{name}", f"the statement has :{name}, and there is no value for it.")
    for name in given:
        if name not in statement.values:
            raise bad(f"values.{ascii(name)[1:-1]}", "the statement has nothing of that name.")
    return {
        name: value for name, value in given.items() if value is None or isinstance(value, str | int | float | bool)
    }


def _told(found: Rows, summary: str, more: Mapping[str, Value]) -> ActionResult:
    """`value`: the first column of the only row."""
    values: dict[str, Value] = {"count": len(found.rows), "rows": found.mappings, **more}
    if len(found.rows) == 1 and found.columns:
        values["value"] = found.rows[0][0]
    output, is_cut = cut(found.table)
    return ActionResult(
        ending=Ending.SUCCEEDED, summary=summary, output=output, is_cut=is_cut or found.is_cut, values=values
    )


def _count(number: int, what: str = "row") -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
