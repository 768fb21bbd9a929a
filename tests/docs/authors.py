"""The pages for plugin authors: the reference from the code, the recipes with the example vendors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hub
from hub.sdk import hookspecs
from hub.testing import VendorContract
from hub.testing.rules import RULES
from tests.docs.docstrings import markdown
from tests.docs.marks import between

__all__ = ["GROUPS", "HOOKS", "plugin_api", "recipes"]

HOOKS = tuple(name for name in hookspecs.__all__ if name.startswith("hub_"))

GROUPS = {
    "The vendor": ("Vendor", "Credential", "Source", "Secret"),
    "A request": ("Request", "Part", "Values"),
    "What a vendor gives": ("Event", "Reply", "Keep", "Grant", "Outcome", "Fetched"),
    "Refusing": ("Reject", "Unavailable", "Drop", "ActionFailed"),
    "Schemes": ("Scheme", "Signed", "Hmac", "PublicKey", "Standard", "Token", "Check", "AnyOf", "Outgoing"),
    "Small tools": ("same", "instant", "fresh"),
    "Catalogs and recordings": ("Catalog", "EventType", "Recorded", "Recording"),
    "Actions": ("Action", "ActionContext", "CallTls"),
    "Hooks' arguments": ("hookimpl", "Registry", "HubHandle", "Message", "Record", "Panel"),
    "Dialects": ("Dialect", "DialectRoute", "DialectTarget", "ParsedBody", "Receipt", "WaitedReceipt", "Refusal"),
}
"""Every name of `hub.__all__` but the version."""

_VENDORS = Path(__file__).parents[1] / "vendors" / "examples"


def plugin_api(text: str) -> str:
    """docs/reference/plugin-api.md with every hook, every name and the contract's rules."""
    text = between(text, "hooks", "\n\n".join(_hook(name) for name in HOOKS))
    groups = (f"## {title}\n\n" + "\n\n".join(_name(one) for one in names) for title, names in GROUPS.items())
    text = between(text, "names", "\n\n".join(groups))
    rules = [f"| {rule.level} | {rule.promise} | {_first(rule.check)} |" for rule in RULES]
    text = between(text, "rules", "\n".join(("| level | rule | |", "|---|---|---|", *rules)))
    return between(text, "contract", markdown(VendorContract.__doc__))


def recipes(text: str) -> str:
    """docs/how-to/recipes.md with the code of the example vendors."""
    for file in sorted(_VENDORS.glob("*.py")):
        if not file.name.startswith(("test_", "conftest")):
            text = between(text, file.stem, f"```python\n{file.read_text().strip()}\n```")
    return text


def _hook(name: str) -> str:
    function = getattr(hookspecs, name)
    arguments = ", ".join(inspect.signature(function).parameters)
    return f"### `{name}({arguments})`\n\n{markdown(function.__doc__)}"


def _name(name: str) -> str:
    thing = getattr(hub, name)
    parts = [f"### `{name}`"]
    if shown := _signature(name, thing):
        parts.append(f"```python\n{shown}\n```")
    if name == "hookimpl":
        parts.append("Marks a function as the implementation of the hook that bears its name.")
    else:
        parts.append(markdown(thing.__doc__))
    if isinstance(thing, type):
        parts += _members(thing)
    return "\n\n".join(part for part in parts if part)


def _signature(name: str, thing: Any) -> str:
    if getattr(thing, "_is_protocol", False) or name == "hookimpl":
        return ""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    arguments = list(_arguments(signature))
    gives = "" if isinstance(thing, type) else f" -> {signature.return_annotation}"
    if len(short := f"{name}({', '.join(arguments)}){gives}") <= 100:
        return short
    return f"{name}(\n" + "".join(f"    {one},\n" for one in arguments) + f"){gives}"


def _arguments(signature: inspect.Signature) -> Iterator[str]:
    marked = False
    for name, one in signature.parameters.items():
        if name.startswith("_"):
            continue
        if one.kind is one.KEYWORD_ONLY and not marked:
            marked = True
            yield "*"
        star = "*" if one.kind is one.VAR_POSITIONAL else ""
        default = "" if one.default is one.empty else f" = {_default(one.default)}"
        yield f"{star}{name}: {one.annotation}{default}"


def _default(value: Any) -> str:
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        return f"({', '.join(f'{type(one).__name__}()' for one in value)},)"
    text = repr(value)
    return "..." if text.startswith("<") else text


def _members(thing: type) -> Iterator[str]:
    for name, member in vars(thing).items():
        function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        function = getattr(function, "fget", None) or getattr(function, "func", None) or function
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        called = "" if isinstance(member, property) or hasattr(member, "func") else _called(function)
        yield f"#### `{thing.__name__}.{name}{called}`\n\n{markdown(function.__doc__)}"


def _called(function: Any) -> str:
    names = [one for one in inspect.signature(function).parameters if one not in ("self", "cls")]
    return f"({', '.join(names)})"


def _first(function: Any) -> str:
    return " ".join(inspect.cleandoc(function.__doc__).splitlines())
