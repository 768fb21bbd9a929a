"""Requests and sources for the tests of this plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from hub import Grant, Request, Secret, Source, Values
from hub_okta import vendor
from hub_okta.settings import OktaSettings

RECEIVED = datetime(2026, 3, 28, 17, 3, 38, tzinfo=UTC)


def make_request(
    body: bytes = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    method: str = "POST",
    query: str = "",
) -> Request:
    """A request as the hub would give it, received at a fixed moment."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return Request(
        id="req_1",
        method=method,
        client="198.51.100.4",
        body=body,
        headers=Values.of_headers((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs),
        url="https://hub.example.com/webhooks/wf_1/s" + (f"?{query}" if query else ""),
        received=RECEIVED,
    )


def make_source(*secrets: str | bytes, header: str = "authorization") -> Source:
    """A source of this vendor with live secrets."""
    values = [secret if isinstance(secret, bytes) else secret.encode() for secret in secrets]
    held = tuple(Secret(f"sec_{number}", "signing", value) for number, value in enumerate(values))
    return Source("src_1", "https://hub.example.com/webhooks/wf_1/s", OktaSettings(header=header), held)


def check(request: Request, source: Source) -> Grant:
    """What the vendor's scheme says of a request."""
    granted = vendor.scheme_for(source.settings).verify(request, source)
    assert isinstance(granted, Grant)
    return granted


@pytest.fixture(scope="session")
def arrive() -> Callable[..., Request]:
    """Makes requests."""
    return make_request


@pytest.fixture(scope="session")
def source() -> Callable[..., Source]:
    """Makes sources."""
    return make_source


@pytest.fixture(scope="session")
def verify() -> Callable[[Request, Source], Grant]:
    """Runs the vendor's scheme."""
    return check


@pytest.fixture(scope="session")
def delivery() -> Callable[..., dict[str, Any]]:
    """Makes the body of a delivery from log events."""

    def make(*events: Any, **fields: Any) -> dict[str, Any]:
        return {
            "eventType": "com.okta.event_hook",
            "source": "https://acme.okta.com/api/v1/eventHooks/who7hphp39JoHLni81d7",
            "eventId": "85b60edb-4263-4e13-993b-818e26201052",
            "data": {"events": list(events)},
            **fields,
        }

    return make
