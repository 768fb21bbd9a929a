"""Hints at usual mistakes are found for whatever was pasted, and never fail on it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbound.explain.hints import hints
from hub.inbound.gate import Gate
from hub.model.stored.source import SourceRecord, SourceSpec
from hub.model.wire.request import Request
from hub.model.wire.values import Values

NAMES = st.sampled_from(("webhook-signature", "x-signature", "webhook-timestamp"))
GATE = Gate.of(SourceRecord(b"o" * 16, b"s" * 16, None, SourceSpec(), (), 0, 0, 0))


async def none_passes(_request: Request, _gate: Any) -> bool:
    return False


def request(body: bytes, *headers: tuple[str, str]) -> Request:
    return Request(
        id="req_1",
        method="POST",
        client="",
        body=body,
        headers=Values(headers, caseless=True),
        url="https://example.com/",
        received=datetime(2026, 1, 1, tzinfo=UTC),
    )


@given(body=st.binary(), headers=st.lists(st.tuples(NAMES, st.text() | st.text("0123456789é=", min_size=30))))
async def test_no_text_and_no_body_is_too_odd(body: bytes, headers: list[tuple[str, str]]) -> None:
    assert await hints(request(body, *headers), GATE, none_passes) == ()


async def test_a_long_signature_outside_ascii_is_no_base64() -> None:
    assert await hints(request(b"{}", ("webhook-signature", "é" * 60)), GATE, none_passes) == ()


@pytest.mark.parametrize("below", range(0, 120, 4))
async def test_json_that_is_read_and_yet_too_deep_to_be_written_gives_no_hint(below: int) -> None:
    depth = sys.getrecursionlimit() - below
    assert await hints(request(b"[" * depth + b"]" * depth), GATE, none_passes) == ()
