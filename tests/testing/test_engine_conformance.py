"""The conformance suite of engines: it shows every operation of the port, and it notices what is not done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.backends import EngineParts, embedded_engine
from hub.ports.engine import Engine
from hub.testing.conformance import EngineConformance
from tests.testing.test_conformance import Altered, doing_nothing, notices, operations, showing

OPERATIONS = operations(Engine)

OPTIONAL = {"Engine.lease", "Engine.evaluate"}
"""An engine need not do these."""


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str, Path], bool]:
    """Whether a test of a suite fails, or has not ended after a moment."""

    def notice(suite: type, test: str, folder: Path) -> bool:
        with monkeypatch.context() as patched:
            patched.setattr("hub.testing.conformance.scenario._SECONDS", 3)
            return notices(suite, test, folder)

    return notice


# a scene that fails leaves calls and connections behind that nobody awaits or closes
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]


def test_the_port_is_found() -> None:
    assert {"Engine.start_running", "Engine.wait", "Engine.retry"} < set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_shown(operation: str) -> None:
    assert showing(EngineConformance, operation), f"write a conformance test for {operation}"


# without its stop an engine would leave its tasks behind
@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one not in {*OPTIONAL, "Engine.stop"}])
def test_an_operation_that_does_nothing_is_noticed(
    operation: str, tmp_path: Path, noticed: Callable[[type, str, Path], bool]
) -> None:
    name = operation.partition(".")[2]

    def factory(parts: EngineParts) -> Any:
        return Altered(embedded_engine(parts), **{name: doing_nothing(vars(Engine)[name])})

    class Suite(EngineConformance):
        pass

    Suite.factory = factory
    assert any(noticed(Suite, test, tmp_path / test) for test in showing(Suite, operation))


def forgetting_the_journal(parts: EngineParts) -> Any:
    async def journal(
        org: Any, execution: Any, fence: Any, _nodes: Any, change: Any = None, children: Any = ()
    ) -> None:
        await parts.store.executions.journal(org, execution, fence, (), change, children)

    return embedded_engine(_over(parts, journal=journal))


def retrying_at_once(parts: EngineParts) -> Any:
    async def journal(org: Any, execution: Any, fence: Any, nodes: Any, change: Any = None, children: Any = ()) -> None:
        early = [replace(one, due=0) if one.state == "waiting" else one for one in nodes]
        await parts.store.executions.journal(org, execution, fence, early, change, children)

    return embedded_engine(_over(parts, journal=journal))


def _over(parts: EngineParts, **replaced: object) -> EngineParts:
    store: Any = Altered(parts.store, executions=Altered(parts.store.executions, **replaced))
    return replace(parts, store=store)


def waiting_for_any_org(parts: EngineParts) -> Any:
    engine = embedded_engine(parts)

    async def wait(_org: Any, execution: Any, deadline: int) -> Any:
        own = next(iter(parts.store.snapshot.orgs))
        return await engine.wait(own, execution, deadline)

    return Altered(engine, wait=wait)


def evaluating_wrongly(parts: EngineParts) -> Any:
    engine = embedded_engine(parts)

    def evaluate(workflow: Any, version: int, trigger: Any) -> Any:
        found = engine.evaluate(workflow, version, trigger)
        return None if found is None else replace(found, result="else")

    return Altered(engine, evaluate=evaluate)


def breaking_nothing_off(parts: EngineParts) -> Any:
    engine = embedded_engine(parts)

    async def cancel(org: Any, execution: Any) -> bool:
        return bool(await parts.store.executions.cancel(org, execution, parts.clock.now()))

    return Altered(engine, cancel=cancel)


def counting_what_a_stop_breaks_off(parts: EngineParts) -> Any:
    async def journal(org: Any, execution: Any, fence: Any, nodes: Any, change: Any = None, children: Any = ()) -> None:
        counted = [
            replace(one, attempts=one.attempts + 1) if one.error == "the hub was stopped" else one for one in nodes
        ]
        await parts.store.executions.journal(org, execution, fence, counted, change, children)

    return embedded_engine(_over(parts, journal=journal))


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (forgetting_the_journal, "test_a_retry_continues_at_the_node_that_failed"),
        (retrying_at_once, "test_a_failed_try_is_repeated_after_its_backoff"),
        (waiting_for_any_org, "test_a_wait_for_an_execution_that_the_org_does_not_have_is_refused"),
        (evaluating_wrongly, "test_what_is_evaluated_at_once_is_what_a_run_comes_to"),
        (breaking_nothing_off, "test_a_cancelled_execution_is_broken_off"),
        (counting_what_a_stop_breaks_off, "test_what_does_not_end_in_time_goes_on_elsewhere"),
    ],
)
def test_an_engine_that_breaks_one_promise_is_noticed(
    fault: Callable[[EngineParts], Any], test: str, tmp_path: Path, noticed: Callable[[type, str, Path], bool]
) -> None:
    class Broken(EngineConformance):
        pass

    class Whole(EngineConformance):
        factory = embedded_engine

    Broken.factory = fault
    assert noticed(Broken, test, tmp_path / "broken")
    (tmp_path / "whole").mkdir()
    getattr(Whole(), test)(tmp_path / "whole")
