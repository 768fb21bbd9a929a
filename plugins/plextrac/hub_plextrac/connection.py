"""Connections to a PlexTrac instance, and the session tokens that they sign in for."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Self
from weakref import WeakValueDictionary

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub import ActionContext, ActionFailed
from hub_plextrac.answers import checked

__all__ = ["LIFETIME", "PlexTracConnection", "SessionTokens"]

LIFETIME = 600.0
"""Seconds for which a token is used; PlexTrac's expire after 15 minutes (api-documentation/getting-started)."""

_MOST = 256


class PlexTracConnection(BaseModel):
    """The fields of a PlexTrac connection; further fields are ignored.

    Attributes:
        url: Base URL of the instance, without a path.
        token: A JWT of PlexTrac, used until it expires.
        username: Name of an account without MFA, used with `password`.
        password: Password of that account.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    url: Annotated[
        str, Field(pattern=r"^https?://[^/?#@\s]+/?$", max_length=500, examples=["https://acme.plextrac.com"])
    ]
    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not (self.token or (self.username and self.password)):
            raise ValueError("a PlexTrac connection has a token, or a username and a password")
        return self

    @property
    def base(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def renewable(self) -> bool:
        """Whether an expired token can be replaced by signing in."""
        return not self.token

    def key(self) -> bytes:
        """A digest of URL, username and password: connections share a session only if all three are equal."""
        password = self.password.get_secret_value() if self.password else ""
        return hashlib.sha256("\0".join((self.base, self.username or "", password)).encode()).digest()


@dataclass(frozen=True, slots=True)
class _Held:
    text: str = field(repr=False)
    until: float


class SessionTokens:
    """Session tokens by account: PlexTrac allows ten sign-ins a minute, so an account signs in once for many calls."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._held: dict[bytes, _Held] = {}
        self._signing_in: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def of(self, connection: PlexTracConnection, context: ActionContext) -> str:
        """The token to send in `Authorization`.

        Raises:
            ActionFailed: Signing in failed.
        """
        if connection.token:
            return connection.token.get_secret_value()
        key = connection.key()
        lock = self._signing_in.setdefault(key, asyncio.Lock())
        async with lock:
            held = self._held.get(key)
            if held is None or held.until <= self._now():
                held = _Held(await _sign_in(connection, context), self._now() + LIFETIME)
                self._keep(key, held)
            return held.text

    def forget(self, connection: PlexTracConnection, token: str) -> None:
        """Stop using `token`, which PlexTrac has refused."""
        key = connection.key()
        if (held := self._held.get(key)) is not None and held.text == token:
            del self._held[key]

    def _keep(self, key: bytes, held: _Held) -> None:
        now = self._now()
        if len(self._held) >= _MOST:
            self._held = {known: other for known, other in self._held.items() if other.until > now}
        if len(self._held) >= _MOST:
            self._held.clear()
        self._held[key] = held


async def _sign_in(connection: PlexTracConnection, context: ActionContext) -> str:
    """`POST /api/v1/authenticate` with username and password, which returns a JWT in `token`."""
    password = connection.password.get_secret_value() if connection.password else ""
    answer = await context.request(
        "POST",
        f"{connection.base}/api/v1/authenticate",
        headers={"accept": "application/json"},
        json={"username": connection.username, "password": password},
    )
    value = checked(answer, "signing in")
    token = value.get("token") if isinstance(value, dict) else None
    if not isinstance(token, str) or not token:
        raise ActionFailed("PlexTrac returned no token: use an account without MFA", retryable=False)
    return token
