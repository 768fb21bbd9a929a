"""The audit log."""

from __future__ import annotations

from dataclasses import replace

from hub.model.stored.access import AuditEntry
from hub.ports.store import Access
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["AuditChecks"]


class AuditChecks(Conformance):
    """`audit` and `audit_log`."""

    @shows(Access.audit, Access.audit_log)
    async def test_the_audit_log_is_listed_newest_first(self, scene: StoreScene) -> None:
        """Those of the org, while entries come."""
        entries = [
            AuditEntry(scene.org, scene.id(), at, scene.id() if at else None, "source.update", "src_x", {"n": [at]})
            for at in range(5)
        ]
        for entry in entries:
            await scene.store.access.audit(entry)
        await scene.store.access.audit(replace(entries[0], id=scene.id(), org=scene.id()))

        async def more() -> None:
            await scene.store.access.audit(replace(entries[0], id=scene.id()))

        assert await page_through(scene.store.access.audit_log, scene.org, meanwhile=more) == entries[::-1]
