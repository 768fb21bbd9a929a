"""One attempt: signed, called through the guard, reported without revealing a secret."""

from __future__ import annotations

import datetime as dt
import hmac
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from hub.model.ids import write_id
from hub.model.retry import Retry
from hub.model.stored.outbound import Attempt, SubscriptionChange, SubscriptionRecord
from hub.model.stored.source import SecretsChange
from tests.outbound.conftest import Received, Receiver, Rig

MASK = "********"

Serve = Callable[..., AbstractAsyncContextManager[str]]
ONCE = Retry(retries=0)


@dataclass(frozen=True)
class Pem:
    """A certificate and its key."""

    certificate: str
    key: str
    path: Path


def _pem(directory: Path, name: str, *, days: int = 1, start: int = -1, client: bool = False) -> Pem:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    usage = x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH if client else x509.oid.ExtendedKeyUsageOID.SERVER_AUTH
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=start))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .sign(key, hashes.SHA256())
    )
    written = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = directory / f"{name}.pem"
    path.write_text(secret + written)
    return Pem(written, secret, path)


@pytest.fixture
def pem(tmp_path: Path) -> Callable[..., Pem]:
    return lambda name="localhost", **options: _pem(tmp_path, name, **options)


async def deliver(rig: Rig, record: SubscriptionRecord, data: object = None) -> Attempt:
    """Publish once and give back the last attempt."""
    await rig.publish(data)
    await rig.outbound.settled()
    return (await rig.attempts(record.id))[-1]


async def test_standard_webhooks_is_verified_by_an_independent_library(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    await deliver(rig, made.record, {"n": 1})
    (got,) = receiver.got
    payload = Webhook(made.secret or "").verify(got.body, got.headers)
    assert set(payload) == {"type", "timestamp", "data"}
    assert payload["data"] == {"n": 1}
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize("scheme", ["github", "hmac-sha256", "standard-ed25519", "bearer"])
async def test_other_schemes_sign_their_own_way(rig: Rig, receiver: Receiver, scheme: str) -> None:
    """The data goes out as it is, but for Standard Webhooks, which wraps it."""
    made = await rig.subscribe(receiver.url, scheme=scheme)
    attempt = await deliver(rig, made.record, {"n": 1})
    (got,) = receiver.got
    body = got.json()
    assert (body["data"] if scheme == "standard-ed25519" else body) == {"n": 1}
    assert attempt.error == ""
    header = {"github": "x-hub-signature-256", "hmac-sha256": "x-webhook-signature", "bearer": "authorization"}
    assert header.get(scheme, "webhook-signature") in got.headers


async def test_secrets_and_signatures_never_reach_the_log(rig: Rig, receiver: Receiver) -> None:
    """Nor does what the receiver echoes of them."""
    made = await rig.subscribe(receiver.url, headers={"X-Api-Key": "key-of-the-receiver"})
    receiver.always = lambda: web.Response(
        text=f"you sent {receiver.got[-1].headers['webhook-signature']} and key-of-the-receiver and {made.secret}",
        headers={"X-Echo": receiver.got[-1].headers["webhook-signature"], "Set-Cookie": "session=abc"},
    )
    attempt = await deliver(rig, made.record)
    written = repr(attempt)
    signature = receiver.got[0].headers["webhook-signature"]
    for secret in (signature, "key-of-the-receiver", made.secret or "?", "session=abc"):
        assert secret not in written
    assert attempt.response_body == f"you sent {MASK} and {MASK} and {MASK}"
    assert dict(attempt.request_headers)["webhook-id"] == receiver.got[0].id


async def test_the_response_is_kept_up_to_a_cap(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    receiver.always = lambda: web.Response(text="x" * 100_000)
    attempt = await deliver(rig, made.record)
    assert attempt.status == 200
    assert len(attempt.response_body) <= 16 * 1024 + 1


async def test_a_receiver_that_is_not_there_is_told(rig: Rig, receiver: Receiver, unused_tcp_port: int) -> None:
    made = await rig.subscribe(f"http://127.0.0.1:{unused_tcp_port}/", retry=ONCE)
    attempt = await deliver(rig, made.record)
    assert attempt.status is None
    assert "refused" in attempt.error
    assert attempt.address == "127.0.0.1"


async def test_a_forbidden_address_is_not_dialled(rig: Rig) -> None:
    made = await rig.subscribe("http://127.0.0.1:1/", retry=ONCE)
    spec = made.record.spec.model_copy(update={"url": "http://10.0.0.5/"})
    record = await rig.store.outbound.change_subscription(rig.org, made.record.id, SubscriptionChange(spec=spec))
    attempt = await deliver(rig, record)
    assert attempt.refused
    assert "address 10.0.0.5 is private" in attempt.error
    assert "HUB_EGRESS_ALLOW" in attempt.error
    (delivery,) = await rig.deliveries()
    assert delivery.error == "address refused"


async def test_secrets_in_overlap_all_sign(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url)
    rotated = await still.outbound.registry.rotate(still.current(made), overlap_seconds=100)
    await deliver(still, made.record)
    assert len(receiver.got[-1].headers["webhook-signature"].split()) == 2
    still.clock.advance(100)
    await deliver(still, made.record)
    assert len(receiver.got[-1].headers["webhook-signature"].split()) == 1
    assert rotated.secret != made.secret


async def test_nothing_goes_out_unsigned_because_secrets_expired(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url, retry=ONCE)
    await still.outbound.registry.rotate(still.current(made), overlap_seconds=10)
    current = still.current(made)
    lasting = SecretsChange(remove=[each.id for each in current.secrets if each.expires is None])
    await still.store.outbound.change_subscription(still.org, current.id, SubscriptionChange(secrets=lasting))
    still.clock.advance(20)
    attempt = await deliver(still, made.record)
    assert attempt.error == "not sent: every signing secret has expired"
    assert receiver.got == []


async def test_a_certificate_is_checked_unless_told_otherwise(rig: Rig, serve: Serve, pem: Callable[..., Pem]) -> None:
    own = pem()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.path)
    receiver = Receiver()
    async with serve([receiver], ssl=context):
        url = receiver.url.replace("127.0.0.1", "localhost")
        strict = await rig.subscribe(url, retry=ONCE)
        attempt = await deliver(rig, strict.record)
        assert "certificate" in attempt.error
        assert receiver.got == []
        await rig.outbound.registry.delete(rig.current(strict))
        trusting = await rig.subscribe(url, tls={"ca": own.certificate})
        assert (await deliver(rig, trusting.record)).error == ""
        await rig.outbound.registry.delete(rig.current(trusting))
        lax = await rig.subscribe(url, ssl_verification=False)
        assert (await deliver(rig, lax.record)).error == ""


async def test_an_expired_certificate_is_told_with_its_date(rig: Rig, serve: Serve, pem: Callable[..., Pem]) -> None:
    old = pem(start=-10, days=-2)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(old.path)
    receiver = Receiver()
    async with serve([receiver], ssl=context):
        url = receiver.url.replace("127.0.0.1", "localhost")
        made = await rig.subscribe(url, retry=ONCE, tls={"ca": old.certificate})
        attempt = await deliver(rig, made.record)
        assert "certificate expired on" in attempt.error


async def test_a_client_certificate_is_shown(rig: Rig, serve: Serve, pem: Callable[..., Pem]) -> None:
    own, mine = pem(), pem("hub", client=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=mine.certificate)
    receiver = Receiver()
    async with serve([receiver], ssl=context):
        made = await rig.subscribe(
            receiver.url.replace("127.0.0.1", "localhost"),
            retry=ONCE,
            tls={"ca": own.certificate, "client_certificate": mine.certificate},
            tls_key=mine.key,
        )
        attempt = await deliver(rig, made.record)
        assert attempt.error == ""
        assert mine.key not in repr(rig.current(made))


def _signed_by(secret: str, got: Received, scheme: str) -> bool:
    """Whether the header of a scheme proves that `secret` signed the body."""
    if scheme == "bearer":
        return got.headers["authorization"] == f"Bearer {secret}"
    header = {"github": "x-hub-signature-256", "hmac-sha256": "x-webhook-signature"}[scheme]
    digest = hmac.new(secret.encode(), got.body, "sha256").hexdigest()
    return got.headers[header].removeprefix("sha256=") == digest


@pytest.mark.parametrize("scheme", ["github", "hmac-sha256", "bearer"])
async def test_where_one_secret_signs_it_is_the_old_one_until_the_overlap_ends(
    still: Rig, receiver: Receiver, scheme: str
) -> None:
    made = await still.subscribe(receiver.url, scheme=scheme, secret="the first secret")
    registry = still.outbound.registry
    await registry.rotate(still.current(made), overlap_seconds=100, secret="the second secret")
    still.clock.advance(50)
    await registry.rotate(still.current(made), overlap_seconds=100, secret="the third secret")
    for number, (wait, signer) in enumerate(((0, "first"), (50, "second"), (50, "third")), 1):
        still.clock.advance(wait)
        await still.publish()
        await receiver.until(number)
        assert _signed_by(f"the {signer} secret", receiver.got[-1], scheme)


@pytest.mark.parametrize("scheme", ["github", "hmac-sha256", "bearer"])
async def test_the_new_secret_signs_at_once_where_it_is_chosen(still: Rig, receiver: Receiver, scheme: str) -> None:
    made = await still.subscribe(receiver.url, scheme=scheme, secret="the first secret")
    registry = still.outbound.registry
    await registry.rotate(still.current(made), overlap_seconds=100, secret="the second secret", sign_with="new")
    await still.publish()
    await receiver.until(1)
    assert _signed_by("the second secret", receiver.got[-1], scheme)
    current = still.current(made)
    await registry.update(current, current.spec.model_copy(update={"sign_with": "old"}))
    await still.publish()
    await receiver.until(2)
    assert _signed_by("the first secret", receiver.got[-1], scheme)


@pytest.mark.parametrize(("event", "header"), [("issues.opened", "issues.opened"), ("größer", "gr%C3%B6%C3%9Fer")])
async def test_the_github_scheme_names_event_and_delivery(
    rig: Rig, receiver: Receiver, event: str, header: str
) -> None:
    await rig.subscribe(receiver.url, event, scheme="github", secret="a secret")
    published = await rig.publish(event_type=event)
    (got,) = await receiver.until(1)
    assert got.headers["x-github-event"] == header
    assert got.headers["x-github-delivery"] == got.headers["webhook-id"] == write_id("msg", published.id)
