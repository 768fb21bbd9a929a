"""Definitions read from JSON, YAML and objects."""

import json
from typing import Any

import pytest

from hub.errors import Invalid
from hub.workflows.definition.parsed import parse
from hub.workflows.limits import MAX_DOCUMENT, MAX_NODES

YAML = """
name: Alerts
nodes:
  - id: fetch
    name: Fetch it
    action: http.request
    with: {url: "https://example.com/{{ TRIGGER.id }}"}
    timeout: 2.5
    retry: {retries: 2, initial_seconds: 0.5}
  - id: each
    action: transform
    needs: [fetch]
    if: nodes.fetch.output.status == 200
    for_each: "{{ nodes.fetch.output.body }}"
    with: {value: "{{ item }}"}
result: "{{ nodes.each.output }}"
triggers: [webhookId:src_1, {source: src_2, types: [push], if: TRIGGER.ok}]
deadline: 60
concurrency: 3
serial_key: "{{ TRIGGER.id }}"
"""


def test_yaml_json_and_objects_mean_the_same() -> None:
    definition = parse(YAML)
    written = definition.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert parse(json.dumps(written)) == definition
    assert parse(written) == definition
    assert parse(YAML.encode()) == definition


def test_every_field_is_read() -> None:
    definition = parse(YAML)
    fetch, each = definition.nodes
    assert (fetch.timeout, fetch.retry.retries if fetch.retry else None) == (2.5, 2)
    assert (each.needs, each.if_) == (("fetch",), "nodes.fetch.output.status == 200")
    assert each.for_each is not None
    assert (each.for_each.items, each.for_each.concurrency) == ("{{ nodes.fetch.output.body }}", 10)
    assert (definition.deadline, definition.concurrency, definition.serial_key) == (60, 3, "{{ TRIGGER.id }}")
    assert definition.has_result


@pytest.mark.parametrize("for_each", [[1, 2], {"items": [1, 2], "concurrency": 10}])
def test_for_each_is_a_list_an_expression_or_both_with_a_concurrency(for_each: Any) -> None:
    (node,) = parse({"nodes": [{"id": "a", "action": "transform", "for_each": for_each}]}).nodes
    assert node.for_each is not None
    assert (node.for_each.items, node.for_each.concurrency) == ([1, 2], 10)


def test_a_result_of_null_is_not_the_same_as_none_given() -> None:
    assert parse({"result": None}).has_result
    assert not parse({}).has_result


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"nodes": [{"id": "1x", "action": "a"}]}, ["/nodes/0/id"]),
        ({"nodes": [{"id": "a\n", "action": "a"}]}, ["/nodes/0/id"]),
        ({"nodes": [{"action": ""}]}, ["/nodes/0/id", "/nodes/0/action"]),
        ({"nodes": [{"id": "a", "action": "b", "wiht": {}}]}, ["/nodes/0/wiht"]),
        ({"nodes": [{"id": "a", "action": "b", "with_": {}}]}, ["/nodes/0/with_"]),
        ({"nodes": [{"id": "a", "action": "b", "with": []}]}, ["/nodes/0/with"]),
        ({"nodes": [{"id": "a", "action": "b", "timeout": 0}]}, ["/nodes/0/timeout"]),
        ({"nodes": [{"id": "a", "action": "b", "timeout": float("nan")}]}, ["/nodes/0/timeout"]),
        ({"nodes": [{"id": "a", "action": "b", "retry": {"retries": -1, "x": 1}}]}, None),
        ({"nodes": [{"id": "a", "action": "b", "for_each": {"items": [], "concurrency": 0}}]}, None),
        ({"nodes": [{"id": "a", "action": "b", "for_each": 3}]}, ["/nodes/0/for_each"]),
        ({"nodes": [{"id": "a", "action": "b", "needs": "c"}]}, ["/nodes/0/needs"]),
        ({"nodes": {}}, ["/nodes"]),
        ({"triggers": ["src_1"]}, None),
        ({"triggers": [{"types": []}]}, None),
        ({"deadline": -1, "concurrency": 0}, ["/deadline", "/concurrency"]),
        ({"a/b~c": 1}, ["/a~1b~0c"]),
        ({"name": "x" * 201}, ["/name"]),
    ],
)
def test_a_fault_is_named_by_its_pointer(document: Any, pointers: list[str] | None) -> None:
    with pytest.raises(Invalid) as caught:
        parse(document)
    found = [problem.pointer for problem in caught.value.problems]
    assert found
    if pointers is not None:
        assert found == pointers


def test_a_fault_inside_a_union_points_at_the_value() -> None:
    with pytest.raises(Invalid) as caught:
        parse({"triggers": ["webhookId:a", {"types": "push"}]})
    assert all(problem.pointer.startswith("/triggers/1") for problem in caught.value.problems)


@pytest.mark.parametrize("document", ["- 1", "null", "", "text", '"text"', [], None, 3])
def test_a_definition_is_an_object(document: Any) -> None:
    with pytest.raises(Invalid, match="must be an object"):
        parse(document)


def test_definitions_are_bounded() -> None:
    with pytest.raises(Invalid, match="too large"):
        parse({"description": "x" * MAX_DOCUMENT})
    with pytest.raises(Invalid) as caught:
        parse({"nodes": [{"id": f"n{number}", "action": "a"} for number in range(MAX_NODES + 1)]})
    assert caught.value.problems[0].pointer == "/nodes"
    with pytest.raises(Invalid, match="not JSON"):
        parse({"result": object()})
    with pytest.raises(Invalid, match="nested too deeply"):
        parse('{"result": ' + "[" * 70 + "]" * 70 + "}")


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(Invalid):
        parse('result: "\\ud800"')
