"""Keys that are lost, or another database's: the store refuses before anything else is sealed."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hub.errors import KeysMissing
from hub.model.ids import new_id
from hub.model.stored.source import SecretsChange, SourceChange, StoredSecret
from hub.store.vault import Vault
from tests.store.conftest import OpenStore, Scene


async def a_connection(scene: Scene) -> None:
    await scene.store.access.put_connection(scene.org, "slack", "token", {"token": "xoxb-1"})


async def a_request(scene: Scene) -> None:
    await scene.store.inbound.accept(scene.acceptance("one"))


async def a_secret(scene: Scene) -> None:
    secret = StoredSecret(new_id(), "signing", b"s", "s", None, scene.clock.now())
    await scene.store.sources.change(scene.org, scene.source.id, SourceChange(secrets=SecretsChange(add=[secret])))


@pytest.mark.parametrize("seal", [a_connection, a_request, a_secret])
async def test_lost_keys_are_refused_as_soon_as_anything_is_sealed(
    open_store: OpenStore, scene: Scene, tmp_path: Path, seal: Callable[[Scene], Awaitable[None]]
) -> None:
    await seal(scene)
    await scene.store.stop()
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


async def test_a_single_lost_key_is_missed(open_store: OpenStore, scene: Scene, tmp_path: Path) -> None:
    await a_secret(scene)
    await scene.store.stop()
    vault = Vault(tmp_path / "data" / "keys")
    vault.rotate()
    async with open_store() as store:
        await a_connection(scene.over(store))
    (tmp_path / "data" / "keys" / "master-2.key").unlink()
    with pytest.raises(KeysMissing, match="master key 2 is not in"):
        async with open_store():
            pass


def test_a_lost_root_key_is_not_made_anew(tmp_path: Path) -> None:
    Vault(tmp_path)
    (tmp_path / "root.key").unlink()
    with pytest.raises(KeysMissing, match=r"root\.key is missing"):
        Vault(tmp_path)
    assert not (tmp_path / "root.key").exists()
