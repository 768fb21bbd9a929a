"""Attacks on the sandbox: reaching Python, and eating time or memory."""

import string
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ExpressionError, Invalid
from hub.model.json import dumps, loads
from hub.workflows.expressions.environment import ENVIRONMENT
from hub.workflows.expressions.functions import FILTERS, GLOBALS, METHODS
from hub.workflows.expressions.scope import RESERVED, Scope
from hub.workflows.expressions.templates import compile_value

LONG = "aé" * 300_000
DATA = {
    "s": "text",
    "long": LONG,
    "list": list(range(20_000)),
    "words": [f"word {number}" for number in range(20_000)],
    "rows": [{"k": str(number % 10), "v": number} for number in range(10_000)],
    "object": {str(number): {"v": number} for number in range(10_000)},
    "n": 10**70,
    "x": 3,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
SCOPE = Scope.of({"data": DATA}, {})

REACHING = [
    "''.__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "TRIGGER.__class__",
    "TRIGGER.__init__.__globals__",
    "TRIGGER['__class__']",
    "TRIGGER['__cla' ~ 'ss__']",
    "TRIGGER['s']['__class__']",
    "TRIGGER | attr('__class__')",
    "TRIGGER | map(attribute='__class__')",
    "[TRIGGER] | map(attribute='__class__') | first",
    "[1] | groupby('__class__')",
    "[1] | sort(attribute='real')",
    "[1] | sum(attribute='numerator')",
    "TRIGGER.s.format",
    "'{0.__class__}'.format(1)",
    "'{0.__class__}'.format_map({})",
    "'%s' % TRIGGER",
    "'%999999999d' % 1",
    "TRIGGER.s.encode()",
    "TRIGGER.s.upper.__self__",
    "TRIGGER.s.upper.function",
    "TRIGGER.s.upper.value",
    "TRIGGER.list.append(1)",
    "TRIGGER.object.clear()",
    "TRIGGER.object.update({})",
    "TRIGGER.object.pop('1')",
    "range.__globals__",
    "range",
    "range.__wrapped__",
    "self",
    "self.__init__",
    "self._TemplateReference__context",
    "super()",
    "caller()",
    "loop",
    "context",
    "environment",
    "resolve('x')",
    "undefined",
    "missing",
    "_",
    "__import__('os')",
    "lipsum()",
    "lipsum.__globals__",
    "cycler('a')",
    "joiner()",
    "namespace()",
    "dict(a=1)",
    "get_flashed_messages()",
    "config",
    "request",
    "url_for",
    "debug()",
    "_('x')",
    "TRIGGER.nope.__class__",
    "(TRIGGER.nope is defined).__class__",
    "(1).__class__",
    "1.5.__class__",
    "[].__class__",
    "{}.__class__",
    "none.__class__",
    "true.__class__",
    "connections.__class__",
    "connections['__class__'].x.y",
    "nodes.__class__",
    "trigger.headers.__class__",
    "trigger.headers.__missing__('x')",
    "trigger.headers.get('x').__class__",
    "TRIGGER | pprint",
    "TRIGGER | xmlattr",
    "TRIGGER | safe",
    "TRIGGER.s | forceescape",
    "TRIGGER.s | format(1)",
    "TRIGGER.list | random",
    "'x' is filter('upper')",
    "x(_block_vars={'a': 1})",
    "range(3, _loop_vars={})",
    "TRIGGER.s.upper(_block_vars={})",
    "TRIGGER | default(*[1])",
    "TRIGGER | default(**{'default': 1})",
    "await x",
    "x := 1",
    "lambda: 1",
    "[a for a in TRIGGER]",
    "import os",
    "TRIGGER.s!r",
    "`id`",
]


@pytest.mark.parametrize("source", REACHING)
def test_nothing_of_python_can_be_reached(source: str) -> None:
    """Refused at publish, or an error when it runs; the payload is the same afterwards."""
    before = dumps(DATA["object"])
    with pytest.raises((Invalid, ExpressionError)):
        compile_value(f"{{{{ {source} }}}}", "").render(SCOPE)
    assert dumps(DATA["object"]) == before


DEVOURING = [
    "9**9**9",
    "9**(9**9)",
    "10**100000",
    "TRIGGER.x ** TRIGGER.million",
    "TRIGGER.n ** TRIGGER.x ** TRIGGER.x",
    "2.5 ** TRIGGER.million",
    "TRIGGER.n * TRIGGER.n * TRIGGER.n * TRIGGER.n",
    "'a' * 10**9",
    "'a' * TRIGGER.billion",
    "TRIGGER.billion * 'a'",
    "[1] * TRIGGER.billion",
    "[TRIGGER] * TRIGGER.million",
    "TRIGGER.list * TRIGGER.x * TRIGGER.x",
    "1 // TRIGGER.x % 0",
    "1 << TRIGGER.billion",
    "range(10**9)",
    "range(TRIGGER.billion)",
    "range(0, TRIGGER.billion, 1)",
    "range(0, 10, 0)",
    "range(2**70)",
    "range(TRIGGER.million) | list",
    "(TRIGGER.long ~ TRIGGER.long) ~ (TRIGGER.long ~ TRIGGER.long) ~ (TRIGGER.long ~ TRIGGER.long) ~ TRIGGER.long",
    "TRIGGER.long | replace('a', TRIGGER.long)",
    "TRIGGER.long | replace('', TRIGGER.long)",
    "TRIGGER.long | replace('a', 'b' * 1000)",
    "TRIGGER.long | split('')",
    "TRIGGER.long | split('a')",
    "TRIGGER.long | list",
    "TRIGGER.long | center(TRIGGER.billion)",
    "TRIGGER.s | ljust(TRIGGER.billion)",
    "TRIGGER.s | indent(TRIGGER.billion)",
    "TRIGGER.long | wordwrap(1)",
    "TRIGGER.list | batch(0)",
    "TRIGGER.list | batch(1, fill_with=TRIGGER.long)",
    "TRIGGER.list | slice(TRIGGER.billion)",
    "TRIGGER.s | truncate(TRIGGER.billion, end=TRIGGER.n)",
    "[TRIGGER.long] * 50 | join",
    "([TRIGGER.long] * 50) | join(TRIGGER.long)",
    "([TRIGGER.long] * 5000) | sort | length",
    "([TRIGGER.long ~ 'a', TRIGGER.long ~ 'b'] * 5000) | sort | length",
    "([TRIGGER.long] * 5000) | unique",
    "([TRIGGER.object] * 5000) | tojson",
    "([TRIGGER.object] * 5000)",
    "[[TRIGGER] * 100] * 100",
    "[[TRIGGER.rows, TRIGGER.rows], [TRIGGER.rows, TRIGGER.rows]] * 9000",
    "TRIGGER.list | map('string')" + " | map('tojson')" * 6 + " | map('sha256') | sort",
    "TRIGGER.words | select('in', TRIGGER.words) | list",
    "TRIGGER.words | reject('in', TRIGGER.words) | list",
    "TRIGGER.rows | map('merge', TRIGGER.object) | list",
    "TRIGGER.list | map('default', TRIGGER.long) | map('replace', 'a', 'b')",
    "TRIGGER.long | datetime",
    "0 | datetime('%1000000d')",
    "0 | datetime('%' ~ '1000000d')",
    "TRIGGER.x | datetime(TRIGGER.long)",
    "TRIGGER.billion | timeshift(days=TRIGGER.billion)",
    "1e308 * TRIGGER.billion",
    "TRIGGER.long | trim(TRIGGER.long)",
    "TRIGGER.long | fromjson",
    "('[' * 100000) | fromjson",
    "('[' * 1000000) | fromjson",
    "TRIGGER.s | round(TRIGGER.billion)",
    "TRIGGER.n | round(-999999999)",
    "(TRIGGER.long | upper) == (TRIGGER.long | upper | upper | lower | lower) or 1/TRIGGER.nope",
    "TRIGGER.long" + "|upper" * 55,
    "+".join(["TRIGGER.words"] * 30),
]


@pytest.mark.parametrize("source", DEVOURING, ids=lambda source: source[:60])
def test_no_expression_eats_time_or_memory(source: str) -> None:
    started = process_time()
    with pytest.raises((Invalid, ExpressionError)):
        compile_value(f"{{{{ {source} }}}}", "").render(SCOPE)
    assert process_time() - started < 3, "two orders of magnitude below what an unbounded one takes"


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}",
        "{{ " + "[" * 2_000 + " }}",
        "{{ " + "-" * 3_000 + "1 }}",
        "{{ " + "not " * 1_000 + "1 }}",
        "{{ " + "1+" * 1_500 + "1 }}",
        "{{ x" + ".a" * 1_500 + " }}",
        "{{ x" + "[0]" * 1_000 + " }}",
        "{{ x" + "|upper" * 600 + " }}",
        "{{ " + "a if b else " * 300 + "c }}",
        "{{ " + "1," * 1_500 + " }}",
        "{{ [" + "1," * 1_900 + "] }}",
        "{{ " + "9" * 4_090 + " }}",
        "{{ " + "9" * 5_000 + " }}",
        "{{ 1e999 }}",
        "{{ '" + "a" * 5_000 + "' }}",
        "{{" * 50_000,
        "{{ '" * 50_000,
        "{{ ( " * 50_000,
        "{{ 1 }}" * 5 + "{{ " + '"' * 100_001,
    ],
    ids=range(19),
)
def test_no_text_eats_the_parser(text: str) -> None:
    started = process_time()
    with suppress(Invalid, ExpressionError):
        compile_value(text, "").render(SCOPE)
    assert process_time() - started < 2


def test_the_work_of_all_fields_of_a_node_counts_together() -> None:
    one = "{{ TRIGGER.words | sort | length }}"
    assert compile_value([one], "").render(SCOPE) == [20_000]
    with pytest.raises(ExpressionError, match="more work"):
        compile_value([one] * 40, "").render(SCOPE)


def test_the_output_of_all_fields_of_a_node_counts_together() -> None:
    with pytest.raises(ExpressionError, match="more than 33554432 bytes"):
        compile_value(["{{ TRIGGER.long }}"] * 100, "").render(SCOPE)


def test_the_outcome_does_not_depend_on_the_machine() -> None:
    """Work is counted, not timed: the same expression fails or succeeds alike, however often it runs."""
    template = compile_value("{{ TRIGGER.rows | map(attribute='v') | sum }}", "")
    assert {template.render(SCOPE) for _ in range(5)} == {49_995_000}


ATOMS = ["TRIGGER", "TRIGGER.s", "TRIGGER.long", "TRIGGER.list", "TRIGGER.rows", "TRIGGER.nope", "TRIGGER.object"]
ATOMS += ["TRIGGER.x", "TRIGGER.billion", "0", "-1", "2.5", "'a'", "''", "none", "true", "[]", "{}", "[1,2]", "nope"]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and", "or", "is"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    filters = st.sampled_from(sorted(FILTERS))
    arguments = st.lists(inner, max_size=2).map(", ".join)
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("({} | {})".format, inner, filters),
        st.builds("({} | {}({}))".format, inner, filters, arguments),
        st.builds("({} | map('{}'))".format, inner, filters),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{'k': {}}}".format, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("range({})".format, arguments),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.sampled_from(ATOMS), _grown, max_leaves=8))
def test_every_expression_gives_json_or_an_error_of_ours_in_bounded_time(source: str) -> None:
    started = process_time()
    try:
        value = compile_value(f"{{{{ {source} }}}}", "").render(SCOPE)
    except (Invalid, ExpressionError):
        pass
    else:
        assert loads(dumps(value)) == value
    assert process_time() - started < 5


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=string.ascii_lowercase[:4] + "{}%#$()[]|.'\"~*-+ \\\n_019é", max_size=60))
def test_every_text_is_rendered_or_refused(text: str) -> None:
    try:
        compile_value(f"{{{{{text}", "").render(SCOPE)
        compile_value(text, "").render(SCOPE)
    except (Invalid, ExpressionError):
        pass


def test_everything_callable_is_ours() -> None:
    assert ENVIRONMENT.filters == FILTERS
    assert ENVIRONMENT.globals == GLOBALS
    assert GLOBALS.keys() <= RESERVED
    assert not ENVIRONMENT.optimized
    assert {kind for kind, _ in METHODS} == {str, dict}
    assert all(function.__module__.startswith("hub.workflows") for function in FILTERS.values())


def test_the_sandbox_denies_every_python_attribute_and_foreign_callable() -> None:
    for value in ("s", [1], {"a": 1}, 1, None, len):
        assert not ENVIRONMENT.is_safe_attribute(value, "upper", None)
        assert not ENVIRONMENT.is_safe_callable(value)
