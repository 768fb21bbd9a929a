"""Receivers on loopback, a resolver that answers as told, and certificates made on the spot."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.egress.client import Egress
from hub.egress.guard import Guard

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Answers:
    """A resolver that gives each name's answers one after another, the last one for ever."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        given = self._answers[host]
        return given.pop(0) if len(given) > 1 else given[0]


Answer = Callable[["Receiver", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """A server that keeps what it was sent and answers as told."""

    answer: Answer
    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")), "0"
                )
                self.bodies.append(await reader.readexactly(int(length)))
                self.heads.append(head)
                await self.answer(self, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone.set()
            writer.close()


def reply(
    body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = (), length: int | None = None
) -> Answer:
    """An answer with these bytes and a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]

    async def answer(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, PEM."""

    certificate: str
    key: str

    def write(self, directory: Path, name: str) -> Path:
        path = directory / f"{name}.pem"
        path.write_text(self.certificate + self.key)
        return path


class Authority:
    """A certificate authority of a test."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        self.certificate = (
            self._builder(self.name, self.key.public_key(), now - timedelta(days=9), now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def own(self) -> Pair:
        """The authority's own certificate, as a server would show it."""
        return Pair(self.pem, _pem(self.key))

    def certified_by(self, issuer: Authority, *, ends: datetime) -> str:
        """Another certificate of this authority, PEM: an intermediate one, or a root if it is its own issuer."""
        made = (
            issuer._builder(self.name, self.key.public_key(), ends - timedelta(days=9), ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(issuer.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, *names: str, begins: datetime | None = None, ends: datetime | None = None) -> Pair:
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            self._builder(subject, key.public_key(), begins or now - timedelta(days=2), ends or now + timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Pair(
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            _pem(key),
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def server_context(pair: Pair, directory: Path, *, clients: Authority | None = None) -> ssl.SSLContext:
    """What a TLS receiver shows, and whose clients it lets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.write(directory, "server"))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem)
    return context


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("Authority of the tests")


@pytest.fixture(scope="session")
def answers() -> type[Answers]:
    return Answers


@pytest.fixture(scope="session")
def replied() -> Callable[..., Answer]:
    return reply


@pytest.fixture(scope="session")
def shows() -> Callable[..., ssl.SSLContext]:
    return server_context


Receive = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def receive() -> AsyncIterator[Receive]:
    """Starts a receiver on 127.0.0.1 that answers as given, over TLS with a context."""
    servers: list[tuple[asyncio.Server, set[asyncio.Task[None]]]] = []

    async def start(answer: Answer, *, tls: ssl.SSLContext | None = None) -> Receiver:
        receiver = Receiver(answer)
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with contextlib.suppress(asyncio.CancelledError):
                await receiver.serve(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        servers.append((server, tasks))
        receiver.port = server.sockets[0].getsockname()[1]
        return receiver

    yield start
    for server, tasks in servers:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


MakeEgress = Callable[..., Awaitable[Egress]]


@pytest.fixture
async def make_egress() -> AsyncIterator[MakeEgress]:
    """Makes a started client; it may reach loopback and asks the machine's resolver unless told otherwise."""
    made: list[Egress] = []

    async def make(**options: Any) -> Egress:
        egress = Egress(Guard(**({"allow": LOOPBACK} | options)), user_agent="hub/test")
        made.append(egress)
        await egress.start()
        return egress

    yield make
    for egress in made:
        await egress.stop()


@pytest.fixture
def memory() -> Iterator[Callable[[], int]]:
    """The most memory that Python objects took since the test began, bytes."""
    import tracemalloc

    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
