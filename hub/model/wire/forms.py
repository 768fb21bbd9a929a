"""Forms: fields and files, decoded by the charset that the sender names."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from hub.errors import Reject
from hub.model.json import loads
from hub.model.wire.values import Values

__all__ = ["MAX_FIELDS", "FormField", "Part", "charset_of", "codec_of", "multipart_form", "urlencoded_form"]

MAX_FIELDS = 10_000
"""The most fields that a form or query may have."""

_UTF8 = "utf-8"
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape", "utf-7"}
)
"""Codecs that make texts of bytes but are not charsets of forms."""
_LONGEST_NAME = 40
_JSON = "application/json"
_TEXTS = frozenset({_JSON, "application/xml", "application/x-www-form-urlencoded"})
"""Media types, beside those of texts, of parts that are fields where they have no filename."""
_CONTINUATION = re.compile(rb"(?:\r\n|\n|\r)[ \t]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a multipart form.

    Attributes:
        filename: As the sender wrote it, empty if the part has none. Never use it as a path.
        media_type: Lower case without parameters; empty if the part has none.
        body: The exact bytes.
    """

    filename: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form.

    Attributes:
        name: Empty where the part of a multipart form has none.
        value: The decoded text.
        media_type: Of the part, lower case without parameters; empty if it has none.
        whole: Whether every byte was decoded; where not, U+FFFD stands in its place.
    """

    name: str
    value: str
    media_type: str = ""
    whole: bool = True

    @property
    def parsed(self) -> Any:
        """The value as JSON where the part says that it is JSON and it is; else the text."""
        if self.media_type != _JSON:
            return self.value
        try:
            return loads(self.value)
        except ValueError:
            return self.value


@dataclass(frozen=True, slots=True)
class _Raw:
    """A field before it is decoded."""

    name: bytes
    value: bytes
    media_type: str = ""
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class _RawFile:
    """A file whose names are not decoded yet."""

    name: bytes
    filename: bytes
    media_type: str
    body: bytes


def charset_of(content_type: str) -> str | None:
    """The charset that a content type names, as the name of a codec; None where it names none that is known."""
    return codec_of(parse_options_header(content_type)[1].get("charset", ""))


def urlencoded_form(body: bytes, content_type: str, declared: str = _UTF8) -> tuple[FormField, ...]:
    """The fields of an application/x-www-form-urlencoded body in order, blank ones too.

    Args:
        body: The bytes.
        content_type: Its charset counts first; then the fields `_charset_` and `charset`; then `declared`; then UTF-8.
        declared: The charset of a sender that names none.

    Raises:
        Reject: 400, there are more than 10,000 fields.
    """
    try:
        # Latin-1 keeps every byte; which charset the bytes are in may only be said by a field.
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS, encoding="latin-1")
    except ValueError as error:
        raise Reject(f"more than {MAX_FIELDS} fields", 400) from error
    raw = [_Raw(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    common = _common(raw, content_type, declared)
    return tuple([_field(one, common, common) for one in raw])


def multipart_form(body: bytes, content_type: str, declared: str = _UTF8) -> tuple[tuple[FormField, ...], Values[Part]]:
    """The fields and the files of a multipart/form-data body in order.

    Args:
        body: The bytes.
        content_type: Names the boundary.
        declared: The charset of a sender that names none. A part's own charset counts first; then as in a urlencoded
            form; a field `charsets` may name the charset of each field, as a JSON object (SendGrid's Inbound Parse).

    A part is a file if it has a filename, or none but a media type whose content is not text.

    Raises:
        Reject: 400, the body is broken; 413, there are more than 10,000 parts.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise Reject("the multipart form names no boundary", 400)
    raw: list[_Raw] = []
    files: list[_RawFile] = []
    try:
        for part, content in _parts(body, boundary):
            kind, options = parse_options_header(part.headers.get("content-type", ""))
            media_type = _sent(kind).decode("latin-1").strip().lower()
            name = _sent(part.name or "")
            if isinstance(part, File) or not _holds_text(media_type):
                filename = _sent(part.filename) if isinstance(part, File) else b""
                files.append(_RawFile(name, filename, media_type, content))
            else:
                raw.append(_Raw(name, content, media_type, codec_of(options.get("charset", ""))))
    except RequestEntityTooLarge as error:
        raise Reject(f"more than {MAX_FIELDS} parts", 413) from error
    except (ValueError, HTTPException) as error:
        raise Reject(f"the multipart form is broken: {error}", 400) from error
    common = _common(raw, content_type, declared)
    # Latin-1 fits every byte: a name that is in no charset of the form costs nobody the file.
    pairs = [
        (
            _text(one.name, (*common, "latin-1")),
            Part(_text(one.filename, (*common, "latin-1")), one.media_type, one.body),
        )
        for one in files
    ]
    each = _charsets(raw)
    return tuple([_field(one, common, _own(one, each) or common) for one in raw]), Values(pairs)


def _holds_text(media_type: str) -> bool:
    """Whether a part without a filename is a field: it says nothing of its type, or a type whose content is text."""
    kind = media_type.partition("/")[0]
    return kind in {"", "text"} or media_type in _TEXTS or media_type.endswith(("+json", "+xml"))


def _sent(text: str) -> bytes:
    """The bytes of a header's parameter, as `_Decoder` has kept them."""
    return text.encode("utf-8", "surrogateescape")


def _common(raw: Sequence[_Raw], content_type: str, declared: str) -> Sequence[str]:
    """The charsets that a form may be in, the likeliest first."""
    named = [charset_of(content_type), _said_by(raw, b"_charset_"), _said_by(raw, b"charset")]
    # The first that fits wins: what a sender names and what it sends may differ, and UTF-8 fits hardly anything else.
    return [*dict.fromkeys(one for one in (*named, codec_of(declared), _UTF8) if one is not None)]


def _field(one: _Raw, common: Sequence[str], charsets: Sequence[str]) -> FormField:
    try:
        return FormField(_text(one.name, common), _text(one.value, charsets), one.media_type)
    except UnicodeDecodeError:
        name, value = (part.decode(charsets[0], "replace") for part in (one.name, one.value))
        return FormField(name, value, one.media_type, whole=False)


def _own(one: _Raw, each: Mapping[bytes, str]) -> list[str]:
    """The charset of a field alone."""
    charset = one.charset or each.get(one.name)
    return [charset] if charset else []


def _text(data: bytes, charsets: Sequence[str]) -> str:
    *others, last = charsets
    for charset in others:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(charset)
    return data.decode(last)


def _said_by(raw: Iterable[_Raw], name: bytes) -> str | None:
    return next((codec_of(one.value.decode("latin-1")) for one in raw if one.name == name), None)


def _charsets(raw: Iterable[_Raw]) -> Mapping[bytes, str]:
    for one in raw:
        if one.name == b"charsets":
            try:
                named = loads(one.value)
            except ValueError:
                return {}
            pairs = named.items() if isinstance(named, dict) else ()
            found = ((name, codec_of(text)) for name, text in pairs if isinstance(text, str))
            return {name.encode(): codec for name, codec in found if codec is not None}
    return {}


def codec_of(name: str) -> str | None:
    """The codec of a charset; None for what is not a charset."""
    name = name.strip()
    try:
        found = codecs.lookup(name).name if name and len(name) <= _LONGEST_NAME else ""
        bytes(4).decode(found or _UTF8, "replace")  # fails for codecs that do not make texts
    except (LookupError, ValueError):
        return None
    return found if found and found.replace("_", "-") not in _NOT_CHARSETS else None


class _Decoder(MultipartDecoder):
    """Takes parts that do not say what they are, as fields without a name, and names in any charset.

    Bytes that are not UTF-8 stand in the headers as single surrogates (PEP 383), to be decoded later.
    """

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        lines = _CONTINUATION.sub(b" ", data).splitlines()
        pairs = [line.decode("utf-8", "surrogateescape").partition(":") for line in lines if line.strip(b" \t")]
        headers = Headers([(name.strip(" \t"), value.strip(" \t")) for name, _, value in pairs])
        headers.setdefault("content-disposition", "form-data")
        return headers


def _parts(body: bytes, boundary: str) -> Iterator[tuple[Field | File, bytes]]:
    """Each part of a multipart body with its bytes. Raises ValueError or HTTPException for a broken one."""
    decoder = _Decoder(boundary.encode("latin-1"), max_parts=MAX_FIELDS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    pieces: list[bytes] = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("it ends early")  # noqa: TRY004 - the input is wrong, not its Python type
        if isinstance(event, (Field, File)):
            part, pieces = event, []
        elif isinstance(event, Data) and part is not None:
            pieces.append(bytes(event.data))
            if not event.more_data:
                yield part, b"".join(pieces)
