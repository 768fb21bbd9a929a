"""Secrets and the slots that they live in."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.wire.secret import Credential, CredentialKind, Secret

KINDS: tuple[CredentialKind, ...] = ("text", "hex", "base64", "whsec", "whsk")
VECTOR = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_hmac_of_github_documentation() -> None:
    secret = Secret("s", "signing", b"It's a Secret to Everybody")
    assert secret.hmac("Hello, World!") == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_hmac_in_other_digests_and_in_base64() -> None:
    secret = Secret("s", "signing", b"k")
    expected = hmac.new(b"k", b"\xff", hashlib.sha1).digest()
    assert secret.hmac(b"\xff", "sha1", "base64") == base64.b64encode(expected).decode()
    assert secret.hmac("é") == secret.hmac("é".encode())


def test_hmac_refuses_an_empty_key_and_an_unknown_digest() -> None:
    with pytest.raises(ValueError, match="empty"):
        Secret("s", "signing", b"").hmac("x")
    with pytest.raises(ValueError, match=r"(?i)unsupported|unknown"):
        Secret("s", "signing", b"k").hmac("x", "md17")


def test_representation_hides_the_value() -> None:
    assert "hush" not in repr(Secret("s", "signing", b"hush", "tenant"))


def test_text_is_taken_as_it_is() -> None:
    assert Credential().decode(" pa ss é\n") == " pa ss é\n".encode()


def test_hex_and_base64_are_decoded_with_space_around() -> None:
    assert Credential(kind="hex").decode(" 9F86d081\n") == bytes.fromhex("9f86d081")
    assert Credential(kind="base64").decode("c2VjcmV0\n") == b"secret"
    assert Credential(kind="base64").decode("-_8=") == Credential(kind="base64").decode("+/8") == b"\xfb\xff"


def test_a_standard_webhooks_secret_is_decoded_with_or_without_its_prefix() -> None:
    expected = base64.b64decode(VECTOR.removeprefix("whsec_"))
    assert Credential(kind="whsec").decode(VECTOR) == expected
    assert Credential(kind="whsec").decode(VECTOR.removeprefix("whsec_")) == expected


def test_a_standard_webhooks_key_pair_is_told_apart_by_length() -> None:
    credential = Credential(kind="whsk")
    private = credential.decode(credential.generate())
    assert len(private) == 64
    public = credential.decode("whpk_" + base64.b64encode(private[32:]).decode())
    assert public == private[32:]
    assert credential.decode("whsk_" + base64.b64encode(private[:32]).decode()) == private


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("text", "", "is empty"),
        ("text", " \n", "is empty"),
        ("hex", "abc", "hex digits in pairs"),
        ("hex", "zz", "hex digits in pairs"),
        ("hex", "\u0661\u0662", "hex digits in pairs"),
        ("base64", "a", "base64 text"),
        ("base64", "c2Vj cmV0!", "base64 text"),
        ("base64", "====", "base64 text"),
        ("whsec", "whsec_c2VjcmV0", "24 to 64 bytes"),
        ("whsec", "whsec_" + base64.b64encode(b"x" * 65).decode(), "24 to 64 bytes"),
        ("whsec", "whsk_" + base64.b64encode(b"x" * 32).decode(), "24 to 64 bytes"),
        ("whsk", VECTOR, "whpk_"),
        ("whsk", "whpk_" + base64.b64encode(b"x" * 31).decode(), "whpk_"),
        ("whsk", "whpk_" + base64.b64encode(b"x" * 64).decode(), "whpk_"),
        ("whsk", "whsk_" + base64.b64encode(b"x" * 64).decode(), "whsk_"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(kind: CredentialKind, text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as caught:
        Credential(kind=kind, title="Key").decode(text)
    assert "Key" in str(caught.value)
    assert len(text.strip()) < 6 or text.strip() not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_generated_can_be_pasted_and_is_new_each_time(kind: CredentialKind) -> None:
    credential = Credential(kind=kind)
    first, second = credential.generate(), credential.generate()
    assert first != second
    assert len(credential.decode(first)) >= 32


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=80))
def test_decoding_gives_bytes_or_says_why_not(kind: CredentialKind, text: str) -> None:
    credential = Credential(kind=kind)
    try:
        key = credential.decode(text)
    except ValueError as error:
        key = str(error).encode()
    assert key


def test_masking_shows_the_end_of_a_long_value_only() -> None:
    assert Credential().mask("short") == "********"
    assert Credential().mask("a-long-secret-value1234") == "********1234"
    assert Credential(public=True).mask("-----BEGIN PUBLIC KEY-----") == "-----BEGIN PUBLIC KEY-----"
