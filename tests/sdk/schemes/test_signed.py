"""Signed schemes: what one signs it verifies, and whatever is altered is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Reject
from hub.model.wire.request import Request
from hub.model.wire.secret import Credential, Secret
from hub.sdk.context import Source
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.public_key import PublicKey
from hub.sdk.schemes.scheme import Scheme, can_sign
from hub.sdk.schemes.signed import MAX_SIGNATURES, Signed
from hub.sdk.schemes.standard import CORE_CREDENTIALS, CORE_SCHEMES
from hub.sdk.schemes.token import Token
from tests.narrowing import granted

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]
MakeMessage = Callable[..., Any]

NOW = 1_767_225_600


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, encoding: Encoding = Encoding.PEM) -> bytes:
    return key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


ECDSA = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
STRIPE = Hmac(header="stripe-signature", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}")
SLACK = Hmac(header="x-slack-signature", prefix="v0=", timestamp="x-stamp", content="v0:{timestamp}:{body}")

SCHEMES: Mapping[str, tuple[Signed, bytes]] = {
    **{
        name: (scheme, CORE_CREDENTIALS.get(name, Credential()).decode(text))
        for name, scheme in CORE_SCHEMES.items()
        if isinstance(scheme, Signed)
        for text in [CORE_CREDENTIALS.get(name, Credential()).generate()]
    },
    "slack": (SLACK, b"slack"),
    "stripe": (STRIPE, b"whsec_as_text"),
    "several headers": (Hmac(header="x-docusign-signature-*", encoding="base64"), b"docusign"),
    "sha1": (Hmac(header="x-sig", prefix="sha1=", digest="sha1"), b"k"),
    "sha512 of url and query": (Hmac(header="x-sig", content="{url}|{query}|{body}", digest="sha512"), b"k"),
    "milliseconds": (Hmac(header="x-sig", timestamp="x-at", clock="ms", content="{timestamp}{body}"), b"k"),
    "iso": (Hmac(header="x-sig", timestamp="x-at", clock="iso", content="{timestamp}.{body}"), b"k"),
    "ed25519": (
        PublicKey(header="x-sig", timestamp="x-at", content="{timestamp}{body}"),
        Credential(kind="whsk").decode(Credential(kind="whsk").generate()),
    ),
    "ecdsa": (PublicKey(header="x-sig", algorithm="ecdsa-sha256", encoding="base64"), _private(ECDSA)),
    "rsa": (PublicKey(header="x-sig", algorithm="rsa-sha256", encoding="base64"), _private(RSA, Encoding.DER)),
}

every_scheme = pytest.mark.parametrize("name", SCHEMES)


@every_scheme
@settings(max_examples=25)
@given(body=st.binary(max_size=60), data=st.data())
def test_what_a_scheme_signs_it_verifies_and_every_altered_byte_is_refused(
    make_request: MakeRequest,
    make_source: MakeSource,
    make_message: MakeMessage,
    name: str,
    body: bytes,
    data: st.DataObject,
) -> None:
    scheme, key = SCHEMES[name]
    source = make_source(b"k" * 64 if name.endswith("ed25519") else b"retired", key)
    headers = dict(scheme.sign(make_message(body=body), source.secrets()[1:]))
    assert scheme.verify(make_request(body, headers), source).secret is source.secrets()[1]
    if body:
        with pytest.raises(Reject):
            scheme.verify(make_request(_altered(data, body), headers), source)
    with pytest.raises(Reject):
        scheme.verify(make_request(body + b"\x00", headers), source)
    victim = data.draw(st.sampled_from(_proving(headers)))
    changed = headers | {victim: _altered(data, headers[victim].encode()).decode("latin-1")}
    with pytest.raises(Reject) as caught:
        scheme.verify(make_request(body, changed), source)
    assert caught.value.status == 401


def _proving(headers: Mapping[str, str]) -> list[str]:
    """The headers that are verified. GitHub does not sign those of event and delivery."""
    return sorted(name for name in headers if not name.startswith("x-github-"))


def _altered(data: st.DataObject, original: bytes) -> bytes:
    position = data.draw(st.integers(0, len(original) - 1))
    flip = data.draw(st.integers(1, 255))
    return original[:position] + bytes([original[position] ^ flip]) + original[position + 1 :]


@every_scheme
def test_missing_and_doubled_headers_are_refused(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage, name: str
) -> None:
    scheme, key = SCHEMES[name]
    source = make_source(key)
    headers = scheme.sign(make_message(), source.secrets())
    for victim, value in ((name, headers[name]) for name in _proving(headers)):
        rest = [pair for pair in headers.items() if pair[0] != victim]
        for broken in (rest, [*headers.items(), (victim, value)], [*rest, (victim, "")]):
            with pytest.raises(Reject) as caught:
                scheme.verify(make_request(b"{}", broken), source)
            assert caught.value.status == 401


@every_scheme
def test_no_live_secret_or_an_empty_one_refuses(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage, name: str
) -> None:
    scheme, key = SCHEMES[name]
    headers = scheme.sign(make_message(), make_source(key).secrets())
    for source in (make_source(), make_source(b""), make_source(key, slot="another")):
        with pytest.raises(Reject, match="no live secret"):
            scheme.verify(make_request(b"{}", headers), source)
    with pytest.raises(ValueError, match="no secret"):
        scheme.sign(make_message(), [])
    with pytest.raises(ValueError, match="no secret"):
        scheme.sign(make_message(), [Secret("s", "signing", b"")])


def test_a_signature_under_an_empty_key_is_never_accepted(make_request: MakeRequest, make_source: MakeSource) -> None:
    forged = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    with pytest.raises(Reject):
        Hmac(header="x-sig").verify(make_request(b"{}", {"x-sig": forged}), make_source(b""))


@every_scheme
def test_a_stale_or_future_message_is_refused_where_there_is_a_timestamp(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage, name: str
) -> None:
    scheme, key = SCHEMES[name]
    source = make_source(key)
    headers = scheme.sign(make_message(), source.secrets())
    for offset in (-300, 0, 300):
        assert scheme.verify(make_request(b"{}", headers, at=NOW + offset), source).secret
    for offset, said in ((-301, "in the future"), (301, "s old")):
        request = make_request(b"{}", headers, at=NOW + offset)
        if scheme.timestamp is None:
            assert scheme.verify(request, source).secret
        else:
            with pytest.raises(Reject, match=said):
                scheme.verify(request, source)


STAMPS = ["", " ", "abc", "-1", "+1767225600", " 1767225600", "1_767_225_600", "1767225600,1767225600", "1e9", "nan",
          "inf", "0x69", "\u0661\u0667", "9" * 40, "1767225600\xff", "T", "2026-13-01T00:00:00Z"]  # fmt: skip


@pytest.mark.parametrize("stamp", STAMPS)
@pytest.mark.parametrize("scheme", [SLACK, STRIPE], ids=["header", "inside"])
def test_a_timestamp_that_is_no_moment_is_refused_even_when_it_is_signed(
    make_request: MakeRequest, make_source: MakeSource, scheme: Hmac, stamp: str
) -> None:
    raw = stamp.encode("latin-1", "ignore")
    content = (b"v0:" + raw + b":{}") if scheme is SLACK else raw + b".{}"
    signature = hmac.new(b"k", content, hashlib.sha256).hexdigest()
    headers = (
        {"x-slack-signature": f"v0={signature}", "x-stamp": stamp}
        if scheme is SLACK
        else {"stripe-signature": f"t={stamp},v1={signature}"}
    )
    with pytest.raises(Reject) as caught:
        scheme.verify(make_request(b"{}", headers), make_source(b"k"))
    assert caught.value.status == 401


MOMENTS = ["1767225600", "1767225600.25", "1767225600000", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00",
           "2026-01-01T01:00:00.123456789+01:00", "20260101T000000Z"]  # fmt: skip


@pytest.mark.parametrize("stamp", MOMENTS)
def test_every_way_to_write_a_moment_is_read(make_request: MakeRequest, make_source: MakeSource, stamp: str) -> None:
    scheme = Hmac(header="x-sig", timestamp="x-at", content="{timestamp}|{body}")
    signature = hmac.new(b"k", f"{stamp}|{{}}".encode(), hashlib.sha256).hexdigest()
    assert scheme.verify(make_request(b"{}", {"x-sig": signature, "x-at": stamp}), make_source(b"k")).secret


HEX = hmac.new(b"k", b"{}", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (HEX, "starts with"),
        (f"SHA256={HEX}", "starts with"),
        (f" sha256={HEX}", "starts with"),
        (f"sha256={HEX.upper()}", "no signature matches"),
        (f"sha256={HEX} ", "no signature matches"),
        (f"sha256={HEX},sha256={HEX}", "no signature matches"),
        (f"sha256={HEX[:-1]}", "no signature matches"),
        ("sha256=", "no signature matches"),
        ("sha256=\xff\xfe", "no signature matches"),
        ("sha256=\u20ac", "no signature matches"),
        ("", "is missing"),
    ],
)
def test_a_signature_that_is_not_written_exactly_so_is_refused(
    make_request: MakeRequest, make_source: MakeSource, value: str, said: str
) -> None:
    with pytest.raises(Reject, match=said) as caught:
        Hmac(header="x-sig", prefix="sha256=").verify(make_request(b"{}", {"x-sig": value}), make_source(b"k"))
    assert caught.value.status == 401


@given(st.text(max_size=80))
def test_no_signature_header_does_worse_than_refuse(
    make_request: MakeRequest, make_source: MakeSource, value: str
) -> None:
    for scheme, key in SCHEMES.values():
        headers = {"x-sig": value, "x-at": "1767225600", "x-stamp": value, "webhook-id": value}
        headers |= {"stripe-signature": f"t=1767225600,v1={value}", "webhook-signature": value}
        with pytest.raises(Reject):
            scheme.verify(make_request(b"{}", headers), make_source(key))


def test_base64_that_is_not_canonical_is_refused_for_public_keys_too(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage
) -> None:
    scheme, key = SCHEMES["ecdsa"]
    good = scheme.sign(make_message(), make_source(key).secrets())["x-sig"]
    assert scheme.verify(make_request(b"{}", {"x-sig": good}), make_source(key)).secret
    for bad in (good.rstrip("=") + "====", good + "\n", good.replace("+", "-") + " "):
        with pytest.raises(Reject):
            scheme.verify(make_request(b"{}", {"x-sig": bad}), make_source(key))


def test_any_of_several_signatures_under_any_live_secret_is_enough(
    make_request: MakeRequest, make_source: MakeSource
) -> None:
    good = hmac.new(b"new", b"1767225600.{}", hashlib.sha256).hexdigest()
    source = make_source(b"old", b"new")
    headers = {"stripe-signature": f"t=1767225600, v0={'0' * 64}, v1={'0' * 64}, v1={good}"}
    assert STRIPE.verify(make_request(b"{}", headers), source).secret is source.secrets()[1]


def test_every_live_secret_signs_where_there_is_room(make_source: MakeSource, make_message: MakeMessage) -> None:
    secrets = make_source(b"new", b"old").secrets()
    assert STRIPE.sign(make_message(), secrets)["stripe-signature"].count("v1=") == 2
    several = SCHEMES["several headers"][0].sign(make_message(), secrets)
    assert sorted(several) == ["x-docusign-signature-1", "x-docusign-signature-2"]
    alone = Hmac(header="x-sig").sign(make_message(), secrets)["x-sig"]
    assert alone == hmac.new(b"new", b"{}", hashlib.sha256).hexdigest()


def test_a_flood_of_signatures_is_refused_unread(make_request: MakeRequest, make_source: MakeSource) -> None:
    many = ",".join(["t=1767225600", *[f"v1={'0' * 64}"] * (MAX_SIGNATURES + 1)])
    with pytest.raises(Reject, match="more than"):
        STRIPE.verify(make_request(b"{}", {"stripe-signature": many}), make_source(b"k"))


def test_two_timestamps_inside_the_signature_are_refused(make_request: MakeRequest, make_source: MakeSource) -> None:
    good = hmac.new(b"k", b"1767225600.{}", hashlib.sha256).hexdigest()
    for stamps in ("t=1767225600,t=1767225600", "x=1"):
        with pytest.raises(Reject, match="timestamp"):
            STRIPE.verify(make_request(b"{}", {"stripe-signature": f"{stamps},v1={good}"}), make_source(b"k"))


def test_an_id_that_could_be_read_in_another_way_is_refused(make_request: MakeRequest, make_source: MakeSource) -> None:
    scheme = CORE_SCHEMES["standard"]
    content = b"msg_1.1767225600.1767225600.{}"
    signature = "v1," + base64.b64encode(hmac.new(b"k" * 24, content, hashlib.sha256).digest()).decode()
    for identity, stamp in (("msg_1.1767225600", "1767225600"), ("msg_1", "1767225600.1767225600")):
        headers = {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": signature}
        with pytest.raises(Reject):
            scheme.verify(make_request(b"{}", headers), make_source(b"k" * 24))


def test_a_header_with_bytes_beyond_ascii_is_signed_as_it_came(
    make_request: MakeRequest, make_source: MakeSource
) -> None:
    scheme = Hmac(header="x-sig", id="x-id", content="{id}:{body}")
    signature = hmac.new(b"k", b"caf\xe9:{}", hashlib.sha256).hexdigest()
    assert scheme.verify(make_request(b"{}", {"x-sig": signature, "x-id": "caf\xe9"}), make_source(b"k")).secret


def test_functions_stand_in_for_data_and_make_a_scheme_verify_only(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage
) -> None:
    scheme = Hmac(
        header=lambda request: [request.json()["signature"], "not this one"],
        content=lambda request: [b"other", request.json()["token"].encode()],
        timestamp=lambda request: request.json()["at"],
    )
    mac = hmac.new(b"k", b"tok", hashlib.sha256).hexdigest()
    body = f'{{"signature": "{mac}", "token": "tok", "at": %s}}'
    assert scheme.verify(make_request((body % "1767225600000").encode()), make_source(b"k")).secret
    with pytest.raises(Reject, match="s old"):
        scheme.verify(make_request((body % "17672256").encode()), make_source(b"k"))
    with pytest.raises(Reject, match="cannot be read"):
        scheme.verify(make_request((body % "null").encode()), make_source(b"k"))
    assert not can_sign(scheme)
    with pytest.raises(TypeError, match="only verifies"):
        scheme.sign(make_message(), make_source(b"k").secrets())


def test_content_from_a_function_may_be_plain_bytes(make_request: MakeRequest, make_source: MakeSource) -> None:
    scheme = Hmac(header="x-sig", content=lambda request: request.body + b"!")
    mac = hmac.new(b"k", b"{}!", hashlib.sha256).hexdigest()
    assert scheme.verify(make_request(b"{}", {"x-sig": mac}), make_source(b"k")).secret


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"header": "x sig"}, "not the name of a header"),
        ({"header": "x-sig", "content": "{nonce}"}, "is none of"),
        ({"header": "x-sig", "content": "{body"}, "expected|Single|\\{"),
        ({"header": "x-sig", "content": "{body!r}"}, "is none of"),
        ({"header": "x-sig", "content": "{id}.{body}"}, "name its header"),
        ({"header": "x-sig", "content": "{timestamp}.{body}"}, "say where it is"),
        ({"header": "x-sig", "timestamp": "x-at"}, "not part of content"),
        ({"header": "x-sig", "timestamp": "t=", "content": "{timestamp}{body}"}, "needs header and split"),
        ({"header": "x-sig", "split": ""}, "split"),
        ({"header": "x-sig", "encoding": "base32"}, "not an encoding"),
        ({"header": "x-sig", "digest": "md17"}, "not a digest"),
        ({"header": "x-sig", "digest": "shake_128"}, "not a digest"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(description: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Hmac(**description)


def test_an_unknown_algorithm_is_refused() -> None:
    algorithm: Any = "rsa-md5"
    with pytest.raises(ValueError, match="not an algorithm"):
        PublicKey(header="x-sig", algorithm=algorithm)


def test_a_scheme_says_what_of_the_body_it_covers() -> None:
    assert Hmac(header="x-sig").covers == "all"
    assert Hmac(header="x-sig", id="x-id", content="{id}").covers == "none"
    assert Hmac(header="x-sig", content=lambda request: request.body[:9], covers="part").covers == "part"


def test_schemes_with_the_same_description_are_equal() -> None:
    assert Hmac(header="X-Sig") == Hmac(header="x-sig")
    assert Hmac(header="x-sig") != Hmac(header="x-sig", prefix="v1=")


@pytest.mark.parametrize("name", CORE_SCHEMES)
def test_every_core_scheme_signs_with_what_its_credential_generates(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage, name: str
) -> None:
    scheme: Scheme = CORE_SCHEMES[name]
    credential = CORE_CREDENTIALS.get(name, Credential())
    source = make_source(credential.decode(credential.generate()))
    headers = scheme.sign(make_message(), source.secrets())
    assert granted(scheme, make_request(b"{}", headers), source).secret


def test_public_keys_are_read_in_every_published_form(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage
) -> None:
    for name, key in (("ecdsa", ECDSA), ("rsa", RSA)):
        scheme = SCHEMES[name][0]
        headers = scheme.sign(make_message(), make_source(_private(key)).secrets())
        for encoding in (Encoding.PEM, Encoding.DER):
            public = key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
            assert scheme.verify(make_request(b"{}", headers), make_source(public)).secret


def test_a_key_of_another_kind_refuses_and_cannot_sign(
    make_request: MakeRequest, make_source: MakeSource, make_message: MakeMessage
) -> None:
    headers = SCHEMES["ecdsa"][0].sign(make_message(), make_source(_private(ECDSA)).secrets())
    for key in (_private(RSA), b"-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----", b"\x00" * 32, b"junk"):
        with pytest.raises(Reject, match="no signature matches"):
            SCHEMES["ecdsa"][0].verify(make_request(b"{}", headers), make_source(key))
    public = ECDSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for key in (public, _private(RSA)):
        with pytest.raises(ValueError, match="needs a private key"):
            SCHEMES["ecdsa"][0].sign(make_message(), make_source(key).secrets())


def test_a_token_is_no_signature_but_signs_like_one(make_source: MakeSource, make_message: MakeMessage) -> None:
    assert Token(header="authorization", prefix="Bearer ").sign(make_message(), make_source(b"t").secrets()) == {
        "authorization": "Bearer t"
    }
