"""The names that expressions see."""

from hub.model.json import dumps
from hub.workflows.expressions.scope import Item, NodeView, Scope
from hub.workflows.expressions.templates import compile_value


def test_event_body_is_the_data_where_no_vendor_read_it() -> None:
    assert Scope.of({"data": [1]}, {}).names["event"] == {"body": [1], "headers": {}}
    assert Scope.of({"data": 1, "body": {"events": [1]}}, {}).names["event"]["body"] == {"events": [1]}
    assert Scope.of({"data": 1, "body": None}, {}).names["event"]["body"] is None


def test_an_empty_trigger_has_every_well_known_name() -> None:
    names = Scope.of({}, {}).names
    assert names["TRIGGER"] is None
    assert names["trigger"] == dict.fromkeys(
        ["data", "type", "id", "time", "account", "source", "request", "event"]
    ) | {"headers": {}, "query": {}, "files": []}


def test_headers_are_found_in_any_case() -> None:
    scope = Scope.of({"headers": {"x-a": "1"}}, {})
    template = compile_value(["{{ trigger.headers['X-A'] }}", "{{ event.headers['x-a'] }}", "{{ event.headers }}"], "")
    assert template.render(scope) == ["1", "1", {"x-a": "1"}]
    assert dumps(template.render(scope)) == b'["1","1",{"x-a":"1"}]'


def test_an_item_is_seen_within_its_own_scope_only() -> None:
    scope = Scope.of({"variables": {"item": "hidden"}}, {"a": NodeView("failed", error="why")})
    assert "item" not in scope.names
    inner = scope.within(Item(2, "x"))
    assert (inner.names["item"], inner.names["index"]) == ("x", 2)
    assert "item" not in scope.names
    assert Scope.of({}, {}, Item(0, 1)).names["item"] == 1
    assert scope.names["nodes"]["a"] == {"state": "failed", "output": None, "error": "why"}
