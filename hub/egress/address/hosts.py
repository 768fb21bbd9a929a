"""Patterns for the hosts that a vendor's plugin may call, such as `sns.*.amazonaws.com`."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.egress.address.urls import SplitUrl
from hub.errors import AddressRefused

__all__ = ["check_vendor_host"]


def check_vendor_host(target: SplitUrl, hosts: tuple[str, ...]) -> None:
    """Refuse a URL that is not https or whose host matches none of the patterns.

    A `*` matches exactly one whole label. Case and a dot at the end are ignored. An IP address matches only itself.

    Raises:
        AddressRefused: Says which hosts are allowed, for the operator.
    """
    if target.scheme != "https":
        raise AddressRefused("a plugin calls https only, not http")
    host = target.host.removesuffix(".")
    if host not in hosts and (target.address is not None or not _compiled(hosts).fullmatch(host)):
        named = ", ".join(hosts) or "none"
        raise AddressRefused(f"host {host} is not among those that the plugin may call ({named})")


@lru_cache(maxsize=256)
def _compiled(hosts: tuple[str, ...]) -> re.Pattern[str]:
    """One regular expression for all patterns; without patterns one that matches nothing."""
    patterns = (pattern.lower().removesuffix(".").split(".") for pattern in hosts)
    return re.compile(
        "|".join(r"\.".join("[^.]+" if label == "*" else re.escape(label) for label in p) for p in patterns) or r"(?!)"
    )
