"""What `hub` exports is exactly what plugin authors may use."""

from __future__ import annotations

import ast
import inspect
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import hub

PROMISED = """
    ActionFailed Action ActionContext
    AnyOf Catalog Check Credential Drop Event EventType Fetched Grant Hmac Keep Outcome
    Outgoing Part PublicKey Registry Reject Reply Request Scheme Secret Signed Source Token Unavailable Values Vendor
    __version__ fresh hookimpl instant same
"""


def test_all_is_exactly_what_is_public() -> None:
    public = {
        name
        for name, value in vars(hub).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert set(hub.__all__) == public | {"__version__"}
    assert sorted(hub.__all__) == list(hub.__all__)


def test_everything_promised_is_there() -> None:
    assert set(PROMISED.split()) <= set(hub.__all__)


def test_everything_exported_has_a_docstring() -> None:
    for name in hub.__all__:
        value = getattr(hub, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name} has no docstring"


def test_the_typed_example_uses_everything_exported() -> None:
    example = (Path(__file__).parent / "typing" / "api.py").read_text()
    missing = [name for name in hub.__all__ if name not in example]
    assert missing == []


def test_the_version_is_that_of_the_distribution() -> None:
    assert hub.__version__ == version("integration-hub")


def test_it_comes_from_the_sdk_the_wire_types_and_the_errors_only() -> None:
    tree = ast.parse(Path(hub.__file__).read_text())
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {one for one in modules if one.partition(".")[0] == "hub"}
    assert ours
    assert {one for one in ours if not one.startswith(("hub.sdk.", "hub.model.wire.")) and one != "hub.errors"} == set()
