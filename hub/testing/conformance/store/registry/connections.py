"""Connections: secrets for calling out, by name."""

from __future__ import annotations

import pytest

from hub.errors import NotFound
from hub.ports.store import Access
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["ConnectionChecks"]


class ConnectionChecks(Conformance):
    """What actions authenticate with."""

    @shows(Access.put_connection, Access.connections, Access.connection_values)
    async def test_a_connection_shows_its_fields_and_gives_its_values_by_name(self, scene: StoreScene) -> None:
        """Putting it again replaces kind and values, and keeps its id."""
        access = scene.store.access
        made = await access.put_connection(scene.org, "slack", "bearer", {"url": "https://x", "token": "xoxb"})
        assert (made.fields, made.created) == (("url", "token"), scene.clock.now())
        assert list((await access.connection_values(scene.org, "slack")).items()) == [
            ("url", "https://x"), ("token", "xoxb"),
        ]  # fmt: skip
        scene.clock.advance(1)

        again = await access.put_connection(scene.org, "slack", "basic", {"token": "xoxc"})

        assert (again.id, again.created, again.updated) == (made.id, made.created, scene.clock.now())
        assert (again.kind, again.fields) == ("basic", ("token",))
        empty = await access.put_connection(scene.org, "empty", "none", {})
        await scene.restart()
        assert await scene.store.access.connections(scene.org) == (empty, again)
        assert await scene.store.access.connection_values(scene.org, "slack") == {"token": "xoxc"}
        assert await scene.store.access.connection_values(scene.org, "empty") == {}

    @shows(Access.delete_connection, Access.connection_values)
    async def test_a_deleted_connection_is_gone(self, scene: StoreScene) -> None:
        """Once."""
        access = scene.store.access
        await access.put_connection(scene.org, "slack", "bearer", {"token": "a"})

        await access.delete_connection(scene.org, "slack")

        assert await access.connections(scene.org) == ()
        for missing in (access.connection_values(scene.org, "slack"), access.delete_connection(scene.org, "slack")):
            with pytest.raises(NotFound):
                await missing

    @shows(Access.put_connection, Access.connection_values, Access.delete_connection)
    async def test_connections_belong_to_one_org(self, scene: StoreScene) -> None:
        """The same name elsewhere is another connection."""
        access, other = scene.store.access, await scene.store.access.create_org("other")
        await access.put_connection(scene.org, "slack", "bearer", {"token": "a"})
        with pytest.raises(NotFound):
            await access.connection_values(other.id, "slack")
        with pytest.raises(NotFound):
            await access.delete_connection(other.id, "slack")
        await access.put_connection(other.id, "slack", "bearer", {"token": "b"})

        assert await access.connection_values(other.id, "slack") == {"token": "b"}
        assert await access.connection_values(scene.org, "slack") == {"token": "a"}
