"""Renews the leases of running executions, and ends those of processes that have ended."""

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
    """Renews each lease about three times before it would end, so that one late renewal does no harm."""

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
        """Make the loop; `serve` runs it.

        Args:
            executions: The store's leases.
            clock: Decides when to renew.
            owner: Id of this process.
            lease: Microseconds that a renewal lasts.
            presence: Tells which other processes of this machine have ended; None for a hub that is alone.
            gone: Takes over the other work of a process that has ended, given its id.
            held: The executions whose leases are to be renewed.
            lost: Called with each execution that another process has now.
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
                _log.warning("could not renew leases, trying again", error=str(error))

    async def inherit(self) -> None:
        """End the leases of processes of this machine that have ended, so that their executions can be claimed.

        Raises:
            StoreUnavailable: The database did not commit; call again later.
        """
        if self._presence is None:
            return
        for owner in self._presence.dead():
            await self._executions.expire(owner, self._clock.now())
            if self._gone is not None:
                await self._gone(owner)
            self._presence.bury(owner)
            _log.info("took over from a process that has ended", owner=owner)

    async def _renew(self) -> None:
        held = tuple(self._held())
        kept = await self._executions.renew(self._owner, held, self._clock.now() + self._lease) if held else ()
        for execution in held:
            if execution not in kept:
                self._lost(execution)
