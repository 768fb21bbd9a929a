"""Accepting requests: everything that belongs to one is kept together, and read back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.stored.execution import Finished, NodeRecord
from hub.model.stored.inbound import Acceptance, KeptSecret, NewEvent
from hub.ports.store import Executions, InboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["AcceptChecks"]


class AcceptChecks(Conformance):
    """`accept`, of requests that are the first of their kind."""

    @shows(InboundStore.accept, InboundStore.request, InboundStore.event)
    async def test_an_accepted_request_is_read_back_whole(self, scene: StoreScene) -> None:
        """Byte for byte, with its event; the execution waits for its claim."""
        acceptance = scene.acceptance(
            "k",
            vendor="okta",
            secret=scene.id(),
            account="acme",
            body=b"\x00\xff{",
            reason="reported",
            replay_of=scene.id(),
        )

        accepted = await scene.store.inbound.accept(acceptance)

        [event] = acceptance.events
        assert (accepted.request, accepted.duplicate) == (acceptance.request.id, False)
        assert [one.id for one in accepted.events] == [event.record.id]
        assert accepted.executions == (event.executions[0].id,)
        assert await scene.store.inbound.request(scene.org, accepted.request) == acceptance.request
        assert await scene.store.inbound.event(scene.org, event.record.id) == event.record
        [won] = await scene.claim()
        assert (won.record.id, won.record.event) == (accepted.executions[0], event.record.id)

    @shows(InboundStore.accept)
    async def test_a_request_without_events_is_no_duplicate(self, scene: StoreScene) -> None:
        """A handshake, or an empty batch."""
        accepted = await scene.store.inbound.accept(scene.acceptance(state="challenge"))

        assert (accepted.duplicate, accepted.events) == (False, ())
        assert (await scene.store.inbound.request(scene.org, accepted.request)).state == "challenge"

    @shows(InboundStore.accept, InboundStore.event)
    async def test_every_kind_of_event_data_is_read_back(self, scene: StoreScene) -> None:
        """JSON of every kind, bytes, and nothing."""
        acceptance = scene.acceptance()
        values = (None, 0, False, "", [1, None, {"ä": 2**70}], {"nested": {"x": 1.5}}, b"\x00\xff", b"")
        events = [scene.event(acceptance.request, data=value, type=f"t{n}", time=n) for n, value in enumerate(values)]

        await scene.store.inbound.accept(replace(acceptance, events=tuple(NewEvent(one) for one in events)))

        for event in events:
            assert await scene.store.inbound.event(scene.org, event.id) == event

    @shows(InboundStore.accept, InboundStore.request, InboundStore.event)
    async def test_large_values_are_read_back(self, scene: StoreScene) -> None:
        """From the blob store; a list of requests leaves bodies out."""
        body, data = b"x" * 70_000, {"long": "y" * 200_000}
        acceptance = scene.acceptance(body=body)
        execution = scene.execution(trigger=data)
        binary = NewEvent(scene.event(acceptance.request, data=b"z" * 200_000))
        events = (NewEvent(scene.event(acceptance.request, data=data), (execution,)), binary)

        accepted = await scene.store.inbound.accept(replace(acceptance, events=events))

        request = await scene.store.inbound.request(scene.org, accepted.request)
        assert (request.body, request.body_ref is not None) == (body, True)
        for event in events:
            assert (await scene.store.inbound.event(scene.org, event.record.id)).data == event.record.data
        assert (await scene.store.executions.get(scene.org, execution.id)).trigger == data
        [listed] = (await scene.store.inbound.requests(scene.org, limit=5)).items
        assert (listed.body, listed.body_ref) == (None, request.body_ref)

    @shows(InboundStore.accept, Executions.journal)
    async def test_an_execution_accepted_with_a_lease_is_its_owners(self, scene: StoreScene) -> None:
        """Under the fence of its lease, without a claim."""
        accepted = await scene.store.inbound.accept(scene.acceptance(None, lease=scene.lease("one")))

        assert await scene.claim("two") == ()
        await scene.finish(accepted.executions[0], 1)

        assert (await scene.store.executions.get(scene.org, accepted.executions[0])).state == "succeeded"

    @shows(InboundStore.accept, Executions.nodes)
    async def test_an_execution_accepted_with_its_end_is_there_with_its_journal(self, scene: StoreScene) -> None:
        """It is never claimed."""
        node = NodeRecord("a", "succeeded", output=1, started=1, finished=2)
        request = scene.request()
        execution = scene.execution(finished=Finished({"r": 1}, scene.clock.now(), (node,)))
        event = NewEvent(scene.event(request), (execution,))

        await scene.store.inbound.accept(Acceptance(request, scene.source.generation, (event,)))

        record = await scene.store.executions.get(scene.org, execution.id)
        assert (record.state, record.result, record.finished) == ("succeeded", {"r": 1}, scene.clock.now())
        assert await scene.store.executions.nodes(scene.org, execution.id) == (node,)
        assert await scene.claim() == ()

    @shows(InboundStore.accept)
    async def test_kept_secrets_are_in_the_snapshot_when_accept_returns(self, scene: StoreScene) -> None:
        """And make older verdicts stale."""
        before = scene.source.generation

        await scene.store.inbound.accept(scene.acceptance(None, keep=(KeptSecret("signing", "whsec"),)))

        [secret] = scene.source.live("signing", scene.clock.now())
        assert (secret.value, secret.text) == (b"whsec", "whsec")
        assert scene.source.generation > before

    @shows(InboundStore.accept)
    async def test_keeping_the_same_secret_again_changes_nothing(self, scene: StoreScene) -> None:
        """A handshake that is repeated makes no verdict stale."""
        keep = (KeptSecret("signing", "whsec"),)
        await scene.store.inbound.accept(scene.acceptance(None, keep=keep))
        held = scene.source

        await scene.store.inbound.accept(scene.acceptance(None, keep=keep))

        assert scene.source == held

    @shows(InboundStore.request, InboundStore.event, InboundStore.accept)
    async def test_requests_and_events_of_another_org_are_not_there(self, scene: StoreScene) -> None:
        """Nor their executions."""
        accepted = await scene.store.inbound.accept(scene.acceptance(None))
        other = await scene.store.access.create_org("other")

        for read in (
            scene.store.inbound.request(other.id, accepted.request),
            scene.store.inbound.event(other.id, accepted.events[0].id),
            scene.store.executions.get(other.id, accepted.executions[0]),
            scene.store.inbound.request(scene.org, scene.id()),
            scene.store.inbound.event(scene.org, scene.id()),
        ):
            with pytest.raises(NotFound):
                await read
