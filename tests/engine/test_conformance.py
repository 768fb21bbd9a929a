"""The core's own engine keeps the port's promises."""

from __future__ import annotations

from hub.backends import embedded_engine
from hub.testing.conformance import EngineConformance


class TestEmbeddedEngine(EngineConformance):
    factory = embedded_engine
