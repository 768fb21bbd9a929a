"""Secrets of sources: rotated with an overlap, kept from a vendor's reply, noted when they match."""

from __future__ import annotations

from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SecretsChange, SourceChange, SourceRecord, StoredSecret
from hub.ports.store import Sources
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.registry.sources import SHARED, stored_secret
from hub.testing.conformance.store.scene import SECOND, StoreScene

__all__ = ["SourceSecretChecks"]


async def holding(scene: StoreScene, *secrets: StoredSecret) -> SourceRecord:
    """A source with these secrets."""
    return await scene.store.sources.create(scene.org, SHARED, secrets)


async def kept(scene: StoreScene, source: SourceRecord, *items: KeptSecret) -> list[tuple[str, str | None]]:
    """Keep these items; the texts and labels that are there afterwards."""
    await scene.store.sources.keep(scene.org, source.id, items)
    return sorted((one.text, one.label) for one in scene.store.snapshot.sources[source.id].secrets)


class SourceSecretChecks(Conformance):
    """What happens to the values in the slots of a source."""

    @shows(Sources.change)
    async def test_older_secrets_of_slot_and_label_expire_after_the_overlap(self, scene: StoreScene) -> None:
        """Others stay live; an earlier end is never put off."""
        now = scene.clock.now()
        made = await holding(
            scene,
            stored_secret(scene, "old", 1),
            stored_secret(scene, "soon over", 2, expires=now + SECOND),
            stored_secret(scene, "label", 3, label="b"),
            stored_secret(scene, "slot", 4, slot="url"),
        )

        async def add(text: str, created: int, overlap: int | None) -> dict[str, int | None]:
            secrets = SecretsChange(add=[stored_secret(scene, text, created)], overlap=overlap)
            changed = await scene.store.sources.change(scene.org, made.id, SourceChange(secrets=secrets))
            assert changed.secrets[0].text == text, "the newest first"
            return {one.text: one.expires for one in changed.secrets}

        others = {"label": None, "slot": None}
        beside = {"old": None, "soon over": now + SECOND, "beside": None}
        assert await add("beside", 5, None) == others | beside
        rotated = {"old": now + 9 * SECOND, "soon over": now + SECOND, "beside": now + 9 * SECOND, "new": None}
        assert await add("new", 6, 9 * SECOND) == others | rotated
        at_once = await add("newest", 7, 0)
        assert [text for text, end in at_once.items() if end is None or end > now] == ["newest", "slot", "label"]

    @shows(Sources.keep)
    async def test_a_handshake_fills_an_empty_slot_and_nothing_else(self, scene: StoreScene) -> None:
        """It neither replaces nor adds nor forgets, under whatever label."""
        made = await holding(scene)
        assert await kept(scene, made, KeptSecret("signing", "new", replace=False)) == [("new", None)]
        for text, label in (("theirs", None), ("theirs", "a label"), (None, None)):
            assert await kept(scene, made, KeptSecret("signing", text, label, replace=False)) == [("new", None)]

    @shows(Sources.keep)
    async def test_the_answer_to_a_verified_request_may_replace_add_and_forget(self, scene: StoreScene) -> None:
        """By slot and label; its value may be decoded."""
        made = await holding(scene, stored_secret(scene, "old"))
        assert await kept(scene, made, KeptSecret("signing", "new", decoded=b"3")) == [("new", None)]
        [secret] = scene.store.snapshot.sources[made.id].secrets
        assert (secret.value, secret.created) == (b"3", scene.clock.now())
        beside = KeptSecret("signing", "other", "tenant")
        assert await kept(scene, made, beside) == [("new", None), ("other", "tenant")]
        assert await kept(scene, made, KeptSecret("signing", None)) == [("other", "tenant")]

    @shows(Sources.keep)
    async def test_keeping_raises_the_generation_only_if_something_changes(self, scene: StoreScene) -> None:
        """A reply that is repeated makes no verdict stale."""
        made = await holding(scene)
        await kept(scene, made, KeptSecret("signing", "s"))
        first = scene.store.snapshot.sources[made.id]
        await kept(scene, made, KeptSecret("signing", "s"), KeptSecret("other", None))
        assert scene.store.snapshot.sources[made.id] == first
        await kept(scene, made, KeptSecret("signing", "t"))
        assert scene.store.snapshot.sources[made.id].generation > first.generation > made.generation

    @shows(Sources.touch_secret, Sources.last_uses)
    async def test_the_last_use_of_a_secret_is_noted(self, scene: StoreScene) -> None:
        """The latest one, whatever the order; it makes no verdict stale."""
        used, unused = stored_secret(scene, "used"), stored_secret(scene, "unused")
        made = await holding(scene, used, unused)

        for at in (5, 9, 7):
            await scene.store.sources.touch_secret(scene.org, made.id, used.id, at)
        await scene.store.sources.touch_secret(scene.org, made.id, scene.id(), 5)

        assert await scene.store.sources.last_uses(scene.org, made.id) == {used.id: 9}
        assert await scene.store.sources.last_uses(scene.id(), made.id) == {}
        await scene.restart()
        assert scene.store.snapshot.sources[made.id] == made
        assert await scene.store.sources.last_uses(scene.org, made.id) == {used.id: 9}
