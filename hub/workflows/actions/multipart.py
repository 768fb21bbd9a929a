"""Writing multipart/form-data bodies as browsers do (WHATWG HTML, "multipart/form-data encoding algorithm")."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.wire.forms import Part

__all__ = ["multipart_body"]


def multipart_body(boundary: str, fields: Iterable[tuple[str, str]], files: Iterable[tuple[str, Part]]) -> bytes:
    """The body with the fields first, then the files, each under its name.

    Args:
        boundary: ASCII that stands in none of the contents.
        fields: Names and texts.
        files: Names and files. Their media types must be fit for a header.
    """
    pieces: list[bytes] = []
    for name, value in fields:
        pieces += (_head(boundary, name), b"\r\n\r\n", value.encode(), b"\r\n")
    for name, part in files:
        head = f'; filename="{_quoted(part.filename)}"\r\nContent-Type: {part.media_type}\r\n\r\n'
        pieces += (_head(boundary, name), head.encode(), part.body, b"\r\n")
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


def _head(boundary: str, name: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'.encode()


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
