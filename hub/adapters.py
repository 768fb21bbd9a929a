"""Adapters with which the composition root connects parts that do not know each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.api.web.links import Links
from hub.egress.client import Egress
from hub.egress.errors import EgressError
from hub.errors import Unavailable
from hub.inbound.parts import Envelope, NodeOutputs
from hub.inbound.source_context import VendorCall
from hub.model.json import dumps
from hub.model.stored.execution import ExecutionRecord
from hub.model.wire.fetched import Fetched
from hub.model.wire.values import Values
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.vendor import Vendor
from hub.settings import Settings

__all__ = ["node_outputs", "result_envelope", "vendor_call"]

_FETCH_BYTES = 1 << 20


def vendor_call(egress: Egress) -> VendorCall:
    """The calls of vendors: through the egress guard, and only to `Vendor.hosts`."""

    async def call(
        vendor: Vendor, method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Fetched:
        try:
            response = await egress.request(
                method,
                url,
                headers=headers,
                body=body or None,
                timeout=seconds,
                max_bytes=_FETCH_BYTES,
                pool=f"vendor {vendor.name}",
                hosts=vendor.hosts,
            )
        except EgressError as error:
            raise Unavailable(str(error)) from error
        if response.truncated:
            raise Unavailable(f"the answer is incomplete: {response.note}")
        return Fetched(response.status, Values(response.headers, caseless=True), response.body)

    return call


def node_outputs(store: Store, engine: Engine) -> NodeOutputs:
    """Names and outputs of the nodes of an execution, for the response modes."""

    async def outputs(execution: ExecutionRecord) -> Mapping[str, tuple[str, Any]]:
        names = await engine.node_names(execution)
        nodes = [one for one in await store.executions.nodes(execution.org, execution.id) if one.item < 0]
        done = sorted((one for one in nodes if one.state == "succeeded"), key=lambda one: one.finished or 0)
        return {one.node: (names.get(one.node, one.node), one.output) for one in done}

    return outputs


def result_envelope(links: Links, settings: Settings) -> Envelope:
    """The answer with a link for a result that is too large, in Tracecat's form."""

    async def envelope(execution: ExecutionRecord) -> dict[str, Any] | None:
        if execution.result is None:
            return None
        data = dumps(execution.result)
        if len(data) <= settings.externalize_bytes:
            return None
        return {
            "kind": "download_export" if isinstance(execution.result, list) else "download_file",
            "download_url": links.url("result", execution.org, execution.id, settings.link_seconds),
            "expires_in_seconds": settings.link_seconds,
            "content_type": "application/json",
            "size_bytes": len(data),
        }

    return envelope
