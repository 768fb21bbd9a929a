"""Requests as they are kept: byte for byte, credentials replaced by keyed fingerprints (design 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, unquote

from hub.inbound.admit import API_KEY_HEADER
from hub.inbound.arrival import Arrival
from hub.inbound.verify import SHARED_KEY_QUERY
from hub.model.source import SourceRecord

__all__ = ["KEPT_REFUSED_BODY", "Evidence"]

KEPT_REFUSED_BODY = 16 * 1024
"""Most bytes of a refused request's body that are kept."""

_MARK = "fp:"
_ALWAYS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", API_KEY_HEADER})


class Evidence:
    """Replaces credentials by fingerprints.

    Args:
        fingerprint: Keyed, so that equal credentials look equal to the operator and nothing can be guessed from it.
    """

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint

    def mark(self, credential: str) -> str:
        """What stands in place of a credential."""
        return f"{_MARK}{self._fingerprint(credential)}"

    def url(self, arrival: Arrival, carried: str | None) -> str:
        """Path and query as sent, without the URL's secret and shared keys."""
        path = arrival.path
        if carried:
            path = "/".join(
                self.mark(carried) if carried in {part, unquote(part)} else part for part in path.split("/")
            )
        if not arrival.raw_query:
            return path
        parts = []
        for part in arrival.raw_query.split("&"):
            name, equals, value = part.partition("=")
            if equals and unquote(name) == SHARED_KEY_QUERY:
                part = f"{name}={quote(self.mark(unquote(value)))}"  # noqa: PLW2901 - the masked part takes its place
            parts.append(part)
        return f"{path}?{'&'.join(parts)}"

    def headers(self, arrival: Arrival, redact: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
        """All headers in order; values of credentials (by name, or vendor's `redact`) replaced."""
        names = _ALWAYS.union(name.lower() for name in redact) if redact else _ALWAYS
        return tuple((name, self.mark(value) if name in names else value) for name, value in arrival.headers.pairs)

    def visible(self, arrival: Arrival, source: SourceRecord, now: int) -> Mapping[str, str]:
        """The headers as a workflow sees them: lower-case names; only the hub's own credentials are replaced."""
        return self.shown(arrival.headers.pairs, source, now)

    def shown(self, pairs: Iterable[tuple[str, str]], source: SourceRecord, now: int) -> Mapping[str, str]:
        """As `visible`, of headers that may be kept ones."""
        own = {secret.text for secret in source.secrets if secret.text and secret.live(now)}
        seen: dict[str, str] = {}
        for name, value in pairs:
            shown = (
                self.mark(value) if (name == API_KEY_HEADER or value in own) and not value.startswith(_MARK) else value
            )
            seen[name] = f"{seen[name]}, {shown}" if name in seen else shown
        return seen
