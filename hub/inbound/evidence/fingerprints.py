"""Requests as they are kept: byte for byte, credentials replaced by keyed fingerprints (design 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from hub.inbound.http.arrival import Arrival
from hub.inbound.steps.admit import API_KEY_HEADER
from hub.inbound.steps.verify import SHARED_KEY_QUERY
from hub.model.stored.source import SHARED_KEY_SLOT, SourceRecord, StoredSecret
from hub.model.wire.request import Request

__all__ = ["KEPT_REFUSED_BODY", "Evidence"]

KEPT_REFUSED_BODY = 16 * 1024
"""Most bytes of a refused request's body that are kept."""

_MARK = "fp:"
_TELLING = 6
_KNOWN = 4096
"""Paths and sources of which is remembered what is secret in them."""
_ALWAYS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", API_KEY_HEADER})

_known_texts: dict[int, tuple[tuple[StoredSecret, ...], frozenset[str]]] = {}


class Evidence:
    """Replaces credentials by fingerprints.

    Args:
        fingerprint: Keyed, so that equal credentials look equal to the operator and nothing can be guessed from it.
    """

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._cached_path = lru_cache(maxsize=_KNOWN)(self._path)

    def mark(self, credential: str) -> str:
        """What stands in place of a credential."""
        return f"{_MARK}{self._fingerprint(credential)}"

    def url(self, arrival: Arrival, carried: str | None, source: SourceRecord) -> str:
        """Path and query as sent, without the credential of the URL, shared keys and other secrets of the source."""
        texts = _texts(source)
        path = self._cached_path(arrival.path, texts | {carried} if carried else texts)
        return f"{path}?{self._query(arrival.raw_query, texts)}" if arrival.raw_query else path

    def _path(self, path: str, secret: frozenset[str]) -> str:
        return "/".join([self.mark(unquote(part)) if unquote(part) in secret else part for part in path.split("/")])

    def cleaned(self, request: Request, source: SourceRecord) -> Request:
        """A verified request without the shared keys and secrets in its query, as readers and workflows see it."""
        texts = _texts(source)
        if not texts or not request.raw_query:
            return request
        query = self._query(request.raw_query, texts, keys=source.has(SHARED_KEY_SLOT))
        if query == request.raw_query:
            return request
        return Request(
            id=request.id,
            method=request.method,
            client=request.client,
            body=request.body,
            headers=request.headers,
            url=f"{request.url.partition('?')[0]}?{query}",
            received=request.received,
        )

    def _query(self, raw: str, texts: frozenset[str], *, keys: bool = True) -> str:
        parts = []
        for part in raw.split("&"):
            name, equals, value = part.partition("=")
            if equals and ((keys and unquote(name) == SHARED_KEY_QUERY) or unquote_plus(value) in texts):
                part = f"{name}={quote(self.mark(unquote_plus(value)))}"  # noqa: PLW2901 - the masked part takes its place
            parts.append(part)
        return "&".join(parts)

    def headers(
        self, arrival: Arrival, source: SourceRecord, redact: tuple[str, ...] = ()
    ) -> tuple[tuple[str, str], ...]:
        """All headers in order; replaced: credentials by name, the vendor's `redact`, and what holds a secret."""
        names = _ALWAYS.union(name.lower() for name in redact) if redact else _ALWAYS
        texts = _texts(source)
        kept = []
        for pair in arrival.headers.pairs:
            name, value = pair
            if name in names or any(text in value for text in texts):
                pair = (name, self.mark(value))  # noqa: PLW2901 - the masked pair takes its place
            kept.append(pair)
        return tuple(kept)

    def visible(self, arrival: Arrival, source: SourceRecord, now: int) -> Mapping[str, str]:
        """The headers as a workflow sees them: lower-case names; only the hub's own credentials are replaced."""
        return self.shown(arrival.headers.pairs, source, now)

    def shown(self, pairs: Iterable[tuple[str, str]], source: SourceRecord, now: int) -> Mapping[str, str]:
        """As `visible`, of headers that may be kept ones."""
        own = [secret.text for secret in source.secrets if secret.text and secret.live(now)]
        seen: dict[str, str] = {}
        for name, value in pairs:
            shown = (
                self.mark(value) if (name == API_KEY_HEADER or value in own) and not value.startswith(_MARK) else value
            )
            seen[name] = f"{seen[name]}, {shown}" if name in seen else shown
        return seen


def _texts(source: SourceRecord) -> frozenset[str]:
    """Every secret of the source as it was pasted, but for those too short to be told from other text."""
    secrets = source.secrets
    known = _known_texts.get(id(secrets))
    if known is None or known[0] is not secrets:
        texts = frozenset(secret.text for secret in secrets if len(secret.text) >= _TELLING)
        if len(_known_texts) >= _KNOWN:
            _known_texts.clear()
        known = _known_texts[id(secrets)] = (secrets, texts)
    return known[1]
