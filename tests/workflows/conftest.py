"""An event, its scope, and short ways to compile and render."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Invalid, Problem
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import Workflow, compile_workflow
from hub.workflows.expressions.scope import NodeView, Scope
from hub.workflows.expressions.templates import compile_value

TRIGGER = {
    "alert_id": "A-1",
    "items": [1, 2, 3],
    "user": {"name": "Ada", "emails": ["ada@example.com"]},
    "tags": [{"k": "b", "n": 2}, {"k": "a", "n": 1}, {"k": "b", "n": 3}],
    "code": "[1,2]",
    "template": "{{ 7*7 }}",
    "dunder": "__import__('os')",
    "empty": None,
    "on": True,
    "price": 1.5,
    "huge": 2**300,
    "_query": {"ref": "main"},
}

EVENT = {
    "data": TRIGGER,
    "headers": {"x-github-event": "push", "content-type": "application/json"},
    "query": {"ref": "main", "tag": ["a", "b"]},
    "type": "alert.created",
    "id": "1",
    "source": "src_1",
    "variables": {"requestHeaders": {"a": "b"}, "nodes": "hidden", "range": "hidden"},
}


Render = Callable[[Any], Any]
Refused = Callable[[Any], tuple[Problem, ...]]
Compiled = Callable[..., Workflow]


@pytest.fixture
def scope() -> Scope:
    nodes = {"first": NodeView("succeeded", {"rows": [{"id": 7}]}), "skipped": NodeView("skipped")}
    return Scope.of(EVENT, nodes)


@pytest.fixture
def render(scope: Scope) -> Render:
    """Compiles and renders a value of the node `n`."""
    return lambda value: compile_value(value, "/nodes/0/with/value", node="n").render(scope)


@pytest.fixture
def refused() -> Refused:
    """The problems of a definition that can never work."""

    def compile_it(definition: Any) -> tuple[Problem, ...]:
        with pytest.raises(Invalid) as caught:
            compile_workflow(definition, CORE_ACTIONS)
        assert caught.value.status == 422
        return caught.value.problems

    return compile_it


@pytest.fixture
def compiled() -> Compiled:
    """Compiles nodes and further fields with the core's actions."""
    return lambda *nodes, **fields: compile_workflow({"nodes": list(nodes), **fields}, CORE_ACTIONS)
