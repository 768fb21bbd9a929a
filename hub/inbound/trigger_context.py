"""What a workflow's trigger holds beside the event: headers, query, body, files and the source's variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Reject
from hub.inbound.dialects.payloads import pairs_to_dict
from hub.inbound.stages import ReadRequest
from hub.model.stored.files import file_view
from hub.model.wire.request import Request

__all__ = ["trigger_context"]


def trigger_context(read: ReadRequest, headers: Mapping[str, str]) -> dict[str, Any]:
    """Headers, query, body, files and variables as workflows see them.

    Args:
        read: The request. Its body is left out where it is the same value as the data of the one event.
        headers: Lower-case names, the hub's own credentials replaced.
    """
    verified, parsed = read.verified, read.parsed
    request, spec = verified.request, verified.identified.source.spec
    whole = parsed.whole if parsed is not None else None
    context: dict[str, Any] = {"headers": headers, "query": pairs_to_dict(request.query.pairs)}
    if len(read.events) != 1 or read.events[0].data is not whole:
        context["body"] = whole
    if read.files:
        context["files"] = [file_view(file.record) for file in read.files]
    variables: dict[str, Any] = {}
    if spec.header_variable:
        variables[spec.header_variable] = headers
    if spec.body_variable:
        variables[spec.body_variable] = whole if parsed is not None else _text(request)
    if variables:
        context["variables"] = variables
    return context


def _text(request: Request) -> str:
    try:
        return request.text
    except Reject:
        return request.body.decode("utf-8", "replace")
