"""How to reach GitHub, and as whom: with a token, or as a GitHub App."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

PUBLIC = "https://api.github.com"
ENTERPRISE_PATH = "/api/v3"  # where GitHub Enterprise Server has its REST API
_PAGES = frozenset({"github.com", "www.github.com"})
_APP_ID = re.compile(r"\d{1,12}|Iv[\w.]{10,60}")  # the number of an App, or its client id
_KEY = re.compile(r"-----BEGIN (?:RSA )?PRIVATE KEY-----\s[\w+/=\s]+-----END (?:RSA )?PRIVATE KEY-----")
_REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,100}/(?:\*|(?!\.+$)[\w.-]{1,100})", re.ASCII)
_WORKFLOW = re.compile(
    r"(?P<repository>(?!\.)[\w.-]{1,100}/(?!\.+/)[\w.-]{1,100})/(?P<file>\*|[A-Za-z0-9_][\w.-]{0,99}\.ya?ml)"
    r"(?:=(?P<input>[A-Za-z_][\w-]{0,99}))?",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class Startable:
    repository: str  # "owner/name" in small letters
    file: str  # "*": all
    key_input: str  # of the workflow; "" where it takes none

    def fits(self, repository: str, file: str) -> bool:
        return repository.lower() == self.repository and self.file in ("*", file)


@dataclass(frozen=True, kw_only=True)
class GitHubSettings:
    token: str | None = setting(
        "GITHUB_TOKEN",
        default=None,
        secret=True,
        help="Token that may read contents, deployments, actions and pull requests of the services' repositories.",
    )
    app_id: str | None = setting(
        "GITHUB_APP_ID", default=None, help="Id of a GitHub App, in the place of a token: its number or client id."
    )
    app_key: str | None = setting(
        "GITHUB_APP_KEY",
        default=None,
        secret=True,
        help="The App's private key: the whole .pem file, line breaks as they are or as \\n.",
    )
    app_key_file: str | None = setting(
        "GITHUB_APP_KEY_FILE", default=None, help="File with the App's private key; read anew whenever it is needed."
    )
    installation: int | None = setting(
        "GITHUB_INSTALLATION_ID",
        default=None,
        help="The App's installation that is used for all repositories; where unset, each account's own is looked up.",
    )
    url: str = setting(
        "GITHUB_URL",
        default=PUBLIC,
        help="Address of the REST API; https://HOST is enough for GitHub Enterprise Server (/api/v3 is added).",
    )

    ca_certs: str | None = setting(
        "GITHUB_CA_CERTS", default=None, help="File of certificate authorities to trust, for a server of one's own."
    )

    workflows: tuple[str, ...] = setting(
        "GITHUB_WORKFLOWS",
        default=(),
        help="Workflows that runbooks may start: shop/checkout/rollback.yml, shop/web/*; =NAME behind one names the "
        "input that takes the request's key, where the workflow's run-name shows it.",
    )
    reversible_workflows: tuple[str, ...] = setting(
        "GITHUB_REVERSIBLE_WORKFLOWS",
        default=(),
        help="Those of GITHUB_WORKFLOWS that are undone by starting them again with other inputs, such as one that "
        "brings a version out: shop/checkout/rollback.yml. All others count as what cannot be undone.",
    )
    reverts: tuple[str, ...] = setting(
        "GITHUB_REVERTS",
        default=(),
        help="Repositories where runbooks may open pull requests that revert others: shop/checkout, shop/*.",
    )

    def __post_init__(self) -> None:
        check_address("GITHUB_URL", self.url)
        self.startable()
        self.is_reversible("", "")
        for name in self.reverts:
            if not _REPOSITORY.fullmatch(name):
                raise SettingsError(f"GITHUB_REVERTS takes owner/name or owner/*; {name!r} is neither.")
        check_secret("GITHUB_TOKEN", self.token)
        if self.token and self.app_id:
            raise SettingsError("GITHUB_TOKEN and GITHUB_APP_ID are both set: keep one, the bot has to know who it is.")
        self._check_app()
        if self.app_key and not _KEY.fullmatch(self.key_text(self.app_key)):
            raise SettingsError(
                "GITHUB_APP_KEY holds no private key in PEM form: put the whole file there that GitHub gave, from"
                " -----BEGIN to -----END, or its path into GITHUB_APP_KEY_FILE."
            )

    def _check_app(self) -> None:
        keys = [name for name, value in (("GITHUB_APP_KEY", self.app_key), ("GITHUB_APP_KEY_FILE", self.app_key_file))
                if value]  # fmt: skip
        if len(keys) > 1:
            raise SettingsError("GITHUB_APP_KEY and GITHUB_APP_KEY_FILE are both set: keep one.")
        if self.app_id and not keys:
            raise SettingsError("GITHUB_APP_ID is set without a key: set GITHUB_APP_KEY or GITHUB_APP_KEY_FILE too.")
        if keys and not self.app_id:
            raise SettingsError(f"{keys[0]} is set without GITHUB_APP_ID: the App's page shows its id.")
        if self.app_id and not _APP_ID.fullmatch(self.app_id):
            raise SettingsError("GITHUB_APP_ID takes an App's number or its client id (Iv...), not its name.")
        if self.installation is not None and not self.app_id:
            raise SettingsError("GITHUB_INSTALLATION_ID is set without GITHUB_APP_ID: only Apps have installations.")
        if self.installation is not None and self.installation < 1:
            raise SettingsError("GITHUB_INSTALLATION_ID takes the number at the end of the installation's address.")

    def startable(self) -> tuple[Startable, ...]:
        return tuple(_startable("GITHUB_WORKFLOWS", entry) for entry in self.workflows)

    def is_reversible(self, repository: str, file: str) -> bool:
        found = [_startable("GITHUB_REVERSIBLE_WORKFLOWS", entry) for entry in self.reversible_workflows]
        return any(entry.fits(repository, file) for entry in found)

    @staticmethod
    def key_text(text: str) -> str:
        """A key as PEM has it, where its line breaks were written out."""
        return text.strip().strip("\"'").replace("\\n", "\n").strip()

    @property
    def is_app(self) -> bool:
        return self.app_id is not None

    @property
    def is_set_up(self) -> bool:
        return bool(self.token or self.app_id)

    @property
    def credentials(self) -> str:
        """The variables that hold the key, for people."""
        if not self.is_app:
            return "GITHUB_TOKEN"
        return f"GITHUB_APP_ID and {'GITHUB_APP_KEY_FILE' if self.app_key_file else 'GITHUB_APP_KEY'}"

    @property
    def base(self) -> str:
        parts = urlsplit(self.url)
        if parts.hostname in _PAGES:
            return PUBLIC
        if parts.path.strip("/") or (parts.hostname or "").startswith("api."):
            return self.url.rstrip("/")
        return f"{parts.scheme}://{parts.netloc}{ENTERPRISE_PATH}"

    @property
    def web(self) -> str:
        """The address of its pages, for links."""
        parts = urlsplit(self.base)
        has_own_host = not parts.path and parts.netloc.startswith("api.")
        host = parts.netloc.removeprefix("api.") if has_own_host else parts.netloc
        return f"{parts.scheme}://{host}"


def _startable(variable: str, entry: str) -> Startable:
    """Raises SettingsError."""
    parts = _WORKFLOW.fullmatch(entry)
    if parts is None:
        raise SettingsError(
            f"{variable} takes owner/name/file.yml, with * for all of a repository's; {entry!r} is none."
        )
    return Startable(repository=parts["repository"].lower(), file=parts["file"], key_input=parts["input"] or "")
