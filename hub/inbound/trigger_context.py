"""Headers, query, body and the source's variables as workflows see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.inbound.dialects.payloads import unfolded
from hub.inbound.steps.read import Reading
from hub.model.stored.source import SourceSpec
from hub.model.wire.request import Request
from hub.model.wire.values import Values

__all__ = ["seen"]


def seen(
    spec: SourceSpec, request: Request, reading: Reading, headers: Mapping[str, str], query: Values[str]
) -> dict[str, Any]:
    """What of a request stands in a trigger beside the event.

    Args:
        spec: Names the source's header and body variables.
        request: The request.
        reading: Its events; `body` is left out where it is the one event's data.
        headers: Lower-case names, the hub's own credentials replaced.
        query: Decoded.
    """
    whole = reading.parsed.whole if reading.parsed is not None else None
    found: dict[str, Any] = {"headers": headers, "query": unfolded(query.pairs)}
    if len(reading.events) != 1 or reading.events[0].data is not whole:
        found["body"] = whole
    variables: dict[str, Any] = {}
    if spec.header_variable:
        variables[spec.header_variable] = headers
    if spec.body_variable:
        text = request.body.decode("utf-8", "replace")
        variables[spec.body_variable] = whole if reading.parsed is not None else text
    if variables:
        found["variables"] = variables
    return found
