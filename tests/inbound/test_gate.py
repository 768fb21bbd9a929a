"""Credentials of a source: what matches, in constant time."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject
from hub.inbound.gate import Gate, decoy, digest
from hub.model.ids import new_id
from hub.model.stored.source import (
    API_KEY_SLOT,
    HMAC_SLOT,
    SHARED_KEY_SLOT,
    URL_SLOT,
    SourceRecord,
    SourceSpec,
    StoredSecret,
)

NOW = 1_000_000


def secret(slot: str, text: str, *, expires: int | None = None, revoked: bool = False) -> StoredSecret:
    value = digest(text) if slot == API_KEY_SLOT else text.encode()
    return StoredSecret(new_id(), slot, value, "" if slot == API_KEY_SLOT else text, None, 0, expires, revoked)


def gate(*secrets: StoredSecret, **spec: object) -> Gate:
    return Gate.of(SourceRecord(new_id(), new_id(), None, SourceSpec.model_validate(spec), secrets, 1, 0, 0))


@pytest.mark.parametrize("slot", [URL_SLOT, SHARED_KEY_SLOT, API_KEY_SLOT])
def test_only_a_live_secret_of_the_slot_matches(slot: str) -> None:
    live, old, gone = secret(slot, "live"), secret(slot, "old", expires=NOW), secret(slot, "gone", revoked=True)
    later, other = secret(slot, "later", expires=NOW + 1), secret("elsewhere", "other")
    one = gate(live, old, gone, later, other)
    assert one.match(slot, "live", NOW) is live
    assert one.match(slot, "later", NOW) is later
    for text in ("old", "gone", "other", "", "liv", "live ", "LIVE", "live\0"):
        assert one.match(slot, text, NOW) is None


def test_an_empty_secret_matches_nothing() -> None:
    one = gate(StoredSecret(new_id(), URL_SLOT, b"", ""), StoredSecret(new_id(), HMAC_SLOT, b"", ""))
    assert one.match(URL_SLOT, "", NOW) is None
    empty = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    with pytest.raises(Reject):
        one.match_hmac(empty, b"{}", NOW)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.integers(0, 63))
def test_a_signature_with_one_altered_character_is_refused(body: bytes, key: str, place: int) -> None:
    one = gate(secret(HMAC_SLOT, key))
    right = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    assert one.match_hmac(right, body, NOW).text == key
    wrong = right[:place] + ("0" if right[place] != "0" else "1") + right[place + 1 :]
    with pytest.raises(Reject):
        one.match_hmac(wrong, body, NOW)
    with pytest.raises(Reject):
        one.match_hmac(right, body + b"x", NOW)


@given(st.text(max_size=50))
def test_nobody_knows_the_secrets_of_a_decoy(text: str) -> None:
    one = decoy(URL_SLOT)
    assert not one.known
    assert one.match(URL_SLOT, text, NOW) is None


def _fastest(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The quickest of many runs of each, taken in turns: what is left when nothing else gets in between."""
    best = dict.fromkeys(calls, 1.0)
    for _ in range(40):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def test_how_much_of_a_secret_is_right_does_not_show_in_the_time() -> None:
    """With secrets this long, a comparison that stopped at the first difference would be a thousand times quicker."""
    length = 400_000
    one, nobody = gate(secret(URL_SLOT, "s" * length)), decoy(URL_SLOT)
    best = _fastest(
        {
            "nothing right": lambda: one.match(URL_SLOT, "x" * length, NOW),
            "half right": lambda: one.match(URL_SLOT, "s" * (length // 2) + "x" * (length // 2), NOW),
            "all but one": lambda: one.match(URL_SLOT, "s" * (length - 1) + "x", NOW),
            "unknown": lambda: nobody.match(URL_SLOT, "x" * length, NOW),
        }
    )
    assert max(best.values()) < 2 * min(best.values()), best
