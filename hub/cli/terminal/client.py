"""Calls to the API of a running hub."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import click

from hub.model.json import dumps, loads

__all__ = ["CallFailed", "HubClient"]


_TEMPORARY = frozenset({429, 500, 502, 503, 504})


class CallFailed(click.ClickException):
    """The hub cannot be reached or refuses the call. The message says what is wrong and what to do.

    Args:
        message: For people.
        temporary: No hub answered, or it could not answer now: the same call may succeed later.
    """

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class HubClient:
    """The API of a running hub.

    Args:
        url: Base URL, by default `HUB_URL`.
        key: API key, by default `HUB_API_KEY` or `HUB_ADMIN_KEY`.
        org: Org to act in, by default `HUB_ORG`.
    """

    def __init__(self, url: str | None = None, key: str | None = None, org: str | None = None) -> None:
        port = os.environ.get("HUB_PORT", "8000")
        self.url = (url or os.environ.get("HUB_URL") or f"http://127.0.0.1:{port}").rstrip("/")
        self.key = key or os.environ.get("HUB_API_KEY") or os.environ.get("HUB_ADMIN_KEY") or ""
        if not self.key.isprintable():
            raise CallFailed("the API key has a line break or another character that no key has: set HUB_API_KEY again")
        self.org = org or os.environ.get("HUB_ORG")

    def headers(self) -> dict[str, str]:
        """The headers with the key and the org."""
        headers = {"Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if self.org:
            headers["X-Api-Org"] = self.org
        return headers

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of the answer, None if it is empty.

        Raises:
            CallFailed: No hub answers at the URL, or it refuses the call.
        """
        return asyncio.run(self._call(method, path, body, query or {}, headers or {}))

    async def _call(
        self, method: str, path: str, body: Any, query: Mapping[str, str | None], headers: Mapping[str, str]
    ) -> Any:
        sent = {**self.headers(), **headers}
        data = None
        if body is not None:
            data = dumps(body)
            sent["Content-Type"] = "application/json"
        params = {name: value for name, value in query.items() if value is not None}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session,
                session.request(method, self.url + path, data=data, params=params, headers=sent) as response,
            ):
                raw = await response.read()
                status = response.status
        except TimeoutError as error:
            raise CallFailed(f"the hub at {self.url} did not answer in time", temporary=True) from error
        except aiohttp.InvalidURL as error:
            raise CallFailed(f"{self.url} is not a URL: set HUB_URL to http://HOST:PORT or https://HOST") from error
        except aiohttp.ClientError as error:
            remedy = "start one with `hub serve`, or set HUB_URL"
            raise CallFailed(f"no hub answers at {self.url}: {remedy}{_why(error)}", temporary=True) from error
        if status >= 400:
            raise CallFailed(_explain(status, raw, has_key=bool(self.key)), temporary=status in _TEMPORARY)
        try:
            return loads(raw) if raw.strip() else None
        except ValueError as error:
            raise CallFailed(f"the server at {self.url} is not a hub: set HUB_URL") from error


def _why(error: aiohttp.ClientError) -> str:
    """The cause, such as a TLS error. For a refused connection there is nothing to add."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return ""
    return f" ({error})"


def _explain(status: int, raw: bytes, *, has_key: bool) -> str:
    if status == 401 and not has_key:
        return "the hub requires an API key: set HUB_API_KEY"
    try:
        problem = loads(raw)
        detail = problem["detail"]
    except (ValueError, KeyError, TypeError):
        return f"the hub answered {status}"
    lines = [f"{detail} ({status})"]
    lines += [f"  {one['pointer'] or '/'}: {one['message']}" for one in problem.get("errors", ())]
    return "\n".join(lines)
