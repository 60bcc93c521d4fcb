"""One context of a kubeconfig file, with all that it needs in it: what kubectl is given instead of the file.

So kubectl holds the credentials of one environment, whatever it is told, and reads no other file. What would have it
run a program or act as somebody else is refused. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.action import ActionRefused, Refusal

_LARGEST = 1024 * 1024  # bytes; a kubeconfig has a few thousand
_OF_CLUSTER = {"server", "certificate-authority", "certificate-authority-data", "tls-server-name", "proxy-url",
               "insecure-skip-tls-verify", "disable-compression", "extensions"}  # fmt: skip
_OF_USER = {"token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data",
            "username", "password", "extensions"}  # fmt: skip
_FILES = ("certificate-authority", "client-certificate", "client-key")


@dataclass(frozen=True, kw_only=True)
class Context:
    name: str
    server: str
    digest: str  # of the file it was read from
    content: bytes


def read_context(path: str, name: str) -> Context:
    """Reads files: call it on a thread. Raises ActionRefused."""
    try:
        written = Path(path).read_bytes()[:_LARGEST]
    except OSError as error:
        raise _unset(f"{path} cannot be read ({error.strerror})") from None
    document = _parse(path, written)
    chosen = _named(document, "contexts", "context", name)
    cluster = _named(document, "clusters", "cluster", str(chosen.get("cluster")))
    user = _named(document, "users", "user", str(chosen.get("user")))
    for kind, said, known in (("cluster", cluster, _OF_CLUSTER), ("user", user, _OF_USER)):
        if unknown := sorted(set(said) - known):
            raise _unset(f"{', '.join(unknown)} of the {kind} of context {name} is not supported: use a token or keys")
    folder = Path(path).parent
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": _whole(cluster, folder)}],
        "users": [{"name": name, "user": _whole(user, folder)}],
    }
    digest = hashlib.sha256(written).hexdigest()
    return Context(
        name=name, server=str(cluster.get("server", "")), digest=digest, content=json.dumps(content).encode()
    )


def _parse(path: str, written: bytes) -> Mapping[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(written)
    except (yaml.YAMLError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        raise _unset(f"{path} is no kubeconfig")
    return document


def _named(document: Mapping[str, Any], group: str, kind: str, name: str) -> Mapping[str, Any]:
    for item in document.get(group) or ():
        if isinstance(item, dict) and item.get("name") == name and isinstance(item.get(kind), dict):
            found: Mapping[str, Any] = item[kind]
            return found
    raise _unset(f"there is no {kind} {name} in it")


def _whole(said: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """With the contents of files in the place of their names; kubectl reads those relative to the file's folder."""
    whole = {name: value for name, value in said.items() if name not in (*_FILES, "tokenFile", "extensions")}
    try:
        for name in _FILES:
            if name in said and f"{name}-data" not in said:
                whole[f"{name}-data"] = base64.b64encode((folder / str(said[name])).read_bytes()).decode()
        if "tokenFile" in said:
            whole["token"] = (folder / str(said["tokenFile"])).read_text().strip()
    except OSError as error:
        raise _unset(f"{error.filename} cannot be read ({error.strerror})") from None
    return whole


def _unset(detail: str) -> ActionRefused:
    return ActionRefused(Refusal.NOT_SET_UP, f"KUBECTL_KUBECONFIG: {detail}.")
