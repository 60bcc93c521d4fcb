"""Who may do what: an API key, and the privileges it was given."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.elasticsearch.errors import ElasticError, parsing

ALL_PRIVILEGES = frozenset({"read", "view_index_metadata", "monitor"})
_CHALLENGES = ['Basic realm="security", charset="UTF-8"', 'Bearer realm="security"', "ApiKey"]
_ACTIONS = {
    "read": "indices:data/read/search",
    "view_index_metadata": "indices:admin/mappings/get",
    "monitor": "cluster:monitor/main",
}


@dataclass(frozen=True, kw_only=True)
class Access:
    api_key: str | None  # the encoded form, as clients send it; None: everybody may come in
    privileges: frozenset[str]  # of index and cluster

    def admit(self, authorization: str | None, path: str) -> None:
        """Raises ElasticError with 401."""
        if self.api_key is None:
            return
        if not authorization:
            raise _unauthenticated(f"missing authentication credentials for REST request [{path}]")
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "apikey" or not hmac.compare_digest(credentials.strip().encode(), self.api_key.encode()):
            raise _unauthenticated(
                f"unable to authenticate with provided credentials and anonymous access is not allowed for this "
                f"request [{path}]"
            )

    def require(self, privilege: str, indices: str = "") -> None:
        """Raises ElasticError with 403."""
        if privilege in self.privileges:
            return
        kind = "cluster" if privilege == "monitor" else "index"
        on = f" on indices [{indices}]" if indices else ""
        raise ElasticError(
            "security_exception",
            f"action [{_ACTIONS[privilege]}] is unauthorized for API key id [sandbox] of user [sandbox]{on}, "
            f"this action is granted by the {kind} privileges [{privilege},all]",
            status=403,
        )

    def has(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `_has_privileges`. Raises ElasticError."""
        for name in body:
            if name not in ("cluster", "index", "application"):
                raise parsing(f"failed to parse privilege check. unexpected field [{name}]")
        cluster = self._granted(body.get("cluster") or ())
        index: dict[str, dict[str, bool]] = {}
        for item in body.get("index") or ():
            for name in item["names"] if isinstance(item.get("names"), list) else [item.get("names")]:
                index.setdefault(str(name), {}).update(self._granted(item.get("privileges") or ()))
        everything = all(cluster.values()) and all(all(found.values()) for found in index.values())
        return {
            "username": "sandbox",
            "has_all_requested": everything,
            "cluster": cluster,
            "index": index,
            "application": {},
        }

    def _granted(self, asked: Iterable[str]) -> dict[str, bool]:
        return {privilege: privilege in self.privileges for privilege in asked}


def _unauthenticated(reason: str) -> ElasticError:
    return ElasticError("security_exception", reason, status=401, extra={"header": {"WWW-Authenticate": _CHALLENGES}})
