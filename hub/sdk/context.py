"""The source that a request came to, as the functions of a vendor see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from hub.errors import Reject
from hub.model.wire.fetched import Fetched
from hub.model.wire.secret import Secret

__all__ = ["Fetch", "Source"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Fetch(Protocol):
    """Makes an outgoing call for a vendor, as `Source.fetch` promises."""

    def __call__(
        self, url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float
    ) -> Awaitable[Fetched]:
        """Make the call."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """The source that a request came to; the second argument of every vendor function.

    Attributes:
        id: The hub's id (`src_…`).
        url: The public URL of the source. It may contain a secret, so `repr` leaves it out.
        settings: An instance of `Vendor.settings`; None if the vendor has no settings.
    """

    id: str
    url: str = field(repr=False)
    settings: Any = None
    _secrets: tuple[Secret, ...] = field(default=(), repr=False)
    _fetch: Fetch | None = field(default=None, repr=False)

    def secrets(self, slot: str = "signing", label: str | None = None) -> tuple[Secret, ...]:
        """The live secrets of a slot, newest first; empty ones are left out.

        Args:
            slot: A slot of `Vendor.credentials`.
            label: Only secrets with this label (a tenant or key id); None: all.
        """
        return tuple(
            secret
            for secret in self._secrets
            if secret.slot == slot and secret.value and (label is None or secret.label == label)
        )

    def match(self, test: Callable[[Secret], bool], slot: str = "signing", label: str | None = None) -> Secret:
        """The first live secret for which `test` returns True; an exception in `test` counts as False.

        Raises:
            Reject: Status 401: there is no live secret, or none passes the test.
        """
        secrets = self.secrets(slot, label)
        for secret in secrets:
            try:
                if test(secret) is True:
                    return secret
            except Exception:  # noqa: BLE001, S112 - a test that fails is not passed
                continue
        raise Reject(
            f"none of {len(secrets)} live secrets in slot {slot!r} matches"
            if secrets
            else f"there is no live secret in slot {slot!r}"
        )

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes = b"",
        cache: float = 0,
    ) -> Fetched:
        """Call a host of the vendor: https to `Vendor.hosts` only, through the egress guard, within the request's time.

        Args:
            url: An https URL.
            method: HTTP method.
            headers: Request headers.
            body: Request body.
            cache: Seconds for which an answer is reused without a call, in a cache per plugin. Equal calls at the same
                time are made once.

        Raises:
            Unavailable: There was no answer, or its status is not 2xx; the request is answered 503.
            Reject: The vendor may not call this address.
            RuntimeError: It was called in `read`, which must be pure since it runs again on replay.
        """
        if self._fetch is None:
            raise RuntimeError("fetch cannot be called here: read must be pure, since it runs again on replay")
        return await self._fetch(url, method=method, headers=headers, body=body, cache=cache)
