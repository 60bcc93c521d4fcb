import pytest

from bot.domain.model import ModelError, ModelFailure, ModelRequest
from integrations.anthropic import AnthropicSettings, Claude
from sandbox.anthropic import Error, Garbage, Say, Slow
from sandbox.anthropic.turns import Turn
from sandbox.bot_process import usable_port
from tests.integrations.anthropic.asking import KEY, Asking, asking, request, text

pytestmark = pytest.mark.asyncio(loop_scope="package")

SAID = "internal words of the vendor"


async def failure(one: Asking, asked: ModelRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await one.events(asked or request())
    return caught.value


@pytest.mark.parametrize(
    ("turn", "reason", "words"),
    [
        (Error(400, message=SAID), ModelFailure.NOT_ACCEPTED, "the log has its id"),
        (Error(400, message="prompt is too long: 2 tokens > 1 maximum"), ModelFailure.CONTEXT_FULL, "new thread"),
        (Error(400, message="Your credit balance is too low"), ModelFailure.NO_CREDIT, "spending limit"),
        (Error(401, message=SAID), ModelFailure.BAD_KEY, "ANTHROPIC_API_KEY"),
        (Error(402, message=SAID), ModelFailure.NO_CREDIT, "no credit left"),
        (Error(403, message=SAID), ModelFailure.BAD_KEY, "may not use this model"),
        (Error(404, message=SAID), ModelFailure.UNKNOWN_MODEL, "ANTHROPIC_MODEL_FAST"),
        (Error(408, message=SAID), ModelFailure.TIMEOUT, "in time"),
        (Error(413, message=SAID), ModelFailure.TOO_LARGE, "shorter time"),
        (Error(422, message=SAID), ModelFailure.NOT_ACCEPTED, "the log has its id"),
        (Error(429, message=SAID), ModelFailure.RATE_LIMITED, "ask again"),
        (Error(429, code="enforced_spend_limit_reached"), ModelFailure.NO_CREDIT, "spending limit"),
        (Error(429, code="contract_spend_limit_reached"), ModelFailure.NO_CREDIT, "spending limit"),
        (Error(500, message=SAID), ModelFailure.SERVER, "failure of its own"),
        (Error(503, message=SAID), ModelFailure.SERVER, "failure of its own"),
        (Error(504, message=SAID), ModelFailure.TIMEOUT, "in time"),
        (Error(529, message=SAID), ModelFailure.OVERLOADED, "overloaded"),
        (Error(307, message=SAID), ModelFailure.UNREACHABLE, "ANTHROPIC_BASE_URL"),
        (Garbage(), ModelFailure.GARBAGE, "ANTHROPIC_BASE_URL"),
        (Garbage("event: message_start\ndata: {nope\n\n", "text/event-stream"), ModelFailure.GARBAGE, "not be read"),
        (Garbage('event: message_start\ndata: {"type": "message_start"}\n\n', "text/event-stream"),
         ModelFailure.GARBAGE, "not be read"),
        (Garbage('event: message_stop\ndata: {"type": "message_stop"}\n\n', "text/event-stream"),
         ModelFailure.GARBAGE, "not be read"),
    ],
)  # fmt: skip
async def test_every_failure_has_its_kind_and_a_sentence_for_people(
    turn: Turn, reason: ModelFailure, words: str
) -> None:
    async with asking(lambda asked: turn) as one:
        error = await failure(one)
    assert error.reason is reason
    assert words in error.sentence
    assert error.sentence.endswith(".")
    assert SAID not in str(error)
    assert error.partial is None


async def test_without_a_key_nothing_is_asked() -> None:
    async with asking([Say("no")], api_key=None) as one:
        error = await failure(one)
        assert error.reason is ModelFailure.NO_KEY
        assert "ANTHROPIC_API_KEY" in error.sentence
        assert not one.claude.is_set_up
        with pytest.raises(ModelError, match="not set up"):
            await one.claude.count(request())
    assert one.api.requests == []


async def test_nobody_there() -> None:
    async with asking(url=f"http://127.0.0.1:{usable_port()}") as one:
        error = await failure(one)
    assert error.reason is ModelFailure.UNREACHABLE
    assert len(one.waits.seconds) == 2


async def test_silence_is_a_timeout() -> None:
    async with asking(lambda asked: Slow(Say("late"), first_token_after=30), timeout=0.1) as one:
        error = await failure(one)
    assert error.reason is ModelFailure.TIMEOUT
    assert len(one.api.requests) == 3


async def test_a_model_that_is_gone() -> None:
    async with asking([Say("no")], main="claude-sonnet-3", prices=("claude-sonnet-3=3/15",)) as one:
        error = await failure(one)
    assert error.reason is ModelFailure.UNKNOWN_MODEL
    assert one.waits.seconds == []


@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_what_passes_is_asked_again_twice(status: int) -> None:
    async with asking([Error(status), Error(status), Say("Here.")]) as one:
        assert text(await one.events(request())) == "Here."
    first, second = one.waits.seconds
    assert 0.3 < first <= 0.5 < second <= 1.0


async def test_what_does_not_pass_is_not_asked_again() -> None:
    async with asking([Error(401), Say("no")]) as one:
        await failure(one)
    assert one.waits.seconds == []


async def test_after_two_more_tries_it_gives_up() -> None:
    async with asking(lambda asked: Error(529)) as one:
        await failure(one)
    assert len(one.api.requests) == 3


async def test_it_waits_as_long_as_it_is_told() -> None:
    async with asking([Error(429, retry_after=7), Say("Here.")]) as one:
        assert text(await one.events(request())) == "Here."
    assert one.waits.seconds == [7]


async def test_it_does_not_wait_past_the_callers_deadline() -> None:
    async with asking(lambda asked: Error(429, retry_after=45)) as one:
        error = await failure(one, request(deadline=20))
    assert one.waits.seconds == []
    assert (error.reason, error.retry_after) == (ModelFailure.RATE_LIMITED, 45)
    assert "ask again in 45 s" in error.sentence


async def test_the_server_has_the_last_word_on_asking_again() -> None:
    async with asking([Error(529, should_retry="false"), Say("no")]) as one:
        assert (await failure(one)).reason is ModelFailure.OVERLOADED
    async with asking([Error(400, should_retry="true"), Say("Here.")]) as one:
        assert text(await one.events(request())) == "Here."


async def test_a_file_of_authorities_that_is_missing() -> None:
    claude = Claude(AnthropicSettings(api_key=KEY, ca_certs="/nowhere/ca.pem"))
    with pytest.raises(ModelError, match="ANTHROPIC_CA_CERTS"):
        claude.warm()


async def test_counting_fails_in_the_same_way() -> None:
    async with asking(main="claude-x-1", prices=("claude-x-1=1/2",)) as one:
        with pytest.raises(ModelError) as caught:
            await one.claude.count(request())
    assert caught.value.reason is ModelFailure.UNKNOWN_MODEL


async def test_the_log_names_the_request_and_not_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asking([Error(400, message=f"Bearer {KEY}"), Say("Here.")]) as one:
        await failure(one)
        await one.events(request())
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("integrations.anthropic")]
    assert len([line for line in ours if "req_" in line]) == 2
    assert KEY not in caplog.text
