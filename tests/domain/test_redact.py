"""Secrets are made when the tests run; none is written here."""

import pytest

from bench.redaction_made import BARE_PLACES, LINES, NAMED, PLACES, TELLING, Planted, bare, lines, planted
from bench.redaction_ordinary import TEMPLATES, structured
from bot.domain.redact import HIDDEN, Kind, redact, redacted

SECRET = "q7" * 12
DRAWN = "xK9mQ2vL7pR4tW8z" + "B3nF6hJ1"
HEX = "0123456789abcdef" * 2
BEGIN, END = (f"-----{word} RSA {'PRIVATE'} KEY-----" for word in ("BEGIN", "END"))


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f'{{"authorization": "Basic {SECRET}"}}',
        f"connecting with password={SECRET} to db",
        f"api_key: {SECRET}, retrying",
        f"postgresql://app:{SECRET}@db:5432/orders refused",
        f"client_secret='{SECRET}'",
        f"token eyJ{SECRET}.eyJ{SECRET}.{SECRET} expired",
        f"gh{'p'}_{SECRET} is not valid",
        f"{BEGIN} {SECRET}",
        f"GET /login?session_id={SECRET}&page=2",
        f"machine git.example.com login deploy password {SECRET}",
        f'os.Setenv("DB_PASSWORD", "{SECRET}")',
        f"| api_key | `{SECRET}` |",
        f"ENV API_TOKEN {SECRET}",
        f"Incorrect API key provided: {DRAWN}",
        f"the token {DRAWN} was rejected",
        f"https://{SECRET}@git.example.com/shop/web.git",
        f"postgres://app:{SECRET[:8]}/{SECRET[8:]}@db/orders",
    ],
)
def test_secrets_are_hidden(line: str) -> None:
    assert SECRET not in redact(line)
    assert SECRET[8:] not in redact(line)
    assert DRAWN not in redact(line)
    assert HIDDEN in redact(line)


def seen(case: Planted) -> bool:
    return any(part in redact(case.text) for part in case.parts)


def test_secrets_of_known_formats_are_hidden_in_every_place() -> None:
    cases = [*planted(TELLING, NAMED, PLACES, 5), *bare(TELLING, BARE_PLACES, 5)]
    shown = [f"{case.format} in {case.place}" for case in cases if seen(case)]
    assert len(shown) <= len(cases) * 0.005, f"the rules miss: {shown}"  # by chance, a drawn word looks like a name


@pytest.mark.parametrize("place", LINES)
def test_places_that_tell_by_themselves(place: str) -> None:
    assert not [case.text for case in lines({place: LINES[place]}, 5) if seen(case)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_identifiers_that_people_need_stay(template: str) -> None:
    for line in structured(30, 5)[TEMPLATES.index(template) :: len(TEMPLATES)]:
        assert redact(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "could not acquire connection from pool checkout-db within 5.0s",
        "KeyError: 'loyalty_tier' while pricing order 8213",
        "https://example.com:8080/orders?page=2 answered 503",
        "http://web:8080?mail=ana@example.com",
        "http://web:8080/a:b@c",
        "author: ana",
        "password: required, token: expired, secret: checkout-db, api_key: missing",
        "password=${DB_PASSWORD} token={{ .Values.token }} secret=<none> pwd=%s passwd=******",
        "password = os.environ['DB_PASSWORD']; token = config.api_token; secret = get_secret('db')",
        "passwordFile: /run/secrets/db/password, secretKeyRef: name: db-7f9c",
        "Basic authentication failed, Bearer token missing, Authorization: failed for user ana",
        'WWW-Authenticate: Bearer realm="api", Cookie: theme=dark',
        f"a key that begins with {BEGIN} goes into the vault",
        "postgres://app:<password>@db/orders and postgres://app:$PASS@db/orders",
        "git@github.com:shop/web.git ssh://git@git.example.com/shop/web.git",
        f"cache_key={HEX} partition_key: {HEX} key={HEX}",
        f"BEGIN UNTRUSTED EVIDENCE {HEX[:16]}",
        "Adding debian:TUBITAK_Kamu_SM_SSL_Kok_Sertifikasi_-_Surum_1.pem",
        "compass=north bypass=true tokens=312 secretName: checkout-tls",
    ],
)
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


def test_what_names_the_secret_stays() -> None:
    assert redact(f"password={SECRET} for app") == f"password={HIDDEN} for app"
    assert redact(f"postgres://app:{SECRET}@db/orders") == f"postgres://app:{HIDDEN}@db/orders"
    assert redact(f"Authorization: Bearer {SECRET}") == f"Authorization: Bearer {HIDDEN}"
    assert redact(f"Cookie: theme=dark; sid={SECRET}") == f"Cookie: theme=dark; sid={HIDDEN}"
    assert redact(f"curl -u deploy:{SECRET} https://ci") == f"curl -u deploy:{HIDDEN} https://ci"


def test_what_was_hidden_is_counted_with_what_gave_it_away() -> None:
    found = redacted(f"password={SECRET} Authorization: Bearer {SECRET}\ndb=postgres://app:{SECRET}@db/x")
    assert found.count == 3
    assert found.kinds == (Kind.ADDRESS, Kind.HEADER, Kind.NAMED)
    assert redacted(found.text).count == 0
    assert redacted("nothing").kinds == ()


def test_a_key_block_ends_where_it_stops_looking_like_one() -> None:
    body = "\n".join([SECRET * 2] * 3)
    assert redact(f"a\n{BEGIN}\n{body}\n{END}\nb") == f"a\n{HIDDEN}\nb"
    assert redact(f"{BEGIN}\n{body}\nERROR disk full") == f"{HIDDEN}ERROR disk full"
    escaped = body.replace("\n", "\\n")
    assert redact(f'"{BEGIN}\\n{escaped}\\n{END}\\n", "b"') == f'"{HIDDEN}\\n", "b"'
    assert redact(f"before\n{body}\n{END} after") == f"before\n{HIDDEN} after"


def test_a_password_with_a_newline_behind_it_takes_nothing_of_the_next_line() -> None:
    assert redact(f"password:\n  name: {SECRET}") == f"password:\n  name: {SECRET}"
    assert redact(f"password: {SECRET}\nuser: app") == f"password: {HIDDEN}\nuser: app"


def test_places_are_right_behind_letters_whose_lower_case_is_longer() -> None:
    assert redact(f"İİ password={SECRET} İ") == f"İİ password={HIDDEN} İ"


@pytest.mark.parametrize(
    "line",
    [
        f"the password is {DRAWN[:10]}",
        f'setPassword("{DRAWN[:10]}")',
        f'<entry key="password">{DRAWN[:10]}</entry>',
        f"password: |-\n  {DRAWN[:10]}",
        f"vault write auth/approle/login role_id=app secret_id={HEX}",
    ],
)
def test_places_where_a_password_is_told(line: str) -> None:
    assert DRAWN[:10] not in redact(line)
    assert HEX not in redact(line)
