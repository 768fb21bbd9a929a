"""The conformance suites themselves: they show every operation of their port, and they notice what is not done."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from hub.errors import Fenced
from hub.ports.blobs import Blobs
from hub.ports.store import Store
from hub.store.blobs import DirectoryBlobs
from hub.store.parts import StoreParts, sql_store
from hub.testing.conformance import BlobsConformance, StoreConformance
from hub.testing.conformance.scenario import operation_name, operations_of

NOUNS: dict[str, type] = {
    name: noun
    for name, value in vars(Store).items()
    if isinstance(value, property) and getattr(noun := get_type_hints(value.fget)["return"], "_is_protocol", False)
}
"""The protocols of the store port, by the property of `Store` that holds each."""


def operations(protocol: type) -> list[str]:
    """What a protocol promises, its nouns left out."""
    return [
        operation_name(value)
        for name, value in vars(protocol).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
        if protocol is not Store or name not in NOUNS
    ]


def showing(suite: type, operation: str) -> list[str]:
    """The tests of a suite that show an operation, those about fewer operations first."""
    shown = {name: operations_of(test) for name, test in inspect.getmembers(suite)}
    return sorted((name for name in shown if operation in shown[name]), key=lambda name: len(shown[name]))


STORE_OPERATIONS = [operation for protocol in (Store, *NOUNS.values()) for operation in operations(protocol)]
BLOB_OPERATIONS = operations(Blobs)


def test_the_port_is_found() -> None:
    assert len(NOUNS) >= 9
    assert {"Store.start", "Executions.claim", "InboundStore.refusals_dropped"} <= set(STORE_OPERATIONS)
    assert set(BLOB_OPERATIONS) == {"Blobs.put", "Blobs.get", "Blobs.listed", "Blobs.delete"}


@pytest.mark.parametrize("operation", STORE_OPERATIONS)
def test_every_operation_of_a_store_is_shown(operation: str) -> None:
    assert showing(StoreConformance, operation), f"write a conformance test for {operation}"


@pytest.mark.parametrize("suite", [StoreConformance, BlobsConformance])
def test_no_test_hides_another_of_the_same_name(suite: type) -> None:
    defined = [name for part in suite.__mro__ for name in vars(part) if name.startswith("test_")]
    assert len(defined) == len(set(defined))
    for part in suite.__mro__:
        for name, test in vars(part).items():
            assert not name.startswith("test_") or operations_of(test), f"{name} shows nothing"


class Altered:
    """An object with some of its attributes replaced."""

    def __init__(self, target: object, **replaced: object) -> None:
        self._target = target
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced[name] if name in self._replaced else getattr(self._target, name)


def notices(suite: type, name: str, folder: Path) -> bool:
    """Whether a test of a suite fails."""
    folder.mkdir(exist_ok=True)
    try:
        getattr(suite(), name)(folder)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - it may fail in any way
        return "cannot be imported" not in str(error)
    return False


def doing_nothing(operation: object) -> object:
    """In place of an operation: what does nothing and answers None."""

    async def later(*_: object, **__: object) -> None:
        return None

    if isinstance(operation, property):
        return None
    return later if inspect.iscoroutinefunction(operation) else lambda *_, **__: None


def store_without(operation: str) -> Callable[[StoreParts], Store]:
    """Makes stores in which one operation does nothing."""
    protocol, _, name = operation.partition(".")

    def factory(parts: StoreParts) -> Any:
        store = sql_store(parts)
        if protocol == "Store":
            return Altered(store, **{name: doing_nothing(vars(Store)[name])})
        noun, promised = next((one, each) for one, each in NOUNS.items() if each.__name__ == protocol)
        return Altered(store, **{noun: Altered(getattr(store, noun), **{name: doing_nothing(vars(promised)[name])})})

    return factory


# a scene that fails leaves calls behind that nobody awaits
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]


# without its stop a store would keep its threads
@pytest.mark.parametrize("operation", [one for one in STORE_OPERATIONS if one != "Store.stop"])
def test_an_operation_of_a_store_that_does_nothing_is_noticed(operation: str, tmp_path: Path) -> None:
    class Suite(StoreConformance):
        pass

    Suite.factory = store_without(operation)
    assert any(notices(Suite, name, tmp_path / name) for name in showing(Suite, operation))


@pytest.mark.parametrize("operation", BLOB_OPERATIONS)
def test_an_operation_of_blobs_that_does_nothing_is_noticed(operation: str, tmp_path: Path) -> None:
    name = operation.partition(".")[2]

    def factory(folder: Path) -> Any:
        return Altered(DirectoryBlobs(folder, grace_seconds=0), **{name: doing_nothing(vars(Blobs)[name])})

    class Suite(BlobsConformance):
        pass

    Suite.factory = factory
    assert any(notices(Suite, test, tmp_path / test) for test in showing(Suite, operation))


def swallowing_fences(store: Store) -> Any:
    async def journal(*arguments: Any, **named: Any) -> None:
        try:
            await store.executions.journal(*arguments, **named)
        except Fenced:
            return

    return {"executions": Altered(store.executions, journal=journal)}


def logging_twice(store: Store) -> Any:
    async def attempted(done: Any) -> bool:
        try:
            return await store.outbound.attempted(done)
        except Fenced:
            return False

    return {"outbound": Altered(store.outbound, attempted=attempted)}


def accepting_on_any_generation(store: Store) -> Any:
    async def accept(acceptance: Any) -> Any:
        source = store.snapshot.sources[acceptance.request.source]
        return await store.inbound.accept(replace(acceptance, generation=source.generation))

    return {"inbound": Altered(store.inbound, accept=accept)}


def forgetting_keys(store: Store) -> Any:
    async def accept(acceptance: Any) -> Any:
        events = tuple(replace(one, record=replace(one.record, key=None)) for one in acceptance.events)
        return await store.inbound.accept(replace(acceptance, events=events))

    return {"inbound": Altered(store.inbound, accept=accept)}


def ignoring_serial_keys(store: Store) -> Any:
    async def create(executions: Any) -> None:
        await store.executions.create([replace(one, serial_key=None) for one in executions])

    return {"executions": Altered(store.executions, create=create)}


def ignoring_ordering_keys(store: Store) -> Any:
    async def publish(message: Any, deliveries: Any) -> Any:
        free = [replace(one, record=replace(one.record, ordering_key=None)) for one in deliveries]
        return await store.outbound.publish(message, free)

    return {"outbound": Altered(store.outbound, publish=publish)}


def skipping_in_pages(store: Store) -> Any:
    async def requests(*arguments: Any, **named: Any) -> Any:
        page = await store.inbound.requests(*arguments, **named)
        return replace(page, items=page.items[:-1] if page.next else page.items)

    return {"inbound": Altered(store.inbound, requests=requests)}


def pruning_what_is_held(store: Store) -> Any:
    async def prune(kind: Any, before: int, **named: Any) -> Any:
        for request in (await store.inbound.requests(next(iter(store.snapshot.orgs)), state="held", limit=9)).items:
            await store.inbound.release(request.org, request.id, ())
        return await store.retention.prune(kind, before, **named)

    return {"retention": Altered(store.retention, prune=prune)}


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (swallowing_fences, "test_an_ended_lease_is_taken_over_and_fences_its_former_owner"),
        (logging_twice, "test_an_attempt_is_logged_once"),
        (accepting_on_any_generation, "test_a_changed_source_refuses_what_was_checked_before"),
        (forgetting_keys, "test_of_callers_at_the_same_moment_one_is_first"),
        (ignoring_serial_keys, "test_whatever_happens_never_too_many_run_and_nothing_is_forgotten"),
        (ignoring_ordering_keys, "test_deliveries_of_an_ordering_key_go_one_at_a_time"),
        (skipping_in_pages, "test_pages_of_requests_and_events_neither_repeat_nor_skip"),
        (pruning_what_is_held, "test_old_requests_go_with_their_events"),
    ],
)
def test_a_store_that_breaks_one_promise_is_noticed(
    fault: Callable[[Store], dict[str, object]], test: str, tmp_path: Path
) -> None:
    def factory(parts: StoreParts) -> Any:
        store = sql_store(parts)
        return Altered(store, **fault(store))

    class Broken(StoreConformance):
        pass

    class Whole(StoreConformance):
        factory = sql_store

    Broken.factory = factory
    assert notices(Broken, test, tmp_path / "broken")
    assert not notices(Whole, test, tmp_path / "whole")
