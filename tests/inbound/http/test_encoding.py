"""Compressed bodies are decoded however they are cut, and what is not what it says is refused."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbound.http.encoding import decoder_of
from hub.inbound.refusals import RequestRefused
from hub.model.wire.values import Values


def raw_deflate(data: bytes) -> bytes:
    squeezing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezing.compress(data) + squeezing.flush()


ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate ": raw_deflate,
    "identity, gzip": gzip.compress,
    " , gzip,": gzip.compress,
}


def headers(*lines: str) -> Values[str]:
    return Values([("Content-Encoding", line) for line in lines], caseless=True)


def decoded(coding: str, data: bytes, step: int) -> bytes:
    decoder = decoder_of(headers(coding))
    assert decoder is not None
    pieces = [piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])]
    decoder.end()
    assert all(len(piece) <= 64 * 1024 for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("coding", ENCODERS)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_a_compressed_body_is_decoded_however_it_is_cut(coding: str, body: bytes, step: int) -> None:
    encoded = ENCODERS[coding](body)
    # The first byte of a raw deflate stream may look like the head of zlib while the second has not come in.
    step = max(step, 2) if ENCODERS[coding] is raw_deflate else step
    assert decoded(coding, encoded, step) == body


def test_gzip_may_be_several_members() -> None:
    assert decoded("gzip", gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b" two"), 3) == b"one two"


def test_a_large_body_comes_in_small_pieces() -> None:
    assert decoded("gzip", gzip.compress(bytes(3_000_000)), 1 << 20) == bytes(3_000_000)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"{}"),
        ("gzip", zlib.compress(b"{}")),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-1]),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"{}"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:10] + b"\xff\xff\xff\xff"),
        ("deflate", b"{}"),
        ("deflate", zlib.compress(b"{}")[:-1]),
        ("deflate", zlib.compress(b"{}") + b"\n"),
        ("deflate", gzip.compress(b"{}", mtime=0)),
    ],
)
def test_what_is_not_what_it_says_is_refused(coding: str, body: bytes) -> None:
    with pytest.raises(RequestRefused) as caught:
        decoded(coding, body, 7)
    assert (caught.value.refusal.status, caught.value.refusal.check) == (400, "body_encoding")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (("br",), "br"),
        (("zstd",), "zstd"),
        (("gzip, gzip",), "gzip, gzip"),
        (("gzip", "deflate"), "gzip, deflate"),
        (("gzip;q=1",), "gzip;q=1"),
        (("compress",), "compress"),
        (("*",), "*"),
    ],
)
def test_a_coding_that_is_not_decoded_here_is_named(lines: tuple[str, ...], named: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        decoder_of(headers(*lines))
    assert caught.value.refusal.status == 415
    assert f"Content-Encoding {named} is not supported" in caught.value.refusal.public


@pytest.mark.parametrize("lines", [(), ("",), ("identity",), ("Identity, identity",), (",",)])
def test_a_body_without_a_coding_is_as_it_is(lines: tuple[str, ...]) -> None:
    assert decoder_of(headers(*lines)) is None
