"""Requests for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hub.model.wire.request import Request
from hub.model.wire.values import Values


@pytest.fixture(scope="session")
def make_request() -> Callable[..., Request]:
    """A request with a body, a content type and a URL."""

    def make(body: bytes = b"", content_type: str | None = None, url: str = "https://hub.example/x") -> Request:
        headers = [("content-type", content_type)] if content_type is not None else []
        return Request(
            id="req_1",
            method="POST",
            client="203.0.113.7",
            body=body,
            headers=Values(headers, caseless=True),
            url=url,
            received=datetime(2026, 1, 2, tzinfo=UTC),
        )

    return make
