"""JSON and YAML texts."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.workflows.definition.document import read_document
from hub.workflows.limits import MAX_DOCUMENT


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("a: 1\nb: [x, 'y', \"z\"]\n", {"a": 1, "b": ["x", "y", "z"]}),
        (
            "a: yes\nb: off\nc: 2024-01-01\nd: 0x10\ne: 1_000\nf: 12:30:45",
            {"a": "yes", "b": "off", "c": "2024-01-01", "d": "0x10", "e": "1_000", "f": "12:30:45"},
        ),
        ("on: push", {"on": "push"}),
        (
            "a: true\nb: null\nc: ~\nd:\ne: 1.5\nf: -3\ng: 1e3\nh: .5",
            {"a": True, "b": None, "c": None, "d": None, "e": 1.5, "f": -3, "g": 1000.0, "h": 0.5},
        ),
        ("a: 'true'\nb: \"1\"\nc: |\n  {{ x }}\n  y\n", {"a": "true", "b": "1", "c": "{{ x }}\ny\n"}),
        ("a: ${{ TRIGGER.x }}", {"a": "${{ TRIGGER.x }}"}),
        ("'<<': {a: 1}", {"<<": {"a": 1}}),
        ("a: 1e999", {"a": "1e999"}),
        ("", None),
        ("# nothing", None),
    ],
)
def test_json_and_yaml_are_read_into_json_values(text: Any, value: Any) -> None:
    assert read_document(text) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &x 1\nb: *x", "anchor or alias in line 1"),
        ("a: *x", "alias"),
        ("&k a: 1", "not a plain string"),
        ("*k : 1", "not a plain string"),
        ("a: &l [*l]", "anchor"),
        ("a: !!python/object/apply:os.system ['id']", "tag"),
        ("a: !!str 1", "tag"),
        ("a: !custom {}", "tag"),
        ("!!int a: 1", "not a plain string"),
        ("{a: 1}: 2", "no"),
        ("a: 1\na: 2", "repeats the key 'a' in line 2"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("a: [", "is not YAML"),
        ("a: b: c", "is not YAML"),
        ('{"a": }', "is not JSON"),
        ('{"a": NaN}', "is not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ("[" * 5_000, "levels deep"),
        ("- " * 5_000, "levels deep"),
        ("a: " + "x" * MAX_DOCUMENT, "longer than"),
    ],
)
def test_everything_else_is_refused(text: Any, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_document(text)
    assert sentence in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(), JSON))
def test_what_json_writes_is_read_again(value: Any) -> None:
    assert read_document(json.dumps(value)) == value


@given(st.dictionaries(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"])), st.text()))
def test_strings_written_as_yaml_are_read_as_the_same_strings(value: dict[str, str]) -> None:
    document = yaml.safe_dump({"v": [list(pair) for pair in value.items()]}, default_style='"')
    document = document.replace("!!null ", "")
    assert read_document(document)["v"] == [list(pair) for pair in value.items()]


@given(st.text(alphabet="ab:-{}[]&*!|>'\"#%@` \n\t0?,", max_size=80))
def test_every_text_is_read_or_refused(text: str) -> None:
    try:
        read_document(text)
    except Invalid as error:
        problems = error.problems
    else:
        return
    assert problems
