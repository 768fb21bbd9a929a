"""Asking a scheme to sign: whatever it does, its caller gets headers or an `Exception`."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.wire.secret import Secret
from hub.plugins.calling import answer_of
from hub.sdk.schemes.scheme import Outgoing, Scheme

__all__ = ["signature_of"]


def signature_of(name: str, scheme: Scheme, message: Outgoing, secrets: Sequence[Secret]) -> dict[str, str]:
    """The headers that the scheme named `name` signs `message` with, their names in lower case.

    Raises:
        TypeError: It gave something else than texts.
        PluginError: It tried to end the process.
        Exception: What it raised.
    """
    headers: dict[str, str] = {}
    for header, value in answer_of(name, scheme.sign, (message, secrets)).items():
        if not isinstance(header, str) or not isinstance(value, str):
            raise TypeError(f"the scheme {name!r} gave a header that is no text")
        headers[header.lower()] = value
    return headers
