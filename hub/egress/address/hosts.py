"""Patterns of hosts that a vendor may call, such as `sns.*.amazonaws.com`."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.egress.address.urls import SplitUrl
from hub.errors import AddressRefused

__all__ = ["check_pattern"]


def check_pattern(target: SplitUrl, hosts: tuple[str, ...]) -> None:
    """Refuse a URL that is not https or whose host fits none of the patterns.

    A `*` stands for exactly one whole label; case and one dot at the end do not count. An IP address fits only itself.

    Raises:
        AddressRefused: With what was asked for and what is allowed, for the operator.
    """
    if target.scheme != "https":
        raise AddressRefused("a plugin calls https only, not http")
    host = target.host.removesuffix(".")
    if host not in hosts and (target.address is not None or not _compiled(hosts).fullmatch(host)):
        named = ", ".join(hosts) or "none"
        raise AddressRefused(f"host {host} is not among those that the plugin may call ({named})")


@lru_cache(maxsize=256)
def _compiled(hosts: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns; of no pattern, one that nothing fits."""
    patterns = (pattern.lower().removesuffix(".").split(".") for pattern in hosts)
    return re.compile(
        "|".join(r"\.".join("[^.]+" if label == "*" else re.escape(label) for label in p) for p in patterns) or r"(?!)"
    )
