"""The checks of the admit step, one function each: all of them can be made before the body is read."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Mapping

from hub.inbound.http.limits import Limits
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import IdentifiedRequest
from hub.model.stored.source import API_KEY_SLOT, StoredSecret
from hub.plugins.host import Plugins
from hub.sdk.dialect import AdmitCheck, Dialect, Refusal

__all__ = ["API_KEY_HEADER", "AdmissionCheck", "admission_checks", "check_published", "check_vendor"]

API_KEY_HEADER = "x-tracecat-api-key"
"""Header of the source's API key, as Tracecat's senders know it."""

AdmissionCheck = Callable[[IdentifiedRequest, Limits], Awaitable[None] | StoredSecret | None]
"""Raises `RequestRefused`; gives the secret that matched, or something to await where the request must be counted."""


def admission_checks(dialect: Dialect) -> Iterator[tuple[AdmitCheck, AdmissionCheck]]:
    """Name and function of each check, in the dialect's order."""
    return ((name, _CHECKS[name]) for name in dialect.checks)


def check_vendor(identified: IdentifiedRequest, plugins: Plugins) -> None:
    """The plugin of the bound vendor must be active. Raises `RequestRefused` (503)."""
    name = identified.source.spec.vendor
    if name is not None and identified.vendor is None:
        reason = f"the plugin of vendor {name} is {plugins.vendor_status(name)}"
        raise RequestRefused(Refusal("admit", "plugin", 503, reason, retry_after=60))


def check_published(identified: IdentifiedRequest) -> None:
    """The workflow that owns the source must be published, unless its draft is run. Raises `RequestRefused` (404)."""
    workflow = identified.workflow
    unpublished = workflow is not None and workflow.id not in identified.snapshot.published
    if unpublished and identified.arrival.route.flavour != "draft":
        raise RequestRefused(Refusal("admit", "unpublished", 404, "the workflow is not published"))


def _enabled(identified: IdentifiedRequest, _limits: Limits) -> None:
    if not identified.source.spec.enabled:
        raise RequestRefused(Refusal("admit", "enabled", 400, "the source is disabled"))


def _method(identified: IdentifiedRequest, _limits: Limits) -> None:
    """The method must be one of the source's, or one that the vendor's handshake uses."""
    method, allowed = identified.arrival.method, identified.source.spec.methods
    if method in allowed or method in identified.methods:
        return
    raise RequestRefused(Refusal("admit", "method", 405, f"{method} is not among the methods {', '.join(allowed)}"))


def _allowlist(identified: IdentifiedRequest, _limits: Limits) -> None:
    gate, arrival = identified.gate, identified.arrival
    if not gate.networks:
        return
    networks = gate.networks_v4 if arrival.dialect.ipv4_only else gate.networks
    try:
        address = ipaddress.ip_address(arrival.client.partition("%")[0])
    except ValueError:
        address = None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address is None or not any(address.version == one.version and address in one for one in networks):
        reason = f"the address {arrival.client} is not in the allowlist"
        raise RequestRefused(Refusal("admit", "allowlist", 403, reason))


def _api_key(identified: IdentifiedRequest, _limits: Limits) -> StoredSecret | None:
    gate, arrival = identified.gate, identified.arrival
    if not gate.digests[API_KEY_SLOT]:
        return None
    presented = arrival.headers.all(API_KEY_HEADER)
    matched = gate.match(API_KEY_SLOT, presented[0], arrival.received) if len(presented) == 1 else None
    if matched is None:
        why = "is missing" if not presented else "is given twice" if len(presented) > 1 else "matches no live key"
        raise RequestRefused(Refusal("admit", "api_key", 401, f"the API key in {API_KEY_HEADER} {why}"))
    return matched


def _rate_limit(identified: IdentifiedRequest, limits: Limits) -> Awaitable[None] | None:
    source = identified.source
    limit = source.spec.rate_limit
    # A request whose body is there already has been counted, or is not counted because it is only explained.
    if limit is None or isinstance(identified.arrival.body, bytes):
        return None

    async def count() -> None:
        retry_after = await limits.rate(source.id, limit)
        if retry_after is not None:
            reason = f"more than {limit.requests} requests in {limit.per_seconds} s"
            raise RequestRefused(Refusal("admit", "rate_limit", 429, reason, "Too many requests", retry_after))

    return count()


_CHECKS: Mapping[AdmitCheck, AdmissionCheck] = {
    "enabled": _enabled,
    "method": _method,
    "allowlist": _allowlist,
    "api_key": _api_key,
    "rate_limit": _rate_limit,
}
