"""The guard of outgoing calls: checks URLs when they are saved, names when they are resolved, addresses when dialled.

The last check is the one that counts: a name may resolve to another address each time it is asked for, so that a check
of the name alone could be passed with one address and dialled with another (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.egress.address.addresses import AddressVerdict, judge_address
from hub.egress.address.name_cache import NameCache
from hub.egress.address.ranges import Address, Network
from hub.egress.address.resolver import Resolver, SystemResolver
from hub.egress.address.urls import SplitUrl, split_url
from hub.egress.errors import EgressError
from hub.egress.exchange.dial import DIAL
from hub.errors import AddressRefused

__all__ = ["Guard"]

_SAVE_SECONDS: Final = 5.0


class Guard:
    """Decides which addresses the hub dials.

    Args:
        allow: Special networks that the operator allows (`Settings.egress_allow`).
        resolver: Resolves names; by default the resolver of the machine.
        name_seconds: How long resolved addresses are used again; 0 resolves for each connection.
    """

    def __init__(
        self, allow: Iterable[Network] = (), resolver: Resolver | None = None, *, name_seconds: float = 10.0
    ) -> None:
        self._allow = tuple(allow)
        self._owned: SystemResolver | None = None
        if resolver is None:
            resolver = self._owned = SystemResolver()
        self._names = NameCache(resolver, self.check_address, name_seconds)
        self._verdicts = lru_cache(maxsize=4096)(self._judge)
        self.resolver: AbstractResolver = _Candidates(self._names)
        """For aiohttp's connector. Checks every address of a name, and gives none if one of them is forbidden."""

    def check_address(self, address: str | Address) -> None:
        """Check an IP address.

        Raises:
            AddressRefused: It may not be dialled. `str()` has address, rule and remedy, for operators; `public` is for
                tenants.
        """
        try:
            verdict = self._verdicts(address)
        except ValueError:
            raise AddressRefused(f"{address!s} is not an IP address") from None
        if not verdict.allowed:
            remedy = f": {verdict.remedy}" if verdict.remedy else ""
            raise AddressRefused(f"address {address} is {verdict.rule}{remedy}")

    def check_url(self, url: str, pointer: str = "/url") -> SplitUrl:
        """Check a URL as far as possible without resolving its name. Fast for a URL that was checked before.

        Args:
            url: The URL as it was written.
            pointer: JSON pointer to its field, for the problem.

        Raises:
            Invalid: It is not an absolute http or https URL according to RFC 3986, or has userinfo or a fragment.
            AddressRefused: Its port is blocked, or its host is an address that may not be dialled.
        """
        target = split_url(url, pointer)
        if target.address is not None:
            self.check_address(target.address)
        return target

    async def check_host(self, host: str, seconds: float = _SAVE_SECONDS) -> tuple[str, ...]:
        """Resolve a host and check all of its addresses.

        Args:
            host: A name, or an IP address without brackets.
            seconds: Time limit for resolving.

        Raises:
            AddressRefused: One of the addresses may not be dialled.
            EgressError: The name does not resolve (kind `name`), or not in time (kind `timeout`).
        """
        try:
            address = ip_address(host)
        except ValueError:
            pass
        else:
            self.check_address(address)
            return (host,)
        try:
            async with asyncio.timeout(seconds):
                return await self._names.addresses(host.lower())
        except TimeoutError:
            raise EgressError(f"name does not resolve within {seconds:g} s", None, "timeout") from None
        except OSError:
            raise EgressError("name does not resolve", None, "name") from None

    async def check_target(self, url: str, pointer: str = "/url") -> SplitUrl:
        """Check a URL that is about to be saved: `check_url`, and the addresses of its name.

        A name that does not resolve at the moment passes, since its addresses are checked whenever one is dialled.

        Raises:
            Invalid: As `check_url`.
            AddressRefused: As `check_url`, or one of the name's addresses may not be dialled.
        """
        target = self.check_url(url, pointer)
        if target.address is None:
            try:
                await self.check_host(target.host)
            except EgressError:
                return target
        return target

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        """A socket for the address that is dialled now: aiohttp's `socket_factory`.

        Raises:
            PermissionError: The address may not be dialled. aiohttp, which tries several addresses at once, expects an
                OSError; the `AddressRefused` itself is in the `Dial` of the call.
        """
        family, kind, protocol, _, sockaddr = info
        address = str(sockaddr[0])
        dial = DIAL.get()
        try:
            self.check_address(address)
        except AddressRefused as refusal:
            if dial is not None:
                dial.refusal = refusal
            raise PermissionError(errno.EACCES, str(refusal)) from refusal
        if dial is not None:
            dial.address = address
        return socket.socket(family, kind, protocol)

    def is_asking(self, host: str) -> bool:
        """Whether this host is being resolved at the moment."""
        return self._names.is_asking(host)

    def forget(self, host: str) -> None:
        """Resolve this host again for the next connection: its addresses did not answer."""
        self._names.forget(host)

    async def close(self) -> None:
        """Give up lookups under way and let the resolver's threads end."""
        await self._names.close()
        if self._owned is not None:
            self._owned.close()

    def _judge(self, address: str | Address) -> AddressVerdict:
        return judge_address(address, self._allow)


class _Candidates(AbstractResolver):
    """The resolver for aiohttp: gives only addresses that the guard has checked."""

    def __init__(self, names: NameCache) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=_family(address), proto=0, flags=0)
            for address in await self._names.addresses(host)
            if family in {socket.AF_UNSPEC, _family(address)}
        ]

    async def close(self) -> None:
        """Do nothing: the guard owns the resolver and closes it."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
