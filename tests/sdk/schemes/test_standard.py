"""Standard Webhooks keys."""

from __future__ import annotations

import base64

import pytest

from hub.model.wire.secret import Credential
from hub.sdk.schemes.standard import public_text


def test_the_public_key_of_a_pair_is_written_for_receivers() -> None:
    credential = Credential(kind="whsk")
    private = credential.decode(credential.generate())
    text = public_text(private)
    assert text == "whpk_" + base64.b64encode(private[32:]).decode()
    assert public_text(credential.decode(text)) == text


@pytest.mark.parametrize("key", [b"", b"x" * 31, b"x" * 65])
def test_what_is_no_key_has_no_public_text(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        public_text(key)
