"""Decompression piece by piece, within a cap."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.egress.exchange.body import _Inflate

encodings = st.sampled_from([("gzip", 31), ("deflate", 15), ("deflate", -15)])


def compressed(data: bytes, wbits: int) -> bytes:
    stream = zlib.compressobj(wbits=wbits)
    return stream.compress(data) + stream.flush()


@given(st.binary(max_size=2000), encodings, st.integers(1, 50))
def test_pieces_of_any_size_give_the_whole(data: bytes, encoding: tuple[str, int], step: int) -> None:
    name, wbits = encoding
    sent = compressed(data, wbits)
    inflate = _Inflate(name)
    got = b"".join(inflate.feed(sent[at : at + step], 10_000) for at in range(0, len(sent), step))
    assert got == data
    assert inflate.complete


@given(st.binary(min_size=1, max_size=2000), encodings, st.integers(1, 100))
def test_no_more_comes_out_than_asked_for(data: bytes, encoding: tuple[str, int], most: int) -> None:
    name, wbits = encoding
    assert _Inflate(name).feed(compressed(data, wbits), most) == data[:most]


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8), st.integers(1, 30))
def test_several_members_are_one_body(members: list[bytes], step: int) -> None:
    sent = b"".join(map(gzip.compress, members))
    inflate = _Inflate("gzip")
    got = b"".join(inflate.feed(sent[at : at + step], 1000) for at in range(0, len(sent), step))
    assert got == b"".join(members)


def test_a_flood_of_empty_members_is_no_body() -> None:
    with pytest.raises(zlib.error):
        _Inflate("gzip").feed(gzip.compress(b"") * 1000, 1000)


@given(st.binary(min_size=2, max_size=200))
def test_noise_never_hangs_or_raises_another_error(data: bytes) -> None:
    for name in sorted(_Inflate.KNOWN):
        try:
            assert len(_Inflate(name).feed(data, 100)) <= 100
        except zlib.error:
            continue
