"""How to reach GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.domain.setting import setting
from integrations.access import check_address, check_secret

PUBLIC = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class GitHubSettings:
    token: str | None = setting(
        "GITHUB_TOKEN",
        default=None,
        secret=True,
        help="Token that may read contents, deployments and pull requests of the services' repositories.",
    )
    url: str = setting(
        "GITHUB_URL", default=PUBLIC, help="Address of the REST API; https://HOST/api/v3 for GitHub Enterprise Server."
    )

    def __post_init__(self) -> None:
        check_address("GITHUB_URL", self.url)
        check_secret("GITHUB_TOKEN", self.token)

    @property
    def base(self) -> str:
        return self.url.rstrip("/")

    @property
    def web(self) -> str:
        """The address of its pages, for links."""
        parts = urlsplit(self.base)
        host = parts.netloc.removeprefix("api.") if self.base == PUBLIC else parts.netloc
        return f"{parts.scheme}://{host}"
