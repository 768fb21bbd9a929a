"""The routes of dialects inside an application's own URL map, and which of them a path means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from quart import Quart
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule

from hub.sdk.dialect import Dialect, DialectRoute

__all__ = ["Endpoint", "RouteTable", "Routed"]

_CACHED_URLS = 4096
_SLASHES = re.compile(r"/{2,}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route of a dialect.

    Attributes:
        allowed: The methods of the path, for a request whose method is none of them; else empty.
    """

    dialect: Dialect
    route: DialectRoute
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routed:
    """What a path means.

    Attributes:
        path: The path without the prefix of the public URL.
        endpoint: None where the path is one of the management API or of a page.
        params: The parameters of the route.
    """

    path: str
    endpoint: Endpoint | None
    params: Mapping[str, str]


class RouteTable:
    """Finds the route of a path.

    Args:
        app: The application whose URL map holds all routes.
        prefix: Path of the public URL, such as `/hub`; empty without one. A proxy may strip it or pass it on.
    """

    def __init__(self, app: Quart, prefix: str = "") -> None:
        self._app = app
        self._prefix = prefix
        self._endpoints: dict[str, Endpoint] = {}
        self._beginnings: tuple[str, ...] = ()
        self._cached = lru_cache(maxsize=_CACHED_URLS)(self._find)

    def add(self, dialect: Dialect) -> None:
        """Add the dialect's routes to the URL map."""
        for number, route in enumerate(dialect.routes):
            endpoint = f"hub:{dialect.name}:{number}"
            self._endpoints[endpoint] = Endpoint(dialect, route)
            rule = Rule(route.path, endpoint=endpoint, methods=route.methods, strict_slashes=True, merge_slashes=False)
            if rule.methods is not None:
                rule.methods.discard("HEAD")
            self._app.url_map.add(rule)
            self._beginnings = (*self._beginnings, route.path.partition("<")[0])

    def find(self, path: str, method: str) -> Routed | None:
        """What a path means; None where no route fits it."""
        return self._cached(path, method)

    def is_near(self, path: str) -> bool:
        """Whether a path begins like a hub URL, as a mistyped one does."""
        return any(one.startswith(self._beginnings) for one in (path, *self._without_prefix(path)))

    def _find(self, path: str, method: str) -> Routed | None:
        """Try the path as it stands first: a proxy may have stripped the prefix, and the rest may begin like it."""
        candidates = (path, *self._without_prefix(path))
        for one in candidates:
            if (found := self._match(one, method)) is not None:
                return found
        for one in candidates:
            # Senders append a slash, or join a base URL and a path with two: they mean the same source.
            plain = _SLASHES.sub("/", one).rstrip("/")
            found = self._match(plain, method) if plain != one else None
            if found is not None and found.endpoint is not None:
                return replace(found, path=one)
        return None

    def _without_prefix(self, path: str) -> Iterator[str]:
        if self._prefix and path.startswith(f"{self._prefix}/"):
            yield path.removeprefix(self._prefix)

    def _match(self, path: str, method: str) -> Routed | None:
        try:
            name, params = self._app.url_map.bind("hub").match(path, method)
        except MethodNotAllowed as error:
            return self._with_another_method(path, error.valid_methods or ())
        except (HTTPException, RequestRedirect):
            return None
        return Routed(path, self._endpoints.get(name), MappingProxyType(dict(params)))

    def _with_another_method(self, path: str, methods: Iterable[str]) -> Routed:
        """The endpoint of a path, for a request whose method none of its routes knows.

        Where one of its routes is not a dialect's, the refusal is Quart's.
        """
        found = [one for method in methods if (one := self._match(path, method)) is not None]
        first = found[0].endpoint if found else None
        if first is None or any(one.endpoint is None for one in found):
            return Routed(path, None, {})
        return replace(found[0], endpoint=replace(first, allowed=tuple(sorted(methods))))
