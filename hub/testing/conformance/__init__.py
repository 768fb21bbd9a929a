"""Conformance suites: what a port promises, as tests that an author of an implementation gets in two lines.

    class TestMyStore(StoreConformance):
        factory = my_store

`StoreConformance`  every operation of `hub.ports.store.Store`
`BlobsConformance`  every operation of `hub.ports.blobs.Blobs`
`EngineConformance`  every operation of `hub.ports.engine.Engine`
"""

from __future__ import annotations

from hub.testing.conformance.blobs import BlobsConformance
from hub.testing.conformance.engine import EngineConformance
from hub.testing.conformance.store import StoreConformance

__all__ = ["BlobsConformance", "EngineConformance", "StoreConformance"]
