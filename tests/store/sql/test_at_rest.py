"""What stands in the files of the database."""

from __future__ import annotations

from pathlib import Path

from hub.model.stored.source import SecretsChange, SourceChange
from hub.testing.conformance.store.outbound.outbox import Outbox, signing_secret
from hub.testing.conformance.store.registry.sources import stored_secret
from hub.testing.conformance.store.scene import StoreScene


async def test_no_secret_stands_in_the_files_of_the_database(scene: StoreScene, tmp_path: Path) -> None:
    marks = [f"very-secret-{number}-" + "z" * 20 for number in range(7)]
    added = SourceChange(secrets=SecretsChange(add=[stored_secret(scene, marks[0])]))
    await scene.store.sources.change(scene.org, scene.source_id, added)
    await scene.store.access.put_connection(scene.org, "slack", "bearer", {"token": marks[1]})
    await scene.store.inbound.accept(scene.acceptance(None, headers=(("X-Other", marks[2]),)))
    refused = scene.request(state="refused", headers=(("X-Other", marks[3]),))
    scene.store.inbound.refuse(refused)
    subscription = await Outbox(scene).subscribe(signing_secret(marks[4]), headers={"Authorization": marks[5]})
    await scene.store.answers.claim(scene.org, "POST /api/keys", "k", "d")
    await scene.store.answers.keep(scene.org, "POST /api/keys", "k", marks[6].encode())
    await scene.stop()

    written = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("hub.db*"))
    assert refused.id in written, "the search looks where the rows are"
    assert subscription.id in written
    assert not [mark for mark in marks if mark.encode() in written]
    await scene.start()
    assert (await scene.store.inbound.request(scene.org, refused.id)).headers == (("X-Other", marks[3]),)
    assert scene.store.snapshot.subscriptions[subscription.id] == subscription
