"""Lines without a secret: logs full of identifiers that people need, made from templates; texts that were recorded."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.redaction_made import fill

TEMPLATES = (
    '{"ts":"2026-03-04T10:00:00Z","trace_id":"{hex:32}","span_id":"{hex:16}","commit":"{hex:40}","request_id":"{uuid}"}',
    '{"image":"ghcr.io/shop/web@sha256:{hex:64}","pod":"checkout-{low:10}-{low:5}","msg":"payment failed"}',
    "trace={hex:32} span={hex:16} session={hex:32} key={hex:40} id={hex:24} cache miss",
    "cache key: user:{digits:4} not found; primary key ({digits:3}) violated, token bucket empty",
    "session opened for user root by (uid=0) session_id={uuid}",
    'password authentication failed for user "app" (10.0.0.{digits:2})',
    "Failed password for invalid user admin from 10.1.2.{digits:2} port 4711 ssh2",
    "pulled image sha256:{hex:64} container_id=containerd://{hex:64}",
    "x-amz-request-id: {up:16} x-amz-id-2: {b64:75}=",
    'Request ID: {up:26} extended {b64u:22} etag="{hex:32}" md5={b64:22}==',
    "traceparent: 00-{hex:32}-{hex:16}-01 baggage session.id={hex:32}",
    "s3://logs-prod/2026/03/04/{hex:8}/{uuid}.gz ETag {hex:32}-5",
    "  at com.shop.Auth$$Lambda$1234/0x{hex:16}.apply(Auth.java:88) payload={b64:120}==",
    "kafka partition key={uuid} offset=123 cluster {b64u:22} leader epoch 4",
    'secret "checkout-db" not found; MountVolume.SetUp failed for volume "kube-api-access-{low:5}"',
    "secret/checkout-tls-{low:5} created; serviceaccount token default-token-{low:5} expired",
    "idempotency_key={uuid} correlation-id={uuid} message_key={hex:32} dedup_key: {hex:40}",
    "node {es-1}{{b64u:22}}{{b64u:22}}{10.0.0.1:9300} left the cluster",
    "commit {hex:40} by ana: rotate token and password handling; auth: 401 Unauthorized",
    "charge ch_{alnum:24} for cus_{alnum:14} failed: pi_{alnum:24} req_{alnum:14}",
    "msg_{alnum:24} resp_{hex:48} chatcmpl-{alnum:29} job_{up:26} usr_{up:26} txn_{alnum:24}",
    "max_tokens=4096 tokens: 312 token_count={digits:4} prompt_tokens={digits:4} key_len=256 keyspace=orders",
    "Unexpected token: '<' at position {digits:2}; next_page_token={b64u:40}; continue={b64u:60}",
    "git push origin feature/AUTH-{digits:3} {hex:7}..{hex:7} release-{hex:40} web:main-{hex:40}",
    "GET /v1/users/{uuid}/sessions/{hex:24}?page=2&sort=key&state={b64u:32} 200 12ms",
    "jdbc pool HikariPool-1 token rotation finished in {digits:2}ms; credentials=include; auth=none",
    'oauth2: token expired and refresh token is not set, Bearer realm="api" error="invalid_token"',
    "certificate fingerprint SHA256:{b64:43} serial {hex:32} public_key={b64:200}",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB{b64:330} deploy@web; key type ED25519 SHA256:{b64:43}",
    "api_key_id={up:20} access_key_id: {hex:20} client_id={uuid} tenant={uuid} kid={b64u:22} jti={uuid}",
    "lock key orders:{uuid} acquired by token {digits:5}; fencing_token={digits:5}",
    "password reset requested by ana@example.com; password: changed; passwd: user unknown; logname= uid=0",
    'etcd revision {digits:5} key="/registry/pods/shop/checkout-{low:10}-{low:5}" lease {hex:16}',
    "dd.trace_id={digits:19} dd.span_id={digits:19} dd.version=1.4.2 usr.id={uuid}",
    '"sessionId":"{b64u:43}","requestHash":"{b64:43}=","blockHash":"0x{hex:64}","cursor":"{b64:60}"',
    "ECS task arn:aws:ecs:eu-west-1:123412341234:task/prod/{hex:32} stopped; app/web/{hex:16}; sg-{hex:17} i-{hex:17}",
)
ROWS = ("cases.jsonl.gz", "payloads.jsonl.gz", "injections.jsonl.gz")
PAGES = ("runbook-kube-named", "runbook-gitlab-all")


def structured(each: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [fill(template, rng)[0] for _ in range(each) for template in TEMPLATES]


def recorded(folder: Path) -> list[str]:
    """Every line of every text in the recorded alerts, cases and runbook pages."""
    files = [folder / name for name in ROWS] + [folder / name / "docs.jsonl.gz" for name in PAGES]
    return [line for file in files for row in _rows(file) for text in _texts(row) for line in text.splitlines() if line]


def _rows(file: Path) -> Iterator[Any]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
