"""Asymmetric keys, in the forms in which vendors publish them, and their signatures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

__all__ = ["Algorithm", "check_key", "sign_with", "verifies"]

Algorithm = Literal["ed25519", "ecdsa-sha256", "rsa-sha256"]
"""Algorithms of signatures."""

_PUBLIC, _PRIVATE = 32, 64
_LEAST_RSA_BITS = 1024


def verifies(algorithm: Algorithm, key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether `signature` is a signature of `content` for `key`; False also for a key that cannot be read."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        public = _public(algorithm, key)
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, content)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, content, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_with(algorithm: Algorithm, key: bytes, content: bytes) -> bytes:
    """The signature of `content`.

    Raises:
        ValueError: The key is not a private key for this algorithm.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    private = _private(key)
    if algorithm == "ed25519" and isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(content)
    if algorithm == "ecdsa-sha256" and isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(content, ec.ECDSA(hashes.SHA256()))
    if algorithm == "rsa-sha256" and isinstance(private, rsa.RSAPrivateKey):
        return private.sign(content, padding.PKCS1v15(), hashes.SHA256())
    raise ValueError(f"signing with {algorithm} needs a private key for it")


def check_key(algorithm: Algorithm, key: bytes) -> None:
    """Raise ValueError, which says what is expected, unless `key` can verify signatures of `algorithm`."""
    _public(algorithm, key)


@lru_cache(maxsize=1024)
def _public(algorithm: Algorithm, key: bytes) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    private = _private(key)
    public = private.public_key() if private is not None else _read_public(key)
    kind = {
        "ed25519": ed25519.Ed25519PublicKey,
        "ecdsa-sha256": ec.EllipticCurvePublicKey,
        "rsa-sha256": rsa.RSAPublicKey,
    }[algorithm]
    if not isinstance(public, kind):
        raise ValueError(f"the key is not a key for {algorithm}")  # noqa: TRY004 - the bytes of the key are wrong, not a type
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        raise ValueError(f"an RSA key of {public.key_size} bits is too short: at least {_LEAST_RSA_BITS} are needed")
    return public


@lru_cache(maxsize=1024)
def _private(key: bytes) -> PrivateKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if len(key) == _PRIVATE:
        return ed25519.Ed25519PrivateKey.from_private_bytes(key[:_PUBLIC])
    read = serialization.load_pem_private_key if b"-----BEGIN" in key else serialization.load_der_private_key
    try:
        return read(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _read_public(key: bytes) -> PublicKeyTypes:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        if len(key) == _PUBLIC:
            return ed25519.Ed25519PublicKey.from_public_bytes(key)
        if b"-----BEGIN CERTIFICATE" in key:
            return x509.load_pem_x509_certificate(key).public_key()
        if b"-----BEGIN" in key:
            return serialization.load_pem_public_key(key)
        return _read_der(key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("the key is neither PEM nor DER of a public key or certificate") from error


def _read_der(key: bytes) -> PublicKeyTypes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_der_public_key(key)
    except ValueError:
        return x509.load_der_x509_certificate(key).public_key()
