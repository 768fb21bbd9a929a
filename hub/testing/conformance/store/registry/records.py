"""The audit log, and jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.stored.access import AuditEntry, Job
from hub.ports.store import Access
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["AuditAndJobChecks"]


class AuditAndJobChecks(Conformance):
    """What people did, and what the hub works off for them."""

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

    @shows(Access.put_job, Access.job, Access.open_jobs)
    async def test_open_jobs_are_found_after_a_restart(self, scene: StoreScene) -> None:
        """Of all orgs, oldest first; putting a job again replaces it."""
        first = Job(scene.org, scene.id(), "recover", {"since": 1}, "counting", 0, 0, 0, "", 1, 1)
        jobs = [
            replace(first, id=scene.id(), state=state) for state in ("paused", "running", "done", "cancelled", "failed")
        ]
        foreign = replace(first, org=scene.id(), id=scene.id())
        for job in (first, *jobs, foreign):
            await scene.store.access.put_job(job)
        await scene.store.access.put_job(
            last := replace(first, state="running", total=9, done=4, failed=1, cursor="c", updated=8, error="e")
        )

        await scene.restart()

        assert await scene.store.access.open_jobs() == (last, *jobs[:2], foreign)
        assert await scene.store.access.job(scene.org, jobs[2].id) == jobs[2]
        for org, key in ((scene.org, scene.id()), (scene.id(), first.id)):
            with pytest.raises(NotFound):
                await scene.store.access.job(org, key)
