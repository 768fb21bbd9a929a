"""Okta signs nothing: it sends a shared secret along, in `Authorization` or in a header that the operator names."""

from __future__ import annotations

from hub import Credential, Scheme, Token
from hub_okta.settings import OktaSettings

__all__ = ["CREDENTIAL", "scheme"]

CREDENTIAL = Credential(slot="signing", title="Authentication secret", origin="hub")
"""The secret is any text that the operator enters in Okta; it is compared whole, `Bearer ` or the like included."""


def scheme(settings: OktaSettings | None) -> Scheme:
    """The secret in the header that the source names, compared in constant time with every live one."""
    return Token(header=(settings or OktaSettings()).header, slot=CREDENTIAL.slot)
