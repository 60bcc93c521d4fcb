import random

from integrations.programs.output import Capture

LIMIT = 400


def captured(written: bytes, size: int = 37) -> Capture:
    capture = Capture(LIMIT)
    for start in range(0, len(written), size):
        capture.add(written[start : start + size])
    return capture


def test_what_fits_is_kept_whole() -> None:
    capture = captured(b"x\n" * (LIMIT // 2))
    assert not capture.is_cut
    assert capture.raw == b"x\n" * (LIMIT // 2)


def test_of_what_does_not_the_beginning_and_the_end_are_kept() -> None:
    lines = [f"line {number}" for number in range(200)]
    capture = captured("\n".join(lines).encode())
    text = capture.text()
    assert capture.is_cut
    assert capture.raw == b"", "half an answer is not for parsing"
    assert text.startswith("line 0\nline 1\n")
    assert text.endswith("line 198\nline 199")
    assert f"[... {len(chr(10).join(lines)) - LIMIT} bytes left out ...]" in text


def test_no_more_is_held_than_the_limit_whatever_comes() -> None:
    dice = random.Random(7)
    capture = Capture(LIMIT)
    for _ in range(500):
        capture.add(b"y" * dice.randrange(5000))
        assert len(capture._head) + len(capture._tail) <= LIMIT
    assert len(capture.text()) < LIMIT + 60


def test_a_secret_that_the_cut_goes_through_is_not_shown() -> None:
    secret = random.Random(7).randbytes(75).hex()
    for before in range(200, 400, 7):
        text = captured(f"{'- ' * (before // 2)}\npassword={secret} {'- ' * 300}\nlast line".encode()).text()
        assert not any(secret[at : at + 8] in text for at in range(len(secret) - 8)), before
        assert text.endswith("last line")


def test_a_private_key_that_the_cut_goes_through_is_not_shown() -> None:
    key = "\n".join(["-----BEGIN " + "PRIVATE KEY-----", *["q" * 20] * 40, "-----END " + "PRIVATE KEY-----"])
    for after in range(0, 80, 9):
        text = captured(f"{key}\n{'z' * after}\nend".encode()).text()
        assert "q" not in text, after


def test_a_limit_of_one_byte_is_one() -> None:
    capture = Capture(1)
    capture.add(b"abc")
    capture.add(b"def")
    assert capture.is_cut
    assert capture.text() == "a\n[... 5 bytes left out ...]"
