"""The snapshot in the tables: how a process catches up that is far behind."""

from __future__ import annotations

from hub.store.sql.store import SqlStore
from hub.store.sql.tables import changes
from hub.store.sql.writer import Priority
from hub.testing.conformance.store.lifecycle import change_everything, contents
from hub.testing.conformance.store.scene import StoreScene


async def test_a_process_too_far_behind_reads_everything(scene: StoreScene) -> None:
    async with scene.beside() as other:
        await change_everything(scene)
        number = scene.store.snapshot.generation + 20_000
        assert isinstance(scene.store, SqlStore)
        await scene.store._writer.run(
            Priority.LOGS,
            lambda transaction: transaction.connection.exec_driver_sql(
                f"UPDATE {changes.name} SET number = number + 20000"
            ),
        )

        await other.store.refresh()

        assert other.store.snapshot.generation == number
        assert contents(other.store.snapshot) == contents(scene.store.snapshot)
