"""Addresses of the web, read strictly: one spelling, one meaning, for us and for whatever sends the request."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LONGEST = 2000  # characters; proxies and servers refuse longer ones
DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[!-~]*)?"
)
_UNSAFE = re.compile(r'[\\"<>^`{|}#]')  # what RFC 3986 leaves out, and fragments, which are never sent
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])")  # also of control characters
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
# All that is not for the public: https://www.iana.org/assignments/iana-ipv4-special-registry
_OWN = tuple(
    ipaddress.ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(Exception):
    """The text says what is wrong with it, as part of a sentence."""


@dataclass(frozen=True, kw_only=True)
class WebAddress:
    scheme: str
    host: str  # a name in small letters, or an IP address without brackets
    port: int
    path: str  # with the query, quoted already

    @property
    def place(self) -> str:
        """ "api.example:8443"; the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.place}{self.path}"


def parse(text: str) -> WebAddress:
    """Raises BadAddress."""
    if len(text) > LONGEST:
        raise BadAddress(f"it has {len(text)} characters; {LONGEST} are allowed")
    if not text.isascii():
        raise BadAddress("it has letters that are not ASCII; other scripts have some that look alike")
    authority = text.partition("://")[2].partition("/")[0]
    if "@" in authority:
        raise BadAddress("a user name or password before the host is not allowed")
    found = _URL.fullmatch(text)
    if found is None:
        raise BadAddress("it is no plain address such as https://host/path, in small letters up to the path")
    path = found["path"] or "/"
    if _UNSAFE.search(path) or _BAD_ESCAPE.search(path):
        raise BadAddress("its path holds characters that have to be written as %XX, or may not be in it")
    if _DOTS.search(path.partition("?")[0]):
        raise BadAddress("its path goes up or stays with dots; write where it leads")
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS[found["scheme"]]
    if not 0 < port < 65_536:
        raise BadAddress("its port is none")
    return WebAddress(scheme=found["scheme"], host=parse_host(found["host"]), port=port, path=path)


def parse_host(text: str) -> str:
    """Raises BadAddress. Numbers are IP addresses in their usual spelling, or nothing."""
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise BadAddress("its host is no IPv6 address") from None
    last = text.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):  # what https://url.spec.whatwg.org calls "ends in a number"
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise BadAddress("its host is a number in a spelling that hides which address it is") from None
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise BadAddress("its host is no name: letters, digits and -, with single dots between them")
    return text


def why_not(address: str, *, is_own: bool) -> str:
    """Why nothing is sent to this IP address; "" where it may be. `is_own`: the operators named the host as theirs."""
    ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_link_local:
        return "it is link-local, where clouds keep their keys"
    if ip.is_multicast or ip.is_unspecified or (ip.version == 4 and int(ip) >> 28 == 15):
        return "it is no single machine"
    if any(ip.version == net.version and ip in net for net in _OWN):
        return "" if is_own else "it is private or this machine itself"
    return "" if ip.is_global else "it is reserved"


def _unwrapped(ip: Address) -> Address:
    """The IPv4 address inside of an IPv6 one: mapped, of 6to4, of NAT64."""
    if isinstance(ip, ipaddress.IPv6Address):
        if inner := ip.ipv4_mapped or ip.sixtofour:
            return inner
        if ip in ipaddress.ip_network("64:ff9b::/96") or 1 < int(ip) < 1 << 32:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
