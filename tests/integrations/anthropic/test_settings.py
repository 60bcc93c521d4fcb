import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.domain.model import NOTHING_SPENT, Spent, Usage
from bot.domain.setting import read
from integrations.anthropic import INTEGRATION, AnthropicSettings
from integrations.anthropic.failures import wait_asked_for
from integrations.anthropic.prices import read_prices
from integrations.registry import discover

ROOT = Path(__file__).parents[3]
HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"


def test_it_is_found_like_every_vendor() -> None:
    assert discover()["anthropic"] is INTEGRATION


def cost(model: str, usage: Usage) -> Decimal:
    return read_prices("ANTHROPIC_PRICES", ()).spent(model, usage).cost


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        (HAIKU, Usage(input=100_000, output=1_000), "0.0105"),
        (HAIKU, Usage(input=100_001, output=1_000), "0.0525005"),
        (HAIKU, Usage(input=50_000, cache_read=50_001), "0.02750005"),  # the whole prompt makes the tier
        (HAIKU, Usage(cache_read=1), "0.00000001"),
        (HAIKU, Usage(cache_write_5m=3), "0.000000375"),
        (SONNET, Usage(input=1_000, output=500, cache_read=20_000), "0.009"),
        (SONNET, Usage(cache_write_5m=1_000, cache_write_1h=1_000), "0.0065"),
        (OPUS, Usage(input=1_000_000, output=1_000_000, cache_read=1_000_000), "24.2"),
        (OPUS, Usage(), "0"),
    ],
)
def test_costs_are_exact(model: str, usage: Usage, dollars: str) -> None:
    assert cost(model, usage) == Decimal(dollars)


def test_thinking_is_paid_as_output_and_not_twice() -> None:
    assert cost(SONNET, Usage(output=100, thinking=90)) == cost(SONNET, Usage(output=100))


def test_sums_are_exact_in_whole_numbers() -> None:
    one = read_prices("P", ()).spent(HAIKU, Usage(input=7, output=3, cache_read=1, cache_write_5m=1))
    total = sum((one for _ in range(1000)), NOTHING_SPENT)
    assert total.nano_dollars == 1000 * one.nano_dollars == total.cost * 10**9
    assert total.usage == Usage(input=7000, output=3000, cache_read=1000, cache_write_5m=1000)
    assert total.model == HAIKU


def test_operators_prices_come_before_those_known() -> None:
    prices = read_prices("P", (f"{HAIKU} = 1/2", "own-model=3/15/0.3/3.75/6", "own-model>1000=6/30"))
    usage = Usage(input=2000, cache_read=1000)
    assert prices.spent(HAIKU, Usage(input=1_000_000)).cost == 1
    assert prices.spent("own-model", usage).cost == Decimal("0.0126")
    assert prices.spent("own-model", Usage(input=1000)).cost == Decimal("0.003")
    assert isinstance(prices.spent(SONNET, usage), Spent)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ANTHROPIC_BASE_URL": "claude"}, "ANTHROPIC_BASE_URL"),
        ({"ANTHROPIC_API_KEY": "a\u00e9"}, "ANTHROPIC_API_KEY"),
        ({"ANTHROPIC_TIMEOUT": "0"}, "above zero"),
        ({"ANTHROPIC_CACHE_TTL": "2h"}, "5m or 1h"),
        ({"ANTHROPIC_EFFORT_MAIN": "huge"}, "ANTHROPIC_EFFORT_MAIN"),
        ({"ANTHROPIC_MODEL_FAST": "two words"}, "model's id"),
        ({"ANTHROPIC_MODEL_DEEP": "claude-new-9"}, "add claude-new-9=input/output to ANTHROPIC_PRICES"),
        ({"ANTHROPIC_PRICES": "claude"}, "ANTHROPIC_PRICES"),
        ({"ANTHROPIC_PRICES": "claude=1"}, "two or five numbers"),
        ({"ANTHROPIC_PRICES": "claude=1/2/3"}, "two or five numbers"),
        ({"ANTHROPIC_PRICES": "claude=1/./2"}, "two or five numbers"),
        ({"ANTHROPIC_PRICES": "claude=0.0001/1"}, "three decimals|3 decimals"),
        ({"ANTHROPIC_PRICES": "a=1/2,a=2/3"}, "twice"),
        ({"ANTHROPIC_PRICES": "a>5=1/2"}, "long prompts only"),
    ],
)
def test_wrong_settings_are_named(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(AnthropicSettings, environ)


def test_a_model_with_a_price_may_be_any() -> None:
    settings = read(
        AnthropicSettings, {"ANTHROPIC_MODEL_MAIN": "eu/claude:1", "ANTHROPIC_PRICES": "eu/claude:1=2.2/11"}
    )
    assert settings.price_list.spent("eu/claude:1", Usage(input=10)).cost == Decimal("0.000022")


def test_the_key_is_never_shown() -> None:
    assert "k" * 32 not in repr(AnthropicSettings(api_key="k" * 32))


def test_the_client_library_is_imported_with_the_first_use_alone() -> None:
    program = (
        "import sys\n"
        "from integrations.anthropic import AnthropicSettings, Claude\n"
        "claude = Claude(AnthropicSettings(api_key='k' * 32))\n"
        "before = [name for name in ('anthropic', 'httpx2', 'pydantic') if name in sys.modules]\n"
        "claude.warm()\n"
        "print(before, 'anthropic' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[] True"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "9e9"}, 86_400.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_asked_for(headers) == seconds
