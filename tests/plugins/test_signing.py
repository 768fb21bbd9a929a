"""Asking a scheme to sign."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import PluginError
from hub.plugins.signing import signature_of

MESSAGE: Any = SimpleNamespace(id="msg_1", url="https://example.com/", body=b"{}", at=datetime(2026, 1, 1, tzinfo=UTC))


def scheme(given: Any) -> Any:
    def sign(_message: Any, _secrets: Any) -> Any:
        if isinstance(given, BaseException):
            raise given
        return given

    return SimpleNamespace(sign=sign)


def test_headers_are_in_lower_case() -> None:
    assert signature_of("mine", scheme({"X-Signature": "a"}), MESSAGE, []) == {"x-signature": "a"}


@pytest.mark.parametrize("given", [{"x": 1}, {1: "x"}, {"x": b"y"}, {"x": None}])
def test_headers_that_are_no_texts_are_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="'mine' returned a header that is not text"):
        signature_of("mine", scheme(given), MESSAGE, [])


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError()])
def test_a_scheme_ends_neither_the_process_nor_the_task(error: BaseException) -> None:
    with pytest.raises(PluginError, match="plugin mine: "):
        signature_of("mine", scheme(error), MESSAGE, [])
