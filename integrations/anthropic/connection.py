"""The client library: imported late (1.5 s, 78 MB), made once, and told what it may take from the environment."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from bot.domain.model import ModelError, ModelFailure
from integrations.anthropic import wording
from integrations.anthropic.settings import AnthropicSettings
from integrations.connection import trust

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

CONNECT_TIMEOUT = 5.0  # seconds


class Connection:
    def __init__(self, settings: AnthropicSettings) -> None:
        self._settings = settings
        self._client: AsyncAnthropic | None = None
        self._lock = threading.Lock()

    def warm(self) -> AsyncAnthropic:
        """Blocks for one to two seconds the first time: call it on a thread. Raises ModelError."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    async def client(self) -> AsyncAnthropic:
        """Raises ModelError."""
        if self._client is None:
            return await asyncio.to_thread(self.warm)
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _make(self) -> AsyncAnthropic:
        if not self._settings.api_key:
            raise wording.failed(ModelFailure.NO_KEY)
        import anthropic
        import anthropic.resources.messages
        import anthropic.resources.models
        import httpx2

        try:
            context = trust(self._settings.ca_certs)
        except OSError:
            raise ModelError(ModelFailure.UNREACHABLE, wording.NO_CA_CERTS) from None
        timeout = httpx2.Timeout(timeout=self._settings.timeout, connect=CONNECT_TIMEOUT)
        return anthropic.AsyncAnthropic(
            api_key=self._settings.api_key,
            base_url=self._settings.url,
            timeout=timeout,
            max_retries=0,  # `retrying` knows how long people wait; the library would sleep for as long as it is told
            open_telemetry=False,  # traces could carry what was said, by variables that are not ours
            # A redirect would take the conversation to a host that nobody set.
            http_client=anthropic.DefaultAsyncHttpxClient(verify=context, timeout=timeout, follow_redirects=False),
        )
