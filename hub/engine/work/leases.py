"""Keeping the leases of all running executions, and ending those of processes that are gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import structlog

from hub.engine.work.presence import Presence
from hub.errors import HubError
from hub.model.ids import Id
from hub.ports.clock import Clock
from hub.ports.store import Executions

__all__ = ["Leases"]

_log = structlog.get_logger("hub.engine")


class Leases:
    """Renews leases three times within their life."""

    __slots__ = ("_clock", "_executions", "_gone", "_held", "_lease", "_lost", "_owner", "_presence")

    def __init__(
        self,
        executions: Executions,
        clock: Clock,
        *,
        owner: str,
        lease: int,
        presence: Presence | None,
        gone: Callable[[str], Awaitable[None]] | None,
        held: Callable[[], Collection[Id]],
        lost: Callable[[Id], None],
    ) -> None:
        """Renews what `held` names for `lease` microseconds; `lost` hears of each that belongs to somebody else now.

        `gone` is asked to take over whatever else a process had that is gone.
        """
        self._presence = presence
        self._gone = gone
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
            try:
                await self.inherit()
                await self._renew()
            except (HubError, OSError) as error:
                _log.warning("leases not renewed", error=str(error))

    async def inherit(self) -> None:
        """End the leases of processes of this machine that are gone, so that what they ran may be claimed.

        Raises:
            StoreUnavailable: It did not commit; to be tried again.
        """
        if self._presence is None:
            return
        for owner in self._presence.dead():
            await self._executions.expire(owner, self._clock.now())
            if self._gone is not None:
                await self._gone(owner)
            self._presence.bury(owner)
            _log.info("took over from a process that is gone", owner=owner)

    async def _renew(self) -> None:
        held = tuple(self._held())
        kept = await self._executions.renew(self._owner, held, self._clock.now() + self._lease) if held else ()
        for execution in held:
            if execution not in kept:
                self._lost(execution)
