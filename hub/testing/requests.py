"""Requests and sources as the hub passes them to a vendor's functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.model.wire.values import Values
from hub.sdk.context import Fetch, Source

__all__ = ["MOMENT", "URL", "new_request", "new_source"]

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""When requests made here are received, by default."""

URL = "https://hub.example.com/webhooks/wf_4itKqkgCZrLhgYiq5L211X/secret"
"""The public URL of sources made here."""


def new_request(
    body: bytes = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    method: str = "POST",
    query: str = "",
    url: str = URL,
    at: datetime = MOMENT,
    id: str = "req_test",  # noqa: A002 - the attribute's name
) -> Request:
    """A request as if it had just arrived.

    Args:
        body: The exact bytes.
        headers: Names and values, repeats kept.
        method: HTTP method.
        query: Without the question mark.
        url: Public URL without a query.
        at: When it was received, with its time zone.
        id: The hub's id of the request.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return Request(
        id=id,
        method=method,
        client="203.0.113.7",
        body=body,
        headers=Values(pairs, caseless=True),
        url=f"{url}?{query}" if query else url,
        received=at,
    )


def new_source(
    *secrets: Secret | bytes | str,
    slot: str = "signing",
    settings: Any = None,
    url: str = URL,
    fetch: Fetch | None = None,
) -> Source:
    """A source with live secrets, newest first.

    Args:
        secrets: Secrets, or key bytes (of text: its UTF-8), which go into `slot`.
        slot: Slot of bare key bytes.
        settings: An instance of `Vendor.settings`.
        url: Its public URL.
        fetch: Answers `Source.fetch`; without it `fetch` raises, as it does in `read`.
    """
    held = tuple(
        one if isinstance(one, Secret) else Secret(f"sec_{number}", slot, one.encode() if isinstance(one, str) else one)
        for number, one in enumerate(secrets)
    )
    return Source("src_test", url, settings, held, fetch)
