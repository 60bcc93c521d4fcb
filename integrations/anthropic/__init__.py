"""Claude, by the Messages API. The vendor's client library is imported with the first question, or by `warm`."""

from integrations.anthropic.check import check
from integrations.anthropic.claude import Claude
from integrations.anthropic.settings import AnthropicSettings
from integrations.descriptor import Integration

INTEGRATION = Integration(name="anthropic", title="Claude (Anthropic)", settings=AnthropicSettings, check=check)

__all__ = ["INTEGRATION", "AnthropicSettings", "Claude"]
