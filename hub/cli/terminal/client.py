"""Calls of the command line to a running hub."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import click

from hub.model.json import dumps, loads

__all__ = ["HubClient", "Problem"]


class Problem(click.ClickException):
    """The hub refused; the message says what is wrong and, where the hub knows, how to mend it."""


class HubClient:
    """A running hub's API.

    Args:
        url: Base URL; `HUB_URL` unless given.
        key: API key; `HUB_API_KEY`, else `HUB_ADMIN_KEY`, unless given.
        org: Org to act in; `HUB_ORG` unless given.
    """

    def __init__(self, url: str | None = None, key: str | None = None, org: str | None = None) -> None:
        port = os.environ.get("HUB_PORT", "8000")
        self.url = (url or os.environ.get("HUB_URL") or f"http://127.0.0.1:{port}").rstrip("/")
        self.key = key or os.environ.get("HUB_API_KEY") or os.environ.get("HUB_ADMIN_KEY") or ""
        if not self.key.isprintable():
            raise Problem("the API key holds a line break or another character that no key has: set HUB_API_KEY anew")
        self.org = org or os.environ.get("HUB_ORG")

    def headers(self) -> dict[str, str]:
        """The headers that say who calls."""
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
        """The answer's JSON, None for an empty one.

        Raises:
            Problem: No hub answers there, or it refuses.
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
            raise Problem(f"the hub at {self.url} did not answer in time") from error
        except aiohttp.InvalidURL as error:
            raise Problem(f"{self.url} is no address: set HUB_URL to http://HOST:PORT or https://HOST") from error
        except aiohttp.ClientError as error:
            remedy = "start one with `hub serve`, or set HUB_URL"
            raise Problem(f"no hub answers at {self.url}: {remedy}{_why(error)}") from error
        if status >= 400:
            raise Problem(_explain(status, raw, has_key=bool(self.key)))
        try:
            return loads(raw) if raw.strip() else None
        except ValueError as error:
            raise Problem(f"what answers at {self.url} is no hub: set HUB_URL") from error


def _why(error: aiohttp.ClientError) -> str:
    """What went wrong where somebody does listen, such as TLS; nothing to add to a refused connection."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return ""
    return f" ({error})"


def _explain(status: int, raw: bytes, *, has_key: bool) -> str:
    if status == 401 and not has_key:
        return "the hub wants an API key: set HUB_API_KEY"
    try:
        problem = loads(raw)
        detail = problem["detail"]
    except (ValueError, KeyError, TypeError):
        return f"the hub answered {status}"
    lines = [f"{detail} ({status})"]
    lines += [f"  {one['pointer'] or '/'}: {one['message']}" for one in problem.get("errors", ())]
    return "\n".join(lines)
