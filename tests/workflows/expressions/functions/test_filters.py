"""Every filter and every test."""

from typing import Any

import pytest

from hub.errors import ExpressionError
from hub.workflows.expressions.functions import FILTERS
from hub.workflows.expressions.functions.predicates import TESTS
from tests.workflows.conftest import Render

FILTER_CASES = [
    ("'aB' | upper", "AB"),
    ("'aB' | lower", "ab"),
    ("'aB cD' | capitalize", "Ab cd"),
    ("'aB cD' | title", "Ab Cd"),
    ("'  a ' | trim", "a"),
    ("'xaxx' | trim('x')", "a"),
    ("'abcdef' | truncate(4)", "abc…"),
    ("'abcdef' | truncate(4, '..')", "ab.."),
    ("'abc' | truncate(4)", "abc"),
    ("'a-b-c' | replace('-', '+')", "a+b+c"),
    ("'a-b-c' | replace('-', '+', 1)", "a+b-c"),
    ("'a b  c' | split", ["a", "b", "c"]),
    ("'a,,b' | split(',')", ["a", "", "b"]),
    ("'abc' | startswith('ab')", True),
    ("'abc' | endswith('ab')", False),
    ("'a b/é' | urlencode", "a%20b%2F%C3%A9"),
    ("{'a': 1, 'b': 'c d'} | urlencode", "a=1&b=c+d"),
    ("'héllo' | b64encode", "aMOpbGxv"),
    ("'aMOpbGxv' | b64decode", "héllo"),
    ("'_-8' | b64encode | b64decode", "_-8"),
    ("'Pz8_' | b64decode", "???"),
    ("'YQ' | b64decode", "a"),
    ("'abc' | sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("[1, 2] | length", 2),
    ("'abc' | count", 3),
    ("{'a': 1} | length", 1),
    ("[1, 2] | first", 1),
    ("[1, 2] | last", 2),
    ("[] | first | default('none')", "none"),
    ("'ab' | list", ["a", "b"]),
    ("{'a': 1} | list", ["a"]),
    ("[1, 2] | reverse", [2, 1]),
    ("'ab' | reverse", "ba"),
    ("[1, 'a', none] | join('-')", "1-a-null"),
    ("', '.join(['a', 'b'])", "a, b"),
    ("tags | join(',', attribute='k')", "b,a,b"),
    ("[3, 1, 2] | sort", [1, 2, 3]),
    ("[3, 1, 2] | sort(reverse=true)", [3, 2, 1]),
    ("tags | sort(attribute='n') | map(attribute='n')", [1, 2, 3]),
    ("[3, 1, 2] | min", 1),
    ("[3, 1, 2] | max", 3),
    ("tags | max(attribute='n')", {"k": "b", "n": 3}),
    ("[1, 2, 3.5] | sum", 6.5),
    ("tags | sum(attribute='n')", 6),
    ("[1, 1, true, '1', [1], [1]] | unique", [1, True, "1", [1]]),
    ("tags | unique(attribute='k') | map(attribute='n')", [2, 1]),
    ("[[1], 2, [3, [4]]] | flatten", [1, 2, 3, [4]]),
    ("[1, 2, 3] | batch(2)", [[1, 2], [3]]),
    ("(tags | groupby('k') | first).grouper", "b"),
    ("(tags | groupby('k') | first).list | length", 2),
    ("['a', 'b'] | map('upper')", ["A", "B"]),
    ("['a-b'] | map('replace', '-', '+')", ["a+b"]),
    ("tags | map(attribute='n')", [2, 1, 3]),
    ("[{'a': [{'b': 1}]}] | map(attribute='a.0.b')", [1]),
    ("[{'a': 1}, {}] | map(attribute='a', default=0)", [1, 0]),
    ("[{'a': 1}, {}] | map(attribute='a', default=none)", [1, None]),
    ("[0, 1, '', 'a', none] | select", [1, "a"]),
    ("[0, 1] | reject", [0]),
    ("[1, 2, 3] | select('gt', 1)", [2, 3]),
    ("[1, 2, 3] | reject('odd')", [2]),
    ("tags | selectattr('n', 'ge', 2) | map(attribute='n')", [2, 3]),
    ("tags | rejectattr('k', '==', 'b') | map(attribute='n')", [1]),
    ("[{'a': 1}, {}] | selectattr('a') | length", 1),
    ("[{'a': 1}, {}] | selectattr('a', 'defined') | length", 1),
    ("{'a': 1} | items", [["a", 1]]),
    ("{'a': 1} | keys", ["a"]),
    ("{'a': 1} | values", [1]),
    ("{'a': 1} | get('a')", 1),
    ("{'a': 1} | get('b', 2)", 2),
    ("{'a': 1, 'b': 1} | merge({'b': 2})", {"a": 1, "b": 2}),
    ("[['a', 1]] | dict", {"a": 1}),
    ("{'a': 1}.items() | dict", {"a": 1}),
    ("none | default('x')", None),
    ("none | default('x', true)", "x"),
    ("nope | d('x')", "x"),
    ("[1] | string", "[1]"),
    ("1.0 | string", "1.0"),
    ("{'a': 'é', 'b': none} | tojson", '{"a":"é","b":null}'),
    ("'[1, {}]' | fromjson", [1, {}]),
    ("'12' | int", 12),
    ("' -12 ' | int", -12),
    ("'3.9' | int", 3),
    ("-3.9 | int", -3),
    ("'x' | int(0)", 0),
    ("true | int", 1),
    ("'1.5' | float", 1.5),
    ("2 | float", 2.0),
    ("'x' | float(0.5)", 0.5),
    ("2.5 | round", 3),
    ("-2.5 | round", -3),
    ("2.345 | round(2)", 2.35),
    ("2.1 | round(0, 'ceil')", 3),
    ("2.19 | round(1, 'floor')", 2.1),
    ("1234 | round(-2)", 1200),
    ("7 | round(2)", 7),
    ("-7 | abs", 7),
    ("'False' | bool", False),
    ("'x' | bool", True),
    ("0 | bool", False),
    ("0 | datetime", "1970-01-01T00:00:00+00:00"),
    ("1700000000000 | datetime", "2023-11-14T22:13:20+00:00"),
    ("'2024-02-29T12:00:00Z' | datetime('%d.%m.%Y %H:%M')", "29.02.2024 12:00"),
    ("'2024-02-29' | timestamp", 1709164800),
    ("'2024-02-29T00:00:00.5+01:00' | timestamp", 1709161200.5),
    ("'2024-02-28T00:00:00Z' | timeshift(days=1, hours=-1)", "2024-02-28T23:00:00+00:00"),
]


@pytest.mark.parametrize(("source", "value"), FILTER_CASES)
def test_filter(render: Render, source: str, value: Any) -> None:
    found = render(f"{{{{ {source.replace('tags', 'TRIGGER.tags')} }}}}")
    assert found == value
    assert type(found) is type(value)


def test_every_filter_has_a_case() -> None:
    text = "\n".join(source for source, _ in FILTER_CASES)
    assert [name for name in FILTERS if f"| {name}" not in text] == []


WRONG = [
    "1 | upper",
    "'a' | replace('', 'b')",
    "'a' | split('')",
    "'a' | replace('a', 1)",
    "'é' | b64decode",
    "'//8' | b64decode",
    "1 | length",
    "1 | first",
    "1 | sort",
    "[1, 'a'] | sort",
    "['a', 1] | sum",
    "[1] | batch(0)",
    "[1] | map(attribute='x')",
    "[1] | map(nope=1)",
    "[1] | map('map', 'upper')",
    "1 | items",
    "[1] | dict",
    "{'a': 1} | get(1)",
    "'x' | fromjson",
    "'NaN' | fromjson",
    "'x' | int",
    "'nan' | float",
    "'inf' | int",
    "none | float",
    "'a' | round",
    "1 | round(1, 'up')",
    "1.5 | round(true)",
    "'a' | abs",
    "'yesterday' | datetime",
    "true | datetime",
    "1e300 | datetime",
    "0 | datetime('%q')",
    "0 | timeshift(days='x')",
    "'a' | truncate('b')",
    "tags | groupby('nope')",
    "'a' | trim('b' * 200)",
    "tags | selectattr(1.5)",
]


@pytest.mark.parametrize("source", WRONG)
def test_a_filter_that_cannot_work_says_what_it_needs(render: Render, source: str) -> None:
    """The value comes from the scope through `default`, so that only rendering can tell."""
    head, _, rest = source.replace("tags", "TRIGGER.tags").partition(" | ")
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ (TRIGGER.nope | default({head})) | {rest} }}}}")
    assert "cannot be computed" not in str(caught.value)


TEST_CASES = [
    ("1 is defined", True),
    ("nope is undefined", True),
    ("nope is defined", False),
    ("none is none", True),
    ("1 is null", False),
    ("true is boolean", True),
    ("true is true", True),
    ("1 is true", False),
    ("false is false", True),
    ("'a' is string", True),
    ("1 is number", True),
    ("true is number", False),
    ("1 is integer", True),
    ("1.0 is float", True),
    ("{} is mapping", True),
    ("[] is sequence", True),
    ("'a' is iterable", False),
    ("2 is even", True),
    ("2 is odd", False),
    ("6 is divisibleby(3)", True),
    ("'abc' is startingwith('ab')", True),
    ("'abc' is endingwith('bc')", True),
    ("'abc' is containing('b')", True),
    ("1 is eq(1)", True),
    ("1 is equalto 1", True),
    ("1 is ne 2", True),
    ("1 is lt 2", True),
    ("1 is lessthan 2", True),
    ("1 is le 1", True),
    ("1 is gt 1", False),
    ("1 is greaterthan 0", True),
    ("1 is ge 1", True),
    ("1 is in [1]", True),
    ("1 is not in [1]", False),
    ("[1] | select('==', 1) | length", 1),
    ("[1] | select('!=', 1) | length", 0),
    ("[1] | select('<', 1) | length", 0),
    ("[1] | select('<=', 1) | length", 1),
    ("[1] | select('>', 1) | length", 0),
    ("[1] | select('>=', 1) | length", 1),
]


@pytest.mark.parametrize(("source", "value"), TEST_CASES)
def test_test(render: Render, source: str, value: Any) -> None:
    assert render(f"{{{{ {source} }}}}") == value


def test_every_test_has_a_case() -> None:
    text = "\n".join(source for source, _ in TEST_CASES)
    assert [name for name in TESTS if f"is {name}" not in text and f"'{name}'" not in text] == []
