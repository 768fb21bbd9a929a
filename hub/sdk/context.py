"""The context of a vendor's functions: the source that a request came to, as plugin authors see it."""

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
    """An outgoing call on behalf of a vendor; the hub gives one that keeps the promises of `Source.fetch`."""

    def __call__(
        self, url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float
    ) -> Awaitable[Fetched]:
        """Make the call."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """The source that a request came to; second argument of every vendor function.

    Attributes:
        id: The hub's id (`src_…`).
        url: The public URL that its vendor was given; it may hold a secret and is hidden from `repr`.
        settings: An instance of `Vendor.settings`, None for a vendor without any.
    """

    id: str
    url: str = field(repr=False)
    settings: Any = None
    _secrets: tuple[Secret, ...] = field(default=(), repr=False)
    _fetch: Fetch | None = field(default=None, repr=False)

    def secrets(self, slot: str = "signing", label: str | None = None) -> tuple[Secret, ...]:
        """The live secrets of a slot, newest first, never an empty one.

        Args:
            slot: A slot of `Vendor.credentials`.
            label: Only those stored for this tenant or key id; None: whatever their label.
        """
        return tuple(
            secret
            for secret in self._secrets
            if secret.slot == slot and secret.value and (label is None or secret.label == label)
        )

    def match(self, test: Callable[[Secret], bool], slot: str = "signing", label: str | None = None) -> Secret:
        """The first live secret for which `test` is True; an exception in `test` counts as False.

        Raises:
            Reject: Status 401: there is no live secret, or none passes.
        """
        secrets = self.secrets(slot, label)
        for secret in secrets:
            try:
                if test(secret) is True:
                    return secret
            except Exception:  # noqa: BLE001, S112 - a test that cannot be made is not passed
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
        """Call out: https to `Vendor.hosts` only, through the egress guard, capped, within the request's clock.

        Args:
            url: Where to.
            method: HTTP method.
            headers: Request headers.
            body: Request body.
            cache: Seconds for which an answer may be given again without a call. Kept per plugin; calls for the
                same thing at the same moment are one call.

        Raises:
            Unavailable: No answer, or a status that is not 2xx; nothing was decided (503).
            Reject: The address is not one that this vendor may call.
            RuntimeError: Called inside `read`, which is pure since it runs again on replay.
        """
        if self._fetch is None:
            raise RuntimeError("fetch is not available here: read must be pure, it runs again on replay")
        return await self._fetch(url, method=method, headers=headers, body=body, cache=cache)
