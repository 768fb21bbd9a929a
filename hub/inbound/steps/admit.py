"""Step 2, admit: enabled, method, allowlist, API key, rate limit in the dialect's order, then publication."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Mapping

from hub.inbound.evidence.refusals import Refused
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.limits import Limits
from hub.inbound.steps.identify import Identified
from hub.model.stored.source import API_KEY_SLOT, StoredSecret
from hub.sdk.dialect import Check, Dialect, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["API_KEY_HEADER", "admit", "admit_checks", "check_published"]

API_KEY_HEADER = "x-tracecat-api-key"
"""Header of the source's API key (protocols.md 1)."""

_Checked = Awaitable[None] | StoredSecret | None
Checker = Callable[[Arrival, Identified, Vendor | None, Limits], _Checked]
"""Raises `Refused`; gives the secret that matched, or something to await where it must count."""


async def admit(arrival: Arrival, found: Identified, vendor: Vendor | None, limits: Limits) -> StoredSecret | None:
    """Apply the checks that need no body.

    Args:
        arrival: The request.
        found: Its source.
        vendor: The bound vendor, or the one that `vendor=` lends; its methods join the source's.
        limits: The counters of this process.

    Returns:
        The API key that matched, if the source has one.

    Raises:
        Refused: A check fails.
    """
    matched = None
    for _, check in admit_checks(arrival.dialect):
        checked = check(arrival, found, vendor, limits)
        if isinstance(checked, StoredSecret):
            matched = checked
        elif checked is not None:
            await checked
    check_published(arrival, found)
    return matched


def admit_checks(dialect: Dialect) -> Iterator[tuple[Check, Checker]]:
    """Name and function of each check, in the dialect's order."""
    return ((name, _CHECKS[name]) for name in dialect.checks)


def check_published(arrival: Arrival, found: Identified) -> None:
    """A workflow's own source needs a published workflow, but for a draft run. Raises `Refused` (404)."""
    unpublished = found.workflow is not None and found.workflow.id not in found.snapshot.published
    if unpublished and arrival.route.flavour != "draft":
        raise Refused(Refusal("admit", "unpublished", 404, "the workflow is not published"))


def _enabled(_arrival: Arrival, found: Identified, _vendor: Vendor | None, _limits: Limits) -> None:
    if not found.gate.source.spec.enabled:
        raise Refused(Refusal("admit", "enabled", 400, "the source is disabled"))


def _method(arrival: Arrival, found: Identified, vendor: Vendor | None, _limits: Limits) -> None:
    allowed = found.gate.source.spec.methods
    if arrival.method in allowed or (vendor is not None and arrival.method in vendor.methods):
        return
    raise Refused(Refusal("admit", "method", 405, f"{arrival.method} is not among the methods {', '.join(allowed)}"))


def _allowlist(arrival: Arrival, found: Identified, _vendor: Vendor | None, _limits: Limits) -> None:
    gate = found.gate
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
        raise Refused(Refusal("admit", "allowlist", 403, f"the address {arrival.client} is not in the allowlist"))


def _api_key(arrival: Arrival, found: Identified, _vendor: Vendor | None, _limits: Limits) -> StoredSecret | None:
    gate = found.gate
    if not gate.digests[API_KEY_SLOT]:
        return None
    presented = arrival.headers.all(API_KEY_HEADER)
    matched = gate.match(API_KEY_SLOT, presented[0], arrival.received) if len(presented) == 1 else None
    if matched is None:
        why = "is missing" if not presented else "is given twice" if len(presented) > 1 else "matches no live key"
        raise Refused(Refusal("admit", "api_key", 401, f"the API key in {API_KEY_HEADER} {why}"))
    return matched


def _rate_limit(_arrival: Arrival, found: Identified, _vendor: Vendor | None, limits: Limits) -> Awaitable[None] | None:
    limit = found.gate.source.spec.rate_limit
    if limit is None:
        return None

    async def count() -> None:
        retry_after = await limits.rate(found.gate.source.id, limit)
        if retry_after is not None:
            reason = f"more than {limit.requests} requests in {limit.per_seconds} s"
            raise Refused(Refusal("admit", "rate_limit", 429, reason, "Too many requests", retry_after))

    return count()


_CHECKS: Mapping[Check, Checker] = {
    "enabled": _enabled,
    "method": _method,
    "allowlist": _allowlist,
    "api_key": _api_key,
    "rate_limit": _rate_limit,
}
