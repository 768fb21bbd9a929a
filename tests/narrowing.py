"""What a test knows and the type checker does not."""

from __future__ import annotations

from typing import TypeVar

from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Scheme

__all__ = ["granted", "present"]

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value, which must be there."""
    assert value is not None
    return value


def granted(scheme: Scheme, request: Request, source: Source) -> Grant:
    """The grant of a scheme that asks nobody else; raises what the scheme raises."""
    given = scheme.verify(request, source)
    assert isinstance(given, Grant)
    return given
