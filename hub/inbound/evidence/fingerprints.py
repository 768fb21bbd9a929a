"""Keyed fingerprints that stand in place of credentials, wherever a request is kept or shown to workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from hub.inbound.admission import API_KEY_HEADER
from hub.inbound.credentials import SHARED_KEY_QUERY
from hub.inbound.http.arrival import Arrival
from hub.model.stored.source import SHARED_KEY_SLOT, SourceRecord, StoredSecret
from hub.model.wire.request import Request

__all__ = ["FINGERPRINT_PREFIX", "Fingerprints"]

FINGERPRINT_PREFIX = "fp:"
"""How every fingerprint begins."""

_MIN_SECRET_LENGTH = 6
"""Shorter secrets cannot be told from other text."""
_CACHED_PATHS = 4096
_CACHED_SOURCES = 4096
_CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", API_KEY_HEADER})

_secret_texts: dict[int, tuple[tuple[StoredSecret, ...], frozenset[str]]] = {}


class Fingerprints:
    """Replaces credentials by fingerprints.

    Args:
        fingerprint: Text -> its fingerprint. It is keyed, so that equal credentials look equal to the operator and
            nobody can guess a credential from it.
    """

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._cached_path = lru_cache(maxsize=_CACHED_PATHS)(self._path)

    def mark(self, credential: str) -> str:
        """What stands in place of a credential."""
        return f"{FINGERPRINT_PREFIX}{self._fingerprint(credential)}"

    def url(self, arrival: Arrival, carried: str | None, source: SourceRecord) -> str:
        """Path and query as sent, without the URL's credential, shared keys and other secrets of the source.

        Args:
            arrival: The request.
            carried: The credential that its URL carries.
            source: Where it came to.
        """
        texts = _texts(source)
        path = self._cached_path(arrival.path, texts | {carried} if carried else texts)
        return f"{path}?{self._query(arrival.raw_query, texts, marks=True)}" if arrival.raw_query else path

    def cleaned(self, request: Request, source: SourceRecord) -> Request:
        """A verified request without the shared keys and secrets in its query, as readers and workflows see it."""
        texts = _texts(source)
        if not texts or not request.raw_query:
            return request
        query = self._query(request.raw_query, texts, keys=source.has(SHARED_KEY_SLOT))
        if query == request.raw_query:
            return request
        return replace(request, url=f"{request.url.partition('?')[0]}?{query}")

    def headers(
        self, arrival: Arrival, source: SourceRecord, redact: tuple[str, ...] = ()
    ) -> tuple[tuple[str, str], ...]:
        """All headers in order. Replaced are credentials by name, the vendor's `redact`, and what holds a secret.

        So is a value that looks like a fingerprint, so that each one in the evidence is the hub's own.
        """
        names = _CREDENTIAL_HEADERS.union(name.lower() for name in redact) if redact else _CREDENTIAL_HEADERS
        texts = _texts(source)
        kept = []
        for pair in arrival.headers.pairs:
            name, value = pair
            if name in names or value.startswith(FINGERPRINT_PREFIX) or any(text in value for text in texts):
                pair = (name, self.mark(value))  # noqa: PLW2901 - the masked pair takes its place
            kept.append(pair)
        return tuple(kept)

    def workflow_headers(self, pairs: Iterable[tuple[str, str]], source: SourceRecord, now: int) -> Mapping[str, str]:
        """The headers as a workflow sees them: lower-case names; only the hub's own credentials are replaced.

        Args:
            pairs: Names and values as sent, or as kept; fingerprints in them stay as they are.
            source: Where they came to.
            now: Microseconds UTC; which secrets are live.
        """
        own = [secret.text for secret in source.secrets if secret.text and secret.live(now)]
        visible: dict[str, str] = {}
        for name, value in pairs:
            credential = name == API_KEY_HEADER or value in own
            shown = self.mark(value) if credential and not value.startswith(FINGERPRINT_PREFIX) else value
            visible[name] = f"{visible[name]}, {shown}" if name in visible else shown
        return visible

    def _path(self, path: str, secret: frozenset[str]) -> str:
        return "/".join(
            [self.mark(text) if _hidden(text := unquote(part), secret) else part for part in path.split("/")]
        )

    def _query(self, raw: str, texts: frozenset[str], *, keys: bool = True, marks: bool = False) -> str:
        parts = []
        for part in raw.split("&"):
            name, equals, value = part.partition("=")
            text = unquote_plus(value)
            looks = marks and text.startswith(FINGERPRINT_PREFIX)
            if equals and ((keys and unquote(name) == SHARED_KEY_QUERY) or text in texts or looks):
                part = f"{name}={quote(self.mark(text))}"  # noqa: PLW2901 - the masked part takes its place
            parts.append(part)
        return "&".join(parts)


def _hidden(part: str, secret: frozenset[str]) -> bool:
    return part in secret or part.startswith(FINGERPRINT_PREFIX)


def _texts(source: SourceRecord) -> frozenset[str]:
    """Every secret of the source as it was pasted, except those too short to be told from other text."""
    secrets = source.secrets
    known = _secret_texts.get(id(secrets))
    # An id may be used again for another tuple; keeping the tuple beside its texts tells them apart.
    if known is None or known[0] is not secrets:
        texts = frozenset(secret.text for secret in secrets if len(secret.text) >= _MIN_SECRET_LENGTH)
        if len(_secret_texts) >= _CACHED_SOURCES:
            _secret_texts.clear()
        known = _secret_texts[id(secrets)] = (secrets, texts)
    return known[1]
