"""Signature schemes as data: the header of the signature, the signed content, the encoding."""

from __future__ import annotations

import binascii
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from hub.errors import Reject
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Encoding, Secret
from hub.sdk.context import Source
from hub.sdk.moments import fresh
from hub.sdk.schemes.comparison import octets
from hub.sdk.schemes.scheme import Covers, Outgoing, Scheme, SignedBytes
from hub.sdk.schemes.template import ContentTemplate

__all__ = ["MAX_SIGNATURES", "Signed"]

MAX_SIGNATURES = 16
"""Largest number of signatures of one request: checking each costs time, and the sender is not verified yet."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, kw_only=True)
class Signed(Scheme):
    """A scheme described by data; `Hmac` and `PublicKey` are the two kinds.

    Where data does not suffice, give a function; then the scheme only verifies. Refused (401) are: a missing or doubled
    header of signature, id or timestamp; a signature without its prefix or not in the canonical form (upper-case hex,
    unpadded base64); a timestamp that cannot be read, is too old or in the future; a source without a live secret.

    Attributes:
        header: Name of the signature's header, in any case; `x-signature-*` reads all headers that start so; or a
            function that returns the signatures.
        prefix: Text before each signature; elements of the header without it are ignored.
        split: Separator of several signatures (and a timestamp) in one header; None: there is one signature.
        content: The signed content: a template of {id}, {timestamp}, {body}, {url} and {query}; or a function that
            returns the bytes, or several candidates of which any may match.
        id: Header of the message's id.
        timestamp: Header of the timestamp; or a text that ends in `=` or `:`, such as `t=`, for the element of the
            signature header that starts so; or a function. Seconds, milliseconds and ISO 8601 are read.
        clock: Form of the timestamp when signing.
        past: Largest number of seconds that a timestamp may be before the time of receipt.
        future: Largest number of seconds that it may be after it.
        encoding: Encoding of signatures.
        slot: Slot of the keys.
        signed_bytes: Which bytes are signed where the body is compressed: as `received`, or `decoded`.
        covers: `all` unless `content` has no {body}; set it to `part` where a function leaves some bytes out.

    Raises:
        ValueError: The description contradicts itself; the message says how.
    """

    header: str | Callable[[Request], Iterable[str]]
    prefix: str = ""
    split: str | None = None
    content: str | Callable[[Request], bytes | Iterable[bytes]] = "{body}"
    id: str | None = None
    timestamp: str | Callable[[Request], Any] | None = None
    clock: Literal["s", "ms", "iso"] = "s"
    past: float = 300
    future: float = 300
    encoding: Encoding = "hex"
    slot: str = "signing"
    signed_bytes: SignedBytes = "received"
    covers: Covers = "all"
    signs: bool = field(init=False, repr=False, compare=False)
    _template: ContentTemplate | None = field(init=False, repr=False, compare=False)
    _inside: str | None = field(init=False, repr=False, compare=False)
    _bare: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        template = ContentTemplate.parse(self.content) if isinstance(self.content, str) else None
        inside = self.timestamp if isinstance(self.timestamp, str) and not _TOKEN.fullmatch(self.timestamp) else None
        names = template.names if template else ()
        self._consistent(names, inside)
        put = object.__setattr__
        put(self, "_template", template)
        put(self, "_inside", inside)
        put(self, "_bare", names == ("body",) and template is not None and not any(template.literals))
        put(self, "signs", not any(callable(part) for part in (self.header, self.content, self.timestamp)))
        if template is not None and "body" not in names and self.covers == "all":
            put(self, "covers", "none")
        for name in ("header", "id", "timestamp"):
            value = getattr(self, name)
            if isinstance(value, str) and value is not inside:
                put(self, name, value.lower())

    def _consistent(self, names: Sequence[str], inside: str | None) -> None:
        if isinstance(self.header, str) and not _TOKEN.fullmatch(self.header):
            raise ValueError(f"{self.header!r} is not the name of a header")
        if self.split == "":
            raise ValueError("split is the separator of signatures; None if there is only one")
        if inside is not None and (self.split is None or not isinstance(self.header, str) or inside.strip() == ""):
            raise ValueError(f"a timestamp inside the signature header ({inside!r}) needs header and split")
        if "id" in names and self.id is None:
            raise ValueError("content names {id}: name its header (id=)")
        if "timestamp" in names and self.timestamp is None:
            raise ValueError("content names {timestamp}: say where it is (timestamp=)")
        if isinstance(self.content, str) and isinstance(self.timestamp, str) and "timestamp" not in names:
            raise ValueError("the timestamp is not part of content, so a signature would not protect it")
        if self.encoding not in ("hex", "base64"):
            raise ValueError(f"{self.encoding!r} is not an encoding: use hex or base64")

    def verify(self, request: Request, source: Source) -> Grant:
        """Verify a request with the live secrets of `slot`. Raises `Reject` (401) as said above."""
        secrets = source.secrets(self.slot)
        if not secrets:
            raise Reject(f"there is no live secret in slot {self.slot!r}")
        signatures, stamp = self._presented(request)
        if self.timestamp is not None:
            fresh(request, stamp, self.past, self.future)
        contents = self._contents(request, stamp)
        for secret in secrets:
            for content in contents:
                if self._matches(secret, content, signatures):
                    return Grant(secret)
        raise Reject(f"no signature matches any of {len(secrets)} live secrets")

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        """The headers of a message: id, timestamp and signatures.

        Every live secret signs if the header takes several signatures (`split`, or a `*` in its name), else the first.

        Raises:
            TypeError: The scheme has a function in place of data and only verifies.
            ValueError: There is no secret, or a key cannot sign.
        """
        if not self.signs or not isinstance(self.header, str) or self._template is None:
            raise TypeError("a scheme with a function in place of data only verifies")
        live = [secret for secret in secrets if secret.value]
        if not live:
            raise ValueError("there is no secret to sign with")
        stamp = self._written(message.at)
        content = self._template.fill(
            {
                "id": message.id.encode(),
                "timestamp": stamp.encode(),
                "body": message.body,
                "url": message.url.encode(),
                "query": message.url.partition("?")[2].encode(),
            }
        )
        made = [self.prefix + self._sign(secret, content) for secret in (live if self.several else live[:1])]
        headers = {self.id: message.id} if self.id is not None else {}
        if self._inside is not None:
            made.insert(0, self._inside + stamp)
        elif isinstance(self.timestamp, str):
            headers[self.timestamp] = stamp
        if self.header.endswith("*"):
            stem = self.header[:-1]
            return headers | {f"{stem}{number}": signature for number, signature in enumerate(made, 1)}
        return headers | {self.header: (self.split or "").join(made)}

    @property
    def several(self) -> bool:
        """Whether the header takes several signatures."""
        return self.split is not None or (isinstance(self.header, str) and self.header.endswith("*"))

    def contents(self, request: Request) -> Sequence[bytes]:
        """The contents that a signature of this request may be over. Raises `Reject` (401) if it has no signature."""
        return self._contents(request, self._presented(request)[1])

    def _presented(self, request: Request) -> tuple[list[str], Any]:
        """The signatures without their prefix, and the timestamp as it was sent."""
        values = self._values(request)
        stamp: Any = None
        if self.split is not None:
            values = [part for value in values for part in self._elements(value)]
            if self._inside is not None:
                stamp = _only([one[len(self._inside) :] for one in values if one.startswith(self._inside)], "timestamp")
        if self._inside is None and self.timestamp is not None:
            stamp = self.timestamp(request) if callable(self.timestamp) else _header(request, self.timestamp)
        signatures = [value[len(self.prefix) :] for value in values if value.startswith(self.prefix)]
        if not signatures:
            raise Reject(f"no signature starts with {self.prefix!r}" if self.prefix else "there is no signature")
        if len(signatures) > MAX_SIGNATURES:
            raise Reject(f"more than {MAX_SIGNATURES} signatures")
        return signatures, stamp

    def _values(self, request: Request) -> list[str]:
        if callable(self.header):
            return list(self.header(request))
        if not self.header.endswith("*"):
            return [_header(request, self.header)]
        stem = self.header[:-1]
        return [_header(request, name) for name in request.headers if name.startswith(stem)]

    def _elements(self, value: str) -> list[str]:
        return [part.strip(" \t") for part in value.split(self.split)]

    def _contents(self, request: Request, stamp: Any) -> Sequence[bytes]:
        if self._bare:
            return (request.body,)
        if self._template is None:
            given = self.content(request) if callable(self.content) else b""
            return (given,) if isinstance(given, bytes) else tuple(given)
        values = {"body": request.body}
        for name in self._template.names:
            if name == "id" and self.id is not None:
                values["id"] = octets(_header(request, self.id))
            elif name == "timestamp":
                values["timestamp"] = octets(stamp if isinstance(stamp, str) else str(stamp))
            elif name == "url":
                values["url"] = request.url.encode("utf-8", "surrogatepass")
            elif name == "query":
                values["query"] = request.raw_query.encode("utf-8", "surrogatepass")
        return (self._template.fill(values),)

    def _written(self, moment: datetime) -> str:
        if self.clock == "iso":
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        seconds = moment.timestamp()
        return str(int(seconds * 1000 if self.clock == "ms" else seconds))

    def _encode(self, signature: bytes) -> str:
        return signature.hex() if self.encoding == "hex" else binascii.b2a_base64(signature, newline=False).decode()

    def _decode(self, signature: str) -> bytes | None:
        """The bytes of a signature; None unless it is written exactly as by `_encode`."""
        try:
            raw = bytes.fromhex(signature) if self.encoding == "hex" else binascii.a2b_base64(octets(signature))
        except ValueError:
            return None
        return raw if raw and self._encode(raw) == signature else None

    @abstractmethod
    def _matches(self, secret: Secret, content: bytes, signatures: Sequence[str]) -> bool:
        """Whether one of the signatures is one of `content` with `secret`."""

    @abstractmethod
    def _sign(self, secret: Secret, content: bytes) -> str:
        """The signature of `content`, as text without prefix."""


def _header(request: Request, name: str) -> str:
    return _only(request.headers.all(name), name)


def _only(found: Sequence[str], name: str) -> str:
    if len(found) != 1 or not found[0]:
        raise Reject(f"{name} is given {len(found)} times" if len(found) > 1 else f"{name} is missing")
    return found[0]
