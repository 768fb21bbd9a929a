"""Source: the context of a vendor's functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hub.errors import Reject
from hub.model.wire.fetched import Fetched
from hub.model.wire.secret import Secret
from hub.model.wire.values import Values
from hub.sdk.context import Source

SECRETS = (
    Secret("1", "signing", b"new", "tenant"),
    Secret("2", "signing", b""),
    Secret("3", "signing", b"old"),
    Secret("4", "other", b"other"),
)
SOURCE = Source("src_1", "https://hub.example/hidden", None, SECRETS)


def test_secrets_are_those_of_a_slot_in_order_without_empty_ones() -> None:
    assert [secret.id for secret in SOURCE.secrets()] == ["1", "3"]
    assert [secret.id for secret in SOURCE.secrets("other")] == ["4"]
    assert [secret.id for secret in SOURCE.secrets(label="tenant")] == ["1"]
    assert SOURCE.secrets("none") == ()


def test_match_gives_the_first_secret_that_passes() -> None:
    assert SOURCE.match(lambda secret: secret.value == b"old").id == "3"
    assert SOURCE.match(lambda _: True, label="tenant").id == "1"


def test_match_refuses_when_none_passes_or_there_is_none() -> None:
    with pytest.raises(Reject, match="none of 2 live secrets") as caught:
        SOURCE.match(lambda _: False)
    assert caught.value.status == 401
    with pytest.raises(Reject, match="no live secret in slot 'none'"):
        SOURCE.match(lambda _: True, "none")


def test_a_test_that_fails_or_gives_something_else_than_true_does_not_pass() -> None:
    def fail(_: Secret) -> bool:
        raise KeyError("missing")

    async def later(_: Secret) -> bool:
        return True

    tests: list[Callable[[Secret], Any]] = [fail, lambda _: 1, lambda _: "yes"]
    for test in tests:
        with pytest.raises(Reject):
            SOURCE.match(test)
    coroutines = []

    def unawaited(secret: Secret) -> Any:
        coroutines.append(later(secret))
        return coroutines[-1]

    with pytest.raises(Reject):
        SOURCE.match(unawaited)
    for coroutine in coroutines:
        coroutine.close()


async def test_fetch_hands_over_to_the_hub() -> None:
    calls: list[tuple[Any, ...]] = []

    async def fetch(url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float) -> Fetched:
        calls.append((url, method, dict(headers), body, cache))
        return Fetched(200, Values(()), b"key")

    source = Source("src_1", "u", None, (), fetch)
    assert (await source.fetch("https://keys.example/1", cache=60)).body == b"key"
    assert calls == [("https://keys.example/1", "GET", {}, b"", 60)]


async def test_fetch_is_refused_where_reading_must_be_pure() -> None:
    with pytest.raises(RuntimeError, match="read must be pure"):
        await SOURCE.fetch("https://keys.example/1")


def test_representation_hides_url_and_secrets() -> None:
    assert repr(SOURCE) == "Source(id='src_1', settings=None)"


def test_a_source_cannot_be_changed(make_source: Callable[..., Source]) -> None:
    source: Any = make_source(b"k")
    with pytest.raises(AttributeError):
        source.id = "src_2"
