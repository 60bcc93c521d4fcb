import pytest

from bot.domain.redact import HIDDEN, redact

SECRET = "q7" * 12


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
        f"-----BEGIN RSA {'PRIVATE'} KEY----- {SECRET}",
        f"GET /login?session_id={SECRET}&page=2",
    ],
)
def test_secrets_are_hidden(line: str) -> None:
    assert SECRET not in redact(line)
    assert HIDDEN in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "could not acquire connection from pool checkout-db within 5.0s",
        "KeyError: 'loyalty_tier' while pricing order 8213",
        "https://example.com:8080/orders?page=2 answered 503",
        "author: ana",
    ],
)
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


def test_what_names_the_secret_stays() -> None:
    assert redact(f"password={SECRET} for app") == f"password={HIDDEN} for app"
