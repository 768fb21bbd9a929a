"""Compiled workflows: what engines ask of them, and what is refused."""

from typing import Any

import pytest

from hub.errors import ExpressionError, Invalid
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import Workflow, compile_workflow
from hub.workflows.definition.parsed import parse
from hub.workflows.expressions.references import Mixed, Reference
from hub.workflows.expressions.scope import Item, NodeView, Scope
from hub.workflows.limits import MAX_EXPRESSIONS, MAX_ITEMS
from tests.narrowing import present
from tests.workflows.conftest import Compiled, Refused


def node(name: str, /, *needs: str, **fields: Any) -> dict[str, Any]:
    """A transform node."""
    return {"id": name, "action": "transform", "needs": list(needs), "with": {"value": 1}, **fields}


def scope(data: Any = None, **nodes: Any) -> Scope:
    return Scope.of({"data": data}, {name: NodeView("succeeded", output) for name, output in nodes.items()})


def test_nodes_are_in_topological_order_and_know_what_they_depend_on(compiled: Compiled) -> None:
    workflow: Workflow = compiled(node("d", "b", "c"), node("c", "a"), node("b", "a"), node("a"), node("e"))
    assert list(workflow.nodes) == ["a", "c", "b", "d", "e"]
    assert workflow.nodes["d"].needs == ("b", "c")
    assert workflow.nodes["d"].ancestors == {"a", "b", "c"}
    assert workflow.nodes["e"].ancestors == frozenset()


def test_a_node_carries_what_the_engine_needs(compiled: Compiled) -> None:
    retry = {"retries": 1, "initial_seconds": 0, "factor": 1, "max_seconds": 0}
    workflow = compiled(
        node("a", name="A", timeout=3, retry=retry, **{"if": "TRIGGER.on", "for_each": "{{ TRIGGER.rows }}"}),
        {"id": "b", "action": "http.request", "with": {"url": "https://example.com"}},
    )
    first, second = workflow.nodes.values()
    assert (first.name, first.timeout, first.pure, first.for_each_concurrency) == ("A", 3, True, 10)
    assert first.retry is not None
    assert first.retry.retries == 1
    assert first.condition(scope({"on": 1})) is True
    assert first.condition(scope({"on": ""})) is False
    assert first.items(scope({"rows": [1]})) == [1]
    assert (second.pure, second.for_each_concurrency, second.items(scope()), second.condition(scope())) == (
        False,
        0,
        None,
        True,
    )
    assert second.action is CORE_ACTIONS["http.request"]


def test_input_renders_the_settings_for_each_item(compiled: Compiled) -> None:
    workflow = compiled(
        node("a"),
        node("b", "a", for_each=[1], **{"with": {"value": "{{ index }}: {{ item.x }} {{ nodes.a.output }}"}}),
    )
    within = scope(a=3).within(Item(4, {"x": "y"}))
    assert workflow.nodes["b"].input(within) == {"value": "4: y 3"}


def test_connections_stay_references_in_the_input(compiled: Compiled) -> None:
    settings = {
        "url": "https://example.com/",
        "auth": "{{ connections.api }}",
        "headers": {"X": "k {{ connections.b.c }}"},
    }
    (call,) = compiled({"id": "a", "action": "http.request", "with": settings}).nodes.values()
    assert call.connections == {"api", "b"}
    assert call.input(scope()) == {
        "url": "https://example.com/",
        "auth": Reference("api"),
        "headers": {"X": Mixed(("k ", Reference("b", "c")))},
    }


@pytest.mark.parametrize("items", [3, "text", None, {"a": 1}])
def test_for_each_needs_a_list(compiled: Compiled, items: Any) -> None:
    (found,) = compiled(node("a", for_each="TRIGGER.rows")).nodes.values()
    with pytest.raises(ExpressionError, match="needs a list") as caught:
        found.items(scope({"rows": items}))
    assert (caught.value.node, caught.value.field) == ("a", "for_each")


def test_for_each_is_bounded(compiled: Compiled) -> None:
    (found,) = compiled(node("a", for_each="TRIGGER")).nodes.values()
    with pytest.raises(ExpressionError, match="at most"):
        found.items(scope([0] * (MAX_ITEMS + 1)))


def test_the_result_is_a_template_or_left_to_the_last_node(compiled: Compiled) -> None:
    assert compiled(node("a")).result is None
    assert present(compiled(node("a"), result=None).result).render(scope()) is None
    assert present(compiled(node("a"), result={"x": "{{ nodes.a.output }}"}).result).render(scope(a=1)) == {"x": 1}


def test_the_workflow_s_own_settings(compiled: Compiled) -> None:
    workflow = compiled(deadline=1.5, concurrency=2, serial_key="{{ TRIGGER.id }}")
    assert (workflow.deadline_seconds, workflow.concurrency, workflow.keyed) == (1.5, 2, True)
    assert workflow.serial_key(scope({"id": "a"})) == "a"
    assert workflow.serial_key(scope({"id": 7})) == "7"
    assert workflow.serial_key(scope({"id": None})) is None
    assert not compiled().keyed
    assert compiled().serial_key(scope()) is None


@pytest.mark.parametrize("key", [True, [1], "x" * 501])
def test_a_serial_key_is_short_text_or_a_number(compiled: Compiled, key: Any) -> None:
    with pytest.raises(ExpressionError, match="serial_key"):
        compiled(serial_key="TRIGGER").serial_key(scope(key))


def test_whether_a_node_may_answer_the_sender(compiled: Compiled) -> None:
    assert compiled({"id": "r", "action": "respond"}).responds
    assert not compiled(node("a")).responds


def test_a_response_names_a_node_that_exists(compiled: Compiled) -> None:
    compiled(node("a")).require_node("a", "/source/response/node")
    with pytest.raises(Invalid) as caught:
        compiled(node("a")).require_node("b", "/source/response/node")
    assert caught.value.problems[0].pointer == "/source/response/node"


FILTERS: list[tuple[list[Any], str, bool, str, bool]] = [
    ([], "push", False, "own", True),
    ([], "ping", True, "own", False),
    (["webhookId:s"], "push", False, "s", True),
    (["webhookId:s"], "ping", True, "s", False),
    ([{"types": ["push"]}], "push", False, "own", True),
    ([{"types": ["push"]}], "pull", False, "own", False),
    ([{"types": ["issues.*"]}], "issues.opened", False, "own", True),
    ([{"types": ["issues.*"]}], "issue", False, "own", False),
    ([{"types": ["a[b]?"]}], "a[b]?", False, "own", True),
    ([{"types": ["a[b]?"]}], "abx", False, "own", False),
    ([{"types": ["*"]}], "ping", True, "own", False),
    ([{"types": ["ping"]}], "ping", True, "own", True),
    ([{"types": ["ping"]}], "push", False, "own", False),
    ([{"if": "TRIGGER.x == 1"}], "push", False, "own", True),
    ([{"if": "{{ TRIGGER.x == 2 }}"}], "push", False, "own", False),
    ([{"types": ["ping"], "if": "TRIGGER.x == 2"}], "ping", True, "own", False),
    ([{"types": ["pull"]}, {"types": ["push"]}], "push", False, "own", True),
    ([{"source": "s", "types": ["push"]}], "push", False, "s", True),
    ([{"source": "s", "types": ["push"]}], "pull", False, "s", False),
    ([{"source": "s", "types": ["push"]}], "pull", False, "own", True),
    (["webhookId:s", {"types": ["push"]}], "pull", False, "s", False),
    (["webhookId:s", {"types": ["push"]}], "push", False, "s", True),
]


@pytest.mark.parametrize(("triggers", "event_type", "control", "source", "starts"), FILTERS)
def test_filters_decide_which_events_start_it(
    compiled: Compiled, triggers: list[Any], event_type: str, control: bool, source: str, starts: bool
) -> None:
    assert compiled(triggers=triggers).matches(event_type, control, source, scope({"x": 1})) is starts


def test_a_filter_that_cannot_be_evaluated_is_an_error(compiled: Compiled) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(triggers=[{"if": "TRIGGER.nope"}]).matches("push", False, "own", scope({}))
    assert caught.value.field == "triggers.0.if"


def test_the_sources_that_triggers_name(compiled: Compiled) -> None:
    workflow = compiled(triggers=["webhookId:a", {"source": "b"}, {"types": ["x"]}])
    assert workflow.sources == {"a", "b"}


HTTP = {"id": "h", "action": "http.request"}
REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"nodes": [node("a"), node("a")]}, [("/nodes/1/id", "/nodes/0 already has the id 'a'")]),
    ({"nodes": [node("a", "b")]}, [("/nodes/0/needs/0", "there is no node 'b'; available: a")]),
    ({"nodes": [node("a", "a")]}, [("/nodes/0/needs", "a -> a")]),
    (
        {"nodes": [node("x"), node("a", "c", "x"), node("b", "a"), node("c", "b")]},
        [("/nodes/1/needs", "a -> c -> b -> a")],
    ),
    (
        {"nodes": [{"id": "a", "action": "http.requets"}]},
        [("/nodes/0/action", "there is no action 'http.requets'; did you mean http.request?")],
    ),
    ({"nodes": [{"id": "a", "action": "zzzzz"}]}, [("/nodes/0/action", "available: fail, http.request")]),
    ({"nodes": [node("a", **{"with": {}})]}, [("/nodes/0/with/value", "required")]),
    ({"nodes": [{**HTTP, "with": {"url": 3}}]}, [("/nodes/0/with/url", "valid string")]),
    (
        {"nodes": [{**HTTP, "with": {"url": "https://x", "querry": {}}}]},
        [("/nodes/0/with/querry", "no setting 'querry'; did you mean query?")],
    ),
    (
        {"nodes": [{**HTTP, "with": {"url": "{{ TRIGGER.u }}", "method": "BREW", "expect": [20]}}]},
        [("/nodes/0/with/method", "GET"), ("/nodes/0/with/expect/0", "greater than")],
    ),
    (
        {"nodes": [{**HTTP, "with": {"url": "https://x", "json": 1, "form": {}}}]},
        [("/nodes/0/with", "one of json, form")],
    ),
    ({"nodes": [{"id": "s", "action": "sleep", "with": {}}]}, [("/nodes/0/with", "either seconds or until")]),
    ({"nodes": [{"id": "s", "action": "sleep", "with": {"seconds": -1}}]}, [("/nodes/0/with/seconds", "greater")]),
    ({"nodes": [node("a", **{"with": {"value": "{{ 9**9**9 }}"}})]}, [("/nodes/0/with/value", "256 bits")]),
    ({"nodes": [node("a", **{"with": {"value": ["{{ ''.__class__ }}"]}})]}, [("/nodes/0/with/value/0", "__class__")]),
    ({"nodes": [node("a", **{"if": "'a' * 10**9"})]}, [("/nodes/0/if", "characters")]),
    ({"nodes": [node("a", for_each="range(10**9)")]}, [("/nodes/0/for_each", "10000")]),
    (
        {"nodes": [node("a"), node("b", **{"with": {"value": "{{ nodes.a.output }}"}})]},
        [("/nodes/1/with/value", "add it to needs")],
    ),
    ({"nodes": [node("a"), node("b", **{"if": "nodes['a'].output"})]}, [("/nodes/1/if", "add it to needs")]),
    ({"nodes": [node("a", for_each="nodes.a.output")]}, [("/nodes/0/for_each", "add it to needs")]),
    ({"nodes": [node("a", **{"if": "nodes.b.output"})]}, [("/nodes/0/if", "'b', which does not exist")]),
    (
        {"nodes": [node("a", **{"with": {"value": "{{ item }}"}})]},
        [("/nodes/0/with/value", "exists only in the settings")],
    ),
    ({"nodes": [node("a", for_each=[1], **{"if": "item"})]}, [("/nodes/0/if", "exists only in the settings")]),
    ({"nodes": [node("a", **{"with": {"value": "{{ connections.x }}"}})]}, [("/nodes/0/with/value", "connection")]),
    ({"nodes": [{**HTTP, "with": {"url": "https://x"}, "if": "connections.x"}]}, [("/nodes/0/if", "connection")]),
    ({"result": "{{ connections.x.y }}"}, [("/result", "connection")]),
    ({"result": ["{{ nodes.nope.output }}"]}, [("/result/0", "does not exist")]),
    ({"serial_key": "{{ item }}"}, [("/serial_key", "exists only in the settings")]),
    ({"serial_key": "a {{ TRIGGER }}"}, [("/serial_key", "one expression")]),
    ({"triggers": [{"if": "nodes.a.output"}], "nodes": [node("a")]}, [("/triggers/0/if", "add it")]),
    ({"triggers": ["webhookId:a", {"if": "{% x %}"}]}, [("/triggers/1/if", "cannot be read")]),
    ({"result": ["{{ 1 }}"] * (MAX_EXPRESSIONS + 1)}, [("", "expressions; at most")]),
]


@pytest.mark.parametrize(("definition", "faults"), REFUSED)
def test_what_can_never_work_is_refused(
    refused: Refused, definition: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    problems = refused(definition)
    assert [problem.pointer for problem in problems] == [pointer for pointer, _ in faults]
    for problem, (_, sentence) in zip(problems, faults, strict=True):
        assert sentence in problem.message


def test_every_fault_is_reported_at_once(refused: Refused) -> None:
    problems = refused({"nodes": [node("a", "z"), {"id": "b", "action": "nope"}], "result": "{{ 1/0 }}"})
    assert [problem.pointer for problem in problems] == ["/nodes/0/needs/0", "/nodes/1/action", "/result"]


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "{{ TRIGGER.url }}", "method": "{{ TRIGGER.method }}", "expect": ["{{ TRIGGER.status }}"]},
        {"url": "https://x", "expect": "{{ TRIGGER.expect }}", "query": {"a": "{{ TRIGGER.a }}"}},
        {"url": "https://x", "auth": "{{ TRIGGER.auth }}", "max_bytes": "{{ 10 * 10 }}"},
        {"url": "https://x", "auth": {"username": "u", "password": "{{ connections.x.password }}"}},
        {"url": "https://x", "method": "post", "json": {"a": "{{ TRIGGER }}"}},
    ],
)
def test_settings_with_expressions_are_left_to_the_run(compiled: Compiled, settings: dict[str, Any]) -> None:
    compiled({**HTTP, "with": settings})


def test_a_parsed_definition_compiles_like_its_object() -> None:
    definition = {"nodes": [node("a")]}
    assert compile_workflow(parse(definition), CORE_ACTIONS).nodes.keys() == {"a"}
    assert compile_workflow({}, CORE_ACTIONS).nodes == {}
