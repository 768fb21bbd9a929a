"""What plugin authors test with. Names are imported when they are first used, so that pytest starts quickly.

`VendorContract`  the rules that every vendor must keep, as tests in two lines
`StoreConformance`, `BlobsConformance`, `EngineConformance`  what a port promises, as tests in two lines
`live_hub`        a real hub in this process, over a real socket
`ManualClock`     a clock that stands still until a test moves it
`Sender`          signs recorded requests as the vendor would
`new_request`, `new_source`  the arguments that the hub passes to a vendor's functions
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.testing.clock import ManualClock
    from hub.testing.conformance import BlobsConformance, EngineConformance, StoreConformance
    from hub.testing.contract import VendorContract
    from hub.testing.live import LiveHub, live_hub
    from hub.testing.requests import new_request, new_source
    from hub.testing.sender import Sender

__all__ = [
    "BlobsConformance",
    "EngineConformance",
    "LiveHub",
    "ManualClock",
    "Sender",
    "StoreConformance",
    "VendorContract",
    "live_hub",
    "new_request",
    "new_source",
]

_HOMES = {
    "BlobsConformance": "hub.testing.conformance",
    "EngineConformance": "hub.testing.conformance",
    "LiveHub": "hub.testing.live",
    "ManualClock": "hub.testing.clock",
    "Sender": "hub.testing.sender",
    "StoreConformance": "hub.testing.conformance",
    "VendorContract": "hub.testing.contract",
    "live_hub": "hub.testing.live",
    "new_request": "hub.testing.requests",
    "new_source": "hub.testing.requests",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
