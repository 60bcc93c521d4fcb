"""How Prometheus is reached: forms, warnings, certificates, and settings that say what is wrong with them."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.setting import read
from integrations.prometheus.client import LONG, PrometheusClient
from integrations.prometheus.settings import PrometheusSettings
from tests.integrations.asking import NOW, ONSET

SERIES = {"metric": {"job": "x"}, "value": [1, "1"], "values": [[1, "1"], [2, "NaN"]]}


class Server(ThreadingHTTPServer):
    """Answers every query with one series."""

    daemon_threads = True

    def __init__(self, *, takes_forms: bool = True, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.takes_forms = takes_forms
        self.warnings = warnings
        self.asked: list[tuple[str, dict[str, list[str]]]] = []  # (method, parameters)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client without a certificate is no news."""

    def shutdown_request(self, request: Any) -> None:
        """Reads what is still coming: closing before that resets the connection, and the reason would be lost."""
        with suppress(OSError), socket.socket(fileno=os.dup(request.fileno())) as raw:
            raw.settimeout(2)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
        super().shutdown_request(request)


class _Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer("GET", urlsplit(self.path).query)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.takes_forms:
            self._answer("POST", body)
        else:
            self.server.asked.append(("POST", {}))
            self._send(405, b"")

    def _answer(self, method: str, parameters: str) -> None:
        self.server.asked.append((method, parse_qs(parameters)))
        body = {"status": "success", "data": {"resultType": "vector", "result": [SERIES]}}
        self._send(200, json.dumps({**body, "warnings": self.server.warnings}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(server: Server, context: ssl.SSLContext | None = None) -> Iterator[str]:
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@contextmanager
def client(url: str, **environ: str) -> Iterator[PrometheusClient]:
    with PrometheusClient(read(PrometheusSettings, {"PROMETHEUS_URL": url, **environ}), deadline=60.0) as made:
        yield made


def ask(made: PrometheusClient, query: str) -> str:
    """The range of an hour; with why it is not whole."""
    (series,), cut = made.range(query, start=ONSET - timedelta(hours=1), end=NOW, step=15)
    assert series.points == ((1.0, 1.0),)
    return cut


def test_a_long_query_is_sent_as_a_form_and_a_short_one_in_the_address() -> None:
    server, long = Server(), " + ".join(["sum(x)"] * LONG)
    with running(server) as url, client(url) as made:
        ask(made, "up")
        ask(made, long)
        made.instant(long, at=NOW)
    methods = [method for method, _ in server.asked]
    assert methods == ["GET", "POST", "POST"]
    short, form, instant = (parameters for _, parameters in server.asked)
    assert form["query"] == [long]
    assert (form["start"], form["end"], form["limit"]) == (short["start"], short["end"], short["limit"])
    assert float(form["step"][0]) == 15
    assert instant["time"] == [str(NOW.timestamp())]


def test_where_a_proxy_takes_no_forms_the_address_is_used_from_then_on() -> None:
    server, long = Server(takes_forms=False), "x" * (LONG + 1)
    with running(server) as url, client(url) as made:
        ask(made, long)
        ask(made, long)
    assert [method for method, _ in server.asked] == ["POST", "GET", "GET"]


def test_a_warning_that_an_answer_is_not_whole_is_passed_on_once() -> None:
    server = Server(warnings=("results truncated due to limit",))
    with running(server) as url, client(url) as made:
        assert ask(made, "up") == "results truncated due to limit"
        assert ask(made, "x" * (LONG + 1)) == "results truncated due to limit"
        server.warnings = ()
        assert ask(made, "up") == ""


@dataclass(frozen=True)
class Authority:
    """A private certificate authority, made at run time."""

    folder: Path
    name: str = "authority"

    def __post_init__(self) -> None:
        self._write(self.name, self._key, self._certificate)

    @property
    def file(self) -> str:
        return str(self.folder / f"{self.name}.pem")

    def issue(self, name: str) -> tuple[str, str]:
        """Files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = self._builder(name, key).issuer_name(_named(self.name))
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        self._write(name, key, built.add_extension(address, critical=False).sign(self._key, hashes.SHA256()))
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    @property
    def _certificate(self) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        built = self._builder(self.name, self._key).issuer_name(_named(self.name))
        return built.add_extension(constraints, critical=True).sign(self._key, hashes.SHA256())

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return _KEYS.setdefault(str(self.folder / self.name), ec.generate_private_key(ec.SECP256R1()))

    def _builder(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        today = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
        )

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / f"{name}.key").write_bytes(private)


_KEYS: dict[str, ec.EllipticCurvePrivateKey] = {}


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@contextmanager
def mutual(authority: Authority) -> Iterator[str]:
    """A server that lets in only whom the authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    with running(Server(), context) as url:
        yield url


def test_both_sides_show_their_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("bot")
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    with mutual(authority) as url:
        trusted = {"PROMETHEUS_CA_CERTS": authority.file}
        with client(url, **trusted, PROMETHEUS_CLIENT_CERT=certificate, PROMETHEUS_CLIENT_KEY=key) as made:
            ask(made, "up")
            ask(made, "x" * (LONG + 1))
        with client(url, **trusted, PROMETHEUS_CLIENT_CERT=str(both)) as made:
            ask(made, "up")


def test_without_a_client_certificate_it_is_said_what_is_wanting(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with (
        mutual(authority) as url,
        client(url, PROMETHEUS_CA_CERTS=authority.file) as made,
        pytest.raises(SourceError, match="PROMETHEUS_CLIENT_CERT") as failed,
    ):
        ask(made, "up")
    assert failed.value.reason is FailureReason.UNAUTHORISED


def test_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with mutual(authority) as url, client(url) as made, pytest.raises(SourceError, match="certificate") as failed:
        ask(made, "up")
    assert failed.value.reason is FailureReason.UNREACHABLE


def test_a_certificate_file_that_vanished_is_told(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("bot")
    files = {"PROMETHEUS_CLIENT_CERT": certificate, "PROMETHEUS_CLIENT_KEY": key}
    with running(Server()) as url, client(url.replace("http:", "https:"), **files) as made:
        Path(key).unlink()
        with pytest.raises(SourceError, match="cannot be read") as failed:
            ask(made, "up")
    assert failed.value.reason is FailureReason.UNREACHABLE


URL = {"PROMETHEUS_URL": "http://prometheus.example:9090"}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"PROMETHEUS_URL": "prometheus:9090"}, "PROMETHEUS_URL takes an address"),
        ({**URL, "PROMETHEUS_PUBLIC_URL": "/prometheus"}, "PROMETHEUS_PUBLIC_URL takes an address"),
        ({**URL, "PROMETHEUS_TOKEN": "a\nb"}, "PROMETHEUS_TOKEN holds characters"),
        ({**URL, "PROMETHEUS_TENANT": "tëam"}, "PROMETHEUS_TENANT holds characters"),
        ({**URL, "PROMETHEUS_PASSWORD": "p" * 8}, "PROMETHEUS_USER is not"),
        ({**URL, "PROMETHEUS_TOKEN": "t" * 8, "PROMETHEUS_USER": "ana"}, "unset the one"),
        ({**URL, "PROMETHEUS_CLIENT_KEY": "/etc/hostname"}, "PROMETHEUS_CLIENT_CERT is not"),
        ({**URL, "PROMETHEUS_CLIENT_CERT": "/no/such.pem"}, "PROMETHEUS_CLIENT_CERT names a file that is not there"),
        ({**URL, "PROMETHEUS_CA_CERTS": "/no/such.pem"}, "PROMETHEUS_CA_CERTS names a file that is not there"),
        ({**URL, "PROMETHEUS_SERVICE_LABEL": "app.kubernetes.io/name"}, "PROMETHEUS_SERVICE_LABEL takes the name"),
        ({**URL, "PROMETHEUS_RATE_WINDOW": "five minutes"}, "PROMETHEUS_RATE_WINDOW takes a number"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(PrometheusSettings, environ)
