"""An action whose calls a test sees, holds and lets fail."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from hub.errors import ActionFailed
from hub.sdk.action import Action, ActionContext

__all__ = ["Probe", "ProbeCall", "ProbeInput"]


class ProbeInput(BaseModel):
    """Settings of the probe's actions.

    Attributes:
        name: The name of the call; by default the node's id.
        output: The output.
        hold: End only when the test says so (`Probe.let`).
        fails: Number of calls of this name that fail before one succeeds.
        retryable: Whether a failure may be retried.
        retry_after: Seconds after which a failure asks to be retried.
    """

    name: str = ""
    output: Any = None
    hold: bool = False
    fails: int = 0
    retryable: bool = True
    retry_after: float | None = None


@dataclass(frozen=True)
class ProbeCall:
    """One call.

    Attributes:
        name: Its name.
        key: The idempotency key that the engine gave it.
        output: Its setting `output`, as the action got it.
    """

    name: str
    key: str
    output: Any


class Probe:
    """The actions `probe.call`, which has an effect, and `probe.pure`, and what became of their calls.

    Attributes:
        calls: All calls so far.
        running: Keys of the calls that have not ended.
        most: Most calls that ran at the same time.
    """

    def __init__(self) -> None:
        self.calls: list[ProbeCall] = []
        self.running: list[str] = []
        self.most = 0
        self._let: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._begun: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    @property
    def names(self) -> list[str]:
        """The names of all calls so far."""
        return [call.name for call in self.calls]

    def keys(self, name: str) -> set[str]:
        """The idempotency keys of the calls of that name."""
        return {call.key for call in self.calls if call.name == name}

    def let(self, *names: str) -> None:
        """Let held calls of these names end, those to come too."""
        for name in names:
            self._let[name].set()

    async def begun(self, *names: str) -> None:
        """Return once each of these names was called."""
        for name in names:
            await self._begun[name].wait()

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions."""
        return (
            Action(name="probe.call", input=ProbeInput, run=self._call, summary="An effect that a test sees"),
            Action(name="probe.pure", input=ProbeInput, run=self._call, summary="The same without effect", pure=True),
        )

    async def _call(self, settings: ProbeInput, context: ActionContext) -> Any:
        name = settings.name or context.node
        key = context.idempotency_key
        self.calls.append(ProbeCall(name, key, settings.output))
        self.running.append(key)
        self.most = max(self.most, len(self.running))
        self._begun[name].set()
        try:
            if settings.hold:
                await self._let[name].wait()
        finally:
            self.running.remove(key)
        if self.names.count(name) <= settings.fails:
            raise ActionFailed(f"{name} said no", retryable=settings.retryable, retry_after=settings.retry_after)
        return settings.output
