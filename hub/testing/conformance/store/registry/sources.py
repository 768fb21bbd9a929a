"""Sources: created, changed and deleted under their generation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from hub.errors import Conflict, NotFound, PreconditionFailed
from hub.model.ids import short_id, write_id
from hub.model.stored.source import RateLimit, SecretsChange, SourceChange, SourceSpec, StoredSecret
from hub.ports.store import Sources, Workflows
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["SHARED", "SourceChecks", "stored_secret"]

SHARED = SourceSpec(name="shared", vendor="okta", settings={"header": "X"}, rate_limit=RateLimit(requests=3))


def stored_secret(scene: StoreScene, text: str, created: int = 0, **fields: object) -> StoredSecret:
    """A secret in the slot `signing`, unless `fields` say otherwise."""
    return replace(StoredSecret(scene.id(), "signing", text.encode(), text, created=created), **fields)  # type: ignore[arg-type]  # any field


class SourceChecks(Conformance):
    """The inbound hub URLs."""

    @shows(Sources.create)
    async def test_a_source_is_in_the_snapshot_when_it_is_created(self, scene: StoreScene) -> None:
        """As it is found after a restart."""
        secret = stored_secret(scene, "s", 1, label="x", expires=5, revoked=True)

        made = await scene.store.sources.create(scene.org, SHARED, [secret], by=(by := scene.id()))

        assert scene.store.snapshot.sources[made.id] == made
        assert (made.org, made.workflow, made.spec, made.secrets) == (scene.org, None, SHARED, (secret,))
        assert (made.created, made.updated, made.created_by) == (scene.clock.now(), scene.clock.now(), by)
        await scene.restart()
        assert scene.store.snapshot.sources[made.id] == made

    @shows(Sources.change, Sources.delete)
    async def test_a_change_of_a_source_is_guarded_by_its_generation(self, scene: StoreScene) -> None:
        """And raises it; so is its deletion."""
        sources, made = scene.store.sources, await scene.store.sources.create(scene.org, SHARED, [])
        change = SourceChange(spec=SourceSpec(name="changed"))
        scene.clock.advance(1)

        changed = await sources.change(scene.org, made.id, change, generation=made.generation)

        assert changed.generation > made.generation
        assert (changed.spec.name, changed.created, changed.updated) == ("changed", made.created, scene.clock.now())
        for stale in (
            sources.change(scene.org, made.id, change, generation=made.generation),
            sources.delete(scene.org, made.id, generation=made.generation),
        ):
            with pytest.raises(PreconditionFailed):
                await stale
        assert scene.store.snapshot.sources[made.id] == changed
        await sources.delete(scene.org, made.id, generation=changed.generation)
        assert made.id not in scene.store.snapshot.sources

    @shows(Sources.change)
    async def test_spec_and_secrets_of_a_source_change_together_or_not_at_all(self, scene: StoreScene) -> None:
        """What is not named stays."""
        sources = scene.store.sources
        old = {slot: stored_secret(scene, slot, 1, slot=slot) for slot in "abc"}
        made = await sources.create(scene.org, SHARED, list(old.values()))
        fresh = stored_secret(scene, "new", 2, slot="a")
        replaced = SecretsChange(clear=["a", "b"], add=[fresh])

        changed = await sources.change(scene.org, made.id, SourceChange(spec=SourceSpec(), secrets=replaced))

        assert {one.slot: one.id for one in changed.secrets} == {"a": fresh.id, "c": old["c"].id}
        broken = SourceChange(spec=SHARED, secrets=SecretsChange(clear=["c"], remove=[scene.id()]))
        with pytest.raises(NotFound):
            await sources.change(scene.org, made.id, broken)
        assert scene.store.snapshot.sources[made.id] == changed
        only_secrets = await sources.change(scene.org, made.id, SourceChange(secrets=SecretsChange(remove=[fresh.id])))
        assert (only_secrets.spec, [one.slot for one in only_secrets.secrets]) == (SourceSpec(), ["c"])

    @shows(Sources.change)
    async def test_of_changes_of_a_source_made_from_one_generation_one_happens(self, scene: StoreScene) -> None:
        """In two processes."""
        made = await scene.store.sources.create(scene.org, SHARED, [])
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(
                    side.store.sources.change(
                        scene.org,
                        made.id,
                        SourceChange(spec=SourceSpec(name=str(number))),
                        generation=made.generation,
                    )
                    for number, side in enumerate((scene, other) * 4)
                ),
                return_exceptions=True,
            )

        [won] = [one for one in outcomes if not isinstance(one, BaseException)]
        assert all(isinstance(one, PreconditionFailed) for one in outcomes if one is not won)
        await scene.store.refresh()
        assert scene.store.snapshot.sources[made.id] == won

    @shows(Sources.create, Sources.change, Workflows.create, Workflows.change)
    async def test_an_alias_belongs_to_one_source_of_all_orgs(self, scene: StoreScene) -> None:
        """An old URL leads to one place; a change that is refused changes nothing."""
        sources, other = scene.store.sources, await scene.store.access.create_org("other")
        named, free = SourceSpec(aliases=("old-id",)), await sources.create(other.id, SHARED, [])
        made = await sources.create(scene.org, named, [])
        await sources.change(scene.org, made.id, SourceChange(spec=named), generation=made.generation)
        before = scene.store.snapshot

        for taken in (
            sources.create(other.id, named, []),
            sources.change(other.id, free.id, SourceChange(spec=named)),
            scene.store.workflows.create(scene.org, "w", {}, source=named, secrets=[], publish=True),
        ):
            with pytest.raises(Conflict):
                await taken

        assert scene.store.snapshot.sources == before.sources
        await sources.change(scene.org, made.id, SourceChange(spec=SHARED))
        assert (await sources.create(scene.org, named, [])).spec == named

    @shows(Sources.create, Sources.change, Sources.delete, Workflows.create, Workflows.delete)
    async def test_an_address_is_never_given_to_another_org(self, scene: StoreScene) -> None:
        """Ids of sources and workflows in whatever form, and aliases, after their source is gone too."""
        sources, workflows = scene.store.sources, scene.store.workflows
        other = await scene.store.access.create_org("other")
        made = await sources.create(scene.org, SourceSpec(aliases=("gone-alias", "dropped")), [])
        await sources.change(scene.org, made.id, SourceChange(spec=SourceSpec(aliases=("gone-alias",))))
        workflow = await workflows.create(scene.org, "w", {}, source=SourceSpec(), secrets=[], publish=True)
        named = [
            *("gone-alias", "dropped", short_id(made.id), write_id("src", made.id), str(UUID(bytes=made.id)).upper()),
            *(write_id("wf", workflow.id), f"wf-{workflow.id.hex()}", workflow.id.hex(), short_id(workflow.source)),
        ]
        theirs = await sources.create(other.id, SHARED, [])

        for _ in range(2):
            for alias in named:
                with pytest.raises(Conflict, match=f"^the alias {alias} is taken$"):
                    await sources.create(other.id, SourceSpec(aliases=("free", alias)), [])
                with pytest.raises(Conflict):
                    await sources.change(other.id, theirs.id, SourceChange(spec=SourceSpec(aliases=(alias,))))
            if made.id in scene.store.snapshot.sources:
                await sources.delete(scene.org, made.id)
                await workflows.delete(scene.org, workflow.id)

        await scene.restart()
        again = await scene.store.sources.create(scene.org, SourceSpec(aliases=tuple(named[:5])), [])
        assert again.spec.aliases == tuple(named[:5])
        free = await scene.store.sources.create(other.id, SourceSpec(aliases=("free",)), [])
        assert free.spec.aliases == ("free",), "what was refused has claimed nothing"

    @shows(Sources.create)
    async def test_one_of_two_orgs_gets_an_alias_that_both_want_at_once(self, scene: StoreScene) -> None:
        """In whichever process; the other one is refused and gets nothing."""
        other = await scene.store.access.create_org("other")
        async with scene.beside() as beside:
            for number in range(8):
                spec = SourceSpec(aliases=(f"wanted-{number}",))
                outcomes = await asyncio.gather(
                    scene.store.sources.create(scene.org, spec, []),
                    beside.store.sources.create(other.id, spec, []),
                    return_exceptions=True,
                )
                assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "SourceRecord"]

    @shows(Sources.delete)
    async def test_only_shared_sources_can_be_deleted(self, scene: StoreScene) -> None:
        """A workflow's own source goes with its workflow."""
        made = await scene.store.sources.create(scene.org, SHARED, [stored_secret(scene, "s")])
        workflow = await scene.store.workflows.create(
            scene.org, "w", {}, source=SourceSpec(), secrets=[], publish=False
        )

        await scene.store.sources.delete(scene.org, made.id)

        assert made.id not in scene.store.snapshot.sources
        with pytest.raises(NotFound):
            await scene.store.sources.delete(scene.org, made.id)
        with pytest.raises(Conflict):
            await scene.store.sources.delete(scene.org, workflow.source)
        assert workflow.source in scene.store.snapshot.sources

    @shows(Sources.change, Sources.delete, Sources.keep)
    async def test_a_source_that_is_not_there_cannot_be_changed(self, scene: StoreScene) -> None:
        """Neither one of another org."""
        sources, before = scene.store.sources, scene.source
        for org, key in ((scene.org, scene.id()), (scene.id(), scene.source_id)):
            for call in (
                sources.change(org, key, SourceChange(spec=SHARED)),
                sources.delete(org, key),
                sources.keep(org, key, []),
            ):
                with pytest.raises(NotFound):
                    await call
        assert scene.source == before

    @shows(Sources.list)
    async def test_sources_are_listed_newest_first(self, scene: StoreScene) -> None:
        """Whole, shared ones and those of workflows, those of the org, while sources come and go."""
        secret = stored_secret(scene, "s")
        workflow = await scene.store.workflows.create(
            scene.org, "w", {}, source=SourceSpec(), secrets=[secret], publish=False
        )
        owned = scene.store.snapshot.sources[workflow.source]
        made = [await scene.store.sources.create(scene.org, SHARED, [stored_secret(scene, "s")]) for _ in range(2)]
        other = await scene.store.access.create_org("other")

        async def come_and_go() -> None:
            await scene.store.sources.create(scene.org, SHARED, [])
            await scene.store.sources.delete(scene.org, scene.source_id)

        listed = await page_through(scene.store.sources.list, scene.org, meanwhile=come_and_go)

        assert listed == [made[1], made[0], owned]
        assert await page_through(scene.store.sources.list, other.id) == []
