"""What a program writes: read as it comes, kept in part, and made fit to be shown."""

from __future__ import annotations

from bot.domain.plaintext import visible
from bot.domain.redact import redact

_KEY_END = b"-----END "
_KEY_BEGIN = b"-----BEGIN "


class Capture:
    """Keeps the first three quarters of `limit` bytes and the last quarter: why something failed stands at the end."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit - limit // 4
        self._tail_limit = limit // 4
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:] if room < len(chunk) else b""
        self._tail += rest[-self._tail_limit :] if self._tail_limit else b""
        del self._tail[: -self._tail_limit or len(self._tail)]

    @property
    def is_cut(self) -> bool:
        return self.total > len(self._head) + len(self._tail)

    @property
    def raw(self) -> bytes:
        """As written; b"" where a part is missing, since half an answer parses as another answer."""
        return b"" if self.is_cut else bytes(self._head + self._tail)

    def text(self) -> str:
        if not self.is_cut:
            return clean(bytes(self._head + self._tail))
        left_out = self.total - len(self._head) - len(self._tail)
        note = f"[... {left_out} bytes left out ...]"
        return "\n".join(part for part in (clean(bytes(self._head)), note, clean(_whole_lines(self._tail))) if part)


def clean(written: bytes) -> str:
    return redact(visible(written.decode("utf-8", "replace").replace("\r\n", "\n").replace("\t", "    "))).strip("\n")


def _whole_lines(tail: bytearray) -> bytes:
    """Without what a cut left of a line or of a private key: a secret without its beginning has no known shape."""
    _, _, rest = bytes(tail).partition(b"\n")
    end, begin = rest.find(_KEY_END), rest.find(_KEY_BEGIN)
    if end >= 0 and (begin < 0 or end < begin):
        _, _, rest = rest[end:].partition(b"\n")
    return rest
