"""The program of `StoreProcess`: opens a store and runs one task over it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.model.json import loads
from hub.testing.clock import ManualClock
from hub.testing.conformance.process import found_at, tell
from hub.testing.conformance.store.process import READY
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["main"]


def main(order: Mapping[str, Any]) -> None:
    """Do what `StoreProcess` ordered."""
    asyncio.run(_work(order))


async def _work(order: Mapping[str, Any]) -> None:
    clock, folder = ManualClock(order["now"]), Path(order["folder"])
    scene = StoreScene(found_at(order["factory"]), lambda _: order["url"], folder, clock)
    scene.source_id = bytes.fromhex(order["source"])
    await scene.start(order["owner"])
    try:
        tell(READY)
        await asyncio.to_thread(sys.stdin.readline)
        await found_at(order["task"])(scene, tell, *order["arguments"])
    finally:
        await scene.stop()


if __name__ == "__main__":
    main(loads(sys.argv[1]))
