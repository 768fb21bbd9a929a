"""The sender signs as the vendor would: with keys that it alone has, or as the plugin says."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from hub import (
    AnyOf,
    Check,
    Credential,
    Event,
    Grant,
    Hmac,
    PublicKey,
    Recording,
    Reject,
    Request,
    Secret,
    Source,
    Standard,
    Token,
    Vendor,
)
from hub.testing import Sender

BODY = Recording(name="one", body=b'{"a": 1}', query="x=1")


def read(request: Request, source: Source) -> list[Event]:
    return []


def acme(**parts: Any) -> Vendor:
    return Vendor(**{"name": "acme", "title": "Acme", "read": read, **parts})


def verified(sender: Sender, recording: Recording = BODY) -> Grant:
    grant = sender.scheme.verify(sender.request(recording), sender.source())
    assert isinstance(grant, Grant)
    return grant


@pytest.mark.parametrize("kind", ["text", "hex", "base64"])
@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-sha256", "rsa-sha256"])
def test_a_key_pair_is_made_in_the_form_that_is_pasted(algorithm: Any, kind: Any) -> None:
    scheme = PublicKey(header="x-signature", algorithm=algorithm)
    sender = Sender(acme(verify=scheme, credentials=(Credential(kind=kind, public=True),)))
    assert verified(sender).secret is not None
    assert sender.keys[0].value != sender.source().secrets()[0].value, "the private half stays with the sender"
    with pytest.raises(Reject):
        sender.scheme.verify(sender.twin().request(BODY), sender.source())


@pytest.mark.parametrize(
    "parts",
    [
        {"verify": Hmac(header="x-signature")},
        {"verify": Standard(), "credentials": (Credential(kind="whsec"),)},
        {"verify": Standard(asymmetric=True), "credentials": (Credential(kind="whsk"),)},
        {"verify": Token(header="authorization", prefix="Bearer ")},
        {"verify": Token(query="token")},
        {"verify": AnyOf(Check(lambda request, source: source.secrets("none")[0], covers="all"), Token(query="key"))},
    ],
    ids=["hmac", "standard", "ed25519", "header", "query", "any of"],
)
def test_what_a_scheme_can_sign_is_signed(parts: Any) -> None:
    sender = Sender(acme(**parts))
    assert verified(sender).secret is not None
    assert verified(sender, Recording(name="bare")).secret is not None
    with pytest.raises(Reject):
        sender.scheme.verify(sender.twin().request(BODY), sender.source())


def test_a_given_secret_is_used_and_must_be_of_its_kind() -> None:
    sender = Sender(acme(verify=Hmac(header="x-signature")), secrets={"signing": "mine"})
    assert sender.pasted == {"signing": "mine"}
    assert sender.keys[0].value == b"mine"
    with pytest.raises(ValueError, match="hex digits"):
        Sender(acme(verify=Token(header="x"), credentials=(Credential(kind="hex"),)), secrets={"signing": "mine"})


def test_settings_choose_the_scheme() -> None:
    class Settings(BaseModel):
        header: str

    vendor = acme(verify=lambda settings: Token(header=settings.header), settings=Settings)
    sender = Sender(vendor, settings={"header": "x-token"})
    assert "x-token" in sender.request(BODY).headers
    with pytest.raises(ValidationError):
        Sender(vendor)


def test_a_handshake_is_sent_as_it_is() -> None:
    hello = Recording(name="hello", method="GET", verified=False)
    assert Sender(acme(verify=Hmac(header="x-signature"))).signed(hello) is hello


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "hub_sealed"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from hub import Check, Reject, Vendor\n"
        "def check(request, source):\n"
        "    return source.match(lambda secret: request.body.endswith(secret.value))\n"
        "def read(request, source):\n"
        "    return []\n"
        "vendor = Vendor(name='sealed', title='Sealed', verify=Check(check, covers='part'), read=read)\n"
    )
    (folder / "sender.py").write_text(
        "from dataclasses import replace\n"
        "def signed(recording, secrets, at, url):\n"
        "    return replace(recording, body=recording.body + secrets[0].value)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield "hub_sealed"
    for name in [one for one in sys.modules if one.startswith("hub_sealed")]:
        del sys.modules[name]


def test_a_plugin_says_how_its_vendor_signs(package: str) -> None:
    vendor = importlib.import_module(package).vendor
    assert verified(Sender(vendor)).secret is not None


def test_what_the_caller_says_goes_first(package: str) -> None:
    vendor = importlib.import_module(package).vendor
    sender = Sender(vendor, signing=lambda recording, secrets, at, url: recording)
    with pytest.raises(Reject):
        verified(sender)
    assert isinstance(sender.keys[0], Secret)
