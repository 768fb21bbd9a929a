"""Keeping the leases of all running executions, in one write for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from hub.errors import StoreUnavailable
from hub.model.ids import Id
from hub.ports.clock import Clock
from hub.ports.store import Executions

__all__ = ["Leases"]

_log = structlog.get_logger("hub.engine")


class Leases:
    """Renews leases three times within their life."""

    __slots__ = ("_clock", "_executions", "_held", "_lease", "_lost", "_owner")

    def __init__(
        self,
        executions: Executions,
        clock: Clock,
        *,
        owner: str,
        lease: int,
        held: Callable[[], Collection[Id]],
        lost: Callable[[Id], None],
    ) -> None:
        """Renews what `held` names for `lease` microseconds; `lost` hears of each that belongs to somebody else now."""
        self._executions = executions
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._held = held
        self._lost = lost

    async def serve(self) -> None:
        """Run until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + self._lease // 3)
            held = tuple(self._held())
            if not held:
                continue
            try:
                kept = await self._executions.renew(self._owner, held, self._clock.now() + self._lease)
            except StoreUnavailable as error:
                _log.warning("leases not renewed", error=str(error))
                continue
            for execution in held:
                if execution not in kept:
                    self._lost(execution)
