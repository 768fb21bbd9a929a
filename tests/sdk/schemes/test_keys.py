"""Keys in the forms in which vendors publish them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hub.sdk.schemes.keys import Algorithm, check_key, sign_with, verifies

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

KEYS: dict[Algorithm, Private] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa-sha256": ec.generate_private_key(ec.SECP256R1()),
    "rsa-sha256": rsa.generate_private_key(65537, 2048),
}


def forms(key: Private) -> list[bytes]:
    """PEM and DER of public key, private key and a certificate."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.example")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    )
    return [
        form
        for encoding in (Encoding.PEM, Encoding.DER)
        for form in (
            key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo),
            key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()),
            certificate.public_bytes(encoding),
        )
    ]


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_form_of_a_key_verifies(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signature = sign_with(algorithm, private, b"content")
    for form in forms(key):
        check_key(algorithm, form)
        assert verifies(algorithm, form, signature, b"content")
        assert not verifies(algorithm, form, signature, b"Content")
        assert not verifies(algorithm, form, signature[:-1], b"content")
        assert not verifies(algorithm, form, b"", b"content")


def test_a_key_of_another_kind_verifies_nothing() -> None:
    for algorithm, key in KEYS.items():
        for other in KEYS:
            if other != algorithm:
                public = forms(key)[0]
                with pytest.raises(ValueError, match=f"not a key for {other}"):
                    check_key(other, public)
                assert not verifies(other, public, b"x" * 64, b"content")


def test_a_short_rsa_key_is_refused() -> None:
    weak = (
        b"-----BEGIN PUBLIC KEY-----\n"
        b"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
        b"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n"
        b"-----END PUBLIC KEY-----\n"
    )
    with pytest.raises(ValueError, match="512 bits"):
        check_key("rsa-sha256", weak)


@pytest.mark.parametrize("junk", [b"x", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"])
def test_junk_is_no_key(junk: bytes) -> None:
    with pytest.raises(ValueError, match="neither PEM nor DER"):
        check_key("rsa-sha256", junk)
    assert not verifies("rsa-sha256", junk, b"x", b"content")
    with pytest.raises(ValueError, match="needs a private key"):
        sign_with("rsa-sha256", junk, b"content")
