"""Counts of events that differ from a catalog."""

from __future__ import annotations

from dataclasses import replace

from hub.model.stored.drift import Drift
from hub.ports.store import DriftCounts
from hub.ports.store.drift import DRIFT_ROWS_PER_SOURCE
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["DriftChecks"]


def drift(scene: StoreScene, detail: str, count: int = 1, at: int = 1) -> Drift:
    """A difference that was seen."""
    return Drift(scene.org, scene.source_id, "order", detail, count, scene.id(), at, at)


class DriftChecks(Conformance):
    """`count`, `drifts` and `forget`."""

    @shows(DriftCounts.count, DriftCounts.drifts)
    async def test_counts_add_up(self, scene: StoreScene) -> None:
        """The first sight stays, the last one and its request are renewed."""
        first, later = drift(scene, "unknown field /a", 2, at=5), drift(scene, "unknown field /a", 3, at=9)
        await scene.store.drift.count([first, drift(scene, "unknown field /b")])

        await scene.store.drift.count([later])
        await scene.restart()

        kept = await scene.store.drift.drifts(scene.org, limit=9)
        assert kept[0] == replace(later, count=5, first=5)
        assert [(one.detail, one.count) for one in kept] == [("unknown field /a", 5), ("unknown field /b", 1)]

    @shows(DriftCounts.drifts)
    async def test_the_most_frequent_differences_come_first(self, scene: StoreScene) -> None:
        """Then the latest; no more than asked for, and of one source if it is named."""
        await scene.store.drift.count([drift(scene, f"d{n}", count=n % 3, at=n) for n in range(1, 7)])
        elsewhere = replace(drift(scene, "d9", count=9), source=scene.id())
        await scene.store.drift.count([elsewhere])

        mine = await scene.store.drift.drifts(scene.org, source=scene.source_id, limit=4)

        assert [one.detail for one in mine] == ["d5", "d2", "d4", "d1"]
        assert (await scene.store.drift.drifts(scene.org, limit=1)) == (elsewhere,)
        assert await scene.store.drift.drifts(scene.id(), limit=9) == ()

    @shows(DriftCounts.count)
    async def test_a_source_cannot_fill_the_database(self, scene: StoreScene) -> None:
        """What it had first is still counted."""
        await scene.store.drift.count([drift(scene, f"d{n}") for n in range(DRIFT_ROWS_PER_SOURCE - 1)])

        await scene.store.drift.count([drift(scene, f"new {n}") for n in range(5)] + [drift(scene, "d0")])

        kept = {one.detail: one.count for one in await scene.store.drift.drifts(scene.org, limit=10_000)}
        assert len(kept) == DRIFT_ROWS_PER_SOURCE
        assert (kept["d0"], kept["new 0"]) == (2, 1)

    @shows(DriftCounts.forget)
    async def test_counts_can_be_forgotten(self, scene: StoreScene) -> None:
        """Those of one source, or all of the org."""
        other = replace(drift(scene, "other"), source=scene.id())
        foreign = replace(drift(scene, "foreign"), org=(await scene.store.access.create_org("other")).id)
        await scene.store.drift.count([drift(scene, "mine"), other, foreign])

        await scene.store.drift.forget(scene.org, source=scene.source_id)
        assert await scene.store.drift.drifts(scene.org, limit=9) == (other,)
        await scene.store.drift.forget(scene.org)

        assert await scene.store.drift.drifts(scene.org, limit=9) == ()
        assert await scene.store.drift.drifts(foreign.org, limit=9) == (foreign,)
