"""Files: kept with a request or an execution, found in their org alone, removed with the last that knows of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.stored.files import FileRecord, NewFile, file_id
from hub.model.stored.inbound import NewEvent, RequestRecord
from hub.ports.store import Files, InboundStore, Retention
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["FileChecks"]

DAY = 86_400
ODD = 'naïve €/../"\r\n.txt'


def uploaded(request: RequestRecord, *contents: bytes) -> tuple[NewFile, ...]:
    """Files that came with a request."""
    return tuple(
        NewFile(
            FileRecord(
                org=request.org,
                id=file_id(request.id, str(place)),
                field="field",
                filename=ODD,
                media_type="image/png",
                size=len(data),
                created=request.received,
                request=request.id,
            ),
            data,
        )
        for place, data in enumerate(contents)
    )


def produced(scene: StoreScene, execution: Id, data: bytes) -> NewFile:
    """A file that an execution keeps."""
    record = FileRecord(
        org=scene.org,
        id=file_id(execution, "node"),
        field="",
        filename="",
        media_type="",
        size=len(data),
        created=scene.clock.now(),
        execution=execution,
    )
    return NewFile(record, data)


class FileChecks(Conformance):
    """`Files`, and what `accept`, `release` and `prune` do with files."""

    @shows(InboundStore.accept, Files.get, Files.content, Files.of_request)
    async def test_files_of_a_request_are_read_back_in_order(self, scene: StoreScene) -> None:
        """Empty ones and equal ones too; the bytes of large ones like those of small ones."""
        acceptance = scene.acceptance("k")
        files = uploaded(
            acceptance.request, b"", b"\x00\xff", b"x" * 300_000, b"\x00\xff", *(b"%d" % n for n in range(20))
        )
        await scene.store.inbound.accept(replace(acceptance, files=files))

        assert await scene.store.files.of_request(scene.org, acceptance.request.id) == tuple(
            one.record for one in files
        )
        for one in files:
            assert await scene.store.files.get(scene.org, one.record.id) == one.record
            assert await scene.store.files.content(scene.org, one.record.id) == one.data
        plain = await scene.store.inbound.accept(scene.acceptance("other"))
        assert await scene.store.files.of_request(scene.org, plain.request) == ()

    @shows(Files.keep, Files.get, Files.content)
    async def test_a_file_of_an_execution_is_kept_once(self, scene: StoreScene) -> None:
        """A node that is tried again keeps the same file again."""
        execution = await scene.queue()
        file = produced(scene, execution.id, b"answer")
        for _ in range(2):
            await scene.store.files.keep(file)

        assert await scene.store.files.get(scene.org, file.record.id) == file.record
        assert await scene.store.files.content(scene.org, file.record.id) == b"answer"

    @shows(Files.get, Files.content, Files.of_request)
    async def test_files_of_another_org_are_not_there(self, scene: StoreScene) -> None:
        """Nor is a file that there never was."""
        other = await scene.store.access.create_org("other")
        acceptance = scene.acceptance("k")
        [file] = uploaded(acceptance.request, b"x")
        await scene.store.inbound.accept(replace(acceptance, files=(file,)))

        assert await scene.store.files.of_request(other.id, acceptance.request.id) == ()
        for org, id_ in ((other.id, file.record.id), (scene.org, scene.id())):
            with pytest.raises(NotFound):
                await scene.store.files.get(org, id_)
            with pytest.raises(NotFound):
                await scene.store.files.content(org, id_)

    @shows(InboundStore.accept, InboundStore.release, Files.of_request)
    async def test_a_release_adds_the_files_that_are_not_there_yet(self, scene: StoreScene) -> None:
        """Those of the first time stay."""
        acceptance = scene.acceptance("good")
        waiting = scene.event(acceptance.request, "k", state="held")
        first, second = uploaded(acceptance.request, b"one", b"two")
        events = (*acceptance.events, NewEvent(waiting))
        await scene.store.inbound.accept(replace(acceptance, events=events, files=(first,)))

        fresh = NewEvent(scene.event(acceptance.request, "k"))
        await scene.store.inbound.release(scene.org, acceptance.request.id, [fresh], [first, second])

        kept = await scene.store.files.of_request(scene.org, acceptance.request.id)
        assert {one.id for one in kept} == {first.record.id, second.record.id}
        assert await scene.store.files.content(scene.org, second.record.id) == b"two"

    @shows(Retention.prune, Files.get, Files.content)
    async def test_a_file_goes_with_the_last_that_knows_of_it(self, scene: StoreScene) -> None:
        """Its request, an execution of that, or a child that carries the request on; equal bytes stay for others."""
        acceptance = scene.acceptance("k")
        request, [file, same] = acceptance.request, uploaded(acceptance.request, b"x" * 9, b"y" * 9)
        await scene.store.inbound.accept(replace(acceptance, files=(file, same)))
        other = scene.acceptance("other")
        [twin] = uploaded(other.request, b"y" * 9)
        await scene.store.inbound.accept(replace(other, files=(twin,)))
        [parent] = [one for one in await scene.claim() if one.record.request == request.id]
        child = scene.execution(kind="child", request=request.id, parent=parent.record.id)
        await scene.journal(parent.record.id, 1, children=[child])
        await scene.finish(parent.record.id, 1)

        async def steps(kind: str) -> None:
            scene.clock.advance(DAY)
            cursor = None
            while True:
                step = await scene.store.retention.prune(kind, scene.clock.now(), cursor=cursor)  # type: ignore[arg-type] # the names of kinds
                cursor = step.cursor
                if cursor is None:
                    return

        await steps("requests")
        assert await scene.store.files.content(scene.org, file.record.id) == b"x" * 9
        await steps("executions")
        assert await scene.store.files.content(scene.org, file.record.id) == b"x" * 9
        [claimed] = [one for one in await scene.claim() if one.record.id == child.id]
        await scene.finish(child.id, claimed.lease.fence)
        await steps("executions")
        for gone in (file, same):
            with pytest.raises(NotFound):
                await scene.store.files.content(scene.org, gone.record.id)
        assert await scene.store.files.content(scene.org, twin.record.id) == b"y" * 9

    @shows(Retention.prune, Files.keep)
    async def test_a_file_of_an_execution_goes_with_it_and_its_children(self, scene: StoreScene) -> None:
        """A child may have been handed the reference."""
        parent = await scene.queue()
        await scene.store.files.keep(file := produced(scene, parent.id, b"answer"))
        await scene.claim()
        child = scene.execution(kind="child", parent=parent.id)
        await scene.journal(parent.id, 1, children=[child])
        await scene.finish(parent.id, 1)
        scene.clock.advance(DAY)

        await scene.store.retention.prune("executions", scene.clock.now())
        assert await scene.store.files.content(scene.org, file.record.id) == b"answer"
        await scene.claim()
        await scene.finish(child.id, 1)
        scene.clock.advance(DAY)
        step = await scene.store.retention.prune("executions", scene.clock.now())

        assert (step.removed, step.blobs) == (1, 1)
        with pytest.raises(NotFound):
            await scene.store.files.get(scene.org, file.record.id)

    @shows(Retention.sweep)
    async def test_blobs_that_nothing_refers_to_are_swept(self, scene: StoreScene) -> None:
        """What a process left that ended between a blob and its row; of all orgs. All others stay."""
        other = await scene.store.access.create_org("other")
        acceptance = scene.acceptance("k", body=b"b" * 70_000)
        await scene.store.inbound.accept(replace(acceptance, files=uploaded(acceptance.request, b"f")))
        large = await scene.queue(trigger={"data": "x" * 200_000})
        orphans = [
            (org, await scene.blobs.put(org, b"%d" % number)) for org in (scene.org, other.id) for number in range(7)
        ]
        removed = 0
        cursor: str | None = None
        while True:
            step = await scene.store.retention.sweep(limit=3, cursor=cursor)
            removed, cursor = removed + step.blobs, step.cursor
            if cursor is None:
                break

        assert removed == len(orphans)
        for org, ref in orphans:
            with pytest.raises(NotFound):
                await scene.blobs.get(org, ref)
        assert (await scene.store.inbound.request(scene.org, acceptance.request.id)).body == b"b" * 70_000
        assert await scene.store.files.content(scene.org, file_id(acceptance.request.id, "0")) == b"f"
        assert (await scene.store.executions.get(scene.org, large.id)).trigger == {"data": "x" * 200_000}
