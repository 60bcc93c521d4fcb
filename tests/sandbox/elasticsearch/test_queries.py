"""What each query matches, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, BadRequestError

from sandbox.elasticsearch.dates import iso
from tests.sandbox.elasticsearch.conftest import INDEX, NOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES: list[tuple[str, dict[str, Any], int]] = [
    ("everything until now", {"match_all": {}}, 8),
    ("nothing", {"match_none": {}}, 0),
    ("term", {"term": {"service.name": "cart"}}, 3),
    ("term, long form", {"term": {"service.name": {"value": "CART", "case_insensitive": True}}}, 3),
    ("a keyword is exact", {"term": {"service.name": "car"}}, 0),
    ("term of a text is a token", {"term": {"message": "refused"}}, 2),
    ("term on a number", {"term": {"http.status": 200}}, 2),
    ("term on a boolean", {"term": {"retried": False}}, 1),
    ("term in a list", {"term": {"tags": "net"}}, 2),
    ("term on an unmapped field", {"term": {"nowhere": "x"}}, 0),
    ("terms", {"terms": {"log.level": ["error", "warn"]}}, 4),
    ("terms on numbers", {"terms": {"http.status": [200, 500]}}, 3),
    ("match is or", {"match": {"message": "connection payments"}}, 4),
    ("match and", {"match": {"message": {"query": "connection refused", "operator": "and"}}}, 2),
    ("match at least", {"match": {"message": {"query": "connection refused pool", "minimum_should_match": 3}}}, 1),
    ("match on a keyword is whole", {"match": {"host.name": "a-1"}}, 3),
    ("no words match nothing", {"match": {"message": "!!"}}, 0),
    ("phrase", {"match_phrase": {"message": "connection refused"}}, 2),
    ("phrase, other order", {"match_phrase": {"message": "refused connection"}}, 0),
    ("phrases do not span lines", {"match_phrase": {"message": "8080 get"}}, 0),
    ("phrase prefix", {"match_phrase_prefix": {"message": "connection ti"}}, 1),
    ("dots and colons stay in words", {"match": {"message": "db.pool"}}, 1),
    ("addresses are words", {"term": {"message": "10.0.1.7"}}, 1),
    ("multi_match", {"multi_match": {"query": "cart", "fields": ["message", "service.*"]}}, 5),
    ("multi_match phrase", {"multi_match": {"query": "timed out", "fields": ["message^2"], "type": "phrase"}}, 1),
    ("exists", {"exists": {"field": "event.duration"}}, 4),
    ("exists of an object", {"exists": {"field": "http"}}, 3),
    ("range of date math", {"range": {"@timestamp": {"gte": "now-15m"}}}, 4),
    ("range, half open", {"range": {"@timestamp": {"gte": "now-10m", "lt": "now-8m"}}}, 2),
    ("range, closed", {"range": {"@timestamp": {"gt": "now-10m", "lte": "now-8m"}}}, 2),
    ("range of ISO", {"range": {"@timestamp": {"lt": iso((NOW - 1500) * 1000)}}}, 2),
    ("range of milliseconds", {"range": {"@timestamp": {"gte": int((NOW - 60) * 1000), "format": "epoch_millis"}}}, 1),
    ("range of seconds", {"range": {"@timestamp": {"gte": int(NOW - 60), "format": "epoch_second"}}}, 1),
    ("range with math on a literal", {"range": {"@timestamp": {"gte": "2026-09-21T15:13:20Z||-1h-1m"}}}, 1),
    ("range of a whole day", {"range": {"@timestamp": {"gte": "2026-09-21", "lte": "2026-09-21"}}}, 8),
    ("range rounds down for gte", {"range": {"@timestamp": {"gte": "now/h"}}}, 4),
    ("range rounds up for lte", {"range": {"@timestamp": {"lte": "now-1h/h"}}}, 4),
    ("range in a time zone", {"range": {"@timestamp": {"gte": "2026-09-21T16:12:00", "time_zone": "+02:00"}}}, 1),
    ("range of numbers", {"range": {"event.duration": {"gt": 30, "lte": 900}}}, 2),
    ("range of words", {"range": {"host.name": {"gte": "a-2"}}}, 5),
    ("prefix", {"prefix": {"host.name": "a-"}}, 5),
    ("prefix of a token", {"prefix": {"message": {"value": "exh"}}}, 1),
    ("wildcard", {"wildcard": {"service.name": {"value": "c*t"}}}, 8),
    ("wildcard, one letter", {"wildcard": {"service.name": "c?rt"}}, 3),
    ("regexp", {"regexp": {"host.name": "[ac]-[1]"}}, 6),
    ("ids of nobody", {"ids": {"values": ["x"]}}, 0),
    ("constant_score", {"constant_score": {"filter": {"term": {"log.level": "warn"}}}}, 1),
    ("dis_max", {"dis_max": {"queries": [{"term": {"log.level": "warn"}}, {"term": {"host.name": "a-2"}}]}}, 2),
    ("bool must and filter", {"bool": {"must": {"match": {"message": "connection"}},
                                       "filter": [{"term": {"service.name": "checkout"}}]}}, 2),
    ("bool must_not alone", {"bool": {"must_not": [{"term": {"log.level": "info"}}]}}, 4),
    ("bool should alone needs one", {"bool": {"should": [{"term": {"log.level": "warn"}},
                                                         {"term": {"log.level": "error"}}]}}, 4),
    ("bool should beside a filter is free", {"bool": {"filter": {"match_all": {}},
                                                      "should": {"term": {"log.level": "warn"}}}}, 8),
    ("bool minimum_should_match", {"bool": {"should": [{"term": {"service.name": "checkout"}},
                                                       {"term": {"log.level": "error"}},
                                                       {"term": {"host.name": "a-2"}}],
                                            "minimum_should_match": 2}}, 3),
    ("bool minimum_should_match in percent", {"bool": {"should": [{"term": {"service.name": "checkout"}},
                                                                  {"term": {"log.level": "error"}}],
                                                       "minimum_should_match": "100%"}}, 2),
    ("empty bool", {"bool": {}}, 8),
    ("query_string", {"query_string": {"query": 'level:x OR "connection refused"'}}, 2),
    ("query_string fields", {"query_string": {"query": "service.name:cart AND log.level:error"}}, 1),
    ("query_string not", {"query_string": {"query": "connection -refused"}}, 1),
    ("query_string NOT", {"query_string": {"query": "log.level:(error OR warn) AND NOT service.name:cart"}}, 3),
    ("query_string range", {"query_string": {"query": "event.duration:[30 TO 900]"}}, 2),
    ("query_string comparison", {"query_string": {"query": "http.status:>=500"}}, 1),
    ("query_string exists", {"query_string": {"query": "_exists_:retried"}}, 2),
    ("query_string wildcard", {"query_string": {"query": "exhaus* timed"}}, 2),
    ("query_string and", {"query_string": {"query": "connection refused", "default_operator": "AND"}}, 2),
    ("query_string star", {"query_string": {"query": "*"}}, 8),
    ("simple_query_string", {"simple_query_string": {"query": "pool + exhausted | timed", "fields": ["message"]}}, 2),
    ("simple_query_string not", {"simple_query_string": {"query": "connection -refused", "fields": ["message"],
                                                         "default_operator": "and"}}, 1),
    ("simple_query_string phrase", {"simple_query_string": {"query": '"timed out"', "fields": ["message"]}}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_a_query_matches_so_many_documents(es: AsyncElasticsearch, query: dict[str, Any], expected: int) -> None:
    found = await es.search(index=INDEX, query=query, size=20)
    assert found["hits"]["total"] == {"value": expected, "relation": "eq"}
    assert len(found["hits"]["hits"]) == expected
    assert (await es.count(index=INDEX, query=query))["count"] == expected


REFUSALS: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown query", {"foo": {}}, "parsing_exception", "unknown query [foo]"),
    ("misspelt query", {"matc": {"a": 1}}, "parsing_exception", "unknown query [matc] did you mean [match]?"),
    ("misspelt bool member", {"bool": {"musst": []}}, "x_content_parse_exception", "[bool] unknown field [musst]"),
    ("unknown option", {"match": {"message": {"query": "x", "foo": 1}}}, "parsing_exception",
     "[match] query does not support [foo]"),
    ("two fields", {"term": {"a": 1, "b": 2}}, "parsing_exception",
     "[term] query doesn't support multiple fields, found [a] and [b]"),
    ("two queries", {"match_all": {}, "term": {"a": 1}}, "parsing_exception",
     "[match_all] malformed query, expected [END_OBJECT] but found [FIELD_NAME]"),
    ("no object", {"term": 5}, "parsing_exception", "[term] query malformed, no start_object after query name"),
    ("empty clause", {"bool": {"must": [{}]}}, "illegal_argument_exception", "query malformed, empty clause found"),
    ("terms without a list", {"terms": {"a": "x"}}, "parsing_exception", "[terms] query does not support [a]"),
    ("range option", {"range": {"@timestamp": {"from_here": 1}}}, "parsing_exception",
     "[range] query does not support [from_here]"),
    ("date", {"range": {"@timestamp": {"gte": "yesterday"}}}, "parse_exception",
     "failed to parse date field [yesterday] with format [strict_date_optional_time||epoch_millis]"),
    ("date math", {"range": {"@timestamp": {"gte": "now-5x"}}}, "parse_exception",
     "operator not supported for date math [now-5x]"),
    ("number", {"term": {"http.status": "many"}}, "query_shard_exception", 'For input string: "many"'),
    ("query_string", {"query_string": {"query": "(a AND"}}, "query_shard_exception", "Failed to parse query [(a AND]"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "kind", "reason"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
async def test_what_is_not_understood_is_refused(
    es: AsyncElasticsearch, query: dict[str, Any], kind: str, reason: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await es.search(index=INDEX, query=query)
    cause = caught.value.body["error"]["root_cause"][0]
    assert cause["type"] == kind
    assert reason in cause["reason"]
