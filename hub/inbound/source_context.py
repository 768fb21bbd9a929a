"""The source as plugins see it, and the calls that a vendor makes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from hub.errors import AddressRefused, HubError, Reject, Unavailable
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import IdentifiedRequest
from hub.model.ids import Id, write_id
from hub.model.times import SECOND, to_micros
from hub.model.wire.fetched import Fetched
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.ports.clock import Clock
from hub.ports.store.snapshot import Snapshot
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["SourceContexts", "VendorCall"]

VendorCall = Callable[[Vendor, str, str, Mapping[str, str], bytes, float], Awaitable[Fetched]]
"""(vendor, method, url, headers, body, seconds) -> answer, through the egress guard, to the vendor's hosts only.

Raises AddressRefused for a host that the vendor or the guard forbids, and HubError when no answer came.
"""

_MAX_CACHED = 256

_CallKey = tuple[str, str, str, bytes, tuple[tuple[str, str], ...]]


class SourceContexts:
    """Makes the `Source` that a vendor's functions are given with a request.

    Args:
        call: How vendors call out.
        clock: For the life of cached answers.
    """

    def __init__(self, call: VendorCall, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._cache: dict[_CallKey, tuple[int, Fetched]] = {}
        self._under_way: dict[_CallKey, asyncio.Task[Fetched]] = {}

    def of(self, identified: IdentifiedRequest, vendor: Vendor | None, request: Request, clock: RequestClock) -> Source:
        """The source of a request, with the settings and calls of `vendor`; without these where that is None.

        Raises:
            RequestRefused: 503, the stored settings do not fit the vendor's settings model.
        """
        source = identified.source
        return Source(
            write_id("src", source.id),
            request.url.partition("?")[0],
            None if vendor is None else identified.snapshot.derived(_settings, source.id, vendor),
            identified.gate.author_secrets(to_micros(request.received)),
            None if vendor is None else self._fetcher(vendor, clock),
        )

    def _fetcher(self, vendor: Vendor, clock: RequestClock) -> Any:
        async def fetch(url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float) -> Fetched:
            key = (vendor.name, method, url, body, tuple(sorted(headers.items())))
            kept = self._cache.get(key)
            if kept is not None and kept[0] > self._clock.now():
                return kept[1]
            # Calls for the same thing at the same moment are one call. It is shielded, because others may wait for it
            # when the request that began it is cancelled.
            task = self._under_way.get(key)
            if task is None:
                task = asyncio.ensure_future(self._fetch(vendor, method, url, headers, body, clock.remaining()))
                self._under_way[key] = task
                task.add_done_callback(lambda _done: self._under_way.pop(key, None))
            fetched = await asyncio.shield(task)
            if cache > 0:
                if len(self._cache) >= _MAX_CACHED:
                    self._cache.clear()
                self._cache[key] = (self._clock.now() + int(cache * SECOND), fetched)
            return fetched

        return fetch

    async def _fetch(
        self, vendor: Vendor, method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Fetched:
        if seconds <= 0:
            raise Unavailable(f"no time is left to call {vendor.title}")
        try:
            fetched = await self._call(vendor, method, url, headers, body, seconds)
        except AddressRefused as error:
            raise Reject(str(error)) from error
        except Reject:
            raise
        except HubError as error:
            raise Unavailable(str(error)) from error
        if not 200 <= fetched.status <= 299:
            raise Unavailable(f"{vendor.title} answered {fetched.status}")
        return fetched


def _settings(snapshot: Snapshot, source: Id, vendor: Vendor) -> Any:
    """The settings of a source as `vendor` declares them; the vendor's defaults where it is not the bound one.

    Raises:
        RequestRefused: 503, the stored settings do not fit the vendor's settings model.
    """
    if vendor.settings is None:
        return None
    spec = snapshot.sources[source].spec
    try:
        return vendor.settings.model_validate(spec.settings if spec.vendor == vendor.name else {})
    except ValidationError as error:
        reason = f"the settings of the source do not fit plugin {vendor.name}: {error.error_count()} errors"
        raise RequestRefused(Refusal("admit", "settings", 503, reason)) from error
