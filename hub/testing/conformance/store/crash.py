"""Crashes: whatever was answered before a SIGKILL is there afterwards, and nothing is there by halves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from hub.errors import Fenced
from hub.model.stored.execution import ExecutionChange, NodeRecord
from hub.model.stored.outbound import NewDelivery
from hub.model.stored.source import SecretsChange, SourceChange, SourceSpec
from hub.ports.store import Executions, InboundStore, OutboundStore, Sources
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.process import StoreProcess, Tell
from hub.testing.conformance.store.registry.sources import stored_secret
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["CrashChecks", "accept_without_end", "change_without_end", "publish_without_end", "run_without_end"]

_CALLERS = 8
_EVENTS = 3


def keys_of(caller: int, turn: int) -> list[str]:
    """The keys of the events in one request."""
    return [f"{caller}-{turn}-{number}" for number in range(_EVENTS)]


async def accept_without_end(scene: StoreScene, tell: Tell) -> None:
    """Accept requests of three events each, every third one large, and run their executions."""

    async def caller(caller: int) -> None:
        for turn in count():
            body, lease = b"x" * (70_000 if turn % 3 == 0 else 100), scene.lease("child")
            accepted = await scene.store.inbound.accept(
                scene.acceptance(*keys_of(caller, turn), body=body, lease=lease)
            )
            tell("accepted", accepted.request.hex(), *(one.hex() for one in accepted.executions))
            for execution in accepted.executions[:2]:
                nodes = [NodeRecord(name, "succeeded", output=turn) for name in "abc"]
                change = ExecutionChange(state="succeeded", finished=scene.clock.now())
                await scene.journal(execution, 1, *nodes, change=change)
                tell("finished", execution.hex())

    await asyncio.gather(*map(caller, range(_CALLERS)))


async def run_without_end(scene: StoreScene, tell: Tell) -> None:
    """Claim executions and hold them, with one node begun in each."""
    while claimed := await scene.claim("child", 2):
        for one in claimed:
            await scene.journal(one.record.id, one.lease.fence, NodeRecord("a", "running"))
            tell(one.record.id.hex())
    await asyncio.Event().wait()


async def publish_without_end(scene: StoreScene, tell: Tell) -> None:
    """Publish messages to two subscriptions each, and try the deliveries of one of them."""
    outbox = Outbox(scene)
    one, two = sorted(scene.store.snapshot.subscriptions.values(), key=lambda each: each.id)

    async def caller(caller: int) -> None:
        for turn in count():
            message, deliveries = outbox.new(one, two, idempotency_key=f"{caller}-{turn}", ordering_key="k")
            large = b"x" * (70_000 if turn % 3 == 0 else 100)
            deliveries = [NewDelivery(replace(each.record, body=large)) for each in deliveries]
            await outbox.store.publish(message, deliveries)
            tell("published", message.id.hex(), *(each.record.id.hex() for each in deliveries))
            for due in await outbox.claim(one, owner="child"):
                await outbox.attempt(due)
                tell("delivered", due.record.id.hex())

    await asyncio.gather(*map(caller, range(_CALLERS)))


async def change_without_end(scene: StoreScene, tell: Tell) -> None:
    """Change the spec of the source together with its only secret, each named for the other."""
    for number in count():
        change = SourceChange(
            spec=SourceSpec(name=f"n{number}"),
            secrets=SecretsChange(clear=["signing"], add=[stored_secret(scene, f"n{number}")]),
        )
        await scene.store.sources.change(scene.org, scene.source_id, change)
        tell(f"n{number}")


async def killed_after(process: StoreProcess, lines: int) -> list[list[str]]:
    """What a process told until it was killed: so many lines, and what else it told by then."""
    said = [await process.hear() for _ in range(lines)]
    return said + await process.kill()


def told(said: Sequence[Sequence[str]], word: str) -> list[list[bytes]]:
    """The ids of all lines that begin with a word."""
    return [[bytes.fromhex(text) for text in line[1:]] for line in said if line[0] == word]


class CrashChecks(Conformance):
    """A process is killed in the midst of its work, and the database is opened again."""

    @shows(InboundStore.accept, Executions.journal)
    async def test_what_was_accepted_before_a_kill_is_there_afterwards(self, scene: StoreScene) -> None:
        """Each request with all of its events, executions and journal, or not at all; and then it can be sent again."""
        async with scene.process(accept_without_end) as child:
            said = await killed_after(child, 40)

        await scene.restart()
        for request, *executions in told(said, "accepted"):
            kept = await scene.store.inbound.request(scene.org, request)
            assert kept.body is not None
            assert len(kept.body) == kept.size
            started = await scene.store.executions.of_request(scene.org, request)
            assert [one.id for one in started] == executions
        for [execution] in told(said, "finished"):
            assert (await scene.store.executions.get(scene.org, execution)).state == "succeeded"
        for request in await page_through(scene.store.inbound.requests, scene.org, limit=50):
            started = await scene.store.executions.of_request(scene.org, request.id)
            events = await page_through(scene.store.inbound.events, scene.org, request=request.id)
            assert {one.event for one in started} == {one.id for one in events}
            assert len(started) == len(events) == _EVENTS
            for one in started:
                journal = await scene.store.executions.nodes(scene.org, one.id)
                assert len(journal) == (3 if one.state == "succeeded" else 0)
        for caller in range(_CALLERS):
            for turn in range(6):
                again = await scene.store.inbound.accept(scene.acceptance(*keys_of(caller, turn)))
                assert len({event.duplicate for event in again.events}) == 1, "no key is taken by half a request"
                for execution in again.executions:
                    await scene.store.executions.get(scene.org, execution)

    @shows(Executions.claim, Executions.expire)
    async def test_what_a_killed_process_ran_is_taken_over(self, scene: StoreScene) -> None:
        """At the end of its leases, or as soon as somebody knows that it is gone; it counts as a crash."""
        queued = [(await scene.queue()).id for _ in range(6)]
        async with scene.process(run_without_end) as child:
            held = {bytes.fromhex(line[0]) for line in await killed_after(child, 6)}
        assert held == set(queued)
        assert await scene.claim() == ()

        await scene.store.executions.expire("child", scene.clock.now())

        taken = await scene.claim()
        assert {one.record.id for one in taken} == held
        assert {(one.record.crashes, one.lease.fence) for one in taken} == {(1, 2)}
        assert {tuple(node.state for node in one.nodes) for one in taken} == {("running",)}
        with pytest.raises(Fenced):
            await scene.journal(queued[0], 1)

    @shows(OutboundStore.publish, OutboundStore.attempted)
    async def test_what_was_published_before_a_kill_is_there_afterwards(self, scene: StoreScene) -> None:
        """Each message with all of its deliveries, or not at all; what was tried is logged, the rest goes on."""
        outbox = Outbox(scene)
        one, _ = sorted([await outbox.subscribe(), await outbox.subscribe()], key=lambda each: each.id)
        async with scene.process(publish_without_end) as child:
            said = await killed_after(child, 40)

        await scene.restart()
        for message, *deliveries in told(said, "published"):
            _, kept = await scene.store.outbound.message(scene.org, message)
            assert [each.id for each in kept] == deliveries
            assert (await scene.store.outbound.delivery(scene.org, deliveries[0]))[0].body
        for [delivery] in told(said, "delivered"):
            record, attempts = await scene.store.outbound.delivery(scene.org, delivery)
            assert (record.state, len(attempts)) == ("delivered", 1)
        for message, states in await page_through(scene.store.outbound.messages, scene.org, limit=50):
            assert sum(states.values()) == 2, message
        await scene.store.outbound.expire("child", scene.clock.now())
        sequences: list[int] = []
        while won := await outbox.claim(one):
            for due in won:
                sequences.append(due.record.sequence)
                await outbox.attempt(due)
        assert sequences == sorted(sequences), "an ordering key outlives a crash"
        log = await page_through(scene.store.outbound.attempts, scene.org, one.id, limit=50)
        assert len({record.id for record, _, _ in log}) == len(log)
        assert {record.state for record, _, _ in log} == {"delivered"}

    @shows(Sources.change)
    async def test_a_change_that_a_kill_interrupts_is_whole_or_not_there(self, scene: StoreScene) -> None:
        """Never a new spec beside an old secret."""
        async with scene.process(change_without_end) as child:
            said = await killed_after(child, 40)

        await scene.restart()
        [secret] = scene.source.secrets
        assert secret.text == scene.source.spec.name
        assert int(secret.text[1:]) >= int(said[-1][0][1:])
