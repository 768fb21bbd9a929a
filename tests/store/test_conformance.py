"""The core's own store keeps the port's promises."""

from __future__ import annotations

from hub.store.parts import sql_store
from hub.testing.conformance import StoreConformance


class TestSqlStore(StoreConformance):
    factory = sql_store
