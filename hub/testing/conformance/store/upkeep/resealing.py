"""Resealing: after a walk nothing needs the older master keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hub.errors import Invalid
from hub.ports.store import Resealing
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox, signing_secret
from hub.testing.conformance.store.registry.sources import SHARED, stored_secret
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["ResealingChecks"]


async def sealed(scene: StoreScene) -> Mapping[str, Any]:
    """Everything that is sealed in the database, opened."""
    requests = (await scene.store.inbound.requests(scene.org, limit=50)).items
    return {
        "sources": scene.store.snapshot.sources,
        "subscriptions": scene.store.snapshot.subscriptions,
        "connection": await scene.store.access.connection_values(scene.org, "slack"),
        "headers": {one.id: one.headers for one in requests},
    }


class ResealingChecks(Conformance):
    """`step` and `count`."""

    @shows(Resealing.step, Resealing.count)
    async def test_everything_opens_without_the_older_keys_after_a_walk(self, scene: StoreScene) -> None:
        """Secrets, connections, subscriptions, headers of requests; what is new needs no resealing."""
        await scene.store.sources.create(scene.org, SHARED, [stored_secret(scene, str(n)) for n in range(3)])
        await scene.store.access.put_connection(scene.org, "slack", "bearer", {"a": "1", "b": "2"})
        await Outbox(scene).subscribe(signing_secret("s"))
        for _ in range(5):
            await scene.store.inbound.accept(scene.acceptance(None))
        scene.vault.rotate()
        await scene.store.inbound.accept(scene.acceptance(None))
        before = await sealed(scene)

        sealed_again, looked_at = await self._walk(scene)

        assert sealed_again == 3 + 2 + 2 + 5, "each secret, each value of a connection, the spec, the headers"
        assert looked_at == sealed_again + 1
        assert await self._walk(scene) == (0, looked_at)
        for old in sorted((scene.folder / "keys").glob("master-*.key"))[:-1]:
            old.unlink()
        scene.vault.reload()
        await scene.restart()
        assert await sealed(scene) == before

    @shows(Resealing.step)
    async def test_a_walk_goes_on_after_a_restart(self, scene: StoreScene) -> None:
        """Each step says where the next one begins."""
        for _ in range(4):
            await scene.store.inbound.accept(scene.acceptance(None))
        scene.vault.rotate()
        cursor: str | None = ""
        done = 0

        while cursor is not None:
            step = await scene.store.resealing.step(cursor, limit=1)
            cursor = step.cursor
            done += step.sealed_again
            await scene.restart()

        assert done == 4

    @shows(Resealing.step, Resealing.count)
    async def test_a_cursor_of_resealing_that_no_step_returned_is_invalid(self, scene: StoreScene) -> None:
        """It comes from a job that was tampered with."""
        for cursor in ("zz", "00:00x", "99:"):
            for operation in (scene.store.resealing.step, scene.store.resealing.count):
                with pytest.raises(Invalid):
                    await operation(cursor)

    async def _walk(self, scene: StoreScene) -> tuple[int, int]:
        """How many values all steps sealed again, and how many they looked at."""
        cursor: str | None = ""
        sealed_again = 0
        looked_at: list[int] = []
        left: list[int] = []
        seen: set[str] = set()
        while cursor is not None:
            seen.add(cursor)
            left.append(await scene.store.resealing.count(cursor))
            step = await scene.store.resealing.step(cursor, limit=2)
            sealed_again += step.sealed_again
            looked_at.append(step.looked_at)
            cursor = step.cursor
            if cursor in seen:
                raise AssertionError("a walk that comes back to a cursor never ends")
        if left != [sum(looked_at[place:]) for place in range(len(left))]:
            raise AssertionError(f"from each cursor on {looked_at} are left, not {left}")
        return sealed_again, left[0]
