"""What an operation does is said once, in the port: the docstrings of the core's engine and triggers refer to it."""

from __future__ import annotations

import inspect

import pytest

from hub.engine.embedded import EmbeddedEngine
from hub.ports.engine import Engine
from hub.ports.triggers import Triggers
from hub.triggers.filters import WorkflowTriggers


@pytest.mark.parametrize(
    ("port", "implementation"), [(Engine, EmbeddedEngine), (Triggers, WorkflowTriggers)], ids=lambda one: one.__name__
)
def test_the_docstring_of_each_operation_refers_to_the_port(port: type, implementation: type) -> None:
    promised = [name for name, value in vars(port).items() if not name.startswith("_") and inspect.isfunction(value)]
    assert promised
    for name in promised:
        assert inspect.getdoc(getattr(port, name)), f"{port.__name__}.{name} is not described"
        said = inspect.getdoc(getattr(implementation, name)) or ""
        assert said.startswith(f"See `{port.__module__}.{port.__name__}.{name}`."), f"{implementation.__name__}.{name}"
