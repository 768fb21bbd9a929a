"""Names in expressions that can never be there: names of other systems, and members that nothing here has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.workflows.expressions.syntax import ParsedExpression

__all__ = ["HINTS", "foreign_names", "impossible_path"]

_NODE_OUTPUT = "the output of a node is nodes.<id>.output"
_CONNECTION = "a secret is in a connection: connections.<name>"
_DATA = "the event's data is TRIGGER"
_NO_ENVIRONMENT = "there is no environment here: put the value into a connection, or into a transform node"

_FOREIGN: Mapping[str, str] = {
    "ACTIONS": _NODE_OUTPUT,
    "SECRETS": _CONNECTION,
    "INPUTS": _DATA,
    "ENV": _NO_ENVIRONMENT,
    "VARS": _NO_ENVIRONMENT,
    "FN": "functions are filters: value | name",
}
"""Names that only other systems have, and what is meant by them here."""

HINTS: Mapping[str, str] = {
    "steps": _NODE_OUTPUT,
    "jobs": _NODE_OUTPUT,
    "secrets": _CONNECTION,
    "credentials": _CONNECTION,
    "inputs": _DATA,
    "payload": _DATA,
    "body": _DATA,
    "env": _NO_ENVIRONMENT,
    "vars": _NO_ENVIRONMENT,
    "headers": "the headers are trigger.headers",
    "query": "the query is trigger.query",
}
"""Names that a variable of a source may have; where none has, this is what is probably meant."""

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "event": ("body", "headers"),
    "trigger": (
        "account",
        "body",
        "data",
        "event",
        "files",
        "headers",
        "id",
        "query",
        "request",
        "source",
        "time",
        "type",
        "variables",
    ),
}
_NODE_MEMBERS = ("error", "output", "state")


def foreign_names(parsed: ParsedExpression) -> Iterator[str]:
    """One sentence for each name that only another system has."""
    for name in sorted(parsed.names):
        if name in _FOREIGN:
            yield f"uses the name {name!r}, which does not exist here; {_FOREIGN[name]}"


def impossible_path(parsed: ParsedExpression) -> Iterator[str]:
    """A sentence for an expression that is only a path, and leads to a member that nothing of that name has."""
    if parsed.path is None:
        return
    name, steps = parsed.path
    known = _MEMBERS.get(name)
    if known is not None and steps and steps[0][1] not in known:
        yield f"reads {name}.{steps[0][1]}, which does not exist; {name} has {', '.join(known)}"
    if name == "nodes" and len(steps) > 1 and steps[1][1] not in _NODE_MEMBERS:
        yield f"reads nodes.{steps[0][1]}.{steps[1][1]}; a node has {', '.join(_NODE_MEMBERS)}"
