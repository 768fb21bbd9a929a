"""Okta does not sign: it sends a shared secret, in `Authorization` or in a header that the operator names."""

from __future__ import annotations

from hub import Credential, Scheme, Token
from hub_okta.settings import OktaSettings

__all__ = ["CREDENTIAL", "scheme"]

CREDENTIAL = Credential(slot="signing", title="Authentication secret", origin="hub")
"""The secret is any text that the operator enters in Okta. It is compared whole, with `Bearer ` if it starts so."""


def scheme(settings: OktaSettings | None) -> Scheme:
    """The secret in the header that the source names, compared in constant time with every live one."""
    return Token(header=(settings or OktaSettings()).header, slot=CREDENTIAL.slot)
