"""Keys that are lost, or another database's: the store refuses before anything else is sealed."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hub.errors import KeysMissing
from hub.model.stored.source import SecretsChange, SourceChange
from hub.store.vault import Vault
from hub.testing.conformance.store.registry.sources import stored_secret
from hub.testing.conformance.store.scene import StoreScene
from tests.store.conftest import OpenStore


async def a_connection(scene: StoreScene) -> None:
    await scene.store.access.put_connection(scene.org, "slack", "token", {"token": "xoxb-1"})


async def a_request(scene: StoreScene) -> None:
    await scene.store.inbound.accept(scene.acceptance("one"))


async def a_secret(scene: StoreScene) -> None:
    added = SecretsChange(add=[stored_secret(scene, "s")])
    await scene.store.sources.change(scene.org, scene.source_id, SourceChange(secrets=added))


@pytest.mark.parametrize("seal", [a_connection, a_request, a_secret])
async def test_lost_keys_are_refused_as_soon_as_anything_is_sealed(
    open_store: OpenStore, scene: StoreScene, tmp_path: Path, seal: Callable[[StoreScene], Awaitable[None]]
) -> None:
    await seal(scene)
    await scene.stop()
    keys, saved = tmp_path / "data" / "keys", tmp_path / "saved"
    keys.rename(saved)
    for _ in range(2):  # the second time over the keys that the first one made
        with pytest.raises(KeysMissing, match=f"the keys in {keys} do not open what is sealed"):
            async with open_store():
                pass
    shutil.rmtree(keys)
    saved.rename(keys)
    async with open_store():
        pass


async def test_keys_are_made_where_nothing_is_sealed(open_store: OpenStore, tmp_path: Path) -> None:
    async with open_store():
        pass
    shutil.rmtree(tmp_path / "data" / "keys")
    async with open_store():
        pass


async def test_a_single_lost_key_is_missed(scene: StoreScene) -> None:
    await a_secret(scene)
    scene.vault.rotate()
    await a_connection(scene)
    await scene.stop()
    (scene.vault.directory / "master-2.key").unlink()
    scene.vault.reload()
    with pytest.raises(KeysMissing, match="master key 2 is not in"):
        await scene.start()


def test_a_lost_root_key_is_not_made_anew(tmp_path: Path) -> None:
    Vault(tmp_path)
    (tmp_path / "root.key").unlink()
    with pytest.raises(KeysMissing, match=r"root\.key is missing"):
        Vault(tmp_path)
    assert not (tmp_path / "root.key").exists()
