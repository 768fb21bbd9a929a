"""The reference pages: every example in them is run, every table in them is compared with the code."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Invalid
from hub.workflows import limits
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.definition.parsed import Definition, EventFilter, ForEach, Node, parse
from hub.workflows.expressions.functions import FILTERS, METHODS
from hub.workflows.expressions.functions.predicates import TESTS
from hub.workflows.expressions.scope import Item, NodeView, Scope
from hub.workflows.expressions.templates import compile_value

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
EXPRESSIONS = (REFERENCE / "expressions.md").read_text()
WORKFLOWS = (REFERENCE / "workflows.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def function_rows(table: Mapping[str, Callable[..., Any]]) -> list[str]:
    """One row per function: names, arguments, first sentence of its docstring."""
    names: dict[Any, list[str]] = {}
    for name, function in table.items():
        names.setdefault(inspect.unwrap(function), []).append(name)
    rows = []
    for function, found in names.items():
        arguments = [
            name if parameter.default is parameter.empty else f"{name}={parameter.default!r}"
            for name, parameter in list(inspect.signature(function).parameters.items())[2:]
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        called = f"({', '.join(arguments)})" if arguments else ""
        summary = (inspect.getdoc(function) or "").splitlines()[0]
        rows.append(f"| {', '.join(f'`{name}`' for name in found)} | `{called}` | {summary} |".replace("``", ""))
    return sorted(rows)


def field_rows(model: Any) -> list[str]:
    """One row per field of a model: name, whether it is needed, description."""
    schema = model.model_json_schema(by_alias=True)
    needed = schema.get("required", [])
    return [
        f"| `{name}` | {'yes' if name in needed else ''} | {field.get('description', '')} |"
        for name, field in schema["properties"].items()
    ]


SAMPLE = json.loads(blocks(EXPRESSIONS, "json")[0])
SCOPE = Scope.of(SAMPLE, {"fetch": NodeView("succeeded", {"status": 200})}, Item(0, {"id": 7}))
EXAMPLES = re.findall(r"^\| `(\$?\{\{.+?\}\}.*?)` \| `(.+?)` \|", EXPRESSIONS, re.MULTILINE)
REFUSALS = re.findall(r"^- `(.*\{[{%].+)`: refused", EXPRESSIONS, re.MULTILINE)


@pytest.mark.parametrize(("source", "value"), EXAMPLES)
def test_an_example_of_an_expression_gives_what_the_page_says(source: str, value: str) -> None:
    template = compile_value(source.replace("\\|", "|"), "")
    assert template.render(SCOPE) == json.loads(value)


@pytest.mark.parametrize("source", REFUSALS)
def test_an_example_of_a_refusal_is_refused(source: str) -> None:
    with pytest.raises(Invalid):
        compile_value(source, "")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15
    assert len(REFUSALS) > 4


@pytest.mark.parametrize("document", blocks(WORKFLOWS, "yaml") + blocks(WORKFLOWS, "json"))
def test_an_example_of_a_definition_compiles(document: str) -> None:
    compile_workflow(parse(document), CORE_ACTIONS)


@pytest.mark.parametrize("table", [FILTERS, TESTS], ids=["filters", "tests"])
def test_the_page_lists_every_function(table: Any) -> None:
    assert "\n".join(function_rows(table)) in EXPRESSIONS


def test_the_page_lists_every_method() -> None:
    for _, methods in METHODS:
        assert ", ".join(f"`{name}`" for name in sorted(methods)) in EXPRESSIONS


@pytest.mark.parametrize("model", [Definition, Node, ForEach, EventFilter], ids=lambda model: model.__name__)
def test_the_page_lists_every_field(model: Any) -> None:
    assert "\n".join(field_rows(model)) in WORKFLOWS


@pytest.mark.parametrize("name", CORE_ACTIONS)
def test_the_page_lists_every_setting_of_an_action(name: str) -> None:
    action = CORE_ACTIONS[name]
    assert f"### `{name}`\n\n{action.summary}." in WORKFLOWS
    assert "\n".join(field_rows(action.input)) in WORKFLOWS


def test_the_page_lists_every_limit() -> None:
    for name in limits.__all__:
        assert f"| {getattr(limits, name):,} |" in EXPRESSIONS + WORKFLOWS, name
