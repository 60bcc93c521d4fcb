"""Secrets drawn from the shapes of their formats, and the places where they stand; seeded.

No secret is written here: `{alnum:36}` is 36 drawn letters and digits. The shapes are the vendors' own (see
docs/redaction.md).
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

_SLOT = re.compile(r"\{(\w+)(?::(\d+))?\}")
_SIGNS = "!@#%^*_-+?.~"
_ALPHABETS: Mapping[str, str] = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "low": string.ascii_lowercase + string.digits,
    "up": string.ascii_uppercase + string.digits,
    "alnum": string.ascii_letters + string.digits,
    "b64": string.ascii_letters + string.digits + "+/",
    "b64u": string.ascii_letters + string.digits + "-_",
    "base32": string.ascii_uppercase + "234567",
    "lowbase32": string.ascii_lowercase + "234567",
    "digits": string.digits,
}
TELLING: Mapping[str, str] = {
    "GITHUB_TOKEN": "gh{p}_{alnum:36}",
    "GH_FINE_GRAINED": "github_pat_{alnum:22}_{alnum:59}",
    "GITLAB_TOKEN": "glpat-{b64u:20}",
    "GITLAB_RUNNER": "glrt-{b64u:27}.01.{low:9}",
    "SLACK_BOT_TOKEN": "xoxb-{digits:12}-{digits:13}-{alnum:24}",
    "SLACK_APP_TOKEN": "xapp-1-A{up:10}-{digits:13}-{hex:64}",
    "STRIPE_SECRET_KEY": "sk_live_{alnum:24}",
    "STRIPE_WEBHOOK_SECRET": "whsec_{alnum:32}",
    "TWILIO_API_KEY": "SK{hex:32}",
    "SENDGRID_API_KEY": "SG.{b64u:22}.{b64u:43}",
    "NPM_TOKEN": "npm_{alnum:36}",
    "PYPI_TOKEN": "pypi-AgEIcHlwaS5vcmc{b64u:120}",
    "NEW_RELIC_USER_KEY": "NRAK-{up:27}",
    "NEW_RELIC_LICENSE_KEY": "{hex:36}NRAL",
    "OPENAI_API_KEY": "sk-proj-{b64u:74}T3BlbkFJ{b64u:74}",
    "OPENAI_LEGACY_KEY": "sk-{alnum:20}T3BlbkFJ{alnum:20}",
    "ANTHROPIC_API_KEY": "sk-ant-api03-{b64u:93}AA",
    "HF_TOKEN": "hf_{alnum:34}",
    "TELEGRAM_BOT_TOKEN": "{digits:10}:AA{b64u:33}",
    "DISCORD_TOKEN": "M{alnum:25}.{b64u:6}.{b64u:38}",
    "SHOPIFY_TOKEN": "shpat_{hex:32}",
    "SQUARE_TOKEN": "EAAA{b64u:60}",
    "MAILGUN_KEY": "key-{hex:32}",
    "VAULT_TOKEN": "hvs.{b64u:95}",
    "TFC_TOKEN": "{alnum:14}.atlasv1.{b64u:67}",
    "GRAFANA_TOKEN": "glsa_{alnum:32}_{hex:8}",
    "SENTRY_AUTH_TOKEN": "sntryu_{hex:64}",
    "PAGERDUTY_TOKEN": "u+{b64u:18}",
    "OKTA_TOKEN": "00{b64u:40}",
    "LINEAR_API_KEY": "lin_api_{alnum:40}",
    "NOTION_TOKEN": "ntn_{alnum:46}",
    "ATLASSIAN_TOKEN": "ATATT3xFfGF0{b64u:160}={HEX:8}",
    "POSTMAN_API_KEY": "PMAK-{hex:24}-{hex:34}",
    "DATABRICKS_TOKEN": "dapi{hex:32}",
    "DOPPLER_TOKEN": "dp.pt.{alnum:43}",
    "AGE_KEY": "AGE-SECRET-KEY-1{up:58}",
    "DIGITALOCEAN_TOKEN": "dop_v1_{hex:64}",
    "HEROKU_API_KEY": "HRKU-AA{b64u:58}",
    "CLOUDFLARE_API_TOKEN": "cfut_{alnum:40}{hex:8}",
    "AWS_ACCESS_KEY_ID": "AKIA{up:16}",
    "GOOGLE_API_KEY": "AIza{b64u:35}",
    "GOOGLE_OAUTH": "ya29.{b64u:120}",
    "GOOGLE_CLIENT_SECRET": "GOCSPX-{b64u:28}",
    "AZURE_CLIENT_SECRET": "{alnum:3}8Q~{b64u:34}",
    "PULUMI_ACCESS_TOKEN": "pul-{hex:40}",
    "RUBYGEMS_API_KEY": "rubygems_{hex:48}",
    "AIRTABLE_PAT": "pat{alnum:14}.{hex:64}",
    "DYNATRACE_TOKEN": "dt0c01.{base32:24}.{base32:64}",
    "SUPABASE_ACCESS_TOKEN": "sbp_{hex:40}",
    "BUILDKITE_AGENT_TOKEN": "bkua_{hex:40}",
    "SONAR_TOKEN": "squ_{hex:40}",
    "CLOJARS_PASSWORD": "CLOJARS_{low:60}",
    "PREFECT_API_KEY": "pnu_{low:36}",
    "README_API_KEY": "rdme_{low:70}",
    "EASYPOST_API_KEY": "EZAK{alnum:54}",
    "FLUTTERWAVE_SECRET": "FLWSECK-{hex:32}-X",
    "BREVO_API_KEY": "xkeysib-{hex:64}-{alnum:16}",
    "LANGSMITH_API_KEY": "lsv2_pt_{hex:32}_{hex:10}",
    "SOURCEGRAPH_TOKEN": "sgp_{hex:16}_{hex:40}",
    "HONEYCOMB_INGEST_KEY": "hcaik_{low:58}",
    "AXIOM_TOKEN": "xaat-{uuid}",
    "META_ACCESS_TOKEN": "EAAC{alnum:150}",
    "ALIBABA_ACCESS_KEY_ID": "LTAI5t{alnum:18}",
    "ONEPASSWORD_SERVICE_ACCOUNT_TOKEN": "ops_eyJ{b64:250}",
    "NUGET_API_KEY": "oy2{lowbase32:43}",
    "READTHEDOCS_TOKEN": "rtd_{low:50}",
    "HUBSPOT_PRIVATE_APP": "pat-na1-{uuid}",
    "JWT": "{jwt}",
}
NAMED: Mapping[str, str] = {
    "aws_secret_access_key": "{b64:40}",
    "DD_API_KEY": "{hex:32}",
    "datadog_app_key": "{hex:40}",
    "azure_storage_account_key": "{b64:86}==",
    "twilioAuthToken": "{hex:32}",
    "client_secret": "{alnum:40}",
    "db_password": "{pw:14}",
    "databasePassword": "{alnum:12}",
    "POSTGRES_PASSWORD": "{pw:20}",
    "redis.password": "{hex:24}",
    "cloudflare_api_key": "{hex:37}",
    "heroku_api_key": "{uuid}",
    "access_token": "{b64u:32}",
    "refreshToken": "{b64u:64}",
    "session_secret": "{hex:64}",
    "encryption_key": "{b64:43}=",
    "webhook_secret": "{alnum:20}",
    "admin-token": "{low:24}",
    "PAGERDUTY_ROUTING_KEY": "{hex:32}",
    "jwt_signing_key": "{b64:64}",
}
PLACES: Mapping[str, str] = {
    "log line": "2026-03-04T10:00:01Z ERROR upstream refused {n}={s} after 3 attempts",
    "log sentence": 'level=error msg="could not renew" {n}="{s}" attempt=2',
    "JSON": '{"service": "checkout", "{n}": "{s}", "retries": 3}',
    "compact JSON": '{"service":"checkout","{n}":"{s}","retries":3}',
    "YAML": "  {n}: {s}",
    "quoted YAML": '  - {n}: "{s}"',
    "environment": "export {n}={s}",
    "env file": "{n}={s}",
    "URL query": "GET https://api.example.com/v1/orders?page=2&{n}={s}&limit=5 answered 401",
    "header": "X-{n}: {s}",
    "curl": "curl -sS -H 'X-{n}: {s}' https://api.example.com/v1/orders",
    "Terraform": '  {n} = "{s}"',
    "Python": "    {n} = '{s}'",
    "Go": '\t{n} := "{s}"',
    "Java": '    private static final String {n} = "{s}";',
    "TypeScript": 'const {n}: string = "{s}";',
    "command flag": "worker --region eu-west-1 --{n} {s} --verbose",
    "command flag with =": "worker --region=eu-west-1 --{n}={s} --verbose",
    "Kubernetes env": "        - name: {n}\n          value: {s}",
    "escaped JSON": '{"log": "{\\"{n}\\": \\"{s}\\"}"}',
}
# Of secrets whose shape is known, with no name beside them.
BARE_PLACES: Mapping[str, str] = {
    "sentence": "the vendor answered 401 for {s}, will try again",
    "stack trace": "ValueError: invalid literal: '{s}'\n  at com.shop.Client.call(Client.java:88)",
    "list": "args: [serve, {s}, 8080]",
}
# Whole lines: where the place tells.
LINES: Mapping[str, str] = {
    "postgres": "dial postgres://app:{pw:14}@db-1.internal:5432/orders?sslmode=require failed",
    "mongodb+srv": "mongodb+srv://shop:{alnum:16}@cluster0.ab1cd.mongodb.net/orders?retryWrites=true",
    "amqp": "amqp://worker:{alnum:20}@rabbit:5672/%2f closed by peer",
    "redis, a password only": "redis://:{alnum:24}@cache-1:6379/0 refused",
    "JDBC": "jdbc:postgresql://db-1:5432/orders?user=app&password={alnum:14}&ssl=true",
    "JDBC, SQL Server": "jdbc:sqlserver://db-1:1433;databaseName=orders;user=app;password={alnum:14};encrypt=true",
    "ADO": "Server=tcp:db-1,1433;Initial Catalog=orders;User ID=app;Password={alnum:18};Encrypt=True;",
    "ODBC": "Driver={ODBC Driver 18};Server=db-1;Uid=app;Pwd={alnum:18};",
    "libpq": "host=db-1 port=5432 user=app password={alnum:18} dbname=orders",
    "Azure storage": "AccountName=shop;AccountKey={b64:86}==;EndpointSuffix=core.windows.net",
    "Azure bus": "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={b64:43}=",
    "Azure SAS": "https://shop.blob.core.windows.net/c/f.txt?sv=2024-11-04&se=2026-03-05&sr=b&sp=r&sig={b64u:43}%3D",
    "presigned": "https://b.s3.amazonaws.com/f?X-Amz-Date=20260304T100000Z&X-Amz-Expires=300&X-Amz-Signature={hex:64}",
    "bearer": "Authorization: Bearer {b64u:48}",
    "bearer in JSON": '{"headers": {"authorization": "Bearer {alnum:40}", "accept": "*/*"}}',
    "basic": "Authorization: Basic {basic}",
    "token scheme": "authorization: token {hex:40}",
    "curl -u": "curl -u deploy:{pw:16} https://ci.example.com/job/web/build",
    "cookie": "Cookie: theme=dark; sessionid={low:32}; lang=en",
    "set-cookie": "Set-Cookie: connect.sid=s%3A{alnum:32}; Path=/; HttpOnly",
    "x-api-key": "x-api-key: {alnum:40}",
    "private-token": "PRIVATE-TOKEN: {b64u:20}",
    "vault header": "X-Vault-Token: {b64u:26}",
    "slack webhook": "POST https://hooks.slack.com/services/T{up:8}/B{up:10}/{alnum:24} 404",
    "discord webhook": "https://discord.com/api/webhooks/{digits:18}/{b64u:68} answered 429",
    "sentry dsn": "https://{hex:32}@o{digits:6}.ingest.sentry.io/{digits:7}",
    "PEM": "{pem}",
    "PEM in JSON": '{"type": "service_account", "private_key": "{pem_escaped}", "client_email": "a@b.iam"}',
    "PEM, cut off": "{pem_cut}",
    "bcrypt": "user ana hash $2b$12${alnum:53} rejected",
    "sha512crypt": "root:$6${alnum:16}${alnum:86}:19700:0:99999:7:::",
    "mysql -p": "mysqldump -h db-1 -u root -p{alnum:14} orders > /tmp/orders.sql",
    "sshpass": "sshpass -p {alnum:14} ssh deploy@web-1",
    "redis-cli": "redis-cli -h cache-1 -a {alnum:24} ping",
    "identified by": "CREATE USER 'app'@'%' IDENTIFIED BY '{pw:16}';",
    "JWT in a URL": "GET /callback?id_token={jwt}&state=1 302",
    "JWT in a sentence": "rejected {jwt}: expired",
    "JWT, percent-encoded": "redirect=https%3A%2F%2Fapp%2F%3Ftoken%3D{jwt}",
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A text with a secret in it; hidden where none of `parts` can still be read."""

    format: str
    place: str
    text: str
    parts: tuple[str, ...]


def fill(shape: str, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """The text, and what was drawn into it that must not be read."""
    drawn: list[str] = []

    def slot(found: re.Match[str]) -> str:
        made, parts = _made(found[1], int(found[2] or 0), rng)
        drawn.extend(parts)
        return made if made else found[0]

    return _SLOT.sub(slot, shape), tuple(drawn)


def _made(name: str, size: int, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    if name in _ALPHABETS:
        word = "".join(rng.choices(_ALPHABETS[name], k=size))
        return word, (word,) if size >= _LEAST and name != "digits" else ()
    if name == "p":
        return "p", ()
    if name == "pw":
        word = _password(size, rng)
        return word, (word,)
    if name == "uuid":
        word = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        return word, (word,)
    if name == "jwt":
        word, parts = _web_token(rng)
        return word, parts
    if name == "basic":
        word = base64.b64encode(f"deploy:{_password(16, rng)}".encode()).decode()
        return word, (word,)
    if name.startswith("pem"):
        return _pem(name, rng)
    return "", ()


_LEAST = 6  # characters of a drawn part that are a secret by themselves


def _password(size: int, rng: random.Random) -> str:
    letters = rng.choices(string.ascii_letters + string.digits + _SIGNS, k=size - 3)
    return rng.choice(string.ascii_letters) + "".join(letters) + rng.choice(string.digits) + rng.choice("abcxyz")


def _web_token(rng: random.Random) -> tuple[str, tuple[str, ...]]:
    header = {"alg": rng.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    claims = {"sub": str(rng.getrandbits(40)), "exp": 1_772_000_000 + rng.randrange(9999), "scope": "orders:write"}
    parts = [_part(json.dumps(header, separators=(",", ":")).encode()), _part(json.dumps(claims).encode())]
    return ".".join([*parts, signature := _part(rng.randbytes(32))]), (parts[1], signature)


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _pem(name: str, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    lines = ["".join(rng.choices(_ALPHABETS["b64"], k=64)) for _ in range(12)]
    end = "\\n" if name == "pem_escaped" else "\n"
    kind = rng.choice(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "]) + "PRIVATE" + " KEY"
    head = f"-----BEGIN {kind}-----"
    if name == "pem_cut":
        return end.join([head, *lines[:5]]), tuple(lines[:5])
    return end.join([head, *lines, f"-----END {kind}-----"]) + end, tuple(lines)


def planted(
    telling: Mapping[str, str], named: Mapping[str, str], places: Mapping[str, str], seed: int
) -> list[Planted]:
    """Every format in every place that names it."""
    rng = random.Random(seed)
    return [
        _in_place(name, shape, place, frame, rng)
        for name, shape in {**telling, **named}.items()
        for place, frame in places.items()
    ]


def bare(telling: Mapping[str, str], places: Mapping[str, str], seed: int) -> list[Planted]:
    rng = random.Random(seed)
    return [
        _in_place(name, shape, place, frame, rng) for name, shape in telling.items() for place, frame in places.items()
    ]


def lines(shapes: Mapping[str, str], seed: int, times: int = 5) -> list[Planted]:
    rng = random.Random(seed)
    made = [(name, *fill(shape, rng)) for name, shape in shapes.items() for _ in range(times)]
    return [Planted(format=name, place="line", text=text, parts=parts) for name, text, parts in made]


def _in_place(name: str, shape: str, place: str, frame: str, rng: random.Random) -> Planted:
    secret, parts = fill(shape, rng)
    text = frame.replace("{n}", name).replace("{s}", secret)
    return Planted(format=name, place=place, text=text, parts=parts)
