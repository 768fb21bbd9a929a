"""The vendor's side: throw-away secrets, and recorded requests signed with them as the vendor would."""

from __future__ import annotations

import base64
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from hub.model.wire.request import Request
from hub.model.wire.secret import Credential, Secret
from hub.sdk.context import Fetch, Source
from hub.sdk.recorded import Recording
from hub.sdk.schemes.keys import Algorithm
from hub.sdk.schemes.public_key import PublicKey
from hub.sdk.schemes.scheme import Scheme, can_sign
from hub.sdk.vendor import Vendor
from hub.testing.requests import MOMENT, URL, new_request, new_source

__all__ = ["OutgoingMessage", "Sender", "Signing", "by_scheme", "package_of", "packaged_signing", "parts_of"]

Signing = Callable[[Recording, Sequence[Secret], datetime, str], Recording]
"""(recorded request, secrets, moment, public URL without query) -> the request as the vendor would send it."""

SENDER_MODULE = "sender"
"""Module of a plugin's package with a function `signed` (see `Signing`), for schemes that only verify."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message about to be signed (`hub.Outgoing`)."""

    id: str
    url: str
    body: bytes
    at: datetime
    type: str = "event"


class Sender:
    """Makes the requests that a vendor sends.

    Args:
        vendor: The vendor.
        settings: Settings of the source.
        secrets: Slot -> the text that an operator pastes; other slots get throw-away values (key pairs for public-key
            schemes, of which only the sender has the private key).
        signing: How a request is signed; by default the plugin's own `sender.signed`, else the vendor's scheme.

    Attributes:
        pasted: Slot -> text for the source, as an operator pastes it.
        keys: The secrets that the sender signs with.

    Raises:
        ValueError: A secret is not of its credential's kind, or the settings are invalid.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        signing: Signing | None = None,
    ) -> None:
        self.vendor = vendor
        self._given = (settings, signing)
        self.settings = vendor.settings.model_validate(dict(settings or {})) if vendor.settings is not None else None
        self.scheme = vendor.scheme_for(self.settings)
        self._signing = signing or packaged_signing(vendor) or partial(by_scheme, vendor, self.scheme)
        self.pasted: dict[str, str] = {}
        keys: list[Secret] = []
        algorithms = {one.slot: one.algorithm for one in parts_of(self.scheme) if isinstance(one, PublicKey)}
        for credential in vendor.credentials:
            slot = credential.slot
            given = (secrets or {}).get(slot)
            if given is None and slot in algorithms and credential.kind != "whsk":
                self.pasted[slot], private = _key_pair(algorithms[slot], credential)
                keys.append(Secret(f"sec_{slot}", slot, private))
                continue
            self.pasted[slot] = text = credential.generate() if given is None else given
            keys.append(Secret(f"sec_{slot}", slot, credential.decode(text)))
        self.keys = tuple(keys)

    def twin(self) -> Sender:
        """The same sender for another source, with other secrets."""
        settings, signing = self._given
        return Sender(self.vendor, settings=settings, signing=signing)

    def source(self, *, fetch: Fetch | None = None) -> Source:
        """The source that this sender sends to, with its secrets."""
        held = tuple(
            Secret(f"sec_{one.slot}", one.slot, one.decode(self.pasted[one.slot])) for one in self.vendor.credentials
        )
        return new_source(*held, settings=self.settings, fetch=fetch)

    def signed(self, recording: Recording, at: datetime = MOMENT, url: str = URL) -> Recording:
        """A recorded request, signed; an unsigned handshake stays as it is.

        Raises:
            TypeError: The scheme only verifies, and there is no function that signs.
        """
        return self._signing(recording, self.keys, at, url) if recording.verified else recording

    def request(self, recording: Recording, at: datetime = MOMENT, *, id: str = "req_test") -> Request:  # noqa: A002 - the attribute's name
        """A recorded request, signed, as it arrives at the time it is sent."""
        sent = self.signed(recording, at)
        return new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=at, id=id)


def by_scheme(
    vendor: Vendor, scheme: Scheme, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str
) -> Recording:
    """A recorded request with the headers that the vendor's scheme adds.

    Raises:
        TypeError: The scheme only verifies.
    """
    signer = next((one for one in parts_of(scheme) if can_sign(one)), None)
    if signer is None:
        for one in parts_of(scheme):
            if isinstance(name := getattr(one, "query", None), str):
                return _in_query(recording, name, secrets, getattr(one, "slot", "signing"))
        raise TypeError(
            f"the scheme of {vendor.name} only verifies: say how {vendor.title} signs, in a function "
            f"signed(recording, secrets, at, url) in <package>/{SENDER_MODULE}.py or on the contract's class"
        )
    slot = getattr(signer, "slot", None)
    usable = [one for one in secrets if slot in (None, one.slot)]
    whole = f"{url}?{recording.query}" if recording.query else url
    message = OutgoingMessage("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", whole, recording.body, at)
    return replace(recording, headers={**recording.headers, **signer.sign(message, usable)})


def _in_query(recording: Recording, name: str, secrets: Sequence[Secret], slot: str) -> Recording:
    value = next(one.value for one in secrets if one.slot == slot)
    token = f"{quote(name)}={quote(value.decode(), safe='')}"
    return replace(recording, query=f"{recording.query}&{token}" if recording.query else token)


def packaged_signing(vendor: Vendor) -> Signing | None:
    """The function `signed` in the sender module of the vendor's package, None if there is none."""
    package = package_of(vendor)
    if package is None:
        return None
    name = f"{package}.{SENDER_MODULE}"
    if importlib.util.find_spec(name) is None:
        return None
    found: Signing | None = getattr(importlib.import_module(name), "signed", None)
    return found


def package_of(vendor: Vendor) -> str | None:
    """The top-level package that a vendor's `read` is defined in, None if that is a module outside a package."""
    module = getattr(vendor.read, "__module__", None)
    package = module.partition(".")[0] if isinstance(module, str) else "__main__"
    return package if hasattr(sys.modules.get(package), "__path__") else None


def parts_of(scheme: Scheme) -> Iterator[Scheme]:
    """The schemes that `AnyOf` combines, or the scheme itself."""
    inner = getattr(scheme, "schemes", None)
    if isinstance(inner, tuple):
        for one in inner:
            yield from parts_of(one)
    else:
        yield scheme


def _key_pair(algorithm: Algorithm, credential: Credential) -> tuple[str, bytes]:
    """The public key as an operator pastes it, and the private key as signing needs it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        if credential.kind in ("hex", "base64"):
            pasted = raw.hex() if credential.kind == "hex" else base64.b64encode(raw).decode()
            return pasted, key.private_bytes_raw() + raw
    other = {"ecdsa-sha256": lambda: ec.generate_private_key(ec.SECP256R1())}
    private: Any = (
        key if algorithm == "ed25519" else other.get(algorithm, lambda: rsa.generate_private_key(65537, 2048))()
    )
    pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    if credential.kind == "text":
        pasted = private.public_key().public_bytes(pem, form).decode()
    else:
        der = private.public_key().public_bytes(serialization.Encoding.DER, form)
        pasted = der.hex() if credential.kind == "hex" else base64.b64encode(der).decode()
    return pasted, private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
