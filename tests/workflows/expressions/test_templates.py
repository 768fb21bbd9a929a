"""Expressions: values, types, missing names, refusals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ActionFailed, ExpressionError, Invalid
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.templates import compile_condition, compile_value
from tests.workflows.conftest import Render

NATIVE = [
    ("{{ TRIGGER.items }}", [1, 2, 3]),
    ("${{ TRIGGER.items }}", [1, 2, 3]),
    ("{{TRIGGER.price}}", 1.5),
    ("{{ TRIGGER.on }}", True),
    ("{{ TRIGGER.empty }}", None),
    ("{{ TRIGGER.huge }}", 2**300),
    ("{{ TRIGGER.user }}", {"name": "Ada", "emails": ["ada@example.com"]}),
    ("{{ TRIGGER.user.emails[0] }}", "ada@example.com"),
    ("{{ TRIGGER.user.emails.0 }}", "ada@example.com"),
    ("{{ TRIGGER['user']['name'] }}", "Ada"),
    ("{{ TRIGGER.items[1:] }}", [2, 3]),
    ("{{ TRIGGER.items[::-1] }}", [3, 2, 1]),
    ("{{ TRIGGER.user.name[0] }}", "A"),
    ("{{ trigger.data._query.ref }}", "main"),
    ("{{ trigger.query.tag }}", ["a", "b"]),
    ("{{ trigger.headers['X-GitHub-Event'] }}", "push"),
    ("{{ trigger.type }}", "alert.created"),
    ("{{ trigger.account }}", None),
    ("{{ event.body.alert_id }}", "A-1"),
    ("{{ event.headers['content-type'] }}", "application/json"),
    ("{{ requestHeaders.a }}", "b"),
    ("{{ nodes.first.output.rows[0].id }}", 7),
    ("{{ nodes.first.state }}", "succeeded"),
    ("{{ nodes.skipped.output }}", None),
    ("{{ nodes.skipped.output or 'none' }}", "none"),
    ("{{ 1 + 2 * 3 }}", 7),
    ("{{-5}}", -5),
    ("{{ 7 // 2 }}", 3),
    ("{{ 2 ** 10 }}", 1024),
    ("{{ 7 % 4 }}", 3),
    ("{{ 'a' ~ 1 ~ true ~ none }}", "a1truenull"),
    ("{{ 'yes' if TRIGGER.on else 'no' }}", "yes"),
    ("{{ [TRIGGER.alert_id, {'n': TRIGGER.price}] }}", ["A-1", {"n": 1.5}]),
    ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
    ("{{ '}}' }}", "}}"),
    ("{{ '{{' }}", "{{"),
    ("{{ '{%' }}", "{%"),
    ("{{ 1 < 2 < 3 and 'a' in 'abc' and 4 not in TRIGGER.items }}", True),
    ("{{ not TRIGGER.empty }}", True),
    ("{{ TRIGGER.missing | default('d') }}", "d"),
    ("{{ TRIGGER.missing.deeper | default('d') }}", "d"),
    ("{{ TRIGGER.missing is defined }}", False),
    ("{{ TRIGGER.user.name.upper() }}", "ADA"),
    ("{{ range(3) }}", [0, 1, 2]),
    ("{{ 'a,b'.split(',') }}", ["a", "b"]),
    ("{{ TRIGGER.user.get('age', 3) }}", 3),
]


@pytest.mark.parametrize(("text", "value"), NATIVE)
def test_one_expression_keeps_its_type(render: Render, text: str, value: Any) -> None:
    found = render(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id {{ TRIGGER.alert_id }}!", "id A-1!"),
        (" {{ TRIGGER.price }}", " 1.5"),
        ("{{ TRIGGER.items }}{{ TRIGGER.on }}", "[1,2,3]true"),
        ("Body: {{ TRIGGER.user }}", 'Body: {"name":"Ada","emails":["ada@example.com"]}'),
        ("{{ TRIGGER.empty }} ${{ TRIGGER.empty }}", "null null"),
        ("{{ TRIGGER.huge }}.", f"{2**300}."),
        ("{# no comment #} {{ 1 }} # {", "{# no comment #} 1 # {"),
        ("costs {{ '$' }}{{ TRIGGER.price }}", "costs $1.5"),
        ("a\n{{ 1 }}\n", "a\n1\n"),
    ],
)
def test_a_text_with_expressions_is_a_text(render: Render, text: str, value: str) -> None:
    assert render(text) == value


@pytest.mark.parametrize("field", ["code", "template", "dunder"])
def test_a_payload_string_is_neither_evaluated_nor_retyped(render: Render, field: str, scope: Scope) -> None:
    payload = scope.names["TRIGGER"][field]
    assert render(f"{{{{ TRIGGER.{field} }}}}") == payload
    assert render(f"<{{{{ TRIGGER.{field} }}}}>") == f"<{payload}>"
    assert render({"a": [f"{{{{ TRIGGER.{field} | trim }}}}"]}) == {"a": [payload]}


@given(st.text(), st.text())
def test_every_payload_string_comes_through(payload: str, key: str) -> None:
    scope = Scope.of({"data": {key: payload, "s": payload}}, {})
    assert compile_value("{{ TRIGGER.s }}", "").render(scope) == payload
    assert compile_value("{{ TRIGGER }}", "").render(scope)[key] == payload
    assert compile_value("{{ [TRIGGER.s][0] }}", "").render(scope) == payload
    assert compile_value("<{{ TRIGGER.s }}>", "").render(scope) == f"<{payload}>"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_comes_through_by_path_and_computed(value: Any) -> None:
    scope = Scope.of({"data": value}, {})
    assert compile_value("{{ TRIGGER }}", "").render(scope) == value
    assert compile_value("{{ [TRIGGER] | first }}", "").render(scope) == value
    assert compile_value("{{ TRIGGER | tojson | fromjson }}", "").render(scope) == value


def test_keys_win_over_methods(render: Render) -> None:
    assert render("{{ TRIGGER.items }}") == [1, 2, 3]
    assert render("{{ TRIGGER.user.items() | length }}") == 2


def test_a_source_s_variables_cannot_hide_built_in_names(render: Render) -> None:
    assert render("{{ nodes.first.state }}") == "succeeded"
    assert render("{{ range(2) }}") == [0, 1]


@pytest.mark.parametrize(
    ("text", "missing", "sentence"),
    [
        ("{{ TRIGGER.alert }}", "alert", "TRIGGER has no 'alert'; available: _query, alert_id"),
        ("{{ TRIGGER.user.nam | upper }}", "nam", "TRIGGER.user has no 'nam'; available: emails, name"),
        ("x {{ TRIGGER['user']['a b'] }}", "a b", "TRIGGER['user'] has no 'a b'"),
        ("{{ TRIGGER.items[3] }}", "3", "TRIGGER.items has no '3'; it is a list of 3"),
        ("{{ TRIGGER.empty.x }}", "x", "TRIGGER.empty is null and has no 'x'"),
        ("{{ TRIGGER.alert_id.x }}", "x", "TRIGGER.alert_id is a string and has no 'x'"),
        ("{{ TRIGER.x }}", "TRIGER", "'TRIGER', which is missing; available: TRIGGER, event"),
        ("{{ 1 if TRIGGER.nope else 2 }}", "nope", "TRIGGER has no 'nope'"),
        ("{{ TRIGGER.nope == 1 }}", "nope", "TRIGGER has no 'nope'"),
        ("{{ 'a' ~ TRIGGER.nope }}", "nope", "TRIGGER has no 'nope'"),
        ("{{ [TRIGGER.nope] }}", "nope", "TRIGGER has no 'nope'"),
        ("{{ TRIGGER.tags | map(attribute='z') }}", "z", "has no 'z'; available: k, n"),
        ("{{ TRIGGER.missing.upper() }}", "missing", "TRIGGER has no 'missing'"),
        ("{{ TRIGGER.items[TRIGGER.nope] }}", "nope", "TRIGGER has no 'nope'"),
    ],
)
def test_a_missing_name_is_an_error_that_names_node_field_and_name(
    render: Render, text: str, missing: str | None, sentence: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(text)
    error = caught.value
    assert (error.node, error.field, error.missing) == ("n", "with.value", missing)
    assert sentence in str(error)
    assert str(error).startswith("node 'n', with.value: {{")
    assert isinstance(error, ActionFailed)
    assert not error.retryable


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ TRIGGER.items + 1 }}", "cannot use + with a list and a int"),
        ("{{ TRIGGER.price / (TRIGGER.price - 1.5) }}", "divides by zero"),
        ("{{ TRIGGER.alert_id < 3 }}", "cannot compare a string with a int"),
        ("{{ 1 if TRIGGER.empty }}", "its `if` was false and it has no `else`"),
        ("{{ TRIGGER.user.name.upper }}", "is a method"),
        ("{{ [TRIGGER.user.name.upper] }}", "not a JSON value"),
        ("{{ {1: TRIGGER.on} }}", "keys are not all strings"),
        ("{{ TRIGGER.user | upper }}", "upper needs a string"),
        ("{{ TRIGGER.items() }}", "calls a list"),
        ("{{ TRIGGER.huge * 2 }}", "more than 256 bits"),
        ("{{ (TRIGGER.price * 1e308) * 10 }}", "not finite"),
        ("{{ (-TRIGGER.price) ** 0.5 }}", "root of a negative"),
        ("{{ TRIGGER.items['a':] }}", "not a whole number"),
        ("{{ TRIGGER.items[::0] }}", "step of zero"),
        ("{{ TRIGGER.user[1:] }}", "cannot slice an object"),
        ("{{ -TRIGGER.user }}", "cannot use - with an object"),
    ],
)
def test_an_operation_that_fails_says_why(render: Render, text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(text)
    assert sentence in str(caught.value)
    assert caught.value.missing is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ TRIGGER.", "not closed with }}"),
        ("{{ 'a }}", "not closed"),
        ("{{ ) }}", "closes nothing"),
        ("{{ }}", "is empty"),
        ("{{ TRIGGER if }}", "cannot be read"),
        ("{{ 1, 2 }}", "cannot be read at ','"),
        ("{{ a = 1 }}", "cannot be read at '='"),
        ("{% if x %}", "statements"),
        ("{{ 1 }}{% x %}", "statements"),
        ("{{- TRIGGER }}", "white space"),
        ("{{ x | nope }}", "filter 'nope', which does not exist"),
        ("{{ x is nope }}", "test 'nope', which does not exist"),
        ("{{ x | map('nope') }}", "filter 'nope'"),
        ("{{ x | selectattr('a', 'nope') }}", "test 'nope'"),
        ("{{ x | replace('a') }}", "wrong arguments"),
        ("{{ x | upper(1) }}", "wrong arguments"),
        ("{{ x | map('replace', 'a') }}", "filter 'replace' wrong arguments"),
        ("{{ x | select('eq') }}", "test 'eq' wrong arguments"),
        ("{{ x | map(3) }}", "filter 3"),
        ("{{ x | join(*y) }}", "* or **"),
        ("{{ nodes }}", "nodes.NAME"),
        ("{{ nodes[TRIGGER.x] }}", "literally"),
        ("{{ connections }}", "connections.NAME"),
        ("{{ connections.a | upper }}", "nothing but the connection"),
        ("{{ 'x' ~ connections.a }}", "nothing but the connection"),
        ("{{ connections.a.b.c }}", "nothing but the connection"),
        ("{{ 1 / 0 }}", "divides by zero"),
        ("{{ TRIGGER.a + 1 / 0 }}", "divides by zero"),
        ("{{ 'a' + 1 }}", "cannot use +"),
        ("{{ 'abc'.nope }}", "can never be computed"),
        ("{{ 1 if false }}", "no `else`"),
        ("{{ '\\ud800' }}", "surrogate"),
        ("{{ {'\\ud800': 1} }}", "surrogate"),
    ],
)
def test_what_can_never_work_is_refused_with_its_pointer(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_value({"a": ["ok", text]}, "/nodes/3/with")
    (problem,) = caught.value.problems
    assert problem.pointer == "/nodes/3/with/a/1"
    assert sentence in problem.message


def test_each_fault_is_reported() -> None:
    with pytest.raises(Invalid) as caught:
        compile_value({"a": "{{ 1/0 }}", "b/c": ["{{ x", "{{ ok }}"], "{{ k }}": 1}, "")
    assert [problem.pointer for problem in caught.value.problems] == ["/a", "/b~1c/0", "/{{ k }}"]


def test_values_without_expressions_are_kept_as_they_are() -> None:
    value = {"a": [1, "}} { % $", None]}
    template = compile_value(value, "")
    assert template.expressions == ()
    assert template.render(Scope.of({}, {})) is value


@pytest.mark.parametrize("text", ["TRIGGER.on", "{{ TRIGGER.on }}", "${{ TRIGGER.on }}"])
def test_a_condition_needs_no_delimiters(scope: Scope, text: str) -> None:
    assert compile_condition(text, "/if").render(scope) is True


def test_a_condition_is_one_expression_without_text_around_it() -> None:
    with pytest.raises(Invalid) as caught:
        compile_condition("not {{ TRIGGER.on }}", "/nodes/0/if")
    assert caught.value.problems[0].pointer == "/nodes/0/if"
