"""Recorded requests, read from real packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.sdk.recorded import Recorded, Recording

Package = Callable[[dict[str, Any]], str]


def test_a_package_without_recordings_has_none(package: Package) -> None:
    assert Recorded.of_package(package({})) == Recorded()


def test_recordings_are_read_with_their_bodies(package: Package) -> None:
    recorded = Recorded.of_package(
        package(
            {
                "recorded/1.json": {
                    "name": "made",
                    "title": "A thing is made",
                    "event_types": ["a.made"],
                    "headers": {"content-type": "application/json"},
                    "json": {"a": 1},
                    "expect": {"status": 200},
                },
                "recorded/2.json": {"name": "hello", "method": "GET", "query": "a=1", "verified": False},
                "recorded/3.json": {"name": "text", "body": "a=b", "event_types": ["a.made"]},
                "recorded/4.json": {"name": "bytes", "base64": "AP8="},
            }
        )
    )
    made, hello, text, raw = recorded
    assert made == Recording(
        name="made",
        title="A thing is made",
        event_types=("a.made",),
        headers={"content-type": "application/json"},
        body=b'{"a":1}',
        expect={"status": 200},
    )
    assert (hello.method, hello.query, hello.verified, hello.body) == ("GET", "a=1", False, b"")
    assert raw.body == b"\x00\xff"
    assert recorded.of_type("a.made") == (made, text)
    assert len(recorded) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"title": "a"}, "has a name"),
        ({"name": "a", "hedders": {}}, "'hedders' is none of"),
        ({"name": "a", "json": 1, "body": "1"}, "not several"),
        ({"name": "same"}, "two recordings of cataloged are named 'same'"),
    ],
)
def test_a_malformed_recording_says_where(package: Package, content: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recorded.of_package(package({"recorded/x.json": content, "recorded/y.json": {"name": "same"}}))
