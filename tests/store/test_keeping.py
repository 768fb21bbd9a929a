"""Secrets that a handshake or an answer brings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.model.ids import Id, new_id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SourceSpec, StoredSecret
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing import ManualClock


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[SqlStore]:
    vault, blobs = Vault(tmp_path / "keys"), DirectoryBlobs(tmp_path / "blobs")
    store = SqlStore(None, tmp_path, vault=vault, blobs=blobs, clock=ManualClock(), owner="test")
    await store.start()
    yield store
    await store.stop()


async def kept(store: SqlStore, *keep: KeptSecret, held: tuple[StoredSecret, ...] = ()) -> list[tuple[str, str | None]]:
    org = store.snapshot.org_named("default")
    assert org is not None
    made = await store.sources.create(org.id, SourceSpec(), held)
    await store.sources.keep(org.id, made.id, keep)
    return sorted((one.text, one.label) for one in store.snapshot.sources[made.id].secrets)


def stored(text: str, label: str | None = None) -> StoredSecret:
    key: Id = new_id()
    return StoredSecret(key, "signing", text.encode(), text, label)


async def test_a_handshake_fills_an_empty_slot(opened: SqlStore) -> None:
    assert await kept(opened, KeptSecret("signing", "new", None, replace=False)) == [("new", None)]


@pytest.mark.parametrize("item", [("theirs", None), ("theirs", "a label of theirs"), (None, None)])
async def test_a_handshake_neither_replaces_nor_adds_nor_forgets(
    opened: SqlStore, item: tuple[str | None, str | None]
) -> None:
    keep = KeptSecret("signing", item[0], item[1], replace=False)
    assert await kept(opened, keep, held=(stored("ours"),)) == [("ours", None)]


async def test_an_answer_to_a_verified_request_may_do_all_of_it(opened: SqlStore) -> None:
    assert await kept(opened, KeptSecret("signing", "new", None), held=(stored("old"),)) == [("new", None)]
    beside = KeptSecret("signing", "other", "tenant")
    assert await kept(opened, beside, held=(stored("old"),)) == [("old", None), ("other", "tenant")]
    assert await kept(opened, KeptSecret("signing", None, None), held=(stored("old"),)) == []
