"""Connection references: resolved, masked, never forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ActionFailed
from hub.workflows.expressions.references import Mixed, Reference, masked, resolve
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.templates import compile_value

STORED = {"api": {"token": "s3cret"}, "login": {"username": "u", "password": "p"}, "empty": {}}
VALUE = {
    "whole": Reference("login"),
    "field": [Reference("login", "password")],
    "single": Reference("api"),
    "text": Mixed(("Bearer ", Reference("api", "token"), "!")),
    "plain": "{{ connections.api.token }}",
}


def test_a_reference_becomes_its_value_for_the_call() -> None:
    assert resolve(VALUE, STORED.get) == {
        "whole": {"username": "u", "password": "p"},
        "field": ["p"],
        "single": "s3cret",
        "text": "Bearer s3cret!",
        "plain": "{{ connections.api.token }}",
    }


def test_the_journal_gets_names_and_never_values() -> None:
    assert masked(VALUE) == {
        "whole": "{{ connections.login }}",
        "field": ["{{ connections.login.password }}"],
        "single": "{{ connections.api }}",
        "text": "Bearer {{ connections.api.token }}!",
        "plain": "{{ connections.api.token }}",
    }


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (Reference("nope"), "no connection named 'nope'"),
        (Reference("login", "nope"), "has no field 'nope'; available: password, username"),
        (Reference("empty", "x"), "available: none"),
        (Mixed(("a", Reference("login"))), "several fields; name one of password, username"),
    ],
)
def test_what_cannot_be_resolved_fails_for_good(value: object, sentence: str) -> None:
    with pytest.raises(ActionFailed, match=sentence) as caught:
        resolve(value, STORED.get)
    assert not caught.value.retryable


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))
def test_nothing_that_a_sender_sends_becomes_a_reference(payload: object) -> None:
    def lookup(name: str) -> None:
        raise AssertionError(name)

    scope = Scope.of({"data": payload}, {})
    for text in ("{{ TRIGGER }}", "{{ [TRIGGER] }}", "<{{ TRIGGER }}>"):
        value = compile_value(text, "").render(scope)
        assert resolve(value, lookup) == value
        assert masked(value) == value


def test_a_payload_that_imitates_a_reference_stays_text() -> None:
    payload = {"a": "{{ connections.api.token }}", "$connection": "api", "name": "api", "field": "token"}
    rendered = compile_value({"x": "{{ TRIGGER }}", "y": "{{ TRIGGER.a }}"}, "").render(Scope.of({"data": payload}, {}))
    assert resolve(rendered, STORED.get) == {"x": payload, "y": payload["a"]}
