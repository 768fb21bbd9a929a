"""Orgs, API keys, plugins of the instance."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import Conflict, NotFound
from hub.model.stored.access import KeyRecord
from hub.ports.store import Access
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["AccessChecks"]


def api_key(scene: StoreScene, **fields: Any) -> KeyRecord:
    """A key that no store knows yet."""
    key = KeyRecord(scene.org, scene.id(), "ci", "editor", scene.id() + scene.id(), "wxyz", created=5)
    return replace(key, **fields)


class AccessChecks(Conformance):
    """Who may do what."""

    @shows(Access.create_org)
    async def test_an_org_is_in_the_snapshot_when_it_is_created(self, scene: StoreScene) -> None:
        """Its name is unique, also for two processes at the same moment."""
        made = await scene.store.access.create_org("acme")

        assert (scene.store.snapshot.org_named("acme"), made.created) == (made, scene.clock.now())
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(side.store.access.create_org(name) for side in (scene, other) for name in ("acme", "globex")),
                return_exceptions=True,
            )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "Conflict",
            "Conflict",
            "Conflict",
            "OrgRecord",
        ]
        await scene.restart()
        assert {org.name for org in scene.store.snapshot.orgs.values()} == {"default", "acme", "globex"}

    @shows(Access.create_key, Access.keys, Access.revoke_key)
    async def test_keys_are_found_by_digest_and_revoked_at_once(self, scene: StoreScene) -> None:
        """A digest is unique in all orgs."""
        access, other = scene.store.access, await scene.store.access.create_org("other")
        first, second = api_key(scene, expires=9, operator=True), api_key(scene, last_used=3)
        for one in (first, second):
            await access.create_key(one)

        assert scene.store.snapshot.keys[first.digest] == first
        assert await access.keys(scene.org) == (second, first)
        assert await access.keys(other.id) == ()
        with pytest.raises(Conflict):
            await access.create_key(replace(first, id=scene.id(), org=other.id))
        await access.revoke_key(scene.org, first.id, 77)

        for _ in range(2):
            assert scene.store.snapshot.keys == {
                first.digest: replace(first, revoked=77), second.digest: second,
            }  # fmt: skip
            await scene.restart()
        for org, key in ((scene.org, scene.id()), (other.id, second.id)):
            with pytest.raises(NotFound):
                await scene.store.access.revoke_key(org, key, 77)

    @shows(Access.set_plugin, Access.plugins)
    async def test_what_is_not_said_of_a_plugin_stays(self, scene: StoreScene) -> None:
        """The snapshot names those that are switched off."""
        access = scene.store.access
        await access.set_plugin("okta", version="1.2")
        await access.set_plugin("okta", disabled=True)
        await access.set_plugin("slack")

        assert await access.plugins() == {"okta": (True, "1.2"), "slack": (False, None)}
        assert scene.store.snapshot.disabled_plugins == {"okta"}
        await access.set_plugin("okta", disabled=False)
        assert scene.store.snapshot.disabled_plugins == frozenset()
        await scene.restart()
        assert await scene.store.access.plugins() == {"okta": (False, "1.2"), "slack": (False, None)}
