"""Signing by a scheme: the caller gets headers or an `Exception`, whatever the scheme does."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.wire.secret import Secret
from hub.plugins.calling import answer_of
from hub.sdk.schemes.scheme import Outgoing, Scheme

__all__ = ["signature_of"]


def signature_of(name: str, scheme: Scheme, message: Outgoing, secrets: Sequence[Secret]) -> dict[str, str]:
    """The headers that the scheme named `name` signs `message` with, their names in lower case.

    Raises:
        TypeError: A header is not text.
        PluginError: It tried to end the process.
        Exception: The scheme raised it.
    """
    headers: dict[str, str] = {}
    for header, value in answer_of(name, scheme.sign, (message, secrets)).items():
        if not isinstance(header, str) or not isinstance(value, str):
            raise TypeError(f"the scheme {name!r} returned a header that is not text")
        headers[header.lower()] = value
    return headers
