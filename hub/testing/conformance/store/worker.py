"""The program of `StoreProcess`: opens a store and runs one task over it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hub.model.json import loads
from hub.testing.clock import ManualClock
from hub.testing.conformance.store.process import READY
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["main"]


def main(order: Mapping[str, Any]) -> None:
    """Do what `StoreProcess` ordered."""
    asyncio.run(_work(order))


async def _work(order: Mapping[str, Any]) -> None:
    clock, folder = ManualClock(order["now"]), Path(order["folder"])
    scene = StoreScene(_found(order["factory"]), lambda _: order["url"], folder, clock)
    scene.source_id = bytes.fromhex(order["source"])
    await scene.start(order["owner"])
    try:
        _tell(READY)
        await asyncio.to_thread(sys.stdin.readline)
        await _found(order["task"])(scene, _tell, *order["arguments"])
    finally:
        await scene.stop()


def _tell(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def _found(place: Mapping[str, str]) -> Any:
    try:
        return _within(import_module(place["module"]), place["name"])
    except (ImportError, AttributeError):
        spec = spec_from_file_location(place["module"], place["file"])
        if spec is None or spec.loader is None:
            raise
        module = module_from_spec(spec)
        sys.modules[place["module"]] = module
        spec.loader.exec_module(module)
        return _within(module, place["name"])


def _within(module: ModuleType, name: str) -> Any:
    return reduce(getattr, name.split("."), module)


if __name__ == "__main__":
    main(loads(sys.argv[1]))
