"""The REST push over TLS: a good certificate, an unknown one, and one for another host."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.base import Answer, Body, Outgoing
from connectors.rest import Rest

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
MESSAGE = Outgoing("R-03:leg.filed:1", "msg_1", "leg.filed", "R-03", b"{}")
NOW = dt.datetime.now(dt.UTC)


def _certificate(folder: Path, address: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "department")])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - dt.timedelta(1)).not_valid_after(NOW + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    path = folder / f"{address}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


class Secure:
    """A TLS server that answers each request once: at once, or after its headers never."""

    def __init__(self, certificate: Path, answer: bytes) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self.listener.getsockname()[1]}/push"
        self.context, self.answer = context, answer
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(peer, server_side=True) as secure:
                    secure.settimeout(3)
                    secure.recv(65_536)
                    secure.recv(65_536)
                    secure.sendall(self.answer)
                    secure.recv(1)
            except OSError:
                continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def rest() -> Iterator[Rest]:
    rest = Rest()
    yield rest
    rest.close()


def _sent(rest: Rest, certificate: Path, trusted: Path | None, answer: bytes) -> Answer:
    server = Secure(certificate, answer)
    settings = {"ca": str(trusted)} if trusted else {}
    body = Body("a", "d", "rest", address=server.address, secrets=(SECRET,), deadline=0.8, honours_keys=False,
                settings=settings)
    try:
        return rest.send(MESSAGE, body, NOW)
    finally:
        rest.close()
        server.close()


GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"ref": "A"}'


def test_a_trusted_certificate_is_talked_to(rest: Rest, tmp_path: Path) -> None:
    own = _certificate(tmp_path, "127.0.0.1")
    assert _sent(rest, own, own, GOOD) == Answer("received", "A", status=200)


def test_an_unknown_certificate_or_one_of_another_host_is_never_sent_to(rest: Rest, tmp_path: Path) -> None:
    own, other = _certificate(tmp_path, "127.0.0.1"), _certificate(tmp_path, "127.0.0.9")
    assert _sent(rest, own, None, GOOD).kind == "again"
    assert _sent(rest, other, other, GOOD).kind == "again"


def test_the_deadline_ends_a_tls_answer_that_never_comes_whole(rest: Rest, tmp_path: Path) -> None:
    own = _certificate(tmp_path, "127.0.0.1")
    assert _sent(rest, own, own, GOOD[:60]).kind == "unknown"
