"""May an address be dialled? The answer, and the rule that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from hub.egress.address.embedded import embedded
from hub.egress.address.ranges import Address, Network, Range, range_of

__all__ = ["AddressVerdict", "judge"]

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AddressVerdict:
    """The guard's word on one address.

    Attributes:
        allowed: Whether it may be dialled.
        rule: `public`, `allowed by CIDR`, or why not, as the end of the sentence "address A is …".
        cure: What an operator can do about a refusal, empty where there is nothing.
    """

    allowed: bool
    rule: str
    cure: str = ""


def judge(address: str | Address, allow: Iterable[Network] = ()) -> AddressVerdict:
    """Judge an address as it would be dialled, together with every IPv4 address inside it.

    An allowed network speaks for the addresses that are written in it and for nothing else: an IPv4 network never opens
    an IPv6 form of its addresses, and an IPv6 network opens such a form only if the IPv4 address inside is public or
    allowed by itself. Metadata addresses open only to an entry of exactly that address; multicast, broadcast and the
    unspecified address never do.

    Args:
        address: Text (a scope id after `%` does not count) or address.
        allow: Networks that the operator lets through although they are special.

    Raises:
        ValueError: The text is no IP address.
    """
    if isinstance(address, str):
        address = ip_address(address.partition("%")[0])
    elif isinstance(address, IPv6Address) and address.scope_id is not None:
        address = IPv6Address(int(address))
    networks = tuple(allow)
    inside = _refusal_inside(address, networks)
    if inside is not None:
        return inside
    special = range_of(address)
    if special is None:
        return AddressVerdict(allowed=True, rule=PUBLIC)
    if network := _opened(address, special, networks):
        return AddressVerdict(allowed=True, rule=f"allowed by {network}")
    return AddressVerdict(allowed=False, rule=special.rule, cure=_cure(special))


def _refusal_inside(address: Address, networks: tuple[Network, ...]) -> AddressVerdict | None:
    """The verdict on an IPv6 form of a forbidden IPv4 address, None where every IPv4 address inside may be dialled."""
    for form, inner, special in _special_inside(address):
        rule = f"{form} of {inner}, which is {special.rule}"
        if not any(address in network for network in networks) or not _opened(inner, special, networks):
            return AddressVerdict(allowed=False, rule=rule)
    return None


def _special_inside(address: Address) -> Iterator[tuple[str, Address, Range]]:
    if isinstance(address, IPv6Address):
        for form, inner in embedded(address):
            if (special := range_of(inner)) is not None:
                yield form, inner, special


def _opened(address: Address, special: Range, networks: tuple[Network, ...]) -> Network | None:
    if special.exact:
        return next((network for network in networks if network == special.network), None)
    if not special.opens:
        return None
    return next((network for network in networks if address in network), None)


def _cure(special: Range) -> str:
    if special.exact:
        return f"only the entry {special.network} in HUB_EGRESS_ALLOW permits it"
    return "add it to HUB_EGRESS_ALLOW to permit" if special.opens else ""
