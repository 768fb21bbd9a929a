"""AWS SNS: a certificate and a confirmation URL are fetched, from Amazon's hosts only, through the egress guard."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import isawaitable
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hub import Fetched, Grant, Outcome, Recording, Reject, Request, Secret, Source, Unavailable, Values
from hub.egress.client import Egress
from hub.egress.exchange.tls import TlsPolicy
from hub.egress.guard import Guard
from hub.errors import AddressRefused, HubError
from hub.model.json import dumps, loads
from hub.testing import VendorContract, new_request, new_source
from tests.vendors.conftest import Serve
from tests.vendors.examples.sns import SIGNED, reply, vendor

HOST = "sns.us-east-1.amazonaws.com"
TOPIC = "arn:aws:sns:us-east-1:123456789012:MyTopic"
PEM = "/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Subject": "My First Message",
    "Message": "Hello world!",
    "Timestamp": "2026-05-02T00:54:06.655Z",
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37",
    "TopicArn": TOPIC,
    "Message": "You have chosen to subscribe.",
    "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37",
    "Timestamp": "2026-05-02T00:50:06.655Z",
}
TEXT = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-rawdelivery": "false"}


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, str, str]:
    """A key, its certificate for the host, and the key as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key, made.public_bytes(pem).decode(), key.private_bytes(pem, form, plain).decode()


def sealed(sent: dict[str, Any], version: str = "2", certificate: str = f"https://{HOST}{PEM}") -> bytes:
    content = "".join(f"{name}\n{sent[name]}\n" for name in SIGNED if name in sent).encode()
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[version]
    signature = amazon()[0].sign(content, padding.PKCS1v15(), digest)
    more = {"SignatureVersion": version, "Signature": b64encode(signature).decode(), "SigningCertURL": certificate}
    return dumps({**sent, **more})


class TestContract(VendorContract):
    vendor = vendor
    secrets: ClassVar = {"topic": TOPIC}
    recorded = (
        Recording(name="notification", event_types=("Notification",), headers=TEXT, body=dumps(NOTIFICATION)),
        Recording(
            name="confirmation", event_types=("SubscriptionConfirmation",), headers=TEXT, body=dumps(CONFIRMATION)
        ),
    )

    def signed(self, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        topic = next(one.value for one in secrets if one.slot == "topic").decode()
        return replace(recording, body=sealed({**loads(recording.body), "TopicArn": topic}))

    async def fetch(self, url: str) -> Fetched:
        return Fetched(200, Values(), amazon()[1].encode())


@dataclass
class Served:
    """Amazon's host on loopback, and the vendor's calls to it through the guard."""

    port: int
    asked: list[str]
    egress: Egress

    async def fetch(self, url: str, **options: Any) -> Fetched:
        try:
            got = await self.egress.request(
                "GET", url, headers={}, body=None, timeout=5, max_bytes=65_536, hosts=vendor.hosts,
                tls=TlsPolicy(ca=amazon()[1]),
            )  # fmt: skip
        except AddressRefused as error:
            raise Reject(str(error)) from error
        except HubError as error:
            raise Unavailable(str(error)) from error
        return Fetched(got.status, Values(got.headers, caseless=True), got.body)

    def source(self) -> Source:
        return new_source(Secret("sec_1", "topic", TOPIC.encode()), fetch=self.fetch)


class NameCache:
    """A resolver by which Amazon's host is on loopback."""

    async def resolve(self, host: str) -> Sequence[str]:
        return ("127.0.0.1",)


@asynccontextmanager
async def host(directory: Path, *, allow: tuple[Any, ...]) -> AsyncIterator[Served]:
    (directory / "pair.pem").write_text(amazon()[1] + amazon()[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "pair.pem")
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().split(" ")[1])
        body = amazon()[1].encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    egress = Egress(Guard(allow, resolver=NameCache()), user_agent="hub/test")
    await egress.start()
    try:
        yield Served(server.sockets[0].getsockname()[1], asked, egress)
    finally:
        await egress.stop()
        server.close()


LOOPBACK = (ip_network("127.0.0.0/8"),)


async def test_certificate_and_confirmation_are_fetched_through_the_guard(tmp_path: Path) -> None:
    async with host(tmp_path, allow=LOOPBACK) as served:
        here = f"https://{HOST}:{served.port}"
        sent = {**CONFIRMATION, "SubscribeURL": f"{here}/?Action=ConfirmSubscription&Token=2336412f37"}
        request = new_request(sealed(sent, certificate=here + PEM), TEXT)
        secret = await grant(request, served.source())
        outcome = Outcome(tuple(vendor.read(request, new_source())), secret)
        answer = await reply(request, served.source(), outcome)
        assert answer.status == 204
        assert served.asked == [PEM, "/?Action=ConfirmSubscription&Token=2336412f37"]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_of_the_signature_are_read(tmp_path: Path, version: str) -> None:
    async with host(tmp_path, allow=LOOPBACK) as served:
        body = sealed(NOTIFICATION, version, f"https://{HOST}:{served.port}{PEM}")
        assert (await grant(new_request(body, TEXT), served.source())).secret is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example{}",
        "http://" + HOST + "{}",
        "https://s3.us-east-1.amazonaws.com{}",
        "https://" + HOST + "/?x={}",
    ],
)
async def test_a_certificate_from_elsewhere_is_never_fetched(tmp_path: Path, url: str) -> None:
    async with host(tmp_path, allow=LOOPBACK) as served:
        with pytest.raises(Reject) as caught:
            await grant(new_request(sealed(NOTIFICATION, certificate=url.format(PEM)), TEXT), served.source())
        assert caught.value.status == 401
        assert served.asked == []


async def test_a_private_address_behind_amazons_name_is_not_dialled(tmp_path: Path) -> None:
    async with host(tmp_path, allow=()) as served:
        body = sealed(NOTIFICATION, certificate=f"https://{HOST}:{served.port}{PEM}")
        with pytest.raises(Reject, match="127"):
            await grant(new_request(body, TEXT), served.source())
        assert served.asked == []


async def grant(request: Request, source: Source) -> Grant:
    granted = vendor.scheme_for(None).verify(request, source)
    assert isawaitable(granted)
    return await granted


async def test_in_a_hub_a_certificate_from_elsewhere_is_refused(serve: Serve) -> None:
    async with serve("sns", source={"secrets": {"topic": [{"value": TOPIC}]}}) as served:
        foreign = sealed(NOTIFICATION, certificate=f"https://evil.example{PEM}")
        assert (await served.send(foreign, TEXT)).status == 401
        assert await served.results() == []
