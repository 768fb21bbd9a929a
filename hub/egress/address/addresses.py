"""Whether an IP address may be dialled, and the rule that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from hub.egress.address.embedded import embedded_ipv4
from hub.egress.address.ranges import Address, Network, SpecialRange, range_of

__all__ = ["AddressVerdict", "judge_address"]

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AddressVerdict:
    """The decision on one address.

    Attributes:
        allowed: Whether it may be dialled.
        rule: `public`, `allowed by CIDR`, or the reason for the refusal, as the end of the sentence "address A is …".
        remedy: How an operator can allow it, empty if that is not possible.
    """

    allowed: bool
    rule: str
    remedy: str = ""


def judge_address(address: str | Address, allow: Iterable[Network] = ()) -> AddressVerdict:
    """Decide on an address, together with all IPv4 addresses that it contains.

    An allowed network allows exactly the addresses in it. An IPv4 network does not allow an IPv6 form of its addresses,
    and an IPv6 network allows such a form only if the IPv4 address in it is public, or is allowed itself. A metadata
    address is allowed only by an entry for exactly this address. Multicast, broadcast and the unspecified address are
    never allowed.

    Args:
        address: Text (a scope id after `%` is ignored) or address.
        allow: Special networks that the operator allows.

    Raises:
        ValueError: The text is not an IP address.
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
    return AddressVerdict(allowed=False, rule=special.rule, remedy=_remedy(special))


def _refusal_inside(address: Address, networks: tuple[Network, ...]) -> AddressVerdict | None:
    """The refusal of an IPv6 form of a forbidden IPv4 address; None if all IPv4 addresses in it may be dialled."""
    for form, inner, special in _special_inside(address):
        rule = f"{form} of {inner}, which is {special.rule}"
        if not any(address in network for network in networks) or not _opened(inner, special, networks):
            return AddressVerdict(allowed=False, rule=rule)
    return None


def _special_inside(address: Address) -> Iterator[tuple[str, Address, SpecialRange]]:
    if isinstance(address, IPv6Address):
        for form, inner in embedded_ipv4(address):
            if (special := range_of(inner)) is not None:
                yield form, inner, special


def _opened(address: Address, special: SpecialRange, networks: tuple[Network, ...]) -> Network | None:
    if special.exact:
        return next((network for network in networks if network == special.network), None)
    if not special.opens:
        return None
    return next((network for network in networks if address in network), None)


def _remedy(special: SpecialRange) -> str:
    if special.exact:
        return f"only the entry {special.network} in HUB_EGRESS_ALLOW permits it"
    return "add it to HUB_EGRESS_ALLOW to permit" if special.opens else ""
